"""The HTTP surface (contract, section 6): each route's handler, on azure-functions' request and response."""
