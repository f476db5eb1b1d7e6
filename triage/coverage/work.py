"""The progress of a scan: what the next slice needs to continue where the last one ended."""

from __future__ import annotations

from pydantic import Field

from triage.wire import Instant, Wire


class Work(Wire):
    """The state of a running scan that only the service needs.

    `link` is the page of users that is read next (Graph's nextLink; None: the first page), and `done` how many of its
    users are done. `part` counts the parts that were stored. `round` counts the starts: a scan starts over if Graph no
    longer knows the page, or never sends it.
    """

    link: str | None = None
    done: int = 0
    part: int = 0
    round: int = 0
    top: int = 999
    """How many users a page has."""
    expected: int | None = None
    """How many users the tenant has, if that is known."""
    earlier: str | None = None
    """The partition with the mailboxes of the last complete scan, which this one is compared with."""
    width: int = Field(default=4, ge=1)
    """How many batches are sent at a time."""
    waits: int = 0
    """How often the scan has waited for Graph since the last part that was stored."""
    not_before: Instant | None = None
    stored_at: Instant | None = None
    """When the last part was stored, or the scan started."""

    def again(self, top: int | None = None) -> Work:
        """The work of the next round, from the first page, with this many users in a page."""
        return Work(
            round=self.round + 1, earlier=self.earlier, expected=self.expected, width=self.width, top=top or self.top
        )  # fmt: skip
