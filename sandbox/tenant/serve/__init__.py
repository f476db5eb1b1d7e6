"""The HTTP side of the tenant: Graph's paths, batches and limits, and the controls that tests use."""
