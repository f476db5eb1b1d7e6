"""A simulated Microsoft 365 tenant: Microsoft Graph v1.0 over HTTP, with Graph's rules and data of its own.

Not deployed. It imports nothing from the service, so what it knows about Graph is a second, independent reading.

Rooms, lowest first: `odata` reads a query and finds what matches; `world` holds the tenants, from a data file;
`serve` answers requests. To add a person, add an entry to `world/tenants.yaml`. To add a Graph path, write one handler
in `serve/directory.py` or `serve/exchange.py`, with its path and permission above it.
"""
