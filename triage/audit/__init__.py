"""The permission audit: what Email Threat Defense's app may do in a tenant, what it needs, and what changed."""
