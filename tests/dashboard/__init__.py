"""The dashboard's source and the files that are built from it."""
