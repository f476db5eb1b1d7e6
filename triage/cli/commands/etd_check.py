"""Tries the API of each ETD business in the settings, with the client of the feed: a token, and a small search."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from triage.cli.commands.check_result import FAILED, OK, WARNING, Check
from triage.etd import EtdClient, EtdError, EtdReason
from triage.settings import EtdApi, Settings

_NEW_CLIENT = (
    "In ETD, create a client (Administration > API Clients), and put clientId, clientSecret and expiresOn into ETD_APIS "
    "(docs/connect.md#when-the-client-expires)."
)
_FIXES = {
    EtdReason.UNAUTHORIZED: _NEW_CLIENT,
    EtdReason.FORBIDDEN: "In ETD, create an API key (Administration > API Clients > API Key), and put it into ETD_APIS. "
    "It works after three to five minutes.",
    EtdReason.NOT_FOUND: "Check endpoint in ETD_APIS: the host of your region is in docs/connect.md#the-setting.",
    EtdReason.REFUSED: "Check the clock of this machine, and verdicts in ETD_APIS (docs/connect.md#the-setting).",
    EtdReason.THROTTLED: "Try again in a minute. If this continues, other clients of the business use up its 10,000 requests a "
    "day: lower requestsPerDay in ETD_APIS, or ask Cisco for more.",
}
_REACH = "Check endpoint in ETD_APIS, and that {} can be reached from here over HTTPS."


async def etd_checks(settings: Settings) -> list[Check]:
    """A check for each business. They cost each of them two requests of the day."""
    checks = await asyncio.gather(*(_check(api, _name(settings, api)) for api in settings.etd_apis))
    ends = _ends(settings, datetime.now(UTC).date())
    return [*checks, *ends]


def _name(settings: Settings, api: EtdApi) -> str:
    tenant = settings.tenant(api.tenant_id)
    return tenant.name or api.tenant_id if tenant else api.tenant_id


async def _check(api: EtdApi, tenant: str) -> Check:
    client = EtdClient(api)
    now = datetime.now(UTC)
    try:
        page = await client.search(now - timedelta(days=1), now - timedelta(minutes=10), api.verdicts)
    except EtdError as error:
        fix = _FIXES.get(error.reason) or _REACH.format(api.endpoint)
        return Check("etd", FAILED if error.fatal else WARNING, f"{tenant}: {error}", fix)
    finally:
        await client.close()
    found = len(page.messages) if page.total is None else page.total
    return Check("etd", OK, f"{tenant}: ETD answers, and convicted {found} messages in the last day")


def _ends(settings: Settings, today: date) -> Sequence[Check]:
    return [
        Check("etd client", WARNING if left > 0 else FAILED, f"{_name(settings, api)}: the client {_when(left)}", _NEW_CLIENT)
        for api in settings.etd_apis
        if api.expires_on and (left := (api.expires_on - today).days) < settings.credential_warning_days
    ]  # fmt: skip


def _when(days: int) -> str:
    return f"expires in {days} {'day' if days == 1 else 'days'}" if days > 0 else "has expired"
