"""The remedy of a diagnosis: its steps, filled in for one failure or one app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from triage.addresses import domain_of
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.grants import PermissionState, required_states
from triage.diagnosis.rule import RULES
from triage.diagnosis.steps import Step
from triage.diagnosis.undetermined import unknown
from triage.graph.evidence import AppEvidence, Lack, Unread
from triage.settings import Tenant
from triage.wire import Wire

Value = str | tuple[str, ...]
"""What a placeholder stands for: a text, or a list of names."""

# PowerShell takes each of these for a single quote:
# https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
_QUOTES = re.compile("(['‘’‚‛])")


class Action(Wire):
    """One step of a remedy, filled in."""

    title: str
    detail: str
    url: str | None = None
    command: str | None = None


def actions(diagnosis: Diagnosis, case: Case | None) -> list[Action]:
    """The steps of the remedy, in order. Without a case (an unknown tenant) only what could not be known has steps."""
    if diagnosis.cause is Cause.UNDETERMINED or case is None:
        return list(dict.fromkeys(lack_action(lack) for lack in diagnosis.lacks))
    return [fill(step, _values(case)) for step in RULES[diagnosis.cause].remedy]


def app_actions(
    cause: Cause, tenant: Tenant, app: AppEvidence, permissions: tuple[str, ...] | None = None
) -> list[Action]:
    """The remedy of a cause, without the steps that are about a mailbox or a message.

    `permissions` are those to grant, if they are not the missing ones that remediation needs.
    """
    values = _app_values(tenant, app)
    if permissions is not None:
        values["permissions"] = permissions
    rule = RULES[cause]
    return [fill(step, values) for step in rule.remedy if (step.about or rule.subject) is Subject.ETD_APP]


def lack_action(lack: Lack) -> Action:
    """How to make known what could not be known."""
    return fill(unknown(lack).step, {"permission": lack.permission or ""})


def fill(step: Step, values: Mapping[str, Value]) -> Action:
    """A step with its placeholders filled in: as they are in sentences and links, as arguments in the command.

    The command is left out if one of its lists is empty: it would do nothing.
    """
    arguments = {name: _Argument(value) for name, value in values.items()}
    useful = all(values[name] != () for name in placeholders(step.command))
    return Action(
        title=step.title.format_map(values),
        detail=step.detail.format_map(values),
        url=step.url.format_map(values) if step.url else None,
        command=step.command.format_map(arguments) if step.command and useful else None,
    )


def placeholders(template: str | None) -> set[str]:
    """The names of the placeholders in a template."""
    return {name for _, name, _, _ in Formatter().parse(template or "") if name}


class _Argument:
    """A value as PowerShell takes it; `{name:property eq}` makes an OData filter of it."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def __format__(self, condition: str) -> str:
        if isinstance(self._value, tuple):
            return f"@({', '.join(_quoted(name) for name in self._value)})"
        if condition:
            odata = self._value.replace("'", "''")
            return _quoted(f"{condition} '{odata}'")
        return _quoted(self._value)


def _quoted(text: str) -> str:
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"


def _values(case: Case) -> dict[str, Value]:
    evidence, tenant = case.evidence, case.evidence.tenant
    person = evidence.user.value or evidence.alias.value
    user = (person.user_principal_name if person else None) or case.failure.mailbox
    owner, group, deleted = evidence.domain_owner.value, evidence.group.value, evidence.deleted_user.value
    app = evidence.app
    return {
        **(_app_values(tenant, app) if app else _tenant_values(tenant)),
        "mailbox": case.failure.mailbox,
        "domain": domain_of(case.failure.mailbox),
        "user": user,
        "internet_message_id": case.failure.internet_message_id or "",
        "owner_tenant_id": owner.tenant_id if owner else "",
        "group_id": (group.id if group else None) or "",
        "deleted_user_id": (deleted.id if deleted else None) or "",
    }


def _tenant_values(tenant: Tenant) -> dict[str, Value]:
    return {
        "tenant_id": tenant.tenant_id,
        "app_id": tenant.etd_app_id or "",
        "authority": tenant.authority,
        "sp_id": "",
        "deleted_sp_id": "",
        "permissions": (),
    }


def _app_values(tenant: Tenant, app: AppEvidence) -> dict[str, Value]:
    principal, deleted = app.service_principal.value, app.deleted_service_principal.value
    try:
        states = required_states(app, tenant.mode)
    except Unread:
        states = {}
    return {
        **_tenant_values(tenant),
        "sp_id": (principal.id if principal else None) or "",
        "deleted_sp_id": (deleted.id if deleted else None) or "",
        "permissions": tuple(name for name, state in states.items() if state is not PermissionState.GRANTED),
    }
