"""`make run`: the whole service on this machine, with sample failures and their findings as they arrive."""
