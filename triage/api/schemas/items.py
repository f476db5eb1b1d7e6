"""The items of collections, and their pages."""

from __future__ import annotations

from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from triage.api.schemas.page import Page
from triage.audit.model import Audit
from triage.coverage.model import CoverageScan, UncoveredMailbox
from triage.feeds.model import Feed
from triage.finding import Finding as StoredFinding
from triage.incidents import Incident as StoredIncident
from triage.intake.failure import RemediationFailure
from triage.storage.exposure_rows import Exposure as StoredExposure
from triage.storage.outbox_rows import Delivery
from triage.storage.rejected import RejectedEvent
from triage.wire import Url

Json = dict[str, Any]


class Finding(StoredFinding):
    __doc__ = StoredFinding.__doc__

    url: Url
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

    url: Url
    """Its place in the dashboard."""


class Exposure(StoredExposure):
    __doc__ = StoredExposure.__doc__

    url: Url
    """The place of its newest finding in the dashboard."""


INCIDENT_PAGE = Page(Incident)
EXPOSURE_PAGE = Page(Exposure)
AUDIT_PAGE = Page(Audit)
NOTIFICATION_PAGE = Page(Delivery)
REJECTED_PAGE = Page(RejectedEvent)
COVERAGE_PAGE = Page(CoverageScan)
MAILBOX_PAGE = Page(UncoveredMailbox)
FEED_PAGE = Page(Feed)
