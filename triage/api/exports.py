"""Items for other programs: CSV for spreadsheets, OCSF for SIEMs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from triage.wire import epoch_ns

Json = dict[str, Any]

FINDING_COLUMNS = (
    "id", "tenantId", "occurredAt", "triagedAt", "scenario", "cause", "confidence", "severity", "exposed", "location",
    "mailbox", "messageId", "internetMessageId", "subject", "error", "summary", "state", "incidentId", "resolvedAt",
    "isRead", "url",
)  # fmt: skip
INCIDENT_COLUMNS = (
    "id", "tenantId", "scope", "subject", "cause", "severity", "state", "title", "findings", "openFindings", "exposed",
    "read", "mailboxes", "firstSeen", "lastSeen", "openedAt", "acknowledgedAt", "acknowledgedBy", "resolvedAt",
    "reopened", "timeToResolve", "url",
)  # fmt: skip
EXPOSURE_COLUMNS = (
    "tenantId", "mailbox", "messageId", "internetMessageId", "subject", "location", "folder", "isRead", "since",
    "lookedAt", "cause", "findingId", "incidentId", "url",
)  # fmt: skip
MAILBOX_COLUMNS = ("mailbox", "cause", "confidence", "summary", "since", "change")

# A spreadsheet takes a cell that begins with one of these for a formula, and an attacker wrote some of the texts
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A spreadsheet whose list separator isn't a comma begins a cell here as well, even in the middle of a quoted field.
_FORMULA_INSIDE = re.compile(r"(?<=[;|\t\r\n])(?=\s*[=+\-@＝＋－＠])")

OCSF_VERSION = "1.5.0"
_SEVERITY_IDS = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_CONFIDENCE = {
    "confirmed": (3, "High"),
    "probable": (2, "Medium"),
    "possible": (1, "Low"),
    "undetermined": (0, "Unknown"),
}
_DETECTION_FINDING = 2004
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_STATUS = {"open": (1, "New"), "suppressed": (3, "Suppressed"), "resolved": (4, "Resolved")}


def findings_table(findings: Iterable[Json], *, header: bool) -> str:
    """Findings as CSV. A row has fields of the finding, of its failure and of its message."""
    return csv_text(FINDING_COLUMNS, ({**one["failure"], **one["message"], **one} for one in findings), header)


def incidents_table(incidents: Iterable[Json], *, header: bool) -> str:
    """Incidents as CSV."""
    return csv_text(INCIDENT_COLUMNS, incidents, header)


def exposures_table(exposures: Iterable[Json], *, header: bool) -> str:
    """Exposures as CSV."""
    return csv_text(EXPOSURE_COLUMNS, exposures, header)


def mailboxes_table(mailboxes: Iterable[Json], *, header: bool) -> str:
    """Mailboxes of a coverage scan as CSV."""
    return csv_text(MAILBOX_COLUMNS, mailboxes, header)


def csv_text(columns: Sequence[str], rows: Iterable[Json], header: bool) -> str:
    """Rows (RFC 4180), with or without a header row. A leading quote makes a formula plain text."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    if header:
        writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    text = _FORMULA_INSIDE.sub("'", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def ocsf(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding as an OCSF Detection Finding (https://schema.ocsf.io, class 2004). Times are milliseconds since 1970."""
    failure, message = finding["failure"], finding["message"]
    confidence_id, confidence = _CONFIDENCE[finding["confidence"]]
    status_id, status = _STATUS[finding["state"]]
    activity_id, activity = _CLOSE if finding["state"] == "resolved" else _CREATE if finding["looks"] == 1 else _UPDATE
    references = [action["url"] for action in finding["actions"] if action["url"]]
    steps = [f"{number}. {action['title']}: {action['detail']}" for number, action in enumerate(finding["actions"], 1)]
    return {
        "class_uid": _DETECTION_FINDING,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": _DETECTION_FINDING * 100 + activity_id,
        "time": _milliseconds(finding["occurredAt"]),
        "severity_id": _SEVERITY_IDS[finding["severity"]],
        "severity": "Informational" if finding["severity"] == "info" else finding["severity"].title(),
        "confidence_id": confidence_id,
        "confidence": confidence,
        "status_id": status_id,
        "status": status,
        "message": finding["summary"],
        "finding_info": {
            "uid": finding["id"],
            "title": f"Remediation failed: {finding['cause']}",
            "desc": finding["summary"],
            "src_url": finding["url"],
            "types": [finding["scenario"], finding["cause"]],
            "created_time": _milliseconds(finding["triagedAt"]),
            "first_seen_time": _milliseconds(finding["firstSeen"]),
            "last_seen_time": _milliseconds(finding["lastSeen"]),
        },
        "metadata": {
            "version": OCSF_VERSION,
            "event_code": finding["cause"],
            "product": {"name": "ETD remediation triage", "vendor_name": "ETD remediation triage"},
            **({"tenant_uid": finding["tenantId"]} if finding["tenantId"] else {}),
        },
        "resources": [{"type": "mailbox", "name": failure["mailbox"], "uid": failure["mailbox"]}],
        "evidences": [{"data": {"checks": finding["checks"]}}],
        "remediation": {"desc": "\n".join(steps), "references": references},
        "unmapped": {
            "exposed": finding["exposed"],
            "location": message["location"],
            "scenario": finding["scenario"],
            "error": failure["error"],
            "errorCode": failure["errorCode"],
            "messageId": failure["messageId"],
            "internetMessageId": failure["internetMessageId"],
        },
    }


def _milliseconds(instant: str) -> int:
    return epoch_ns(instant) // 1_000_000
