"""What Graph was asked, and what it answered: a diagnosis is made from nothing else.

An absent thing and an unread one are different: an Answer is read, absent, unread (and why), or was not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from triage.graph.models.applications import Application, AppRoleAssignment, OAuth2PermissionGrant, ServicePrincipal
from triage.graph.models.directory import Organization, Recipient, TenantInformation, User
from triage.graph.models.licenses import SubscribedSku
from triage.graph.models.mail import MailFolder, Message, MessageRule, MessageTrace
from triage.graph.models.resource import Resource
from triage.graph.reasons import Lack, Reason
from triage.settings import Tenant

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Unread(Exception):
    """A decision needs an answer that could not be read."""

    def __init__(self, answer: Answer[object]) -> None:
        super().__init__(answer.check)
        self.lack = answer.lack


class State(StrEnum):
    """How a question was answered."""

    READ = "read"
    ABSENT = "absent"
    UNREAD = "unread"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """The answer to one question; with nothing but its `check`, the question was not asked.

    `check` is its id in a finding; `request`, `status` and `error_code` are the evidence. `detail`,
    `retry_after` and `away`: see Lack. `read_at` is when Graph answered: what is kept can be older than the finding. `lacks`
    are properties that the tenant's cloud does not have, so that their None says nothing.
    """

    check: str
    state: State = State.NOT_ASKED
    value: T_co | None = None
    request: str | None = None
    status: int | None = None
    error_code: str | None = None
    reason: Reason | None = None
    permission: str | None = None
    detail: str | None = None
    retry_after: float | None = None
    away: bool = False
    read_at: datetime | None = field(default=None, compare=False)
    lacks: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether it was read, present or absent."""
        return self.state in (State.READ, State.ABSENT)

    @property
    def lack(self) -> Lack:
        """What is not known because this answer is unread, or was not asked, which is a limit of the service."""
        if self.reason is None and self.state is State.NOT_ASKED:
            return Lack(check=self.check, reason=Reason.TOO_MANY, detail="the service did not ask this")
        reason = self.reason or Reason.UNAVAILABLE
        return Lack(
            check=self.check,
            reason=reason,
            permission=self.permission,
            detail=self.detail,
            retry_after=self.retry_after if reason.passing else None,
            away=self.away,
        )

    def get(self) -> T_co | None:
        """The value, or None where Graph says that there is none. Raises Unread if it was not read, or not asked."""
        if self.state is State.READ:
            return self.value
        if self.state is State.ABSENT:
            return None
        raise Unread(self)

    def unread(self, reason: Reason, permission: str | None = None, detail: str | None = None) -> Answer[T_co]:
        """The same question, found to be unreadable after all."""
        return replace(self, state=State.UNREAD, value=None, reason=reason, permission=permission, detail=detail)

    def disowned(self, lack: Lack) -> Answer[T_co]:
        """The same question, if its answer may be another tenant's: unread for that reason.

        What could not be read anyway keeps its reason, unless it is certain that the tenant is another one.
        """
        keeps_reason = self.state is State.UNREAD and lack.reason is not Reason.UNAUTHENTICATED
        if keeps_reason or self.state is State.NOT_ASKED:
            return self
        return replace(self.unread(lack.reason, lack.permission, lack.detail), away=lack.away)

    def first(self: Answer[list[U]], fits: Callable[[U], bool] = lambda _: True) -> Answer[U]:
        """The answer to a search as that of its first hit that fits: absent if there is none."""
        hit = next(filter(fits, self.value or []), None)
        state = State.ABSENT if self.state is State.READ and hit is None else self.state
        return replace(cast("Answer[U]", self), state=state, value=hit)

    def map(self, convert: Callable[[T_co], U | None]) -> Answer[U]:
        """The same answer with its value converted, if it has one."""
        value = None if self.value is None else convert(self.value)
        return replace(cast("Answer[U]", self), value=value)


