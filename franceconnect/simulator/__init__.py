"""A local FranceConnect, for demonstrations and tests: its own process, fictitious people.

Nothing here imports the portal, and the portal imports nothing of it: they speak HTTP.
Start it with ``python -m franceconnect.simulator --help``.
"""
