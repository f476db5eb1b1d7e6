"""What the Makefile runs: the docs, the dashboard's generated source, the package."""
