"""The permissions that the service asks for: a table for docs/permissions.md, and the sets for the script that grants them."""

from __future__ import annotations

from triage.graph.permissions import OWN, SETS


def table() -> str:
    """A row for each permission, as Markdown."""
    rows = [
        f"| `{name}` | `{permission}` | {use.answers} | {use.without} |"
        for name, uses in OWN.items()
        for permission, use in uses.items()
    ]
    return "\n".join(["| set | permission | what it answers | without it |", "|---|---|---|---|", *rows])


def sets() -> str:
    """A case for each set, in the syntax of bash."""
    return "\n".join(f"        {name}) echo {' '.join(permissions)} ;;" for name, permissions in SETS.items())
