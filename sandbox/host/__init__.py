"""A small Azure Functions host for a laptop: HTTP, queue and timer triggers, with host.json's meaning.

docs/local-host.md says what it does like the real host, and what it leaves out.
"""
