"""`check`: triages one failure from this machine, with Graph only: no queue, no storage, no deployment."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError

from triage.cli.client.answers import Json
from triage.cli.client.graph import GraphTarget, explain_sign_in, tenants_of, with_status
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import AsJson, GraphOptions, Requests
from triage.cli.show.finding import finding_story
from triage.cli.show.terminal import print_json, print_parts
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.intake.queued_failures import finding_id


def check(
    mailbox: Annotated[str, typer.Option(help="The mailbox in which the remediation failed.")],
    target: GraphOptions,
    error: Annotated[str | None, typer.Option(help="The error that Email Threat Defense shows.")] = None,
    error_code: Annotated[str | None, typer.Option(help="The Graph error code, if you know it.")] = None,
    internet_message_id: Annotated[
        str | None, typer.Option(help="The message's Message-ID header. Without it, the message is not looked up.")
    ] = None,
    message_id: Annotated[str | None, typer.Option(help="Email Threat Defense's own ID of the message.")] = None,
    folder: Annotated[
        str | None, typer.Option(help="The target of the remediation: trash, junk, quarantine, inbox or delete.")
    ] = None,
    requests: Requests = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Triage one failure now and explain it. Needs Microsoft Graph, but no deployment."""
    if not error and not error_code:
        raise UsageError("Give --error or --error-code: the error from Email Threat Defense or Graph.")
    fields = {"mailbox": mailbox, "error": error, "error_code": error_code, "message_id": message_id,
              "internet_message_id": internet_message_id, "folder": folder, "tenant_id": target.tenant_id}  # fmt: skip
    try:
        failure = RemediationFailure.model_validate(fields)
    except ValidationError as problem:
        first = problem.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise UsageError(f"--{option} {first['msg'].removeprefix('Value error, ')}.") from None
    finding = asyncio.run(with_status(_check(target, failure)))
    if as_json:
        print_json(finding)
    else:
        print_parts(finding_story(finding, requests=requests))
    explain_sign_in({str(reason.get("reason")) for reason in finding["reasons"]})
    return ExitCode.UNKNOWN if finding["cause"] == "undetermined" else ExitCode.OK


async def _check(target: GraphTarget, failure: RemediationFailure) -> Json:
    from triage.graph.kept import READ_NOW
    from triage.operations.triage import triage

    queued = QueuedFailure.of(failure, finding_id(target.settings, failure), since=READ_NOW)
    async with tenants_of(target) as tenants:
        return (await triage(target.settings, tenants, queued)).wire()
