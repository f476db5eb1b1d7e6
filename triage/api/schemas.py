"""The shapes of bodies that have no model elsewhere, for the OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from triage.api.filters import PARAMETERS
from triage.api.problem_types import ProblemType
from triage.audit.model import Audit, Verdict
from triage.finding import Finding as StoredFinding
from triage.graph.evidence import Reason
from triage.incidents import Incident as StoredIncident
from triage.incidents import ResolveReason
from triage.intake.failure import RemediationFailure
from triage.settings import Mode
from triage.storage.exposure_rows import Exposure as StoredExposure
from triage.storage.outbox_rows import Delivery
from triage.storage.rejected import RejectedEvent
from triage.wire import Instant, Wire

Json = dict[str, Any]

_MAILBOX: Json = PARAMETERS["address"].kind.schema
_MAILBOXES: Json = {"type": "array", "items": _MAILBOX}
_NULL: Json = {"type": "null"}

# A field of these that says nothing is left out.
_MAY_LACK_FIELDS = ConfigDict(json_schema_serialization_defaults_required=False)


class Page(NamedTuple):
    """A page of a collection: `value`, and `nextLink` if there is more."""

    item: object


class Finding(StoredFinding):
    __doc__ = StoredFinding.__doc__

    url: str
    """Its place in the dashboard."""


def _leave_out(schema: Json, names: tuple[str, ...]) -> Json:
    properties, required = schema["properties"], schema["required"]
    schema["properties"] = {name: value for name, value in properties.items() if name not in names}
    schema["required"] = [name for name in required if name not in names]
    return schema


class FailureSummary(RemediationFailure):
    """The failure without `raw`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        """The schema without what is left out."""
        return _leave_out(handler.resolve_ref_schema(handler(core)), ("raw",))


class FindingSummary(Finding):
    """A finding without `checks`, `actions`, `history` and `failure.raw` (`fields=summary`)."""

    failure: FailureSummary  # pyright: ignore[reportIncompatibleVariableOverride] - a model of JSON is never written to

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        """The schema without what is left out."""
        return _leave_out(handler.resolve_ref_schema(handler(core)), ("checks", "actions", "history"))


FINDING_PAGE = Page(Finding | FindingSummary)


class Incident(StoredIncident):
    __doc__ = StoredIncident.__doc__

    url: str
    """Its place in the dashboard."""


class Exposure(StoredExposure):
    __doc__ = StoredExposure.__doc__

    url: str
    """The place of its newest finding in the dashboard."""


INCIDENT_PAGE = Page(Incident)
EXPOSURE_PAGE = Page(Exposure)
AUDIT_PAGE = Page(Audit)
NOTIFICATION_PAGE = Page(Delivery)
REJECTED_PAGE = Page(RejectedEvent)


class Failure(RemediationFailure):
    """A failure as a sender writes it. Any field can be blank or null if another one says the same."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: object, __: object) -> Json:
        """The fields of the model without the service's own, `mailboxes`, and which of them a sender must give."""
        formats: dict[str, Json] = {
            "tenantId": {"type": "string", "format": "uuid"},
            "occurredAt": {"type": "string", "format": "date-time"},
        }
        names = [field.alias or name for name, field in cls.model_fields.items()]
        properties = {
            name: _or_blank(formats.get(name, {"type": "string"}))
            for name in names
            if name not in ("source", "raw", "mailbox")
        }
        properties |= {"mailbox": {"anyOf": [_MAILBOX, _NULL]}, "mailboxes": {"anyOf": [_MAILBOXES, _NULL]}}
        text: Json = {"type": "string", "pattern": r"\S"}
        required: tuple[dict[str, Json], ...] = (
            {"error": text, "errorCode": text},
            {"messageId": text, "internetMessageId": text},
            {"mailbox": _MAILBOX, "mailboxes": {**_MAILBOXES, "minItems": 1}},
        )
        return {
            "type": "object",
            "description": cls.__doc__,
            "properties": properties,
            "allOf": [_at_least_one(choices) for choices in required],
        }


def _or_blank(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "string", "pattern": r"^\s*$"}, _NULL]}


def _at_least_one(choices: dict[str, Json]) -> Json:
    return {"anyOf": [{"required": [name], "properties": {name: schema}} for name, schema in choices.items()]}


Failures = Failure | Annotated[list[Failure], Field(min_length=1)]


class AcceptedFailure(Wire):
    """An accepted failure. Its finding exists after the failure is triaged."""

    id: str | None
    """The sender's ID of the failure."""
    finding_id: str
    """The ID of the finding."""
    mailbox: str
    """The mailbox, normalized."""


class AcceptedBody(Wire):
    """The accepted failures."""

    accepted: list[AcceptedFailure]
    """One entry for each failure in each mailbox."""


class Queued(Wire):
    """How many failures were queued, and where to send the next POST if more of them match."""

    model_config = _MAY_LACK_FIELDS

    queued: int
    """The number of failures."""
    next_link: str | None = None
    """The URL for the rest; left out at the end."""


class AuditRequest(Wire):
    """The tenant to audit; every tenant if there is none."""

    tenant_id: UUID | None = None
    """A tenant in `TRIAGE_TENANTS`."""


