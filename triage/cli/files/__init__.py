"""The files that `submit` sends: JSON, NDJSON and CSV, as records with line numbers."""
