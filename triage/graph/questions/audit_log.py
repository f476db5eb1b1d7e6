"""What Entra's audit log is asked: who changed Email Threat Defense's app."""

from __future__ import annotations

from triage.graph.questions.question import Kind, ProbeWith, literal, question, segment

_PERMISSION = "AuditLog.Read.All"
# What an app's grants, and its service principal, are changed by
# (https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities).
APP_ACTIVITIES = (
    "Consent to application",
    "Add app role assignment to service principal",
    "Remove app role assignment from service principal",
    "Add delegated permission grant",
    "Remove delegated permission grant",
    "Add service principal",
    "Update service principal",
    "Remove service principal",
    "Restore service principal",
    "Hard delete service principal",
)


@question("Who changed the app since the previous audit?", _PERMISSION, kind=Kind.FACT)
def app_changes(since: str) -> str:
    """The changes of all apps since a time. An app role assignment is logged under the resource, not under the app."""
    activities = " or ".join(f"activityDisplayName eq {literal(name)}" for name in APP_ACTIVITIES)
    changed = segment(f"activityDateTime ge {since} and ({activities})")
    return f"/auditLogs/directoryAudits?$filter={changed}&$top=200"


@question("Can the audit log be read?", _PERMISSION, kind=Kind.FACT, probe_with=ProbeWith.NOTHING)
def any_change() -> str:
    """Any entry of the log."""
    return "/auditLogs/directoryAudits?$top=1"
