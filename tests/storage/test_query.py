"""The keys of list rows: valid in Table storage for any mailbox, newest first, a range for each list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.factories import TENANT_ID, make_case, make_failure
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import diagnose
from triage.diagnosis.exposure import severity
from triage.diagnosis.precedence import RULES
from triage.finding import Finding, FindingState, Snapshot, make_finding
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.storage.query import Query, clauses, columns_of, flag, list_prefixes, message_key, order_of, ranges
from triage.wire import epoch_ns

RECEIVED = "2026-11-20T10:11:12Z"
FINDING_ID = "0123456789abcdef0123456789abcdef"
QUEUED = QueuedFailure.of(make_failure(), FINDING_ID, received_at=RECEIVED)
CASE = make_case(Scenario.INVALID_USER)
BASE = make_finding(QUEUED, TENANT_ID, (Scenario.INVALID_USER, ClassifiedBy.NONE), diagnose(CASE), CASE)


def finding(
    mailbox: str = "adele@contoso.com", occurred_at: str = RECEIVED, tenant_id: str | None = TENANT_ID, **changes: Any
) -> Finding:
    failure = make_failure(mailbox=mailbox, occurred_at=occurred_at)
    update = {"failure": failure, "occurred_at": failure.occurred_at, "tenant_id": tenant_id, **changes}
    return BASE.model_copy(update=update)


def keys(one: Finding) -> list[str]:
    snapshot = Snapshot.of(one, 1)
    return [f"{prefix}{order_of(snapshot, epoch_ns(one.occurred_at))}" for prefix in list_prefixes(snapshot)]


def assert_valid(key: str) -> None:
    """A row key of a table: at most 1 KiB as UTF-16, without `/`, `\\`, `#`, `?` and control characters."""
    assert len(key.encode("utf-16-le")) <= 1024
    assert not re.search(r"[/\\#?\x00-\x1f\x7f-\x9f]", key)


def test_a_finding_is_in_a_list_for_each_filter_that_leaves_few() -> None:
    message = f"internetMessageId={message_key(finding().failure.internet_message_id or '')}|"
    prefixes = [
        "all|",
        "mailbox=adele@contoso.com|",
        "cause=message_present|",
        f"tenantId={TENANT_ID}|",
        message,
        "reach|",
    ]
    assert [key[:-54] for key in keys(finding())] == prefixes
    assert all(key.endswith(f"|{FINDING_ID}") for key in keys(finding()))
    assert len(keys(finding(tenant_id=None))) == len(keys(finding())) - 1


@pytest.mark.parametrize(
    ("state", "exposed", "listed"),
    [
        ("open", True, True),
        ("open", None, True),
        ("open", False, True),
        ("resolved", True, True),
        ("resolved", None, True),
        ("resolved", False, False),
    ],
)
def test_what_may_be_in_reach_is_in_a_list_of_its_own(state: str, exposed: bool | None, listed: bool) -> None:
    one = finding(state=FindingState(state), exposed=exposed)
    assert ("reach|" in list_prefixes(Snapshot.of(one, 1))) is listed


@given(st.text(min_size=1, max_size=64), st.from_regex(r"[a-zäöü0-9]{1,30}(\.[a-z]{1,20}){1,6}", fullmatch=True))
def test_any_mailbox_makes_valid_keys(local: str, domain: str) -> None:
    try:
        found = keys(finding(f"{local}@{domain}"))
    except ValueError:
        assume(False)
        return
    for key in found:
        assert_valid(key)
        assert key.count("|") == 2, "the parts of a key can be separated"


LONGEST_DOMAIN = ".".join(["a" * 63] * 3) + "." + "b" * 61


@pytest.mark.parametrize(
    "local", ["/" * 64, "é" * 32, "😀" * 16, "i\u0307" * 21, "?#%\\|"[0:3] * 21, "|" * 64, "%" * 64]
)
def test_the_longest_mailboxes_make_valid_keys(local: str) -> None:
    assert len(LONGEST_DOMAIN) == 253
    for key in keys(finding(f"{local}@{LONGEST_DOMAIN}")):
        assert_valid(key)


@given(
    st.text(st.sampled_from("ab/|%2Fé'="), min_size=1, max_size=5),
    st.text(st.sampled_from("ab/|%2Fé'="), min_size=1, max_size=5),
)
def test_different_mailboxes_have_different_ranges(one: str, other: str) -> None:
    first, second = (keys(finding(f"{local}@contoso.com"))[1] for local in (one, other))
    same = finding(f"{one}@contoso.com").failure.mailbox == finding(f"{other}@contoso.com").failure.mailbox
    prefix = first.rpartition("|")[0].rpartition("|")[0] + "|"
    assert second.startswith(prefix) is same


MOMENTS = st.datetimes().filter(lambda moment: 1971 < moment.year < 9998).map(lambda moment: moment.isoformat() + "Z")


@given(MOMENTS, MOMENTS)
def test_the_newest_finding_of_a_list_comes_first(one: str, other: str) -> None:
    first, second = finding(occurred_at=one), finding(occurred_at=other)
    for left, right in zip(keys(first), keys(second), strict=True):
        assert (left < right) == (epoch_ns(one) > epoch_ns(other))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["all|"]),
        ({"scenario": "invalid_user"}, ["all|"]),
        ({"tenantId": TENANT_ID}, [f"tenantId={TENANT_ID}|"]),
        ({"mailbox": "adele@contoso.com", "cause": "user_deleted"}, ["mailbox=adele@contoso.com|"]),
        ({"mailbox": "adele@contoso.com", "internetMessageId": "0f1e2d3c"}, ["internetMessageId=0f1e2d3c|"]),
        ({"mailbox": "adele*"}, ["all|"]),
        ({"cause": "user_deleted,guest_user", "tenantId": TENANT_ID}, ["cause=user_deleted|", "cause=guest_user|"]),
        ({"exposed": "true"}, ["reach|"]),
        ({"exposed": "true,null"}, ["reach|"]),
        ({"exposed": "false"}, ["all|"]),
        ({"exposed": "true,false"}, ["all|"]),
        ({"state": "open,suppressed"}, ["reach|"]),
        ({"state": "resolved"}, ["all|"]),
    ],
)
def test_the_range_with_the_fewest_rows_is_read(filters: dict[str, str], expected: list[str]) -> None:
    assert ranges(Query({name: tuple(text.split(",")) for name, text in filters.items()})) == expected


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("is_read", [True, False])
def test_every_finding_is_in_a_range_of_its_severity(cause: Cause, is_read: bool) -> None:
    level = severity(RULES[cause].severity, exposed=True, is_read=is_read)
    one = finding(cause=cause, exposed=True, severity=level)
    read = ranges(Query({"severity": (level.value,)}))
    assert set(read) & set(list_prefixes(Snapshot.of(one, 1)))
    assert "all|" not in read


def test_a_filter_has_at_most_fifteen_comparisons() -> None:
    every = {"scenario": 5, "confidence": 4, "severity": 5, "state": 3, "exposed": 3, "isRead": 3}
    query = Query({name: tuple(f"value{n}" for n in range(count)) for name, count in every.items()}, 1, 2)
    assert len(re.findall(r" (?:eq|ge|gt|lt) ", clauses(query, "s0", "all|", None))) <= 15


def test_columns_have_what_a_finding_has_for_each_filter() -> None:
    columns = columns_of(Snapshot.of(finding(), 1))
    assert columns["domain"] == "contoso.com"
    assert columns["exposed"] == "true"
    assert columns["isRead"] == "false"
    assert columns["state"] == "open"
    assert [flag(value) for value in (True, False, None)] == ["true", "false", "null"]
