"""`make run`: everything on this machine, sample failures, and their findings as they arrive."""
