"""A whole triage in a cloud whose Graph does not have some properties: what does not depend on them is decided."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.tenant.serve.server import Served, serve
from sandbox.tenant.world import World
from triage.finding import Finding
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.operations.triage import triage
from triage.settings import read_settings

LACKS = {"mailFolder": ["isHidden"], "mailboxSettings": ["userPurpose"]}
PEOPLE: dict[str, Any] = {
    "ines": {"messages": ["inbox"]},
    "judy": {"messages": ["junkemail"]},
    "mona": {"messages": ["inbox/Invoices"]},
    "toni": {"folders": {"Projects": {}}, "messages": ["Projects"]},
    "quin": {"folders": {"Quarantine-ETD": {"hidden": True}}, "messagesIncludeHidden": False,
             "messages": ["Quarantine-ETD"]},
    "hugo": {"folders": {"Quarantine-ETD": {"hidden": True}}, "messages": ["Quarantine-ETD"]},
    "gona": {},
}  # fmt: skip
CAUSES = {
    "ines": ("message_present", "inbox", True),
    "judy": ("message_junked", "junk", True),
    "mona": ("message_moved", "other_folder", True),
    "toni": ("message_moved", "other_folder", True),
    "quin": ("message_remediated", "quarantine", False),
    "hugo": ("message_remediated", "quarantine", False),
    "gona": ("message_gone", "not_found", None),
}


def world(lacks: dict[str, list[str]]) -> World:
    return World({"tenants": {"gov": {"domains": ["gov.example"], "people": PEOPLE, "schemaLacks": lacks}}})


@pytest.fixture(params=[LACKS, {}], ids=["a national cloud", "the public cloud"])
async def tenant(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve(world(request.param)) as served:
        yield served


async def triaged(tenant: Served, *people: str) -> list[Finding]:
    settings = read_settings({
        "GRAPH_ENDPOINT": tenant.url,
        "TRIAGE_TENANTS": json.dumps(tenant.world.triage_tenants()),
        "TriageStorage": "UseDevelopmentStorage=true",
    })  # fmt: skip
    tenants = Tenants(settings)
    try:
        return [await triage(settings, tenants, QueuedFailure.of(failure(who), who)) for who in people]
    finally:
        await tenants.close()


def failure(who: str) -> RemediationFailure:
    return RemediationFailure(
        mailbox=f"{who}@gov.example",
        internet_message_id=f"<{who}@mail.example>",
        message_id="m",
        error="Resource is Not Found",
        folder="quarantine",
    )


async def test_every_place_is_found(tenant: Served) -> None:
    found = {one.failure.mailbox.partition("@")[0]: one for one in await triaged(tenant, *CAUSES)}
    assert {who: (one.cause, one.message.location, one.exposed) for who, one in found.items()} == CAUSES
    assert {who: one.reasons for who, one in found.items() if one.reasons} == {}


async def test_what_the_cloud_lacks_is_asked_for_once() -> None:
    async with serve(world(LACKS)) as tenant:
        await triaged(tenant, "ines", "ines", "judy", "mona")
        refused = tenant.simulator.stats.by_status[400]
    assert 0 < refused <= 3, "those that were on their way at the same time"


@pytest.mark.parametrize(("who", "path"), [("toni", "childFolders"), ("quin", "childFolders")])
async def test_a_folder_of_unknown_visibility_leaves_the_cause_undetermined(who: str, path: str) -> None:
    async with serve(world(LACKS)) as tenant:
        tenant.simulator.faults.add([{"path": path, "status": 400, "code": "BadRequest", "message": "Not here."}])
        [found] = await triaged(tenant, who)
    assert (found.cause, found.message.location, found.exposed) == ("undetermined", "unknown", None)
    assert {lack.reason for lack in found.reasons} == {"unsupported"}
