"""The collections of the service as people see them: which columns a table has, and what is said of all rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from rich.text import Text

from triage.api.exports import EXPOSURE_COLUMNS, FINDING_COLUMNS, INCIDENT_COLUMNS
from triage.cli.client.answers import Json
from triage.cli.show.collection import TENANT, Collection, counts, many, place
from triage.cli.show.columns import Column, identifier, moment, number, short_id, word
from triage.cli.show.layout import SEVERITY_STYLES, STATE_STYLES, VERDICT_STYLES, exposed_word, part, parts
from triage.cli.show.terminal import harmless, plain

_MAILBOX = (22, 44)
_TEXT = 300  # a column with a longer text takes what is left of the width
_DELIVERY_STYLES = {"failed": "red", "pending": "yellow"}
_READ = {True: ("yes", "bold red"), False: ("no", ""), None: ("?", "dim")}
_BEGINNING = 120  # of a rejected event


def _severity(row: Json) -> str:
    return SEVERITY_STYLES.get(str(row.get("severity")), "")


def _open(row: Json, _: int) -> Text:
    return Text(*exposed_word(row))


def _read(row: Json, _: int) -> Text:
    return Text(*_READ[cast("bool | None", row.get("isRead"))])


def _flat_finding(finding: Json) -> Json:
    return {**part(finding, "failure"), **part(finding, "message"), **finding}


def _findings_total(rows: list[Json]) -> str:
    exposed = [row for row in rows if row.get("exposed") is True]
    read = sum(row.get("isRead") is True for row in exposed)
    return (
        f"{counts((row.get('severity') for row in rows), SEVERITY_STYLES)}. In {len(exposed):,} of them, the message can "
        f"still be opened ({read:,} read)."
    )


def _findings_whole(summary: Json) -> str:
    by = part(summary, "bySeverity")
    severities = ", ".join(f"{by[name]:,} {name}" for name in SEVERITY_STYLES if by.get(name))
    total, exposed = int(summary.get("total") or 0), int(summary.get("exposed") or 0)
    return f"{total:,} findings: {severities}. In {exposed:,} of them, the message can still be opened."


FINDINGS = Collection(
    path="findings",
    nouns=("finding", "findings"),
    names=FINDING_COLUMNS,
    flat=_flat_finding,
    columns=(
        moment("occurredAt", "occurred (UTC)", 3),
        Column("mailbox", "mailbox", *_MAILBOX),
        Column("exposed", "open?", 5, 5, 0, _open),
        Column("isRead", "read?", 5, 5, 6, _read),
        word("cause", "cause", 25, 2, _severity),
        word("severity", "severity", 8, 4, _severity),
        word("confidence", "certainty", 12, 9),
        replace(TENANT, rank=8),
        word("state", "state", 10, 8, lambda row: STATE_STYLES.get(str(row.get("state")), "")),
        identifier("finding", linked=True),
        identifier("incident", 7, "incidentId"),
        Column("subject", "subject", 16, _TEXT, 5),
    ),
    nothing="There are no findings.",
    total=_findings_total,
    whole=_findings_whole,
    summarized=("tenantId", "since", "until"),
    query=(("fields", "summary"),),
    view="findings",
)


def _incidents_total(rows: list[Json]) -> str:
    exposed, read = (sum(int(row.get(name) or 0) for row in rows) for name in ("exposed", "read"))
    return (
        f"{counts((row.get('state') for row in rows), STATE_STYLES)}. "
        f"In {exposed:,} of their findings, the message can still be opened ({read:,} read)."
    )


INCIDENTS = Collection(
    path="incidents",
    nouns=("incident", "incidents"),
    names=INCIDENT_COLUMNS,
    columns=(
        word("severity", "severity", 8, 0, _severity),
        word("state", "state", 12, 2, lambda row: STATE_STYLES.get(str(row.get("state")), "")),
        TENANT,
        Column("title", "title", 22, _TEXT),
        Column("subject", "about", 20, 60, 6),
        number("exposed", "in reach", 1, "bold red"),
        number("read", "read", 4, "bold red"),
        number("openFindings", "open", 5),
        number("findings", "findings", 8),
        number("mailboxes", "mailboxes", 7),
        moment("lastSeen", "last (UTC)", 4),
        identifier("incident", 0, linked=True),
    ),
    nothing="There are no incidents.",
    total=_incidents_total,
    whole=lambda summary: f"{many(int(summary.get('openIncidents') or 0), ('incident is', 'incidents are'))} open.",
    view="incidents",
)


def _exposures_total(rows: list[Json]) -> str:
    boxes = len({(row.get("tenantId"), row.get("mailbox")) for row in rows})
    return _in_reach(boxes, sum(row.get("isRead") is True for row in rows))


def _in_reach(mailboxes: int, read: int) -> str:
    return f"can still be opened in {many(mailboxes, ('mailbox', 'mailboxes'))} ({read:,} read)."


def _exposures_whole(summary: Json) -> str:
    now = part(summary, "exposures")
    messages, mailboxes, read = (int(now.get(name) or 0) for name in ("messages", "mailboxes", "read"))
    return f"{many(messages, ('message', 'messages'))}: {_in_reach(mailboxes, read)}"


EXPOSURES = Collection(
    path="exposures",
    nouns=("message", "messages"),
    names=EXPOSURE_COLUMNS,
    columns=(
        Column("mailbox", "mailbox", *_MAILBOX),
        Column("isRead", "read?", 5, 5, 0, _read),
        word("location", "where", 14, 1),
        moment("since", "since (UTC)", 3),
        word("cause", "cause", 25, 4),
        identifier("finding", 2, "findingId", linked=True),
        identifier("incident", 6, "incidentId"),
        replace(TENANT, rank=7),
        Column("folder", "folder", 10, 20, 8),
        Column("subject", "subject", 16, _TEXT, 5),
    ),
    nothing="No message can still be opened.",
    total=_exposures_total,
    whole=_exposures_whole,
    view="exposures",
)


def _flat_audit(audit: Json) -> Json:
    drift = part(audit, "drift")
    changes = {name: ", ".join(parts(drift, name)) for name in ("granted", "revoked", "changed")}
    return {**audit, **changes, "issues": ", ".join(str(issue.get("code")) for issue in parts(audit, "issues"))}


def _drift(row: Json, _: int) -> Text:
    if row.get("drift") is None:
        return Text("first audit", "dim")
    changes = [f"{name} {row[name]}" for name in ("granted", "revoked", "changed") if row.get(name)]
    return plain("; ".join(changes), "bold yellow") if changes else Text("none", "dim")


AUDITS = Collection(
    path="audits",
    nouns=("audit", "audits"),
    names=("id", "tenantId", "auditedAt", "verdict", "mode", "etdAppId", "issues", "granted", "revoked", "changed"),
    flat=_flat_audit,
    columns=(
        word("verdict", "verdict", 14, 0, lambda row: VERDICT_STYLES.get(str(row.get("verdict")), "")),
        replace(TENANT, least=16, most=36, rank=0),
        moment("auditedAt", "audited (UTC)", 3),
        Column("drift", "changes", 23, 40, 4, _drift),
        Column("issues", "issues", 29, _TEXT, 5),
        identifier("audit", 2),
    ),
    nothing="There are no audits. The service audits on a schedule (AUDIT_SCHEDULE).",
    total=lambda rows: f"{counts((row.get('verdict') for row in rows), VERDICT_STYLES)}.",
    view="audits",
)


def worst(audit: Json) -> int:
    """The place of an audit in a list that begins with the worst."""
    return place(audit.get("verdict"), VERDICT_STYLES)


LATEST_AUDITS = replace(AUDITS, path="audits/latest", nouns=("app", "apps"), paged=False, order=worst)


def _beginning(row: Json, _: int) -> Text:
    body = str(row.get("body") or "")
    return plain(body[:_BEGINNING] + ("…" if len(body) > _BEGINNING else ""), "dim")


REJECTED = Collection(
    path="rejected",
    nouns=("rejected event", "rejected events"),
    names=("id", "receivedAt", "reason", "detail", "body"),
    columns=(
        moment("receivedAt", "received (UTC)", 1),
        word("reason", "reason", 13),
        Column("detail", "what is wrong", 20, 60),
        Column("body", "begins with", 20, _TEXT, 2, _beginning),
    ),
    nothing="There are no rejected events.",
    total=lambda rows: f"{counts((row.get('reason') for row in rows), ())}.",
    view="rejected",
)

NOTIFICATIONS = Collection(
    path="notifications",
    nouns=("notification", "notifications"),
    names=("id", "channel", "event", "subjectId", "createdAt", "state", "attempts", "lastError"),
    columns=(
        moment("createdAt", "created (UTC)", 2),
        Column("channel", "channel", 8, 20),
        word("event", "event", 19, 1),
        word("state", "state", 9, 0, lambda row: _DELIVERY_STYLES.get(str(row.get("state")), "")),
        identifier("about", 4, "subjectId"),
        Column("lastError", "last error", 20, _TEXT, 3),
    ),
    nothing="Nothing was sent to any channel.",
    total=lambda rows: f"{counts((row.get('state') for row in rows), ('failed', 'pending', 'delivered'))}.",
)


def finding_line(finding: Json, *, again: bool = False) -> Text:
    """A finding as it arrives, the most important first, on one line."""
    row: dict[str, Any] = _flat_finding(finding)
    word, style = exposed_word(finding)
    line = Text(f"{str(finding.get('triagedAt'))[11:16]}  ", no_wrap=True, overflow="ignore").append(
        f"open {word:<3}  ", style
    )
    line.append(f"{harmless(str(finding.get('severity'))):<8}  ", _severity(finding))
    line.append(f"{harmless(str(finding.get('cause'))):<25}  ", _severity(finding))
    line.append_text(plain(f"{row.get('mailbox')}  "))
    line.append_text(plain(short_id(finding.get("id")), "dim"))
    if subject := row.get("subject"):
        line.append_text(plain(f"  {subject!r}"))
    return line.append_text(plain("  (again)" if again else "", "dim"))
