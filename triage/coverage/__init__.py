"""Mailboxes in which a remediation would fail today: what a scan finds, and what it says about them. No I/O."""
