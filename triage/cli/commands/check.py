"""`check` and `audit`: triage and audit now, from this machine, with Graph alone: no queue, no storage, no deployment."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from triage.addresses import guid
from triage.cli.client.answers import Json
from triage.cli.errors import CommandError, ExitCode, UsageProblem
from triage.cli.options import AsJson, Debug, Requests
from triage.cli.show.audit import audit_story, exit_code
from triage.cli.show.finding import finding_story
from triage.cli.show.terminal import errors, print_json, print_parts, say
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure, finding_id
from triage.settings import Mode, Settings, SettingsError, Tenant, read_settings

_TENANT = "Which tenant"
TenantId = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        "--tenant-id",
        help="The tenant's id: one of TRIAGE_TENANTS, unless --etd-app-id is given.",
        rich_help_panel=_TENANT,
    ),
]
EtdAppId = Annotated[
    str | None,
    typer.Option(
        help="The id of Email Threat Defense's app there, instead of TRIAGE_TENANTS.", rich_help_panel=_TENANT
    ),
]
ModeOption = Annotated[
    Mode, typer.Option("--mode", help="With --etd-app-id: how the app is allowed in.", rich_help_panel=_TENANT)
]


def check(
    mailbox: Annotated[str, typer.Option(help="The mailbox in which the remediation failed.")],
    error: Annotated[str | None, typer.Option(help="What Email Threat Defense says of the failure.")] = None,
    error_code: Annotated[str | None, typer.Option(help="The Graph error code, where it is known.")] = None,
    internet_message_id: Annotated[
        str | None, typer.Option(help="The message's Message-ID header; without it the message is not looked for.")
    ] = None,
    message_id: Annotated[str | None, typer.Option(help="Email Threat Defense's own id of the message.")] = None,
    folder: Annotated[
        str | None, typer.Option(help="Where it was to go: trash, junk, quarantine, inbox, delete.")
    ] = None,
    tenant: TenantId = None,
    etd_app_id: EtdAppId = None,
    mode: ModeOption = Mode.READ_WRITE,
    requests: Requests = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """Triage one failure now, and tell the story. Asks Microsoft Graph; needs no deployment."""
    if not error and not error_code:
        raise UsageProblem("Give --error or --error-code: what Email Threat Defense or Graph said.")
    fields = {"mailbox": mailbox, "error": error, "errorCode": error_code, "internetMessageId": internet_message_id,
              "messageId": message_id, "folder": folder, "tenantId": tenant}  # fmt: skip
    try:
        failure = RemediationFailure.model_validate(fields)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise UsageProblem(_option(str(first["loc"][0]), first["msg"])) from None
    settings = _settings(tenant, etd_app_id, mode)
    finding = asyncio.run(_waiting(_check(settings, failure)))
    if as_json:
        print_json(finding)
    else:
        print_parts(finding_story(finding, requests=requests))
    _hint_at_signing_in({str(reason.get("reason")) for reason in finding["reasons"]})
    return ExitCode.UNKNOWN if finding["cause"] == "undetermined" else ExitCode.OK


def audit(
    tenant: TenantId = None,
    etd_app_id: EtdAppId = None,
    mode: ModeOption = Mode.READ_WRITE,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """Audit the app of Email Threat Defense now. Exit code: 0 healthy, 1 degraded, 2 broken, 3 unknown."""
    settings = _settings(tenant, etd_app_id, mode)
    wanted = [one for one in settings.tenants if tenant is None or one.tenant_id == guid(tenant)]
    audits = asyncio.run(_waiting(_audit(settings, wanted)))
    if as_json:
        print_json({"value": audits})
    else:
        for number, one in enumerate(audits):
            print_parts([""] * (number > 0))
            print_parts(audit_story(one))
    _hint_at_signing_in({str(row.get("reason")) for one in audits for row in one["unreadable"]})
    return exit_code(audits)


def _settings(tenant: str | None, etd_app_id: str | None, mode: Mode) -> Settings:
    """Those of the environment, or with the one tenant that the options name."""
    environ = dict(os.environ)
    try:
        tenant_id = guid(tenant) if tenant else None
    except ValueError as error:
        raise UsageProblem(_option("tenant", str(error))) from None
    if etd_app_id or mode is Mode.NO_AUTH:
        if tenant_id is None:
            raise UsageProblem("--etd-app-id needs --tenant: the tenant whose app it is.")
        try:
            entry = {"tenantId": tenant_id, "mode": mode.value} | ({"etdAppId": guid(etd_app_id)} if etd_app_id else {})
        except ValueError as error:
            raise UsageProblem(_option("etdAppId", str(error))) from None
        environ["TRIAGE_TENANTS"] = json.dumps([entry])
    try:
        settings = read_settings(environ, needs_storage=False)
    except SettingsError as error:
        hint = " Or give --tenant and --etd-app-id." if "TRIAGE_TENANTS" in str(error) else ""
        raise CommandError(f"{error}{hint}") from None
    if tenant_id is not None and settings.tenant(tenant_id) is None:
        raise UsageProblem(f"--tenant {tenant_id} is none of TRIAGE_TENANTS. Give its app with --etd-app-id.")
    return settings


def _option(name: str, problem: str) -> str:
    kebab = "".join(f"-{character.lower()}" if character.isupper() else character for character in name)
    return f"--{kebab} {problem.removeprefix('Value error, ')}."


@asynccontextmanager
async def _tenants(settings: Settings) -> AsyncGenerator[Tenants]:
    tenants = Tenants(settings)
    try:
        yield tenants
    finally:
        await tenants.close()


async def _check(settings: Settings, failure: RemediationFailure) -> Json:
    from triage.operations.triage import triage

    queued = QueuedFailure.of(failure, finding_id(settings, failure), fresh=True)
    async with _tenants(settings) as tenants:
        return (await triage(settings, tenants, queued)).wire()


async def _audit(settings: Settings, wanted: list[Tenant]) -> list[Json]:
    from triage.operations.audits import audit_without_storage

    async with _tenants(settings) as tenants:
        audits = await asyncio.gather(*(audit_without_storage(settings, tenants, tenant) for tenant in wanted))
    return [one.wire() for one in audits]


async def _waiting(work: Coroutine[Any, Any, Any]) -> Any:
    """The work's result; on a terminal something moves meanwhile."""
    console = errors()
    with console.status("Asking Microsoft Graph…") if console.is_terminal else nullcontext():
        return await work


def _hint_at_signing_in(reasons: set[str]) -> None:
    if "unauthenticated" in reasons:
        say(
            "No token was given for the tenant. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of an app "
            "that has the triage identity's permissions there (docs/cli.md); --debug shows what was tried."
        )
