"""One finding for people: what happened, whether the message can be opened, what to do, and how it is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.layout import SEVERITY_STYLES, facts, heading, part, parts, seen, steps, unreadable
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

_PLACES = {
    "inbox": "in the Inbox",
    "junk": "in Junk Email",
    "deleted_items": "in Deleted Items",
    "recoverable_items": "in Recoverable Items",
    "quarantine": "in a hidden quarantine folder",
    "sent_items": "in Sent Items",
    "archive_folder": "in the Archive folder",
    "other_folder": "in another folder",
    "not_found": "nowhere in the primary mailbox",
    "not_checked": "not looked up",
    "unknown": "its location could not be read",
}
_EXPOSED = {True: ("YES", "bold red"), False: ("no", "bold green"), None: ("unknown", "bold yellow")}
_CLASSIFIED_BY = {"error_code": " (by its error code)", "error_text": " (by its text)"}
_OUTCOMES = {
    "pass": ("yes", "green"),
    "fail": ("no", "bold red"),
    "unknown": ("unknown", "yellow"),
    "skipped": ("skipped", "dim"),
}


def finding_story(finding: Json, *, requests: bool = False) -> Iterator[RenderableType]:
    """The parts of the text. `requests` adds the Graph request of each check."""
    failure = part(finding, "failure")
    yield Text(harmless(str(finding.get("summary"))), "bold")
    yield Text()
    yield facts(
        [
            ("can be opened", can_be_opened(finding)),
            ("cause", _cause(finding)),
            ("or it is", plain(", ".join(parts(finding, "alternatives")))),
            ("also seen", plain(", ".join(parts(finding, "alsoSeen")))),
            ("mailbox", plain(failure.get("mailbox"))),
            ("message", _message(failure)),
            ("reported", _reported(finding, failure)),
            ("tenant", plain(finding.get("tenantId"))),
            ("times", _times(finding)),
            ("incident", plain(finding.get("incidentId") if finding.get("url") else None)),
            ("finding", plain(finding.get("id") if finding.get("url") else None)),
        ],
        finding.get("url"),
    )
    reasons = parts(finding, "reasons")
    if reasons:
        yield heading("Could not be determined")
        for reason in reasons:
            yield unreadable(f"{reason.get('check')}:", reason)
    if finding.get("actions"):
        yield heading("What to do")
        yield steps(finding["actions"])
    if finding.get("checks"):
        yield heading("Checks")
        yield _checks(finding["checks"])
    if requests:
        yield heading("Graph requests")
        for check in parts(finding, "checks"):
            if check.get("request"):
                status = f"{check.get('status') or 'no answer'} {check.get('errorCode') or ''}".strip()
                line = plain(f"   {check.get('id')}: {check['request']} -> {status}")
                line.no_wrap, line.overflow = True, "ignore"
                yield line


def can_be_opened(finding: Json) -> Text:
    """Whether the message can still be opened, and where it is."""
    message = part(finding, "message")
    location = str(message.get("location"))
    place = _PLACES.get(location, location)
    folder = message.get("folder")
    if folder and location in ("other_folder", "quarantine"):
        place += f" ({folder!r})"
    copies = message.get("copies") or 0
    details = [place]
    if message.get("isRead") is not None:
        details.append("read" if message["isRead"] else "not read")
    if copies > 1:
        details.append(f"{copies} copies")
    if message.get("lookedAt") not in (None, finding.get("triagedAt")):
        details.append(f"last seen {short(message['lookedAt'])}")
    word, style = _EXPOSED[cast("bool | None", finding.get("exposed"))]
    return Text(word, style).append(f": {harmless(', '.join(details))}", "default")


def _cause(finding: Json) -> Text:
    severity = str(finding.get("severity"))
    text = Text(harmless(str(finding.get("cause"))), SEVERITY_STYLES.get(severity, ""))
    return text.append(harmless(f" ({finding.get('confidence')}), severity {severity}"), "default")


def _message(failure: Json) -> Text:
    subject = failure.get("subject")
    identifiers = [failure.get("internetMessageId"), failure.get("messageId")]
    words = [f"{subject!r}" if subject else None, *identifiers]
    return plain(", ".join(str(word) for word in words if word))


def _reported(finding: Json, failure: Json) -> Text:
    code = f" ({failure['errorCode']})" if failure.get("errorCode") else ""
    how = _CLASSIFIED_BY.get(str(finding.get("classifiedBy")), "")
    target = failure.get("folder") or failure.get("action")
    wanted = f"; target: {target}" if target else ""
    return plain(f"{failure.get('error') or ''}{code}: {finding.get('scenario')}{how}{wanted}".lstrip(": "))


def _times(finding: Json) -> Text:
    text = f"occurred {short(finding.get('occurredAt'))}, triaged {short(finding.get('triagedAt'))} (UTC)"
    deliveries = finding.get("deliveries") or 1
    again = f", next look {short(finding['nextLookAt'])}" if finding.get("nextLookAt") else ""
    return plain(text + (f", delivered {deliveries} times" if deliveries > 1 else "") + again)


def _checks(checks: list[Json]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=9)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(overflow="fold", ratio=1)
    table.expand = True
    for check in checks:
        word, style = _answer(check)
        table.add_row(plain(f"   {word}", style), plain(check.get("question")), plain(_seen(check), "dim"))
    return table


def _answer(check: Json) -> tuple[str, str]:
    """The answer to a check in a word, and its style. An answer about a fact is never a bad one."""
    outcome = str(check.get("outcome"))
    if check.get("kind") == "fact" and outcome == "pass":
        return ("found", "") if part(check, "observed").get("found") else ("none", "dim")
    return _OUTCOMES.get(outcome, (outcome, ""))


def _seen(check: Json) -> str:
    if check.get("reason"):
        permission = f" ({check['permission']} is missing)" if check.get("permission") else ""
        detail = part(check, "observed").get("detail")
        return f"{check['reason']}{permission}" + (f": {detail}" if detail else "")
    text = seen(check.get("observed"))
    return text or str(check.get("errorCode") or "")
