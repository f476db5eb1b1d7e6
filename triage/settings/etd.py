"""The API of Email Threat Defense for a tenant, as the setting ETD_APIS lists it. Its secrets are never printed."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from triage.addresses import guid
from triage.settings.secrets import header_value, secret_entries, secret_entry, secret_url
from triage.wire import Wire

_EXAMPLE = (
    '[{"tenantId":"<guid>","endpoint":"https://api.us.etd.cisco.com","clientId":"…","clientSecret":"…","apiKey":"…"}]'
)


class Verdict(StrEnum):
    """What ETD calls a message. They are the words that Message Search can filter by."""

    MALICIOUS = "malicious"
    PHISHING = "phishing"
    BEC = "bec"
    SCAM = "scam"
    SPAM = "spam"
    GRAYMAIL = "graymail"
    NEUTRAL = "neutral"
    NO_VERDICT = "noVerdict"


THREATS = (Verdict.MALICIOUS, Verdict.PHISHING, Verdict.BEC, Verdict.SCAM)


def _root(text: str) -> str:
    url = urlsplit(secret_url(text))
    if url.path or url.query or url.fragment or url.username:
        raise ValueError("must be only the host, such as https://api.us.etd.cisco.com")
    return url.geturl()


def _client_id(text: str) -> str:
    header_value(SecretStr(text))
    if ":" in text:  # it ends the name in HTTP Basic authentication (RFC 7617)
        raise ValueError("must not contain a colon")
    return text


class EtdApi(Wire):
    """The ETD business of a tenant: where its API is, the credentials, and how much of its quota to use."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    tenant_id: Annotated[str, AfterValidator(guid)]
    endpoint: Annotated[str, AfterValidator(_root)]
    client_id: Annotated[str, AfterValidator(_client_id)]
    client_secret: Annotated[SecretStr, AfterValidator(header_value)]
    api_key: Annotated[SecretStr, AfterValidator(header_value)]
    expires_on: date | None = None
    """The day on which the credentials expire: one year after they were created. ETD's API doesn't say."""
    verdicts: Annotated[tuple[Verdict, ...], Field(min_length=1)] = THREATS
    # ETD allows 10,000 a day and 2 a second for a business, with all its other clients.
    requests_per_day: Annotated[int, Field(ge=1)] = 3000
    requests_per_second: Annotated[float, Field(gt=0, le=100)] = 1.5

    @property
    def on_loopback(self) -> bool:
        """Whether ETD is a stand-in on this machine."""
        return self.endpoint.startswith("http://")


def _tenant(entry: dict[str, Any]) -> str:
    with suppress(ValueError):  # not a GUID: it may be anything, so it isn't quoted
        return f"tenant {guid(str(entry.get('tenantId')))}"
    return ""


def _apis(value: object) -> object:
    if not isinstance(value, str):
        return value
    entries = secret_entries(value, "objects", _EXAMPLE)
    found = tuple(secret_entry(EtdApi, index, entry, _tenant) for index, entry in enumerate(entries))
    seen: set[str] = set()
    for index, api in enumerate(found):
        if api.tenant_id in seen:
            raise ValueError(f"at /{index}: the tenant {api.tenant_id} is listed twice: it can have one ETD business")
        seen.add(api.tenant_id)
    return found


EtdApiList = Annotated[tuple[EtdApi, ...], BeforeValidator(_apis)]
