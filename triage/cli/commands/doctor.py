"""`doctor`: says what works and what does not, and the command that fixes it."""

from __future__ import annotations

import asyncio
import os
import platform

from rich.console import RenderableType
from rich.text import Text

from triage import __version__
from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect
from triage.cli.commands.check_result import FAILED, OK, WARNING, Check
from triage.cli.commands.etd_check import etd_checks
from triage.cli.errors import CommandError, ExitCode, UsageError
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.show.terminal import plain, print_json, print_parts
from triage.graph.permissions import SETS
from triage.settings import SettingsError, read_settings

GRANT = "infra/scripts/graph-permissions.sh grant --sets {}"
_SET_OF = {permission: name for name, permissions in SETS.items() for permission in permissions}
_STYLES = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "red")}


def doctor(target: ServiceOptions, as_json: AsJson = False) -> ExitCode:
    """Test the service, storage, Graph, the identity, its permissions and ETD, and show how to fix what is wrong."""
    checks = asyncio.run(_checks(target))
    if as_json:
        print_json(
            {"checks": [{"name": one.name, "state": one.state, "text": one.text, "fix": one.fix} for one in checks]}
        )
    else:
        print_parts(line for one in checks for line in _lines(one))
    states = {one.state for one in checks}
    return ExitCode.BROKEN if FAILED in states else ExitCode.PARTLY if WARNING in states else ExitCode.OK


async def _checks(target: Target) -> list[Check]:
    etd = await _etd_checks()
    try:
        return [*await _service_checks(target), *etd]
    except UsageError as error:
        if target.url or not etd:
            raise
        return [Check("service", WARNING, str(error)), *etd]  # ETD can be tried before anything is deployed


async def _etd_checks() -> list[Check]:
    """Checks of ETD with the settings of this machine: a deployment doesn't give out its credentials."""
    if not os.environ.get("ETD_APIS"):
        return []
    try:
        settings = read_settings(needs_storage=False)
    except SettingsError as error:
        return [Check("etd", FAILED, str(error), "Correct the setting: docs/settings.md.")]
    return await etd_checks(settings)


async def _service_checks(target: Target) -> list[Check]:
    checks = [Check("command line", OK, f"etd-triage {__version__}, Python {platform.python_version()}")]
    async with connect(target) as service:
        deployed = not service.direct
        where = f"the service at {target.url}" if deployed else "the storage account in the settings"
        try:
            health = await service.health()
        except CommandError as error:
            return [*checks, Check("service", FAILED, str(error), "Check TRIAGE_URL or --url." if deployed else "")]
        checks.append(Check("service", OK, f"{where} answers"))
        checks += health_checks(health, deployed=deployed)
        if health["checks"]["storage"]["status"] != "down":
            try:
                await service.get("findings", {"top": "1"})
            except CommandError as error:
                checks.append(Check("access", FAILED, str(error)))
            else:
                checks.append(Check("access", OK, "findings can be read"))
    return checks


def health_checks(health: Json, *, deployed: bool) -> list[Check]:
    """What the health of a service (docs/api.md) says, as checks."""
    storage, graph, permissions = (health["checks"][name] for name in ("storage", "graph", "permissions"))
    found = [Check("storage", OK, "storage can be read")]
    if storage["status"] == "down":
        fix = (
            "azd provision (it assigns the identity's roles on the storage account)"
            if deployed
            else "Check TriageStorage, and the roles Storage Table Data Contributor and Storage Queue Data Contributor."
        )
        found = [Check("storage", FAILED, f"storage cannot be reached: {storage.get('error', '')}", fix)]
    reasons = [str(reason) for reason in graph.get("reasons", [])]
    if "unauthenticated" in reasons:
        fix = (
            "Set TRIAGE_GRAPH_CLIENT_ID for tenants other than the identity's own: infra/scripts/graph-permissions.sh app"
            if deployed
            else "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of an app with the permissions (docs/cli.md)."
        )
        found.append(Check("identity", FAILED, "there is no token for a tenant", fix))
    else:
        found.append(Check("identity", OK, "the identity can sign in"))
    if others := [reason for reason in reasons if reason != "unauthenticated"]:
        found.append(
            Check("graph", WARNING, f"Microsoft Graph did not answer: {', '.join(others)}", "Try again later.")
        )
    elif not reasons:
        found.append(Check("graph", OK, "Microsoft Graph answers"))
    for lack in permissions.get("lacking", []):
        name = str(lack["permission"])
        found.append(Check("permission", WARNING, f"{name} is missing", GRANT.format(_SET_OF.get(name, "all"))))
    if permissions["status"] == "ok" and not permissions.get("lacking"):
        found.append(Check("permissions", OK, "every permission is granted"))
    feeds = health["checks"].get("feeds", {})
    if late := int(feeds.get("failing") or 0) + int(feeds.get("behind") or 0):
        text = f"{late} of {feeds.get('feeds')} feeds from ETD fail or are behind"
        found.append(Check("feeds", WARNING, text, "etd-triage feeds says why (docs/runbook.md#feed-behind)."))
    failing = int(health["checks"].get("notifications", {}).get("failing") or 0)
    if failing:
        text = f"{failing} of the channels for notifications do not accept what they are sent"
        found.append(Check("notifications", WARNING, text, "etd-triage notifications --test NAME"))
    return found


def _lines(check: Check) -> list[RenderableType]:
    mark, style = _STYLES[check.state]
    line = Text.assemble((f"{mark} ", style), plain(check.name), ": ", plain(check.text))
    return [line, *([Text.assemble("    ", plain(check.fix, "bold"))] if check.fix else [])]
