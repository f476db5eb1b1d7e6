"""Ids of people and programs that act in ETD."""

ANALYST = "5f0d6a2e-6a0c-4c7e-9b1f-1d0c3a5b7e91"
CLIENT = "0c9a7c64-2a51-4f1e-8c6d-3b2f5e7a9d10"  # of the API client that reclassifies and moves
