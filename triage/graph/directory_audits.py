"""Entra's audit log, as far as the service reads it: who changed an app, and when."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

from pydantic import Field

from triage import deadlines
from triage.graph.evidence import Answer
from triage.graph.models.resource import Resource
from triage.graph.questions import audit_log
from triage.graph.reading import late, read_list
from triage.graph.session import GraphSession

# The properties that name the app in a change of its grants: the log has such a change under the resource (Graph).
_APP_PROPERTIES = ("ServicePrincipal.ObjectID", "ServicePrincipal.AppId")


class ModifiedProperty(Resource):
    """`modifiedProperty`: the values are JSON in a string. They may hold secrets' metadata, so only ids are looked at."""

    display_name: str | None = None
    old_value: str | None = None
    new_value: str | None = None

    def names(self, ids: frozenset[str]) -> bool:
        """Whether it says that the change is about the app with one of these ids."""
        if self.display_name not in _APP_PROPERTIES:
            return False
        return any(_decoded(value) in ids for value in (self.old_value, self.new_value) if value)


class TargetResource(Resource):
    """`targetResource`: what was changed."""

    modified_properties: list[ModifiedProperty] | None = None


class Actor(Resource):
    """`userIdentity` or `appIdentity`: who made a change."""

    user_principal_name: str | None = None
    display_name: str | None = None
    service_principal_id: str | None = None

    @property
    def name(self) -> str | None:
        """The name that says most."""
        return self.user_principal_name or self.display_name or self.service_principal_id or self.id


class Initiator(Resource):
    """`auditActivityInitiator`: a person or an app."""

    user: Actor | None = None
    app: Actor | None = None


class DirectoryAudit(Resource):
    """`directoryAudit`: one entry of the log."""

    activity_date_time: datetime
    activity_display_name: str
    result: str | None = None
    initiated_by: Initiator | None = None
    target_resources: list[TargetResource] = Field(default_factory=list[TargetResource])

    def changed(self, ids: frozenset[str]) -> bool:
        """Whether it changed the app with one of these ids (lower case)."""
        if self.result == "failure":
            return False
        return any(
            (target.id or "").lower() in ids or any(one.names(ids) for one in target.modified_properties or [])
            for target in self.target_resources
        )

    @property
    def who(self) -> str | None:
        """Who did it: the name of a person or an app; None if the log does not say."""
        by = self.initiated_by
        return (by.user and by.user.name) or (by.app and by.app.name) if by else None


async def read_changes(session: GraphSession, since: str) -> Answer[list[DirectoryAudit]]:
    """The changes of apps since a time (RFC 3339), or why they could not be read."""
    question = audit_log.app_changes(since)
    try:
        async with asyncio.timeout(deadlines.AUDIT):
            return await read_list(session.batcher, question, DirectoryAudit)
    except TimeoutError:
        return late(question)


def _decoded(value: str) -> str:
    try:
        found: object = json.loads(value)
    except ValueError:
        found = value
    return str(found).lower()
