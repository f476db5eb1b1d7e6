"""How the text of a setting becomes a value. What is wrong is a ValueError whose text follows the setting's name."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from triage.addresses import guid
from triage.settings.endpoint import https_or_loopback
from triage.settings.tenant import Tenant

# A queue message can be invisible for seven days (https://learn.microsoft.com/rest/api/storageservices/put-message).
_LONGEST_DELAY = 7 * 24 * 3600
_LATEST_LOOK = 24 * 60


def _whole_number(value: object) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"must be a whole number, not {text!r}")
    return int(text)


def _flag(value: object) -> bool:
    # As the Functions worker reads its own flags (azure_functions_runtime, is_true_like).
    return str(value).strip().lower() in ("1", "true", "t", "yes", "y")


def _client_id(text: str) -> str:
    try:
        return guid(text)
    except ValueError:
        raise ValueError(f"must be an application (client) id, not {text!r}") from None


def _authority(text: str) -> str:
    with suppress(ValueError):
        url = urlsplit(text if "://" in text else f"https://{text}")
        if url.scheme == "https" and url.hostname:
            return url.geturl().rstrip("/")
    raise ValueError(f"must be a host name or an https URL, not {text!r}")


def _json_array(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        entries = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise ValueError("must be a JSON array with at least one entry")
    return cast("list[object]", entries)


def _listed_once(tenants: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
    seen: set[str] = set()
    for index, tenant in enumerate(tenants):
        for key in (tenant.tenant_id, *tenant.domains):
            if key in seen:
                raise ValueError(f"at /{index}: {key} is listed twice")
            seen.add(key)
    return tenants


def _delays(value: object) -> tuple[int, ...]:
    try:
        delays = tuple(_whole_number(part.strip()) for part in str(value).split(","))
    except ValueError:
        delays = (0,)
    if not all(0 < delay <= _LONGEST_DELAY for delay in delays):
        raise ValueError(f"must be whole numbers from 1 to {_LONGEST_DELAY} with commas between them, not {value!r}")
    return delays


def _looks(value: object) -> tuple[int, ...]:
    try:
        looks = tuple(_whole_number(part.strip()) for part in str(value).split(","))
    except ValueError:
        looks = ()
    if len(looks) != 2 or max(looks) > _LATEST_LOOK:
        raise ValueError(f"must be two whole numbers of minutes up to {_LATEST_LOOK}, such as 12,15, not {value!r}")
    return looks


def _schedule_or_off(text: str) -> str:
    return "off" if text.strip().lower() == "off" else text


WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Delays = Annotated[tuple[int, ...], BeforeValidator(_delays)]
"""Seconds or minutes, separated by commas."""
Looks = Annotated[tuple[int, int], BeforeValidator(_looks)]
"""Minutes from an action to the first look, and from that to the second."""
ScheduleOrOff = Annotated[str, AfterValidator(_schedule_or_off)]
"""NCRONTAB, or `off`."""
Flag = Annotated[bool, BeforeValidator(_flag)]
ClientId = Annotated[str, AfterValidator(_client_id)]
Endpoint = Annotated[str, AfterValidator(https_or_loopback)]
"""An https URL without a final slash; http only on loopback, where a simulated tenant is."""
Authority = Annotated[str, AfterValidator(_authority)]
"""An https URL; a host name is accepted too, as azure-identity does."""
TenantList = Annotated[tuple[Tenant, ...], BeforeValidator(_json_array), AfterValidator(_listed_once)]
