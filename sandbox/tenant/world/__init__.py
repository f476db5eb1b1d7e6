"""The tenants that are served, each built from a few lines of `tenants.yaml`, and the sample failures about them."""

from sandbox.tenant.world.world import World

__all__ = ["World"]
