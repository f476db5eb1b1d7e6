"""Whether incidents, exposures and the summary equal a count of the findings by hand."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.changes import waiting_rows
from triage.storage.exposures import ExposureQuery
from triage.storage.findings import TABLE
from triage.storage.incident_lists import IncidentQuery
from triage.storage.shards import SHARDS

_MOST = 100_000
_SECONDS = 120.0


def differences(settings: Mapping[str, str], findings: list[dict[str, Any]]) -> list[str]:
    """What differs, in words. First all changes of findings are applied, by the hosts and by this process."""
    return asyncio.run(_differences(settings, findings))


async def _differences(settings: Mapping[str, str], findings: list[dict[str, Any]]) -> list[str]:
    services = Services(read_settings(dict(settings)))
    try:
        end = time.monotonic() + _SECONDS
        while await _waiting(services):
            if time.monotonic() > end:
                return ["changes of findings are not applied"]
            await services.projector.run(20)
            await asyncio.sleep(0.5)
        incidents, _ = await services.incident_lists.page(IncidentQuery(), _MOST, None)
        exposures, _ = await services.exposures.page(ExposureQuery(), _MOST, None)
        summary = await summarize(services, None, None, None)
    finally:
        await services.close()
    counts = {
        "findings of incidents": {one["id"]: one["findings"] for one in incidents if one["findings"]},
        "open findings of incidents": {one["id"]: one["openFindings"] for one in incidents if one["openFindings"]},
        "exposed findings of incidents": {one["id"]: one["exposed"] for one in incidents if one["exposed"]},
        "exposures": Counter((one.tenant_id, one.mailbox, one.internet_message_id) for one in exposures),
        "causes": summary["byCause"],
    }
    by_hand = {
        "findings of incidents": Counter(one["incidentId"] for one in findings),
        "open findings of incidents": Counter(one["incidentId"] for one in findings if one["state"] == "open"),
        "exposed findings of incidents": Counter(one["incidentId"] for one in findings if one["exposed"]),
        "exposures": Counter(dict.fromkeys((_message(one) for one in findings if one["exposed"]), 1)),
        "causes": Counter(one["cause"] for one in findings),
    }
    return [name for name, count in counts.items() if dict(count) != _left(by_hand[name])]


def _left(counts: Counter[Any]) -> dict[Any, int]:
    return {key: number for key, number in counts.items() if number}


def _message(finding: dict[str, Any]) -> tuple[str | None, str, str | None]:
    failure = finding["failure"]
    return finding["tenantId"], failure["mailbox"], failure["internetMessageId"]


async def _waiting(services: Services) -> bool:
    rows = await asyncio.gather(*(waiting_rows(services.account, TABLE, shard, 1) for shard in SHARDS))
    return any(rows)
