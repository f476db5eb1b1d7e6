"""Entries of the audit log, as Entra writes them about an app.

A change of a grant is logged under the resource, Microsoft Graph: the app is only among the modified properties, whose
values are JSON in a string. Other changes are logged under the app's service principal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.tenant.world.catalog import GRAPH_APP_ID
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.times import timestamp

Spec = Mapping[str, Any]
Entity = dict[str, Any]
_OF_THE_RESOURCE = (
    "Add app role assignment to service principal",
    "Remove app role assignment from service principal",
    "Add delegated permission grant",
    "Remove delegated permission grant",
)


def entry(tenant: str, number: int, spec: Spec, app_id: str, now: datetime) -> Entity:
    """An entry of the data file. `by`: a person's UPN; `byApp`: an app's name; `appId`: another app than ETD's."""
    activity, app_id = spec["activity"], spec.get("appId", app_id)
    return {
        "id": f"Directory_{guid(tenant, 'audit', str(number))}",
        "activityDateTime": timestamp(spec.get("at", "-1h"), now),
        "activityDisplayName": activity,
        "category": "ApplicationManagement",
        "correlationId": guid(tenant, "correlation", str(number)),
        "loggedByService": "Core Directory",
        "operationType": activity.split(" ", maxsplit=1)[0],
        "result": spec.get("result", "success"),
        "resultReason": "",
        "additionalDetails": [],
        "initiatedBy": _initiator(tenant, spec),
        "targetResources": [_target(tenant, activity, app_id, spec)],
    }


def _initiator(tenant: str, spec: Spec) -> Entity:
    if "byApp" in spec:
        name = spec["byApp"]
        return {
            "app": {"appId": None, "displayName": name, "servicePrincipalId": guid(tenant, "app", name)},
            "user": None,
        }
    name = spec.get("by")
    return {
        "user": {"id": guid(tenant, "user", str(name)), "userPrincipalName": name, "displayName": None},
        "app": None,
    }


def _target(tenant: str, activity: str, app_id: str, spec: Spec) -> Entity:
    principal = guid(tenant, "servicePrincipal", app_id)
    if activity not in _OF_THE_RESOURCE:
        return {
            "id": principal,
            "type": "ServicePrincipal",
            "displayName": "Email Threat Defense",
            "modifiedProperties": [],
        }
    values = {
        "AppRole.Value": spec.get("permission", "Mail.Send"),
        "ServicePrincipal.ObjectID": principal,
        "ServicePrincipal.AppId": app_id,
    }
    side, other = ("newValue", "oldValue") if activity.startswith("Add") else ("oldValue", "newValue")
    return {
        "id": guid(tenant, "servicePrincipal", GRAPH_APP_ID),
        "type": "ServicePrincipal",
        "displayName": "Microsoft Graph",
        "modifiedProperties": [
            {"displayName": name, side: json.dumps(value), other: None} for name, value in values.items()
        ],
    }
