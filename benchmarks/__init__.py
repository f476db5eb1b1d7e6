"""What triage costs, measured: see README.md."""