class ChannelTest(Wire):
    """A channel to send a test to."""

    channel: str
    """The name of a channel in `TRIAGE_NOTIFICATIONS`."""


class ChannelTested(Wire):
    """What the other side said to a test."""

    channel: str
    status: int
    answer: str
    """The status and the beginning of the answer."""
    note: str | None
    """What the answer does not say, and how to find out."""


class Noted(Wire):
    """What people say when they acknowledge an incident or open it again."""

    note: str | None = None
    """Why; it is kept in the log of the incident."""
    by: Annotated[str, Field(max_length=200)] | None = None
    """Who asks. It counts only with function keys: otherwise it is who is signed in."""


class Resolved(Noted):
    """Why an incident needs nothing more."""

    reason: ResolveReason


class Suppressed(Noted):
    """Why nobody is told of an incident, and until when: at most a year from now."""

    reason: str
    until: Instant


class AuditState(Wire):
    """The verdict of a tenant's newest audit."""

    tenant_id: str
    verdict: Verdict
    audited_at: Instant


class TenantCoverage(Wire):
    """The newest coverage scan of a tenant: its mailboxes, and those in which a remediation would fail."""

    mailboxes: int
    uncovered: int


class TenantState(Wire):
    """A tenant of the deployment, and how it is."""

    tenant_id: str
    name: str
    """What people call it: `name` in `TRIAGE_TENANTS`, else the organization's name, else a domain."""
    mode: Mode
    domains: list[str]
    """Those in `TRIAGE_TENANTS`, else the verified ones."""
    verdict: Verdict | None
    """The verdict of its newest audit; null: there is none."""
    audited_at: Instant | None
    open_incidents: int
    exposed: int
    """The messages that can still be opened."""
    coverage: TenantCoverage | None
    """Null: it was not scanned."""


TENANT_PAGE = Page(TenantState)


class ExposureCounts(Wire):
    """The messages that can still be opened: each once for a mailbox, however many failures it had."""

    messages: int
    read: int
    mailboxes: int


class ReachTimes(Wire):
    """For how long messages could be opened after their remediation failed, in seconds."""

    p50: int | None
    """Half of the findings of the period were out of reach within this time; null: none has left reach."""
    p90: int | None
    still_in_reach: int
    """The messages that can still be opened now."""
    oldest_seconds: int | None
    """The time since the failure of the one that has been exposed the longest."""


class Summary(Wire):
    """The number of findings in a period, in all and by value."""

    since: Instant | None
    """The start of the period; null: from the first finding."""
    until: Instant | None
    """The end of the period; null: to the last finding."""
    total: int
    """The number of findings: one for each failure."""
    by_scenario: dict[str, int]
    by_cause: dict[str, int]
    by_severity: dict[str, int]
    by_confidence: dict[str, int]
    by_state: dict[str, int]
    """Open or resolved; what is suppressed counts as open."""
    by_day: dict[str, int]
    """By day in UTC, such as 2026-11-20."""
    exposed: int
    """The number of findings whose message can still be opened."""
    exposures: ExposureCounts
    """Now, whatever the period."""
    open_incidents: int
    """Now, whatever the period."""
    time_in_reach: ReachTimes
    audits: list[AuditState]
    """The newest audit of each tenant."""


class LackingPermission(Wire):
    """A permission that the triage identity does not have, and in how many tenants."""

    permission: str
    tenants: int


class StorageHealth(Wire):
    """Whether storage can be reached; `error` is the type of the error if not."""

    model_config = _MAY_LACK_FIELDS

    status: Literal["ok", "down"]
    error: str | None = None


class GraphHealth(Wire):
    """Whether Graph answers in every tenant; `reasons` says why not."""

    model_config = _MAY_LACK_FIELDS

    status: Literal["ok", "degraded"]
    reasons: list[Reason] = Field(default_factory=list[Reason])


class PermissionHealth(Wire):
    """Whether the triage identity has its permissions in every tenant."""

    status: Literal["ok", "degraded", "unknown"]
    lacking: list[LackingPermission]


class NotificationHealth(Wire):
    """Whether the channels for notifications take what they are sent."""

    status: Literal["ok", "degraded", "unknown"]
    channels: int
    """The number of channels."""
    failing: int
    """The number of those that do not take it."""


class HealthChecks(Wire):
    """What the health is made of."""

    storage: StorageHealth
    graph: GraphHealth
    permissions: PermissionHealth
    notifications: NotificationHealth


class Health(Wire):
    """The health of the service. It is down if storage is, and degraded if another check is."""

    status: Literal["ok", "degraded", "down"]
    checks: HealthChecks


class ProblemError(Wire):
    """One thing that is wrong."""

    pointer: str
    """Where: a JSON pointer (RFC 6901), or the name of a query parameter."""
    detail: str
    """What is wrong there."""


class ProblemBody(Wire):
    """An RFC 9457 problem."""

    model_config = _MAY_LACK_FIELDS

    type: Annotated[str, Field(json_schema_extra={"enum": [kind.urn for kind in ProblemType]})]
    """What kind of problem it is."""
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list[ProblemError])
    """Each thing that is wrong."""
