"""What Graph was asked, and what it said: the only thing that a diagnosis is made from.

An absent thing and an unread one are different: an Answer is read, absent, unread (and why), or was not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from triage.graph.models import (
    Application,
    AppRoleAssignment,
    MailFolder,
    Message,
    OAuth2PermissionGrant,
    Organization,
    Recipient,
    ServicePrincipal,
    TenantInformation,
    User,
)
from triage.settings import Tenant

T = TypeVar("T")
U = TypeVar("U")


class Reason(StrEnum):
    """Why something is not known."""

    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    UNAUTHENTICATED = "unauthenticated"
    NO_AUTH = "no_auth"
    TENANT_NOT_CONFIGURED = "tenant_not_configured"
    POISON = "poison"

    @property
    def passing(self) -> bool:
        """Whether a later try may know more."""
        return self in (Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT)


class State(StrEnum):
    """How a question was answered."""

    READ = "read"
    ABSENT = "absent"
    UNREAD = "unread"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """The answer to one question. `check` is its id in a finding; `request`, `status`, `error_code` are the evidence."""

    check: str
    state: State
    value: T | None = None
    request: str | None = None
    status: int | None = None
    error_code: str | None = None
    reason: Reason | None = None
    permission: str | None = None

    @property
    def known(self) -> bool:
        """Whether it was read, present or absent."""
        return self.state in (State.READ, State.ABSENT)

    def get(self) -> T | None:
        """The value, or None where Graph says that there is none; Unread where Graph could not tell."""
        if self.state is State.READ:
            return self.value
        if self.state is State.ABSENT:
            return None
        raise Unread(self)

    def unread(self, reason: Reason, permission: str | None = None) -> Answer[T]:
        """The same question, found to be unreadable after all."""
        return replace(self, state=State.UNREAD, value=None, reason=reason, permission=permission)

    def first(self: Answer[list[U]]) -> Answer[U]:
        """The answer to a search as that of its first hit: absent where there was none."""
        if self.state is not State.READ:
            return cast("Answer[U]", self)
        hits = self.value or []
        answer = cast("Answer[U]", self)
        return replace(answer, value=hits[0]) if hits else replace(answer, state=State.ABSENT, value=None)


class Unread(Exception):
    """A decision needs an answer that could not be read."""

    def __init__(self, answer: Answer[Any]) -> None:
        super().__init__(answer.check)
        self.check = answer.check
        self.reason = answer.reason or Reason.UNAVAILABLE
        self.permission = answer.permission


def not_asked(check: str) -> Answer[Any]:
    """The answer to a question that was not put. A decision that needs it all the same gets Unread."""
    return Answer(check, State.NOT_ASKED)


@dataclass(frozen=True, slots=True)
class AppEvidence:
    """What Graph says of Email Threat Defense's app in one tenant.

    `graph_service_principal` is Microsoft Graph's own there: its id is what a grant on Graph names.
    """

    service_principal: Answer[ServicePrincipal]
    deleted_service_principal: Answer[ServicePrincipal] = field(
        default_factory=lambda: not_asked("deleted_service_principal")
    )
    graph_service_principal: Answer[ServicePrincipal] = field(
        default_factory=lambda: not_asked("graph_service_principal")
    )
    permissions: Answer[list[AppRoleAssignment]] = field(default_factory=lambda: not_asked("permissions"))
    delegated_grants: Answer[list[OAuth2PermissionGrant]] = field(default_factory=lambda: not_asked("delegated_grants"))
    registration: Answer[Application] = field(default_factory=lambda: not_asked("registration"))

    def answers(self) -> list[Answer[object]]:
        """Every answer, for those that look at all of them."""
        return [cast("Answer[object]", getattr(self, name)) for name in self.__slots__]

    def all_unread(self, reason: Reason) -> AppEvidence:
        """The same questions, none of them answered."""
        answers = {name: getattr(self, name).unread(reason) for name in self.__slots__}
        return AppEvidence(**answers)


@dataclass(slots=True)
class Evidence:
    """What is known of one failure: the configuration's tenant, and Graph's answers, each named for its check's id."""

    tenant: Tenant
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    organization: Answer[Organization] = field(default_factory=lambda: not_asked("organization"))
    user: Answer[User] = field(default_factory=lambda: not_asked("user"))
    alias: Answer[User] = field(default_factory=lambda: not_asked("alias"))
    deleted_user: Answer[User] = field(default_factory=lambda: not_asked("deleted_user"))
    group: Answer[Recipient] = field(default_factory=lambda: not_asked("group"))
    contact: Answer[Recipient] = field(default_factory=lambda: not_asked("contact"))
    domain_owner: Answer[TenantInformation] = field(default_factory=lambda: not_asked("domain_owner"))
    mailbox: Answer[MailFolder] = field(default_factory=lambda: not_asked("mailbox"))
    mailbox_purpose: Answer[str] = field(default_factory=lambda: not_asked("mailbox_purpose"))
    message: Answer[list[Message]] = field(default_factory=lambda: not_asked("message"))
    recoverable_items: Answer[list[Message]] = field(default_factory=lambda: not_asked("recoverable_items"))
    well_known: dict[str, Answer[MailFolder]] = field(default_factory=dict[str, Answer[MailFolder]])
    folders: dict[str, Answer[MailFolder]] = field(default_factory=dict[str, Answer[MailFolder]])
    hidden_folders: Answer[list[MailFolder]] = field(default_factory=lambda: not_asked("hidden_folders"))
    hidden_messages: dict[str, Answer[list[Message]]] = field(default_factory=dict[str, Answer[list[Message]]])
    app: AppEvidence | None = None

    def answers(self) -> list[Answer[object]]:
        """Every answer, in the order in which a person would ask."""
        found: list[Answer[object]] = []
        for name in self.__slots__:
            value: object = getattr(self, name)
            if isinstance(value, Answer):
                found.append(cast("Answer[object]", value))
            elif isinstance(value, AppEvidence):
                found += value.answers()
            elif isinstance(value, dict):
                found += cast("dict[str, Answer[object]]", value).values()
        return found

    def person(self) -> User | None:
        """The user with this address, by UPN or by another of its addresses; Unread where that is not known."""
        return self.user.get() or self.alias.get()
