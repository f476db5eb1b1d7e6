"""A channel for notifications, as the setting TRIAGE_NOTIFICATIONS lists it. Its address and secret are never printed."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel

from triage.addresses import guid, mailbox_address
from triage.settings.secrets import secret_entries, secret_entry, secret_url
from triage.wire import Wire

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
"""The Events API of PagerDuty's US region (https://developer.pagerduty.com/docs/events-api-v2-overview)."""

_NAME_CHARACTERS = 64
# They share a transaction of 100 operations with up to 60 findings (storage/incidents.py).
_CHANNELS = 10
# Azure Communication Services (https://learn.microsoft.com/azure/communication-services/concepts/service-limits).
_RECIPIENTS = 50
_NEW_KEY = """python -c "import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""""


class ChannelKind(StrEnum):
    """What is on the other side of a channel."""

    TEAMS = "teams"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    WEBHOOK = "webhook"
    EMAIL = "email"


class NotificationEvent(StrEnum):
    """What a channel can be notified of."""

    INCIDENT_OPENED = "incident.opened"
    INCIDENT_REOPENED = "incident.reopened"
    INCIDENT_WORSENED = "incident.worsened"
    INCIDENT_RESOLVED = "incident.resolved"
    INCIDENT_SUPPRESSED = "incident.suppressed"
    AUDIT_CHANGED = "audit.changed"
    CREDENTIAL_EXPIRING = "credential.expiring"
    COVERAGE_CHANGED = "coverage.changed"
    SERVICE_DEGRADED = "service.degraded"
    DIGEST_DAILY = "digest.daily"


SeverityName = Literal["info", "low", "medium", "high", "critical"]
"""The severities of the API, from the least to the greatest. Diagnosis defines them; this room is below it."""


def _https(url: SecretStr) -> SecretStr:
    secret_url(url.get_secret_value())
    return url


class Channel(Wire):
    """Where notifications go: an address, and which events of which tenants it gets."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=_NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$")]
    kind: ChannelKind
    url: Annotated[SecretStr, AfterValidator(_https)] | None = None
    secret: SecretStr | None = None
    sender: Annotated[str, AfterValidator(mailbox_address)] | None = Field(None, alias="from")
    to: tuple[Annotated[str, AfterValidator(mailbox_address)], ...] = Field((), max_length=_RECIPIENTS)
    events: tuple[NotificationEvent, ...] = ()
    min_severity: SeverityName = "info"
    tenant_ids: tuple[Annotated[str, AfterValidator(guid)], ...] = ()
    subjects: bool = False

    @property
    def address(self) -> str:
        """Where a message is sent. It is a secret: the addresses of Teams and Slack are all that protects them."""
        if self.kind is not ChannelKind.PAGERDUTY:
            return self.url.get_secret_value() if self.url else ""
        url = urlsplit(self.url.get_secret_value() if self.url else PAGERDUTY)
        return url.geturl() if url.path.strip("/") else url._replace(path="/v2/enqueue").geturl()

    @property
    def key(self) -> str:
        """The secret in clear: PagerDuty's routing key, or the key that signs a webhook."""
        return self.secret.get_secret_value() if self.secret else ""

    @property
    def on_loopback(self) -> bool:
        """Whether the other side is a stand-in on this machine, which takes a fixed token."""
        return self.address.startswith("http://")

    @model_validator(mode="after")
    def _complete(self) -> Channel:
        match self.kind:
            case ChannelKind.TEAMS:
                _check_teams(self)
            case ChannelKind.SLACK:
                _need(self.url, "url", "the address of the incoming webhook: in Slack, your app > Incoming Webhooks")
            case ChannelKind.PAGERDUTY:
                _need(self.secret, "secret", "the integration key of a service's Events API V2 integration")
            case ChannelKind.WEBHOOK:
                _need(self.url, "url", "the address that the events are posted to")
                _check_webhook_secret(self.key)
            case ChannelKind.EMAIL:
                _need(self.url, "url", "the endpoint of the Communication Services resource")
                _need(self.sender, "from", "a MailFrom address of the resource's domain")
                _need(self.to, "to", "the addresses that get the mail")
        return self


def _need(value: object, name: str, what: str) -> None:
    if not value:
        raise ValueError(f"{name} is missing: give {what}")


def _check_teams(channel: Channel) -> None:
    _need(channel.url, "url", "the address that the workflow shows when it is saved")
    url = urlsplit(channel.address)
    host = url.hostname or ""
    if host.endswith((".office.com", ".office365.com")):
        raise ValueError(
            "url is that of an Office 365 connector, which Microsoft has retired. In Teams, open Workflows, choose "
            '"Send webhook alerts to a channel", and give the address that it shows'
        )
    if not channel.on_loopback and "sig" not in parse_qs(url.query):
        raise ValueError("url has no sig=: copy the whole address of the workflow, with everything after the ?")


def _check_webhook_secret(secret: str) -> None:
    """24 to 64 bytes, as https://github.com/standard-webhooks/standard-webhooks (spec, Signature scheme) asks for."""
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not 24 <= size <= 64:
        raise ValueError(f"secret must be whsec_ and the base64 of 24 to 64 bytes. Make one: {_NEW_KEY}")


def _name(entry: dict[str, Any]) -> str:
    name = entry.get("name")
    return f"channel {name[:_NAME_CHARACTERS]!r}" if isinstance(name, str) and name else ""


def _channels(value: object) -> object:
    """The channels in the setting's text. ValueError names the channel, and says nothing of its address or secret."""
    if not isinstance(value, str):
        return value
    entries = secret_entries(value, "channels", '[{"name":"soc","kind":"slack","url":"https://…"}]')
    if len(entries) > _CHANNELS:
        raise ValueError(
            f"must have at most {_CHANNELS} channels: each transition of an incident is written for all of them"
        )
    found = [secret_entry(Channel, index, entry, _name) for index, entry in enumerate(entries)]
    for index, channel in enumerate(found):
        if any(channel.name.casefold() == earlier.name.casefold() for earlier in found[:index]):
            raise ValueError(f"at /{index}: the name {channel.name!r} is listed twice")
    return tuple(found)


ChannelList = Annotated[tuple[Channel, ...], BeforeValidator(_channels)]
