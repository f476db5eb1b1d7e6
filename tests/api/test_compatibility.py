"""What other programs rely on: routes, filters, names of fields, words, columns and limits, as literals.

A program outside this repository breaks if one of them is renamed, removed, or left out where it is null. More may be
added, except where a program may handle each word: then a new one is a row here.
"""

from __future__ import annotations

from typing import Any

import pytest

from triage.addresses import MAX_ADDRESS_CHARACTERS
from triage.api.collection import MAX_EXPORT_ITEMS
from triage.api.exports import EXPOSURE_COLUMNS, FINDING_COLUMNS
from triage.api.filters import DEFAULT_TOP, MAX_TOP, PARAMETERS
from triage.api.openapi import describe
from triage.api.problem_types import ProblemType
from triage.api.representation import COMPRESSED_FROM
from triage.api.routes import ROUTES
from triage.finding.state import MOST_CHANGES
from triage.intake.body import MAX_FAILURES
from triage.intake.json_text import MAX_BODY_BYTES
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.intake.problem_list import MAX_PROBLEMS
from triage.storage import audits, coverage_rows, exposures, findings, incidents, rejected

SCHEMAS: dict[str, Any] = describe(ROUTES)["components"]["schemas"]

# The success and the problems, without 401 and 403 of all routes.
STATUSES = {
    "POST failures": (202, 400, 413, 503),
    "OPTIONS failures": (200,),
    "GET findings": (200, 400, 503),
    "GET findings/{id}": (200, 404, 503),
    "POST findings/{id}/retriage": (202, 404, 503),
    "GET exposures": (200, 400, 503),
    "GET incidents": (200, 400, 503),
    "GET incidents/{id}": (200, 404, 503),
    "POST incidents/{id}/acknowledge": (200, 400, 404, 409, 503),
    "POST incidents/{id}/reopen": (200, 400, 404, 409, 503),
    "POST incidents/{id}/resolve": (200, 400, 404, 409, 503),
    "POST incidents/{id}/suppress": (200, 400, 404, 409, 503),
    "POST incidents/{id}/recheck": (202, 404, 503),
    "GET audits": (200, 400, 503),
    "GET audits/latest": (200, 400, 503),
    "GET audits/{id}": (200, 404, 503),
    "POST audits": (200, 400, 404, 503),
    "GET coverage/latest": (200, 400, 503),
    "GET coverage/{id}": (200, 404, 503),
    "GET coverage/{id}/mailboxes": (200, 400, 404, 503),
    "POST coverage": (202, 400, 404, 503),
    "GET feeds": (200, 400, 503),
    "POST feeds/poll": (202, 400, 404, 503),
    "GET notifications": (200, 400, 503),
    "POST notifications/test": (200, 400, 404, 502, 503),
    "GET tenants": (200, 400, 503),
    "GET summary": (200, 400, 503),
    "GET rejected": (200, 400, 503),
    "GET health": (200, 503),
    "GET openapi.json": (200,),
    "GET dashboard": (200,),
}


@pytest.mark.parametrize("name", STATUSES)
def test_routes(name: str) -> None:
    method, path = name.split()
    (route,) = [one for one in ROUTES if (one.method, one.path) == (method, path)]
    found = (route.status, *(status for status, _ in route.statuses), *route.problems)
    assert found == STATUSES[name]


def test_who_needs_no_key() -> None:
    anonymous = {route.path for route in ROUTES if route.anonymous}
    assert anonymous == {"health", "dashboard", "dashboard/{asset}"}


QUERIES = {
    "findings": "tenantId scenario cause severity confidence mailbox exposed isRead state incidentId since until fields top "
    "format",
    "exposures": "tenantId mailbox isRead incidentId top format",
    "incidents": "tenantId state scope cause severity since until top format",
    "audits": "tenantId since until verdict top",
    "coverage/{id}/mailboxes": "cause changed top format",
    "summary": "since until tenantId",
    "rejected": "top",
    "notifications": "top",
}


@pytest.mark.parametrize("path", QUERIES)
def test_query_parameters(path: str) -> None:
    (route,) = [one for one in ROUTES if (one.method, one.path) == ("GET", path)]
    names = [PARAMETERS[key].name for key in route.query]
    assert set(QUERIES[path].split()) <= set(names)
    assert len(names) == len(set(names))


def test_pages() -> None:
    assert (DEFAULT_TOP, MAX_TOP, MAX_EXPORT_ITEMS, COMPRESSED_FROM) == (100, 1000, 10_000, 2048)


def test_limits_of_the_intake() -> None:
    assert (MAX_BODY_BYTES, MAX_FAILURES, MAX_PROBLEMS) == (1024 * 1024, 1000, 100)
    assert (MAX_ADDRESS_CHARACTERS, MAX_MESSAGE_ID_CHARACTERS, MOST_CHANGES) == (512, 2048, 50)


