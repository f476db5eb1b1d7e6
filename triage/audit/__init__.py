"""How Email Threat Defense's app is in a tenant, and what changed."""
