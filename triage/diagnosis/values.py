"""What a finding knows, by the names of the placeholders in steps, and how a value stands in a command.

Values come from outside: an address, a subject or a Message-ID may hold anything. In a command each stands in a quoted
string that nothing in it can end.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from triage.addresses import domain_of
from triage.diagnosis.case import Case, has_no_owner
from triage.diagnosis.clouds import GLOBAL, Cloud, cloud_of
from triage.diagnosis.grants import required_states
from triage.diagnosis.place import place_of
from triage.diagnosis.portals import portals
from triage.diagnosis.retention import around, ready_by, recoverable, restorable, traceable, within_trace
from triage.graph.evidence import AppEvidence, Unread
from triage.graph.models.directory import User
from triage.graph.plans import MAILBOX_PLANS
from triage.settings import Tenant
from triage.wire import as_datetime

Value = str | tuple[str, ...]
"""What a placeholder stands for: a text, or a list of names. An empty text is not known."""
Values = dict[str, Value]

UNKNOWN = {
    "tenant_id": "tenant ID",
    "organization": "initial domain of the tenant",
    "app_id": "application ID",
    "sp_id": "object ID of the enterprise application",
    "deleted_sp_id": "object ID of the deleted app",
    "user": "user principal name",
    "user_id": "object ID of the user",
    "deleted_user_id": "object ID of the deleted user",
    "group_id": "object ID of the group",
    "owner_tenant_id": "tenant ID of the other tenant",
    "internet_message_id": "Message-ID",
    "subject": "subject of the message",
    "sku_id": "SkuId of the license",
    "country": "two-letter country code",
    "exchange_guid": "ExchangeGuid of the soft-deleted mailbox",
    "person_id": "object ID of the person",
    "identity": "name of the function app",
    "permission": "permission",
}
"""What stands in place of a value that the finding does not have."""
_NO_SUBJECT = f"<{UNKNOWN['subject']}>"

# PowerShell takes each of these for a single quote:
# https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
_QUOTES = re.compile("(['‘’‚‛])")
# In a keyword query these end a phrase, or make a prefix of it; none of them is part of a word that is searched.
_KQL_SPECIAL = re.compile('["“”„‟«»*]+')
# A terminal obeys these when they are pasted, and a line end would end the line of the command.
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


class Argument:
    """A value as PowerShell takes it.

    `{name:property eq}` makes an OData filter of it, `{name:kql}` a phrase of a keyword query.
    """

    def __init__(self, value: Value) -> None:
        self._value = value

    def __format__(self, use: str) -> str:
        if isinstance(self._value, tuple):
            return f"@({', '.join(quoted(name) for name in self._value)})"
        if use == "kql":
            return quoted(f'"{" ".join(_KQL_SPECIAL.sub(" ", self._value).split())}"')
        if use:
            odata = self._value.replace("'", "''")
            return quoted(f"{use} '{odata}'")
        return quoted(self._value)


def quoted(text: str) -> str:
    """A PowerShell string on one line; nothing in the text ends it, or does something when it is pasted."""
    return "'" + _QUOTES.sub(r"\1\1", _CONTROL.sub(" ", text)) + "'"


def case_values(case: Case) -> Values:
    """The values of one failure."""
    evidence, failure = case.evidence, case.failure
    person, deleted = evidence.known_person, evidence.deleted_user.value
    owner, group = evidence.domain_owner.value, evidence.group.value
    app, subject, domain = evidence.app, _one_line(failure.subject or ""), _initial_domain(case)
    return {
        **(app_values(evidence.tenant, app, evidence.now) if app else tenant_values(evidence.tenant)),
        **portals(evidence.tenant, domain),
        "organization": domain or evidence.tenant.tenant_id,
        "mailbox": failure.mailbox,
        "domain": domain_of(failure.mailbox),
        **_person(person),
        "person_id": "" if has_no_owner(evidence) else (person.id if person else None) or "",
        "user": (person.user_principal_name if person else None) or failure.mailbox,
        "internet_message_id": failure.internet_message_id or "",
        "subject": subject,
        "the_message": f"the message '{_shortened(subject) or _NO_SUBJECT}'",
        "verdict": f"Our mail protection classified it as {_one_line(failure.verdict)}."
        if failure.verdict
        else "It is not safe.",
        "purpose": evidence.mailbox_purpose.value or "",
        "search_name": _search_name(case),
        "copies": _copies(place_of(case).copies),
        "owner_tenant_id": owner.tenant_id if owner else "",
        "group_id": (group.id if group else None) or "",
        "deleted_user_id": (deleted.id if deleted else None) or "",
        "user_restorable": restorable(deleted.deleted_date_time if deleted else None, evidence.now),
        "ready_by": ready_by(_assigned(person), evidence.now),
        **_times(case),
    }


def app_values(tenant: Tenant, app: AppEvidence, now: datetime) -> Values:
    """The values of the app in one tenant."""
    principal, deleted = app.service_principal.value, app.deleted_service_principal.value
    try:
        states = required_states(app, tenant.mode)
    except Unread:
        states = {}
    return {
        **tenant_values(tenant),
        "sp_id": (principal.id if principal else None) or "",
        "deleted_sp_id": (deleted.id if deleted else None) or "",
        "app_restorable": restorable(deleted.deleted_date_time if deleted else None, now),
        "permissions": tuple(name for name, state in states.items() if not state.allows),
    }


def tenant_values(tenant: Tenant | None) -> Values:
    """The values of a tenant."""
    return {
        **(portals(tenant, "") if tenant else {}),
        "tenant_id": tenant.tenant_id if tenant else "",
        "organization": tenant.tenant_id if tenant else "",
        "app_id": (tenant.etd_app_id if tenant else None) or "",
        "permissions": (),
    }


def cloud_for(tenant: Tenant | None) -> Cloud:
    """The cloud of a tenant; the global one where no tenant is known."""
    return cloud_of(tenant) if tenant else GLOBAL


def _person(person: User | None) -> Values:
    user_id = (person.id if person else None) or ""
    return {"user_id": user_id, "user_page": f"users/:/UserDetails/{user_id}" if user_id else "users"}


def _initial_domain(case: Case) -> str:
    """The domain that the tenant got when it was made, such as contoso.onmicrosoft.com: the portals take it as a name."""
    organization = case.evidence.organization.value
    domains = (organization.verified_domains if organization else None) or []
    return next((domain.name for domain in domains if domain.is_initial), "")


def _assigned(person: User | None) -> datetime | None:
    """When the newest mailbox plan of the user was assigned."""
    plans = (person.assigned_plans if person else None) or []
    moments = [plan.assigned_date_time for plan in plans if (plan.service_plan_id or "").lower() in MAILBOX_PLANS]
    return max((moment for moment in moments if moment), default=None)


def _times(case: Case) -> Values:
    """When the failure was, and where to look for its message."""
    now = case.evidence.now
    occurred = as_datetime(case.failure.occurred_at) if case.failure.occurred_at else now
    start, end = around(occurred, now)
    trace = within_trace(start, end, now)
    return {
        # A command with an empty list is left out.
        "trace_start": _stamp(trace[0]) if trace else (),
        "trace_end": _stamp(trace[1]) if trace else (),
        "start": _stamp(start),
        "end": _stamp(end),
        "received": f"{start:%Y-%m-%d}..{end:%Y-%m-%d}",
        "traceable": traceable(occurred, now),
        "recoverable": recoverable(now),
    }


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _search_name(case: Case) -> str:
    """A name for a content search: the same for the same message in the same mailbox, so that it is not made twice."""
    message = f"{case.failure.internet_message_id or case.failure.message_id} {case.failure.mailbox}"
    return f"etd-triage-{hashlib.sha256(message.encode()).hexdigest()[:8]}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _copies(number: int) -> str:
    return "1 copy" if number == 1 else f"{number or 'no'} copies"


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79].rstrip()}…"
