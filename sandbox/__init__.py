"""What stands in for Azure and Microsoft 365 on a laptop. Nothing of this is deployed."""
