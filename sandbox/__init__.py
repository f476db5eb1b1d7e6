"""What stands in for Azure, Microsoft 365 and Email Threat Defense on a laptop. Nothing of this is deployed."""
