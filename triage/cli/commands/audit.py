"""`audit`: audits Email Threat Defense's app from this machine, with Graph only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.client.graph import GraphTarget, explain_sign_in, tenants_of, with_status
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, GraphOptions
from triage.cli.show.audit import audit_story, exit_code
from triage.cli.show.collection import TENANT, tenant_of
from triage.cli.show.columns import table
from triage.cli.show.lists import LATEST_AUDITS, worst
from triage.cli.show.terminal import output, print_json, print_parts


def audit(target: GraphOptions, as_json: AsJson = False) -> ExitCode:
    """Audit Email Threat Defense's app now. Exit code: 0 healthy, 1 degraded, 2 broken, 3 unknown.

    With several tenants, it lists all of them, and then shows each app that is not healthy, the worst first.
    """
    audits = asyncio.run(with_status(_audit(target)))
    if as_json:
        print_json({"value": audits})
    else:
        _print(sorted(audits, key=worst), {one.tenant_id: one.name for one in target.tenants if one.name})
    explain_sign_in({str(row.get("reason")) for one in audits for row in one["unreadable"]})
    return exit_code(audits)


def _print(audits: list[Json], names: Mapping[str, str]) -> None:
    shown = audits
    if len(audits) > 1:
        rows = [{**LATEST_AUDITS.flat(one), TENANT.name: tenant_of(one, names)} for one in audits]
        columns = [column for column in LATEST_AUDITS.columns if column.name not in ("id", "drift", "auditedAt")]
        print_parts([Text(LATEST_AUDITS.sentence(audits), "bold"), Text(), table(columns, rows, output().width)])
        shown = [one for one in audits if one["issues"] or one["unreadable"]]
    for number, one in enumerate(shown):
        print_parts([""] * (number > 0 or len(audits) > 1))
        print_parts(audit_story(one, output().width, names.get(one["tenantId"])))


async def _audit(target: GraphTarget) -> list[Json]:
    from triage.operations.audits import audit_without_storage

    async with tenants_of(target) as tenants:
        audits = await asyncio.gather(*(audit_without_storage(target.settings, tenants, one) for one in target.tenants))
    return [one.wire() for one in audits]
