"""Reads what Graph says about the Email Threat Defense app in a tenant."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from triage.graph.evidence import Answer, AppEvidence, State
from triage.graph.models.applications import Application, AppRoleAssignment, OAuth2PermissionGrant, ServicePrincipal
from triage.graph.models.resource import Resource
from triage.graph.questions import applications
from triage.graph.reading import read_list, read_one
from triage.graph.session import GraphSession

# What is read about an app is used for a while. A credential may expire in the meantime.
_USED_FOR = timedelta(hours=1)


async def read_app(session: GraphSession, app_id: str, *, names: bool, ahead: timedelta) -> AppEvidence:
    """The app's state, grants and registration. With `names`, Graph's own permissions too, to name every grant.

    Federated credentials are read if every other credential expires within the time `ahead`.
    """
    batcher = session.batcher
    service_principal, graph, registration = await asyncio.gather(
        read_one(batcher, applications.service_principal(app_id), ServicePrincipal),
        read_one(batcher, applications.graph_service_principal(names=names), ServicePrincipal),
        read_one(batcher, applications.registration(app_id), Application),
    )
    if not service_principal.known:
        return AppEvidence(service_principal, graph_service_principal=graph, registration=registration)
    found = service_principal.get()
    if found is None or found.id is None:
        deleted = await read_list(batcher, applications.deleted_service_principal(app_id), ServicePrincipal)
        return AppEvidence(service_principal, deleted.first(), graph_service_principal=graph, registration=registration)
    if found.app_owner_organization_id not in (None, session.tenant.tenant_id) and not registration.known:
        # Another tenant owns the app, so its registration is not here, whatever the answer was.
        registration = replace(registration, state=State.ABSENT, reason=None, permission=None)
    permissions, delegated, federated = await asyncio.gather(
        read_list(batcher, applications.permissions(found.id), AppRoleAssignment),
        read_list(batcher, applications.delegated_grants(found.id), OAuth2PermissionGrant),
        _federated_credentials(session, registration.value, ahead),
    )
    return AppEvidence(
        service_principal,
        graph_service_principal=graph,
        permissions=permissions,
        delegated_grants=delegated,
        registration=registration,
        federated_credentials=federated,
    )


async def _federated_credentials(
    session: GraphSession, registration: Application | None, ahead: timedelta
) -> Answer[list[Resource]]:
    if (
        registration is None
        or registration.id is None
        or not registration.all_expired(datetime.now(UTC) + max(ahead, _USED_FOR))
    ):
        return Answer("federated_credentials")
    return await read_list(session.batcher, applications.federated_credentials(registration.id), Resource)
