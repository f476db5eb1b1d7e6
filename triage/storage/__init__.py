"""What is kept: findings, audits and rejected events in Table Storage, and the way onto the queue."""
