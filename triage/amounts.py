"""How many of something, in texts for people."""

from __future__ import annotations


def amount(number: int, noun: str, plural: str = "") -> str:
    """A number of something: `1 mailbox`, `2,000 mailboxes`. `plural` is needed if it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
