"""The baseline, written as msgraph-sdk's documentation shows: typed calls, one after another, one failure at a time.

It asks the same questions as the service, each only when an answer requires it, and makes the finding with the
service's own diagnosis, so only the reading differs. The client is made once. With `--keep` it reads the tenant and the
app once for all failures: the documentation does not show that, but a careful programmer might do it. With
`--concurrent` it triages several failures at a time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from datetime import datetime
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from pydantic import BaseModel

from benchmarks.measure import Queued, arguments, measure, report, source
from triage.addresses import domain_of
from triage.diagnosis.case import Case
from triage.diagnosis.diagnose import diagnose
from triage.finding import Finding, make_finding
from triage.graph.evidence import Answer, AppEvidence, Evidence, State
from triage.graph.message_search import WELL_KNOWN, WELL_KNOWN_HIDDEN
from triage.graph.models.applications import Application, AppRoleAssignment, OAuth2PermissionGrant, ServicePrincipal
from triage.graph.models.directory import Organization, Recipient, TenantInformation, User
from triage.graph.models.mail import MailFolder, Message
from triage.graph.permissions import GRAPH_APP_ID
from triage.graph.questions import applications, directory, mail
from triage.graph.session import simulator_authentication
from triage.intake.queue_message import QueuedFailure
from triage.intake.queued_failures import read_message
from triage.intake.scenario import classify
from triage.settings import Settings, Tenant, read_settings
from triage.wire import now

T = TypeVar("T", bound=BaseModel)


class Baseline:
    """One tenant's typed client."""

    def __init__(self, settings: Settings, keep: bool) -> None:
        self.tenant: Tenant = settings.tenants[0]
        adapter = GraphRequestAdapter(simulator_authentication(self.tenant.tenant_id))
        self.client = GraphServiceClient(request_adapter=adapter)
        adapter.base_url = f"{settings.graph_endpoint}/v1.0"
        self.keep = keep
        self.kept: tuple[Answer[Any], AppEvidence] | None = None

    async def triage(self, queued: QueuedFailure) -> Finding:
        """The finding of one failure."""
        failure = queued.failure
        evidence = Evidence(self.tenant)
        if self.kept is None or not self.keep:
            self.kept = await self._organization(), await self._app()
        evidence.organization, evidence.app = self.kept
        await self._address(evidence, failure.mailbox)
        await self._mailbox(evidence, failure.mailbox, failure.internet_message_id or "")
        classified = classify(failure.error, failure.error_code)
        case = Case(failure, classified[0], evidence)
        return make_finding(queued, self.tenant.tenant_id, classified, diagnose(case), case)

    async def _organization(self) -> Answer[Any]:
        query = _query(self.client.organization, select=["id", "verifiedDomains"])
        return (await _many("organization", self.client.organization.get(query), Organization)).first()

    async def _app(self) -> AppEvidence:
        client, app_id = self.client, self.tenant.app_id or ""
        by_app_id = client.service_principals_with_app_id
        principal = await _one(
            "service_principal", by_app_id(app_id).get(_query(by_app_id(app_id), select=applications.SERVICE_PRINCIPAL.split(","))),
            ServicePrincipal,
        )  # fmt: skip
        graph = await _one(
            "graph_service_principal", by_app_id(GRAPH_APP_ID).get(_query(by_app_id(GRAPH_APP_ID), select=["id"])),
            ServicePrincipal,
        )  # fmt: skip
        application = client.applications_with_app_id(app_id)
        registration = await _one(
            "registration", application.get(_query(application, select=applications.REGISTRATION.split(","))),
            Application,
        )  # fmt: skip
        if principal.value is None or principal.value.id is None:
            return AppEvidence(principal, graph_service_principal=graph, registration=registration)
        builder = client.service_principals.by_service_principal_id(principal.value.id)
        grants = await _many(
            "permissions", builder.app_role_assignments.get(_query(builder.app_role_assignments, top=999)),
            AppRoleAssignment,
        )  # fmt: skip
        delegated = await _many(
            "delegated_grants", builder.oauth2_permission_grants.get(_query(builder.oauth2_permission_grants, top=999)),
            OAuth2PermissionGrant,
        )  # fmt: skip
        return AppEvidence(
            principal,
            graph_service_principal=graph,
            permissions=grants,
            delegated_grants=delegated,
            registration=registration,
        )

    async def _address(self, evidence: Evidence, address: str) -> None:
        client = self.client
        fields = directory.USER.split(",")
        user = client.users.by_user_id(address)
        evidence.user = await _one("user", user.get(_query(user, select=fields)), User)
        if evidence.user.value is not None:
            return
        having = f"mail eq '{address}' or proxyAddresses/any(p:p eq 'smtp:{address}')"
        query = _query(client.users, select=fields, filter=having, top=5)
        evidence.alias = (await _many("alias", client.users.get(query), User)).first()
        deleted = client.directory.deleted_items.graph_user
        query = _query(deleted, filter=f"{having} or endsWith(userPrincipalName,'{address}')", count=True)
        query.headers.add("ConsistencyLevel", "eventual")
        evidence.deleted_user = (await _many("deleted_user", deleted.get(query), User)).first()
        if evidence.alias.value is not None:
            return
        query = _query(client.groups, select=["id", "mail", "groupTypes"], filter=having, top=5)
        evidence.group = (await _many("group", client.groups.get(query), Recipient)).first()
        query = _query(client.contacts, select=["id", "mail"], filter=having, top=5)
        evidence.contact = (await _many("contact", client.contacts.get(query), Recipient)).first()
        organization = evidence.organization.value
        if organization is not None and not organization.verifies(domain_of(address)):
            relationships = client.tenant_relationships
            owner = relationships.find_tenant_information_by_domain_name_with_domain_name(domain_of(address))
            evidence.domain_owner = await _one("domain_owner", owner.get(), TenantInformation)

    async def _mailbox(self, evidence: Evidence, address: str, message_id: str) -> None:
        person = evidence.user.value or evidence.alias.value
        user = self.client.users.by_user_id((person.id if person else None) or address)
        evidence.mailbox = await self._folder(user, "inbox", "mailbox")
        if evidence.mailbox.value is None:
            return
        holds = f"internetMessageId eq '{message_id}'"
        query = _query(user.messages, select=mail.MESSAGE.split(","), filter=holds)
        evidence.message = await _many("message", user.messages.get(query), Message)
        deletions = user.mail_folders.by_mail_folder_id("recoverableitemsdeletions").messages
        query = _query(deletions, select=mail.MESSAGE.split(","), filter=holds)
        evidence.recoverable_items = await _many("recoverable_items", deletions.get(query), Message)
        parents = {message.parent_folder_id for message in evidence.message.value or []}
        if evidence.mailbox.value.id in parents:
            return
        if not parents:
            await self._hidden(evidence, user, holds)
            scheduled = user.mail_folders.by_mail_folder_id("scheduled").messages
            query = _query(scheduled, select=mail.MESSAGE.split(","), filter=holds)
            evidence.snoozed = await _many("snoozed", scheduled.get(query), Message)
        elif parents:
            for name in WELL_KNOWN:
                evidence.well_known[name] = await self._folder(user, name, "folder")
            known = {answer.value.id for answer in evidence.well_known.values() if answer.value}
            for parent in parents - known - {None}:
                evidence.folders[parent or ""] = await self._folder(user, parent or "", "folder")

    async def _hidden(self, evidence: Evidence, user: Any, holds: str) -> None:
        query = _query(user.mail_folders, select=mail.FOLDER.split(","), top=100, include_hidden_folders="true")
        evidence.hidden_folders = await _many("hidden_folders", user.mail_folders.get(query), MailFolder)
        hidden = [folder.id or "" for folder in evidence.hidden_folders.value or [] if folder.is_hidden]
        for name in WELL_KNOWN_HIDDEN if hidden else ():
            evidence.well_known[name] = await self._folder(user, name, "folder")
        known = {answer.value.id for answer in evidence.well_known.values() if answer.value}
        for folder in hidden:
            if folder not in known:
                builder = user.mail_folders.by_mail_folder_id(folder).messages
                query = _query(builder, select=mail.MESSAGE.split(","), filter=holds)
                evidence.hidden_messages[folder] = await _many("hidden_folder", builder.get(query), Message)

    async def _folder(self, user: Any, name: str, check: str) -> Answer[MailFolder]:
        builder = user.mail_folders.by_mail_folder_id(name)
        return await _one(check, builder.get(_query(builder, select=mail.FOLDER.split(","))), MailFolder)


