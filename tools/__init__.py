"""What makes the package that is deployed."""
