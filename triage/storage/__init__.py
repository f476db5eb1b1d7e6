"""Findings, audits and rejected events in Table storage, and the intake queue."""