@dataclass(frozen=True, slots=True)
class AppEvidence:
    """What Graph says about the Email Threat Defense app in one tenant.

    `graph_service_principal` is Microsoft Graph's own there: a grant on Graph names it by its id.
    `federated_credentials` are asked for only if every other credential of the registration has expired, or soon will.
    `app_elsewhere` is asked only if the app was not found in this tenant, and other configured tenants have the same
    one: it is the app in the first of them that has it.
    """

    service_principal: Answer[ServicePrincipal]
    deleted_service_principal: Answer[ServicePrincipal] = Answer("deleted_service_principal")
    graph_service_principal: Answer[ServicePrincipal] = Answer("graph_service_principal")
    permissions: Answer[list[AppRoleAssignment]] = Answer("permissions")
    delegated_grants: Answer[list[OAuth2PermissionGrant]] = Answer("delegated_grants")
    registration: Answer[Application] = Answer("registration")
    federated_credentials: Answer[list[Resource]] = Answer("federated_credentials")
    app_elsewhere: Answer[ServicePrincipal] = Answer("app_elsewhere")

    def answers(self) -> list[Answer[object]]:
        """Every answer, in the order in which a person would ask."""
        return [getattr(self, one.name) for one in fields(self)]

    def all_unread(self, reason: Reason) -> AppEvidence:
        """The same questions, none of them answered."""
        unread: dict[str, Any] = {answer.check: answer.unread(reason) for answer in self.answers()}
        return AppEvidence(**unread)

    def disowned(self, lack: Lack) -> AppEvidence:
        """The same questions, if the answers may be another tenant's."""
        unread: dict[str, Any] = {answer.check: answer.disowned(lack) for answer in self.answers()}
        return AppEvidence(**unread)


@dataclass(slots=True)
class Evidence:
    """What is known about one failure: the configured tenant, and Graph's answers, each named for its check's id.

    `untagged` is the user with the address without its `+tag`; it is asked for only if nobody has the whole address.
    `well_known` has folders by their well-known name, `folders` and `hidden_messages` by the folder's id.
    """

    tenant: Tenant
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    organization: Answer[Organization] = Answer("organization")
    user: Answer[User] = Answer("user")
    alias: Answer[User] = Answer("alias")
    untagged: Answer[User] = Answer("untagged")
    deleted_user: Answer[User] = Answer("deleted_user")
    group: Answer[Recipient] = Answer("group")
    contact: Answer[Recipient] = Answer("contact")
    domain_owner: Answer[TenantInformation] = Answer("domain_owner")
    mailbox: Answer[MailFolder] = Answer("mailbox")
    subscribed_skus: Answer[list[SubscribedSku]] = Answer("subscribed_skus")
    mailbox_purpose: Answer[str] = Answer("mailbox_purpose")
    message: Answer[list[Message]] = Answer("message")
    recoverable_items: Answer[list[Message]] = Answer("recoverable_items")
    snoozed: Answer[list[Message]] = Answer("snoozed")
    well_known: dict[str, Answer[MailFolder]] = field(default_factory=dict[str, Answer[MailFolder]])
    folders: dict[str, Answer[MailFolder]] = field(default_factory=dict[str, Answer[MailFolder]])
    hidden_folders: Answer[list[MailFolder]] = Answer("hidden_folders")
    hidden_messages: dict[str, Answer[list[Message]]] = field(default_factory=dict[str, Answer[list[Message]]])
    inbox_rules: Answer[list[MessageRule]] = Answer("inbox_rules")
    message_trace: Answer[list[MessageTrace]] = Answer("message_trace")
    app: AppEvidence | None = None

    def answers(self) -> list[Answer[object]]:
        """Every answer, in the order in which a person would ask."""
        found: list[Answer[object]] = []
        for one in fields(self):
            value: object = getattr(self, one.name)
            if isinstance(value, Answer):
                found.append(cast("Answer[object]", value))
            elif isinstance(value, AppEvidence):
                found += value.answers()
            elif isinstance(value, dict):
                found += cast("dict[str, Answer[object]]", value).values()
        return found

    def disowned(self, lack: Lack) -> Evidence:
        """The same questions, if the answers may be another tenant's. The folders and what is in them are left out."""
        unread: dict[str, Any] = {
            one.name: cast("Answer[object]", answer).disowned(lack)
            for one in fields(self)
            if isinstance(answer := getattr(self, one.name), Answer)
        }
        return Evidence(self.tenant, self.now, app=self.app and self.app.disowned(lack), **unread)

    def person(self) -> User | None:
        """The user with this address, by UPN or by another address. Raises Unread where that is not known.

        Mail to an address with a `+tag` that nobody has goes to the user with the address without it.
        """
        found = self.user.get() or self.alias.get()
        if found is None and self.untagged.state is not State.NOT_ASKED and self.recipient() is None:
            return self.untagged.get()
        return found

    @property
    def known_person(self) -> User | None:
        """The user with this address, as far as it was read."""
        recipient = self.group.value or self.contact.value
        return self.user.value or self.alias.value or (None if recipient else self.untagged.value)

    def recipient(self) -> Recipient | None:
        """The group or contact with this address; one of them is enough. Raises Unread where that is not known."""
        return self.group.value or self.contact.value or self.group.get() or self.contact.get()
