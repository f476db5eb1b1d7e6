"""The HTTP API (docs/api.md): a handler for each route, on azure-functions' request and response."""
