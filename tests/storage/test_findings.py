"""Findings in a real table service: each filter against a filter by hand, concurrent writers, and gathered commits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.storage.conftest import ANOTHER, TENANT
from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.exposure import severity
from triage.diagnosis.place import Location
from triage.diagnosis.precedence import RULES
from triage.finding import Finding, FindingState, MessageState
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.problems import InputError
from triage.storage.findings import TABLE
from triage.storage.query import FILTERS, Query, message_key
from triage.wire import epoch_ns, from_epoch_ns

START = epoch_ns("2026-11-01T00:00:00Z")
HOUR = 3600 * 10**9
MESSAGES = ("<one@mail.example>", f"<{'long' * 500}@mail.example>", None)
MAILBOXES = ("adele@contoso.com", "adam@contoso.com", "adele@fabrikam.com", "bo@sub.contoso.com")


def finding(number: int, chance: random.Random) -> Finding:
    moment = from_epoch_ns(START + chance.randrange(200) * HOUR)
    exposed = chance.choice([True, False, None])
    is_read = chance.choice([True, False, None])
    cause = chance.choice([Cause.USER_DELETED, Cause.CONSENT_MISSING, Cause.MESSAGE_PRESENT])
    return Finding(
        id=sha256(f"{number}".encode()).hexdigest()[:32],
        tenant_id=chance.choice([TENANT, ANOTHER, None]),
        state=FindingState.RESOLVED if exposed is False else FindingState.OPEN,
        scenario=chance.choice(list(Scenario)),
        classified_by=ClassifiedBy.ERROR_TEXT,
        cause=cause,
        confidence=chance.choice(list(Confidence)),
        severity=severity(RULES[cause].severity, exposed=exposed, is_read=is_read),
        summary=f"Finding {number}",
        message=MessageState(location=Location.INBOX, is_read=is_read),
        exposed=exposed,
        failure=RemediationFailure(
            mailbox=chance.choice(MAILBOXES), internet_message_id=chance.choice(MESSAGES), raw={"number": number}
        ),
        occurred_at=moment,
        received_at=moment,
        triaged_at=moment,
        first_seen=moment,
        last_seen=moment,
    )


def has(one: Finding, name: str, value: str) -> bool:
    """Whether a finding has this value of a filter, by hand."""
    wire = one.wire()
    if name == "internetMessageId":
        return wire["failure"][name] is not None and message_key(wire["failure"][name]) == value
    found: Any = {"mailbox": wire["failure"]["mailbox"], "isRead": wire["message"]["isRead"]}.get(name, wire.get(name))
    if isinstance(found, bool) or (found is None and name in ("exposed", "isRead")):
        return value == {True: "true", False: "false", None: "null"}[found]
    if value.startswith("*@"):
        return str(found).endswith(value[1:])
    return str(found).startswith(value[:-1]) if value.endswith("*") else found == value


QUERIES: list[dict[str, tuple[str, ...]]] = [
    {},
    {"tenantId": (TENANT,)},
    {"tenantId": (TENANT, ANOTHER)},
    {"tenantId": ()},
    {"mailbox": ("adele@contoso.com",)},
    {"mailbox": ("adele*",)},
    {"mailbox": ("adele@*",)},
    {"mailbox": ("*@contoso.com",)},
    {"mailbox": ("*@example",)},
    {"mailbox": ("*@contoso.com",), "cause": ("user_deleted",)},
    *({"internetMessageId": (message_key(one),)} for one in MESSAGES if one),
    {"internetMessageId": (message_key("<one@mail.example>"),), "tenantId": (TENANT,), "mailbox": ("*@contoso.com",)},
    {"cause": tuple(Cause)},
    {"tenantId": (), "cause": ("user_deleted",)},
    {"mailbox": ("adam@contoso.com",), "exposed": ("true",)},
    {"cause": ("user_deleted", "consent_missing"), "tenantId": (ANOTHER,)},
    {"exposed": ("true", "null")},
    {"exposed": ("false",)},
    {"isRead": ("true",), "state": ("open",)},
    {"state": ("resolved",)},
    {"state": ("open", "suppressed"), "scenario": ("invalid_user", "unknown_reason")},
    {"severity": ("critical",)},
    {"severity": ("critical", "medium"), "confidence": ("confirmed",)},
    {"scenario": tuple(Scenario), "confidence": tuple(Confidence), "isRead": ("true", "false", "null")},
]


async def test_each_query_finds_what_a_filter_by_hand_finds(services: Services) -> None:
    chance = random.Random(3)
    made = [finding(number, chance) for number in range(48)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    newest = sorted(made, key=lambda one: (-epoch_ns(one.occurred_at), one.id))
    middle = START + 100 * HOUR
    for filters in QUERIES:
        for since, until in ((None, None), (middle, None), (None, middle), (middle, middle + 30 * HOUR)):
            expected = [
                one
                for one in newest
                if (since is None or epoch_ns(one.occurred_at) >= since)
                and (until is None or epoch_ns(one.occurred_at) <= until)
                and all(any(has(one, name, value) for value in values) for name, values in filters.items())
            ]
            assert await everything(services, Query(filters, since, until)) == [one.id for one in expected], filters
    assert {name for query in QUERIES for name in query} == FILTERS.keys() - {"incidentId"}


async def test_the_token_of_another_query_leads_to_no_other_findings(services: Services) -> None:
    chance = random.Random(10)
    await asyncio.gather(*(services.findings.save(finding(number, chance), "delivery") for number in range(20)))
    _, token = await services.finding_lists.page(Query({"cause": ("user_deleted",)}), 1, None)
    rows, _ = await services.finding_lists.page(Query({"tenantId": (TENANT,)}), 100, token)
    assert {row["tenantId"] for row in rows} <= {TENANT}


async def everything(services: Services, query: Query, top: int = 17) -> list[str]:
    """The ids that a query finds, page by page. Each page is full, but the last one."""
    found: list[str] = []
    token: str | None = None
    while True:
        rows, token = await services.finding_lists.page(query, top, token, whole=False)
        found += [row["id"] for row in rows]
        if token is None:
            return found
        assert len(rows) == top


@pytest.mark.parametrize("filters", [{}, {"mailbox": ("adele@contoso.com",)}])
async def test_a_page_has_whole_findings_or_what_a_list_shows(
    services: Services, filters: dict[str, tuple[str, ...]]
) -> None:
    chance = random.Random(4)
    await asyncio.gather(*(services.findings.save(finding(number, chance), "delivery") for number in range(30)))
    whole, _ = await services.finding_lists.page(Query(filters), 100, None)
    lean, _ = await services.finding_lists.page(Query(filters), 100, None, whole=False)
    assert whole
    assert all(row["failure"]["raw"] for row in whole)
    for one in whole:
        for name in ("checks", "actions", "history"):
            del one[name]
        del one["failure"]["raw"]
    assert lean == whole


async def test_the_token_of_a_page_is_checked(services: Services) -> None:
    for token in ("", "x", "all|x", "' or PartitionKey ne '"):
        with pytest.raises(InputError, match="token of a page"):
            await services.finding_lists.page(Query({}), 10, token)


async def test_a_finding_is_found_by_the_beginning_of_its_id(services: Services) -> None:
    one = finding(1, random.Random(8))
    other = one.model_copy(update={"id": one.id[:20] + "0" * 12})
    await services.findings.save(one, "delivery")
    for text in (one.id, one.id[:6], one.id[:31]):
        found = await services.findings.named(text)
        assert found is not None and found.id == one.id
    await services.findings.save(other, "delivery")
    assert await services.findings.named(one.id[:20]) is None, "several begin like it"
    found = await services.findings.named(one.id[:24])
    assert found is not None and found.id == one.id
    for text in (one.id[:5], f"{one.id}0", one.id[:8].upper() + "X", "0" * 32, "id|", ""):
        assert await services.findings.named(text) is None


async def test_many_writers_of_one_finding_leave_one_with_all_deliveries(services: Services) -> None:
    one = finding(1, random.Random(5))
    other = Services(services.settings)
    writers = [services.findings, other.findings] * 6
    await asyncio.gather(*(findings.save(one, f"delivery {n}") for n, findings in enumerate(writers)))
    await other.close()
    kept = await services.findings.get(one.id)
    assert kept is not None
    assert kept.deliveries == 12
    assert await everything(services, Query({})) == [one.id]


async def test_a_finding_leaves_the_lists_that_it_is_no_longer_in(services: Services) -> None:
    one = finding(1, random.Random(6)).model_copy(update={"cause": Cause.USER_DELETED, "exposed": True})
    await services.findings.save(one, "delivery")
    now_gone = one.model_copy(
        update={
            "cause": Cause.MESSAGE_REMEDIATED,
            "exposed": False,
            "message": MessageState(location=Location.QUARANTINE),
            "state": FindingState.RESOLVED,
        }
    )
    await services.findings.save(now_gone, None)
    assert await everything(services, Query({"cause": ("user_deleted",)})) == []
    assert await everything(services, Query({"exposed": ("true", "null")})) == []
    assert await everything(services, Query({"cause": ("message_remediated",)})) == [one.id]


async def test_a_failure_that_is_too_large_does_not_take_others_with_it(services: Services) -> None:
    chance = random.Random(7)
    made = [finding(number, chance) for number in range(40)]
    text = "".join(map(chr, chance.choices(range(0x4E00, 0x4E00 + 20000), k=400_000)))
    large = made[7].model_copy(update={"summary": text})
    made[7] = large
    results = await asyncio.gather(*(services.findings.save(one, "delivery") for one in made), return_exceptions=True)
    assert [n for n, result in enumerate(results) if isinstance(result, BaseException)] == [7]
    assert isinstance(results[7], HttpResponseError)
    assert len(await everything(services, Query({}))) == 39


async def test_writes_at_the_same_time_share_transactions(services: Services) -> None:
    requests = count_requests(services)
    chance = random.Random(8)
    made = [finding(number, chance) for number in range(64)]
    await services.findings.open()
    requests.clear()
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    await services.projector.close()
    assert len(requests) <= len(made) / 2
    assert await everything(services, Query({})) == [
        one.id for one in sorted(made, key=lambda one: (-epoch_ns(one.occurred_at), one.id))
    ]


def count_requests(services: Services) -> list[str]:
    """The requests that the table client sends from now on."""
    sent: list[str] = []
    pipeline: Any = services.account.tables()._client._client._pipeline._transport
    send: Callable[..., Any] = pipeline.send

    async def counted(request: Any, **options: Any) -> Any:
        sent.append(request.method)
        return await send(request, **options)

    pipeline.send = counted
    return sent


async def test_what_a_write_changes_is_stored_with_it(services: Services) -> None:
    one = finding(1, random.Random(9))
    await services.findings.save(one, "delivery")
    table = await services.account.table(TABLE)
    rows = [row async for row in table.query_entities("RowKey ge 'chg|' and RowKey lt 'chg|~'")]
    assert [row["number"] for row in rows] == [1]
    assert await services.projector.run(10) == 1
    assert [row async for row in table.query_entities("RowKey ge 'chg|' and RowKey lt 'chg|~'")] == []