FIELDS = {
    "AcceptedBody": "accepted",
    "AcceptedFailure": "id findingId mailbox",
    "Finding": "id url tenantId incidentId state scenario classifiedBy cause confidence severity alternatives alsoSeen "
    "summary actions message exposed checks reasons failure resolution resolvedAt nextLookAt looks history occurredAt "
    "receivedAt triagedAt firstSeen lastSeen deliveries timeInReach",
    "Action": "title detail url command",
    "MessageState": "location folder isRead copies lookedAt",
    "Check": "id question outcome request status errorCode reason permission observed",
    "Lack": "check reason permission",
    "HistoryEntry": "at cause location exposed state",
    "TimeInReach": "atLeast atMost",
    "RemediationFailure": "id tenantId messageId internetMessageId mailbox error errorCode action folder initiator verdict "
    "subject direction occurredAt raw source",
    "Exposure": "tenantId mailbox messageId internetMessageId subject location folder isRead since lookedAt cause findingId "
    "incidentId url",
    "Audit": "id tenantId etdAppId mode auditedAt verdict servicePrincipal permissions credentials issues drift unreadable",
    "AuditedPrincipal": "id displayName accountEnabled isDisabled disabledByMicrosoftStatus signInAudience "
    "appOwnerOrganizationId",
    "AuditedPermission": "name id type need state includedIn privilegeLevel",
    "AuditedCredential": "kind keyId displayName endDateTime daysLeft state",
    "Issue": "code severity summary actions",
    "Drift": "since granted revoked changed by",
    "Change": "at activity who",
    "Unreadable": "question reason permission",
    "TenantState": "tenantId name mode domains verdict auditedAt openIncidents exposed coverage",
    "TenantCoverage": "mailboxes uncovered",
    "Summary": "since until total byScenario byCause bySeverity byConfidence byState byDay exposed exposures openIncidents "
    "timeInReach audits",
    "ExposureCounts": "messages read mailboxes",
    "ReachTimes": "p50 p90 stillInReach oldestSeconds",
    "AuditState": "tenantId verdict auditedAt",
    "RejectedEvent": "id receivedAt reason detail body",
    "Health": "status checks",
    "HealthChecks": "storage graph permissions feeds notifications",
    "ProblemBody": "type title status detail",
    "ProblemError": "pointer detail",
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_always_there(name: str) -> None:
    """Also those that are null: a program need not ask whether a field is there."""
    assert set(FIELDS[name].split()) <= set(SCHEMAS[name]["required"])


def test_what_a_summary_of_a_finding_leaves_out() -> None:
    left_out = SCHEMAS["Finding"]["properties"].keys() - SCHEMAS["FindingSummary"]["properties"].keys()
    assert left_out == {"checks", "actions", "history"}
    assert SCHEMAS["FindingSummary"]["required"] == [
        name for name in SCHEMAS["Finding"]["required"] if name not in left_out
    ]
    raw = SCHEMAS["RemediationFailure"]["properties"].keys() - SCHEMAS["FailureSummary"]["properties"].keys()
    assert raw == {"raw"}


WORDS = {
    "Scenario": "resource_not_found unknown_reason invalid_user mailbox_unavailable unclassified",
    "ClassifiedBy": "error_code error_text none",
    "Confidence": "confirmed probable possible undetermined",
    "Severity": "critical high medium low info",
    "Location": "inbox junk deleted_items recoverable_items quarantine sent_items archive_folder other_folder not_found "
    "not_checked unknown",
    "Outcome": "pass fail unknown skipped",
    "Reason": "forbidden throttled unavailable timeout unauthenticated unsupported too_many no_auth tenant_not_configured "
    "poison",
    "FindingState": "open resolved suppressed",
    "Resolution": "remediated out_of_reach nothing_to_do by_hand",
    "Verdict": "healthy degraded broken unknown not_applicable",
    "PermissionState": "granted included consent_missing delegated_only missing unknown",
    "RejectedReason": "not_json not_a_failure too_large poison",
    "Mode": "read_write read no_auth",
}


@pytest.mark.parametrize("name", WORDS)
def test_words(name: str) -> None:
    assert set(SCHEMAS[name]["enum"]) == set(WORDS[name].split())


def test_the_words_of_health() -> None:
    assert SCHEMAS["Health"]["properties"]["status"]["enum"] == ["ok", "degraded", "down"]


def test_columns() -> None:
    assert ",".join(FINDING_COLUMNS) == (
        "id,tenantId,occurredAt,triagedAt,scenario,cause,confidence,severity,exposed,location,mailbox,messageId,"
        "internetMessageId,subject,error,summary,state,incidentId,resolvedAt,isRead,url"
    )
    assert ",".join(EXPOSURE_COLUMNS) == (
        "tenantId,mailbox,messageId,internetMessageId,subject,location,folder,isRead,since,lookedAt,cause,findingId,"
        "incidentId,url"
    )


PROBLEMS = {
    400: "invalid-query invalid-body invalid-failure",
    401: "not-signed-in",
    403: "role-missing other-tenant",
    404: "not-found unknown-tenant no-feed unknown-channel",
    409: "wrong-state",
    413: "too-large",
    500: "internal",
    502: "channel-failed",
    503: "storage-away storage-denied timeout",
}


def test_types_of_problems() -> None:
    found = {kind.urn: int(kind.status) for kind in ProblemType}
    assert found == {
        f"urn:problem-type:triage:{word}": status for status, words in PROBLEMS.items() for word in words.split()
    }


def test_tables() -> None:
    modules = (findings, incidents, exposures, audits, rejected, coverage_rows)
    names = [module.TABLE for module in modules]
    assert names == ["findings", "incidents", "exposures", "audits", "rejected", "coverage"]
