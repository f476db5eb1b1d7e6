"""Reads what arrives: bodies, queue messages, and the failures in them."""
