"""What the commands ask: the service, over HTTPS or in this process, or Microsoft Graph."""
