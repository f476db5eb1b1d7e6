"""The command line, `python -m triage`. Its libraries (typer, rich) are in requirements-cli.txt, not in what is deployed."""
