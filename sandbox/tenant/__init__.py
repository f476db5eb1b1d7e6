"""A simulated Microsoft 365 tenant: Graph v1.0 over HTTP, with Graph's own rules on data of its own.

Not deployed. It imports nothing from the service, so what it knows of Graph is a second, independent reading.
"""
