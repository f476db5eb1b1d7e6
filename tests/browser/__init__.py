"""The page in a browser (docs/dashboard.md)."""
