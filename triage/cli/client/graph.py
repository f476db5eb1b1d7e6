"""Microsoft Graph as `check` and `audit` ask it: with one tenant's settings, and without storage."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from triage.addresses import guid
from triage.cli.errors import CommandError, UsageError
from triage.cli.show.terminal import errors, say
from triage.graph.tenants import Tenants
from triage.settings import Mode, Settings, SettingsError, Tenant, read_settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GraphTarget:
    """Which tenants can be asked, and the one that was chosen. Without a choice it is None."""

    settings: Settings
    tenant_id: str | None

    @property
    def tenants(self) -> list[Tenant]:
        """The tenant that was chosen; without a choice, all of them."""
        return [one for one in self.settings.tenants if self.tenant_id in (None, one.tenant_id)]


def graph_target(tenant: str | None, etd_app_id: str | None, mode: Mode) -> GraphTarget:
    """The environment's settings, or those of the tenant and app in the options.

    UsageError if an option is wrong, CommandError if a setting is.
    """
    environ = dict(os.environ)
    tenant_id = guid_option("--tenant", tenant) if tenant else None
    if etd_app_id or mode is Mode.NO_AUTH:
        if tenant_id is None:
            raise UsageError("--etd-app-id needs --tenant, the tenant that has the app.")
        entry = {"tenantId": tenant_id, "mode": mode.value}
        if etd_app_id:
            entry["etdAppId"] = guid_option("--etd-app-id", etd_app_id)
        environ["TRIAGE_TENANTS"] = json.dumps([entry])
    try:
        settings = read_settings(environ, needs_storage=False)
    except SettingsError as error:
        hint = " Or give --tenant and --etd-app-id." if "TRIAGE_TENANTS" in str(error) else ""
        raise CommandError(f"{error}{hint}") from None
    if tenant_id is not None and settings.tenant(tenant_id) is None:
        raise UsageError(f"--tenant {tenant_id} is not in TRIAGE_TENANTS. Give its app with --etd-app-id.")
    return GraphTarget(settings, tenant_id)


def guid_option(option: str, text: str) -> str:
    """The GUID that an option has; UsageError if it is none."""
    try:
        return guid(text)
    except ValueError as error:
        raise UsageError(f"{option} {error}.") from None


@asynccontextmanager
async def tenants_of(target: GraphTarget) -> AsyncGenerator[Tenants]:
    """Graph for each of the tenants."""
    tenants = Tenants(target.settings)
    try:
        yield tenants
    finally:
        await tenants.close()


async def with_status(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work. A terminal shows that it is running."""
    console = errors()
    with console.status("Asking Microsoft Graph…") if console.is_terminal else nullcontext():
        return await work


def explain_sign_in(reasons: set[str]) -> None:
    """Says how to sign in if that is why something could not be read."""
    if "unauthenticated" in reasons:
        say(
            "There is no token for the tenant. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of an app "
            "that has the triage identity's permissions there (docs/cli.md). --debug shows what was tried."
        )
