"""Which mailboxes could not be remediated today: what a scan finds, and what it says about them. No I/O."""
