"""Incidents and exposures in a real table service equal a count of all findings by hand, whoever wrote at the same time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest

from tests.storage.conftest import ANOTHER, TENANT
from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.exposure import severity
from triage.diagnosis.place import Location
from triage.diagnosis.precedence import RULES
from triage.finding import Finding, FindingState, MessageState
from triage.incidents import IncidentState, acknowledge, fixed, suppress
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations import findings as findings_of
from triage.operations.services import Services
from triage.problems import InputError
from triage.storage.changes import PREFIX, changes_of, waiting_rows
from triage.storage.exposure_rows import Exposure
from triage.storage.exposures import ExposureQuery
from triage.storage.findings import Findings
from triage.storage.incident_lists import IncidentQuery
from triage.storage.query import Query
from triage.storage.shards import in_range, shard_of
from triage.wire import epoch_ns, from_epoch_ns

START = epoch_ns("2026-11-01T00:00:00Z")
HOUR = 3600 * 10**9
LATER = epoch_ns("9999-01-01T00:00:00Z")
CAUSES = (Cause.CONSENT_MISSING, Cause.USER_DELETED, Cause.MESSAGE_PRESENT, Cause.MESSAGE_MOVED, Cause.DOMAIN_UNKNOWN)


def finding(number: int, chance: random.Random, **changes: Any) -> Finding:
    """One of a few messages in one of a few mailboxes, so that some share an incident, and some an exposure."""
    exposed = chance.choice([True, True, False, None])
    is_read = chance.choice([True, False])
    cause = chance.choice(CAUSES)
    moment = from_epoch_ns(START + number * HOUR)
    message = chance.randrange(4)
    one = Finding(
        id=sha256(f"{number}".encode()).hexdigest()[:32],
        tenant_id=chance.choice([TENANT, ANOTHER]),
        state=FindingState.RESOLVED if exposed is False else FindingState.OPEN,
        scenario=Scenario.INVALID_USER,
        classified_by=ClassifiedBy.ERROR_TEXT,
        cause=cause,
        confidence=Confidence.CONFIRMED,
        severity=severity(RULES[cause].severity, exposed=exposed, is_read=is_read),
        summary="",
        message=MessageState(
            location={True: Location.INBOX, False: Location.QUARANTINE, None: Location.UNKNOWN}[exposed],
            is_read=is_read if exposed else None,
            looked_at=None if exposed is None else moment,
        ),
        exposed=exposed,
        failure=RemediationFailure(
            mailbox=f"person{chance.randrange(5)}@contoso.com", internet_message_id=f"<{message}@mail.example>"
        ),
        occurred_at=moment,
        received_at=moment,
        triaged_at=moment,
        first_seen=moment,
        last_seen=moment,
    )
    return one.model_copy(update=changes)


async def stored(services: Services) -> list[Finding]:
    rows, _ = await services.finding_lists.page(Query({}), 1000, None)
    return [Finding.model_validate(row) for row in rows]


async def all_applied(services: Services) -> None:
    """Waits until no change is left: a shard that another instance is at is left to it."""
    table = await services.account.table("findings")
    while [row async for row in table.query_entities(in_range(PREFIX), select=["RowKey"])]:
        await services.projector.run(20)


async def expect_incidents(services: Services) -> None:
    """The incidents, against a count of the stored findings by hand."""
    await all_applied(services)
    findings = await stored(services)
    incidents = {row["id"]: row for row in (await services.incident_lists.page(IncidentQuery(), 1000, None))[0]}
    by_hand: dict[str, list[Finding]] = {}
    for one in findings:
        by_hand.setdefault(one.incident.id, []).append(one)
    for incident_id, members in by_hand.items():
        incident = incidents[incident_id]
        exposed = [one for one in members if one.exposed]
        assert incident["findings"] == len(members)
        assert incident["openFindings"] == sum(one.state is FindingState.OPEN for one in members)
        assert incident["exposed"] == len(exposed)
        assert incident["read"] == sum(one.message.is_read is True for one in exposed)
        assert incident["mailboxes"] == len({one.failure.mailbox for one in members})
        assert incident["causes"] == dict(Counter(one.cause.value for one in members))
        whole = await services.incidents.get(incident_id)
        assert whole is not None
        assert whole.wire() == incident, "the list shows what is stored"
        listed, _ = await findings_of.page(services, Query({"incidentId": (incident_id,)}), 1000, None, whole=False)
        assert {row["id"] for row in listed} == {one.id for one in members}
        open_ones = {one.id for one in members if one.state is FindingState.OPEN}
        assert {one async for one in services.incidents.open_findings(incident_id)} == open_ones
    assert all(row["findings"] == 0 for incident_id, row in incidents.items() if incident_id not in by_hand)


async def expect_exposures(services: Services) -> None:
    """The exposures, against the stored findings by hand."""
    found: list[Exposure] = []
    token: str | None = None
    while True:
        page, token = await services.exposures.page(ExposureQuery(), 7, token)
        found += page
        if token is None:
            break
    by_hand: dict[tuple[Any, ...], list[Finding]] = {}
    for one in await stored(services):
        if one.exposed:
            key = (one.tenant_id, one.failure.mailbox, one.failure.internet_message_id)
            by_hand.setdefault(key, []).append(one)
    assert {(one.tenant_id, one.mailbox, one.internet_message_id) for one in found} == by_hand.keys()
    assert len(found) == len(by_hand)
    for one in found:
        members = by_hand[one.tenant_id, one.mailbox, one.internet_message_id]
        assert one.since == min((member.occurred_at for member in members), key=epoch_ns)
        assert one.is_read == any(member.message.is_read for member in members)
    order = [(not one.is_read, epoch_ns(one.since)) for one in found]
    assert order == sorted(order), "read ones first, then the longest exposed"
    totals = await services.exposures.totals(None)
    assert (totals.messages, totals.read) == (len(found), sum(one.is_read is True for one in found))
    assert totals.mailboxes == len({(one.tenant_id, one.mailbox) for one in found})


@pytest.mark.unmeasured
async def test_they_follow_findings_that_change_and_go(services: Services) -> None:
    chance = random.Random(11)
    made = [finding(number, chance) for number in range(36)]
    others = [Services(services.settings) for _ in range(2)]
    every = [services, *others]

    async def write(findings: list[Finding], delivery: str) -> None:
        await asyncio.gather(
            *(chance.choice(every).findings.save(one, delivery) for one in findings),
            *(one.projector.run(20) for one in every),
        )

    await write(made, "first")
    await write(made[:12], "first")  # delivered twice
    await expect_incidents(services)
    await expect_exposures(services)
    # Looks find out something else: another cause, the message in or out of reach.
    looks = [
        finding(number, chance, tenant_id=made[number].tenant_id, failure=made[number].failure) for number in range(24)
    ]
    await write(looks, "first")
    await expect_incidents(services)
    await expect_exposures(services)
    await asyncio.gather(*(services.findings.remove(one.id, LATER) for one in made[6:30]))
    await expect_incidents(services)
    await expect_exposures(services)
    for other in others:
        await other.close()


async def test_what_was_applied_before_a_crash_counts_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(12)
    made = [finding(number, chance) for number in range(30)]
    crashed = Services(services.settings)
    await asyncio.gather(*(crashed.findings.save(one, "delivery") for one in made))

    async def crash(*_: Any) -> None:
        raise ConnectionError("the process ends")

    monkeypatch.setattr(crashed.projection, "_count", crash)  # incidents and exposures are written by then
    with pytest.raises(ConnectionError):
        await crashed.projector.run(20)
    await crashed.projector.close()
    monkeypatch.setattr("triage.storage.projection.LEASE_SECONDS", 0.0)
    await crashed.close()
    again = Services(services.settings)
    monkeypatch.setattr(again.projection, "_owner", crashed.projection._owner)  # the lease ends, or it is the same one
    await again.projector.run(20)
    await again.close()
    await expect_incidents(services)
    await expect_exposures(services)


async def test_many_findings_of_one_incident_take_few_transactions(services: Services) -> None:
    chance = random.Random(13)
    made = [
        finding(number, chance, cause=Cause.CONSENT_MISSING, tenant_id=TENANT, exposed=None) for number in range(200)
    ]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    await expect_incidents(services)
    [incident], _ = await services.incident_lists.page(IncidentQuery(), 10, None)
    assert incident["findings"] == 200
    assert incident["title"].startswith(RULES[Cause.CONSENT_MISSING].title)


async def test_lists_are_filtered_and_in_order(services: Services) -> None:
    chance = random.Random(14)
    await asyncio.gather(*(services.findings.save(finding(number, chance), "delivery") for number in range(60)))
    await services.projector.run(20)
    everything, _ = await services.incident_lists.page(IncidentQuery(), 1000, None)
    worst = ["critical", "high", "medium", "low", "info"]
    order = [
        (one["state"] == "resolved", one["state"] != "resolved" and worst.index(one["severity"]),
         -epoch_ns(one["lastSeen"]))
        for one in everything
    ]  # fmt: skip
    assert order == sorted(order)
    paged: list[str] = []
    token: str | None = None
    while True:
        rows, token = await services.incident_lists.page(IncidentQuery(), 4, token)
        paged += [row["id"] for row in rows]
        if token is None:
            break
    assert paged == [row["id"] for row in everything]
    for name, values in (
        ("tenantId", (TENANT,)),
        ("state", ("open", "acknowledged")),
        ("scope", ("app", "mailbox")),
        ("cause", ("consent_missing",)),
        ("severity", ("critical", "high")),
        ("tenantId", ()),
    ):
        rows, _ = await services.incident_lists.page(IncidentQuery({name: values}), 1000, None)
        assert [row["id"] for row in rows] == [row["id"] for row in everything if row[name] in values]
    middle = START + 30 * HOUR
    rows, _ = await services.incident_lists.page(IncidentQuery(since=middle), 1000, None)
    assert [row["id"] for row in rows] == [one["id"] for one in everything if epoch_ns(one["lastSeen"]) >= middle]
    rows, _ = await services.incident_lists.page(IncidentQuery(until=middle), 1000, None)
    assert [row["id"] for row in rows] == [one["id"] for one in everything if epoch_ns(one["lastSeen"]) <= middle]
    with pytest.raises(InputError):
        await services.incident_lists.page(IncidentQuery(), 10, "x")
    open_ones = Counter(row["tenantId"] for row in everything if row["state"] == "open")
    assert await services.incident_lists.open_by_tenant() == open_ones
    assert await services.incident_lists.with_open_app() == {
        row["tenantId"] for row in everything if row["scope"] == "app" and row["state"] == "open"
    }


async def test_people_and_findings_write_at_the_same_time(services: Services) -> None:
    chance = random.Random(15)
    options: dict[str, Any] = {
        "cause": Cause.CONSENT_MISSING,
        "tenant_id": TENANT,
        "exposed": None,
        "state": FindingState.OPEN,
    }
    first = await services.findings.save(finding(0, chance, **options), "delivery")
    await services.projector.run(20)
    at = from_epoch_ns(START)
    made = [finding(number, chance, **options) for number in range(1, 40)]
    await asyncio.gather(
        *(services.findings.save(one, "delivery") for one in made),
        services.incidents.change(first.incident.id, lambda incident: acknowledge(incident, at, "adele", "on it")),
        *(services.projector.run(20) for _ in range(3)),
    )
    await expect_incidents(services)
    incident = await services.incidents.get(first.incident.id)
    assert incident is not None
    assert (incident.state, incident.findings, incident.acknowledged_by) == (IncidentState.ACKNOWLEDGED, 40, "adele")
    assert await services.incidents.change("0" * 32, lambda incident: (incident, [])) is None


NOT_KNOWN: dict[str, Any] = {
    "cause": Cause.CONSENT_MISSING,
    "tenant_id": TENANT,
    "exposed": None,
    "message": MessageState(),
    "state": FindingState.OPEN,
}


async def test_a_look_that_changes_no_number_is_counted_in_the_incident_as_it_is_now(services: Services) -> None:
    """Another instance has changed it since this one wrote it."""
    one, other = finding(1, random.Random(17), **NOT_KNOWN), Services(services.settings)
    await services.findings.save(one, "delivery")
    await services.projector.run(20)
    await other.incidents.change(one.incident.id, lambda incident: fixed(incident, from_epoch_ns(START + 2 * HOUR)))
    await services.findings.save(one.model_copy(update={"triaged_at": from_epoch_ns(START + 3 * HOUR)}), None)
    await services.projector.run(20)
    whole = await services.incidents.get(one.incident.id)
    assert whole is not None
    assert (whole.state, whole.open_findings) == (IncidentState.RESOLVED, 1)
    await other.close()


async def test_a_slow_instance_does_not_undo_what_another_has_counted(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, findings = (
        finding(1, random.Random(18), **NOT_KNOWN),
        Services(services.settings),
        Findings(services.account),
    )
    await findings.save(one, "delivery")
    await services.projector.run(20)
    in_reach = {"exposed": True, "message": MessageState(location=Location.INBOX, looked_at=from_epoch_ns(START))}
    for hour, update in ((2, {}), (3, in_reach)):
        look = one.model_copy(update={"triaged_at": from_epoch_ns(START + hour * HOUR), **update})
        await findings.save(look, None)
    rows = await waiting_rows(services.account, "findings", shard_of(one.id), 9)
    [older], [newer] = map(changes_of, rows)
    submit = services.incidents._submit

    async def after_the_other(plans: Any) -> bool:
        monkeypatch.setattr(services.incidents, "_submit", submit)
        await other.incidents.apply([newer])
        return await submit(plans)

    monkeypatch.setattr(services.incidents, "_submit", after_the_other)
    await services.incidents.apply([older])
    await expect_incidents(services)
    await other.close()


async def test_a_suppression_is_listed_until_it_ends(services: Services) -> None:
    chance = random.Random(16)
    one = await services.findings.save(
        finding(1, chance, cause=Cause.CONSENT_MISSING, exposed=None, state=FindingState.OPEN), "delivery"
    )
    await services.projector.run(20)
    now = epoch_ns("2026-11-20T00:00:00Z")
    until = {"long": "2099-01-01T00:00:00Z", "over": from_epoch_ns(now + 1)}

    async def suppressed_until(text: str, at: int) -> None:
        step = lambda incident: suppress(incident, from_epoch_ns(at), "adele", "Not now", text)  # noqa: E731
        assert await services.incidents.change(one.incident.id, step)

    await suppressed_until(until["long"], epoch_ns("2098-06-01T00:00:00Z"))
    assert await services.incident_lists.suppressed() == {one.incident.id}
    await suppressed_until(until["over"], now)
    assert await services.incident_lists.suppressed() == frozenset()
    [row], _ = await services.incident_lists.page(IncidentQuery(), 10, None)
    assert (row["state"], row["suppression"]) == ("open", None)
    await services.incidents.end_suppressions()
    whole = await services.incidents.get(one.incident.id)
    assert whole is not None
    assert whole.suppression is None
    assert [entry.what.value for entry in whole.log].count("suppressed") == 3
