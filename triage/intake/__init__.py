"""What came in: bodies, queue messages, and the failures in them."""