def _query(builder: Any, **parameters: Any) -> RequestConfiguration[Any]:
    name = next(name for name in dir(builder) if name.endswith("GetQueryParameters"))
    return RequestConfiguration(query_parameters=getattr(builder, name)(**parameters))


async def _one(check: str, call: Awaitable[Any], kind: type[T]) -> Answer[T]:
    """One typed call as an answer; only "there is no such thing" is one beside the thing itself."""
    try:
        return Answer(check, State.READ, kind.model_validate(_plain(await call, kind)))
    except APIError as error:
        if error.response_status_code != 404:
            raise
        code = error.error.code if getattr(error, "error", None) else None  # type: ignore[attr-defined]
        return Answer(check, State.ABSENT, status=404, error_code=code)


async def _many(check: str, call: Awaitable[Any], kind: type[T]) -> Answer[list[T]]:
    found = await call
    return Answer(check, State.READ, [kind.model_validate(_plain(one, kind)) for one in found.value or []])


def _plain(typed: Any, kind: type[BaseModel]) -> dict[str, Any]:
    """The SDK's object as the service's model of it has it."""
    values = {name: _value(getattr(typed, name, None), field.annotation) for name, field in kind.model_fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(value: Any, annotation: Any) -> Any:
    if isinstance(annotation, UnionType) or get_origin(annotation) is list:
        inner = next((each for each in get_args(annotation) if each is not type(None)), None)
        if isinstance(value, list):
            return [_value(each, inner) for each in value]
        return _value(value, inner)
    if value is None or isinstance(value, (str, bool, int, datetime)):
        return value
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _plain(value, annotation)
    return str(value)


async def main() -> dict[str, Any]:
    options = arguments()
    settings = read_settings()
    baseline = Baseline(settings, options.keep)

    async def triage(message: Queued) -> str:
        [queued] = read_message(settings, message.text, message_id="m", inserted_at=now())
        finding = await baseline.triage(queued)
        json.dumps(finding.wire())
        return finding.cause.value

    return await measure(source(options.messages), triage, options.concurrent, options.started)


if __name__ == "__main__":
    report(asyncio.run(main()))
