"""The files that `submit` reads: JSON, NDJSON and CSV, as records with their line numbers."""
