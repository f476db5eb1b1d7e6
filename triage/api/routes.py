"""Every HTTP route, once: the functions are registered from this table, and the OpenAPI description comes from it."""

from __future__ import annotations

from triage.api import (
    audits,
    coverage,
    dashboard,
    exposures,
    failures,
    feeds,
    filters,
    findings,
    health,
    incidents,
    notifications,
    rejected,
    summary,
    tenants,
)
from triage.api.collection import EXPORTS
from triage.api.openapi import description_of
from triage.api.route import Body, Route
from triage.api.schemas.actions import (
    ChannelTest,
    ChannelTested,
    Noted,
    PolledFeeds,
    Queued,
    Resolved,
    StartedScans,
    Suppressed,
    TenantRequest,
)
from triage.api.schemas.failures import AcceptedBody, Failures
from triage.api.schemas.health import Health
from triage.api.schemas.items import (
    AUDIT_PAGE,
    COVERAGE_PAGE,
    EXPOSURE_PAGE,
    FEED_PAGE,
    FINDING_PAGE,
    INCIDENT_PAGE,
    MAILBOX_PAGE,
    NOTIFICATION_PAGE,
    REJECTED_PAGE,
    Finding,
    Incident,
)
from triage.api.schemas.state import TENANT_PAGE, Summary
from triage.audit.model import Audit
from triage.coverage.model import CoverageScan

_FAILURES = Body(
    Failures,
    "One failure, or an array of up to 1,000. Also a CloudEvent, an Event Grid event, or a row of the Log Export.",
)
_TENANT = Body(TenantRequest, "The tenant. Without a body, every tenant.", required=False)
_CHANNEL = Body(ChannelTest, "The channel to test.")
_NOTE = Body(Noted, "A note for the log.", required=False)

ROUTES: tuple[Route, ...] = (
    Route("post_failures", "POST", "failures", failures.post, "Send failures", AcceptedBody, 202,
          body=_FAILURES, problems=(400, 413, 503)),
    Route("options_failures", "OPTIONS", "failures", failures.options, "Validate a webhook"),
    Route("get_findings", "GET", "findings", findings.search, "List findings", FINDING_PAGE,
          media=EXPORTS, query=filters.FINDINGS, problems=(400, 503)),
    Route("get_finding", "GET", "findings/{id}", findings.get, "Get a finding", Finding, problems=(404, 503)),
    Route("post_retriages", "POST", "findings/retriage", findings.retriage_all, "Triage failures again", Queued, 202,
          query=filters.RETRIAGE, problems=(400, 503)),
    Route("post_retriage", "POST", "findings/{id}/retriage", findings.retriage, "Triage a failure again", AcceptedBody,
          202, problems=(404, 503)),
    Route("get_exposures", "GET", "exposures", exposures.search, "List the messages that can still be opened",
          EXPOSURE_PAGE, media=EXPORTS, query=filters.EXPOSURES, problems=(400, 503)),
    Route("get_incidents", "GET", "incidents", incidents.search, "List incidents", INCIDENT_PAGE,
          media=EXPORTS, query=filters.INCIDENTS, problems=(400, 503)),
    Route("get_incident", "GET", "incidents/{id}", incidents.get, "Get an incident", Incident, problems=(404, 503)),
    Route("post_acknowledge", "POST", "incidents/{id}/acknowledge", incidents.post_acknowledge,
          "Acknowledge an incident", Incident, body=_NOTE, problems=(400, 404, 409, 503)),
    Route("post_reopen", "POST", "incidents/{id}/reopen", incidents.post_reopen, "Reopen an incident", Incident,
          body=_NOTE, problems=(400, 404, 409, 503)),
    Route("post_resolve", "POST", "incidents/{id}/resolve", incidents.post_resolve, "Resolve an incident", Incident,
          body=Body(Resolved, "Why."), problems=(400, 404, 409, 503)),
    Route("post_suppress", "POST", "incidents/{id}/suppress", incidents.post_suppress, "Suppress an incident",
          Incident, body=Body(Suppressed, "Why, and until when."), problems=(400, 404, 409, 503)),
    Route("post_recheck", "POST", "incidents/{id}/recheck", incidents.post_recheck, "Recheck an incident", Queued, 202,
          problems=(404, 503)),
    Route("get_audits", "GET", "audits", audits.search, "List permission audits", AUDIT_PAGE,
          query=filters.AUDITS, problems=(400, 503)),
    Route("post_audits", "POST", "audits", audits.post, "Audit now", AUDIT_PAGE, body=_TENANT,
          problems=(400, 404, 503)),
    Route("get_latest_audits", "GET", "audits/latest", audits.latest, "List the newest audit of each tenant",
          AUDIT_PAGE, problems=(400, 503)),
    Route("get_audit", "GET", "audits/{id}", audits.get, "Get an audit", Audit, problems=(404, 503)),
    Route("get_latest_coverage", "GET", "coverage/latest", coverage.latest, "List the newest coverage scan of each tenant",
          COVERAGE_PAGE, problems=(400, 503)),
    Route("post_coverage", "POST", "coverage", coverage.post, "Scan the mailboxes now", StartedScans, 202, body=_TENANT,
          problems=(400, 404, 503)),
    Route("get_coverage", "GET", "coverage/{id}", coverage.get, "Get a coverage scan", CoverageScan,
          problems=(404, 503)),
    Route("get_coverage_mailboxes", "GET", "coverage/{id}/mailboxes", coverage.mailboxes,
          "List the mailboxes of a scan", MAILBOX_PAGE, media=EXPORTS, query=filters.MAILBOXES, problems=(400, 404, 503)),
    Route("get_feeds", "GET", "feeds", feeds.search, "List the feeds", FEED_PAGE, problems=(400, 503)),
    Route("post_poll", "POST", "feeds/poll", feeds.poll, "Poll the feeds now", PolledFeeds, 202, body=_TENANT,
          problems=(400, 404, 503)),
    Route("get_tenants", "GET", "tenants", tenants.search, "List the tenants", TENANT_PAGE, problems=(400, 503)),
    Route("get_summary", "GET", "summary", summary.get, "Summarize findings", Summary,
          query=filters.SUMMARY, problems=(400, 503)),
    Route("get_rejected", "GET", "rejected", rejected.search, "List rejected events", REJECTED_PAGE,
          query=filters.REJECTED, problems=(400, 503)),
    Route("get_notifications", "GET", "notifications", notifications.search, "List notifications", NOTIFICATION_PAGE,
          query=filters.NOTIFICATIONS, problems=(400, 503)),
    Route("post_notification_test", "POST", "notifications/test", notifications.test, "Test a channel", ChannelTested,
          body=_CHANNEL, problems=(400, 404, 502, 503)),
    Route("get_health", "GET", "health", health.get, "Check the service's health", Health,
          statuses=((503, "The service is down: it cannot reach storage"),), anonymous=True),
    Route("get_openapi", "GET", "openapi.json", description_of(lambda: ROUTES), "Get this description"),
    Route("get_dashboard", "GET", "dashboard", dashboard.page, "Get the dashboard", media=("text/html",),
          anonymous=True),
    Route("get_dashboard_asset", "GET", "dashboard/{asset}", dashboard.asset, "Get a file of the dashboard",
          problems=(404,), anonymous=True),
)  # fmt: skip
