"""All that is asked of Microsoft Graph, and nothing that is decided."""
