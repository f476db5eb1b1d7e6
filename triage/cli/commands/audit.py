"""`audit`: audits Email Threat Defense's app from this machine, with Graph only."""

from __future__ import annotations

import asyncio

from triage.cli.client.answers import Json
from triage.cli.client.graph import GraphTarget, explain_sign_in, tenants_of, with_status
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, GraphOptions
from triage.cli.show.audit import audit_story, exit_code
from triage.cli.show.terminal import print_json, print_parts


def audit(target: GraphOptions, as_json: AsJson = False) -> ExitCode:
    """Audit Email Threat Defense's app now. Exit code: 0 healthy, 1 degraded, 2 broken, 3 unknown."""
    audits = asyncio.run(with_status(_audit(target)))
    if as_json:
        print_json({"value": audits})
    else:
        for number, one in enumerate(audits):
            print_parts([""] * (number > 0))
            print_parts(audit_story(one))
    explain_sign_in({str(row.get("reason")) for one in audits for row in one["unreadable"]})
    return exit_code(audits)


async def _audit(target: GraphTarget) -> list[Json]:
    from triage.operations.audits import audit_without_storage

    wanted = [tenant for tenant in target.settings.tenants if target.tenant_id in (None, tenant.tenant_id)]
    async with tenants_of(target) as tenants:
        audits = await asyncio.gather(*(audit_without_storage(target.settings, tenants, one) for one in wanted))
    return [one.wire() for one in audits]
