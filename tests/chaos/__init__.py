"""Does harm to the running service, and counts what becomes of its failures."""
