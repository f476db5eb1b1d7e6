"""What `doctor` tried, and what it found."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, FAILED = "ok", "warning", "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: its state (ok, warning or failed), what was found, and what fixes it."""

    name: str
    state: str
    text: str
    fix: str = ""
