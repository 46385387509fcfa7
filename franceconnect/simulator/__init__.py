"""A local FranceConnect, for demonstrations and tests: its own process, fictitious people.

One process stands for one platform: FranceConnect, or FranceConnect+ (see ``platforms``).

Nothing here imports the portal, and the portal imports nothing of it: they speak HTTP.
Start it with ``python -m franceconnect.simulator --help``.
"""
