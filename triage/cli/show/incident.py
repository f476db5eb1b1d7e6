"""One incident for people: what is wrong, how much of it there is, what to do, and what was done."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.collection import many
from triage.cli.show.layout import SEVERITY_STYLES, STATE_STYLES, facts, heading, part, parts, steps
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short


def incident_story(incident: Json) -> Iterator[RenderableType]:
    """The parts of the text."""
    severity, state = str(incident.get("severity")), str(incident.get("state"))
    yield Text(harmless(str(incident.get("title"))), "bold")
    yield Text()
    yield facts(
        [
            ("state", plain(state, STATE_STYLES.get(state, "")).append_text(_since(incident))),
            ("severity", plain(severity, SEVERITY_STYLES.get(severity, ""))),
            ("in reach", _in_reach(incident)),
            ("findings", _findings(incident)),
            ("about", plain(incident.get("subject"))),
            ("causes", plain(", ".join(f"{name} {n:,}" for name, n in part(incident, "causes").items()))),
            ("suppressed", _suppression(part(incident, "suppression"))),
            ("tenant", plain(incident.get("tenantId"))),
            ("failures", plain(f"{short(incident.get('firstSeen'))} to {short(incident.get('lastSeen'))} (UTC)")),
            ("incident", plain(incident.get("id"))),
        ],
        incident.get("url"),
    )
    if incident.get("actions"):
        yield heading("What to do")
        yield steps(incident["actions"])
    if incident.get("log"):
        yield heading("What was done (UTC)")
        yield _log(parts(incident, "log"))


def _since(incident: Json) -> Text:
    state = incident.get("state")
    if state == "resolved":
        return plain(f" since {short(incident.get('resolvedAt'))}")
    by = f" by {incident['acknowledgedBy']}" if incident.get("acknowledgedBy") else ""
    again = f", opened again {many(int(incident['reopened']), ('time', 'times'))}" if incident.get("reopened") else ""
    return plain(f"{by} since {short(incident.get('acknowledgedAt') or incident.get('openedAt'))}{again}")


def _in_reach(incident: Json) -> Text:
    exposed, read = int(incident.get("exposed") or 0), int(incident.get("read") or 0)
    if not exposed:
        return Text("no message can be opened", "green")
    return Text(
        f"in {many(exposed, ('finding', 'findings'))}, the message can still be opened ({read:,} read)", "bold red"
    )


def _findings(incident: Json) -> Text:
    about = "about " if incident.get("mailboxesEstimated") else ""
    boxes = many(int(incident.get("mailboxes") or 0), ("mailbox", "mailboxes"))
    return plain(
        f"{int(incident.get('findings') or 0):,}, {int(incident.get('openFindings') or 0):,} open, {about}{boxes}"
    )


def _suppression(suppression: Json) -> Text | None:
    if not suppression:
        return None
    by = f", by {suppression['by']}" if suppression.get("by") else ""
    return plain(f"until {short(suppression.get('until'))}{by}: {suppression.get('reason')}")


def _log(entries: list[Json]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for entry in entries:
        said = ": ".join(str(entry[name]) for name in ("by", "note") if entry.get(name))
        table.add_row(
            plain(f"   {short(entry.get('at'))}"), plain(str(entry.get("what")).replace("_", " ")), plain(said)
        )
    return table
