"""Who answers a command: the service, over HTTPS or in this process, or Microsoft Graph."""
