"""The demonstration: the portal of a fictional town, its simulators, its worker, its mailbox.

`python -m espace_citoyens.demo` starts it, on this machine alone; its data stay in one folder.
"""
