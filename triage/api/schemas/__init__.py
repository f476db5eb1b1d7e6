"""The shapes of bodies that have no model elsewhere, for the OpenAPI description."""
