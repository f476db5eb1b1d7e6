"""`doctor`: says what works and what does not, and the command that fixes it."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from triage import __version__
from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect
from triage.cli.errors import CommandError, ExitCode
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.show.terminal import plain, print_json, print_parts
from triage.graph.permissions import SETS

GRANT = "infra/scripts/graph-permissions.sh grant --sets {}"
_SET_OF = {permission: name for name, permissions in SETS.items() for permission in permissions}
_OK, _WARNING, _FAILED = "ok", "warning", "failed"
_STYLES = {_OK: ("✓", "green"), _WARNING: ("!", "yellow"), _FAILED: ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: its state (ok, warning or failed), what was found, and what fixes it."""

    name: str
    state: str
    text: str
    fix: str = ""


def doctor(target: ServiceOptions, as_json: AsJson = False) -> ExitCode:
    """Try the service, storage, Graph, the identity and its permissions, and say what fixes what is wrong."""
    checks = asyncio.run(_checks(target))
    if as_json:
        print_json(
            {"checks": [{"name": one.name, "state": one.state, "text": one.text, "fix": one.fix} for one in checks]}
        )
    else:
        print_parts(line for one in checks for line in _lines(one))
    states = {one.state for one in checks}
    return ExitCode.BROKEN if _FAILED in states else ExitCode.PARTLY if _WARNING in states else ExitCode.OK


async def _checks(target: Target) -> list[Check]:
    checks = [Check("command line", _OK, f"etd-triage {__version__}, Python {platform.python_version()}")]
    async with connect(target) as service:
        deployed = not service.direct
        where = f"the service at {target.url}" if deployed else "the storage account in the settings"
        try:
            health = await service.health()
        except CommandError as error:
            return [*checks, Check("service", _FAILED, str(error), "Check TRIAGE_URL or --url." if deployed else "")]
        checks.append(Check("service", _OK, f"{where} answers"))
        checks += health_checks(health, deployed=deployed)
        if health["checks"]["storage"]["status"] != "down":
            try:
                await service.get("findings", {"top": "1"})
            except CommandError as error:
                checks.append(Check("access", _FAILED, str(error)))
            else:
                checks.append(Check("access", _OK, "findings can be read"))
    return checks


def health_checks(health: Json, *, deployed: bool) -> list[Check]:
    """What the health of a service (docs/api.md) says, as checks."""
    storage, graph, permissions = (health["checks"][name] for name in ("storage", "graph", "permissions"))
    found = [Check("storage", _OK, "storage can be read")]
    if storage["status"] == "down":
        fix = (
            "azd provision (it assigns the identity's roles on the storage account)"
            if deployed
            else "Check TriageStorage, and the roles Storage Table Data Contributor and Storage Queue Data Contributor."
        )
        found = [Check("storage", _FAILED, f"storage cannot be reached: {storage.get('error', '')}", fix)]
    reasons = [str(reason) for reason in graph.get("reasons", [])]
    if "unauthenticated" in reasons:
        fix = (
            "Set TRIAGE_GRAPH_CLIENT_ID for tenants other than the identity's own: infra/scripts/graph-permissions.sh app"
            if deployed
            else "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of an app with the permissions (docs/cli.md)."
        )
        found.append(Check("identity", _FAILED, "there is no token for a tenant", fix))
    else:
        found.append(Check("identity", _OK, "the identity can sign in"))
    if others := [reason for reason in reasons if reason != "unauthenticated"]:
        found.append(
            Check("graph", _WARNING, f"Microsoft Graph did not answer: {', '.join(others)}", "Try again later.")
        )
    elif not reasons:
        found.append(Check("graph", _OK, "Microsoft Graph answers"))
    for lack in permissions.get("lacking", []):
        name = str(lack["permission"])
        found.append(Check("permission", _WARNING, f"{name} is missing", GRANT.format(_SET_OF.get(name, "all"))))
    if permissions["status"] == "ok" and not permissions.get("lacking"):
        found.append(Check("permissions", _OK, "every permission is granted"))
    failing = int(health["checks"].get("notifications", {}).get("failing") or 0)
    if failing:
        text = f"{failing} of the channels for notifications do not take what they are sent"
        found.append(Check("notifications", _WARNING, text, "etd-triage notifications --test NAME"))
    return found


def _lines(check: Check) -> list[RenderableType]:
    mark, style = _STYLES[check.state]
    line = Text.assemble((f"{mark} ", style), plain(check.name), ": ", plain(check.text))
    return [line, *([Text.assemble("    ", plain(check.fix, "bold"))] if check.fix else [])]
