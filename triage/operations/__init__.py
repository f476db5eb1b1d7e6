"""What the service does, end to end: each function takes Services."""
