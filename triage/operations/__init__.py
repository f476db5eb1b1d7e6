"""What the service does, end to end. Each function takes Services."""
