"""The keys of the index: valid in Table storage for any mailbox, newest first, with a range for each filter."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.factories import TENANT_ID, make_case, make_failure
from triage.diagnosis.diagnose import diagnose
from triage.finding import Finding, make_finding
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.storage.index import FILTERS, columns_of, exposed_word, row_keys

RECEIVED = "2026-11-20T10:11:12Z"
FINDING_ID = "0123456789abcdef0123456789abcdef"
QUEUED = QueuedFailure.of(make_failure(), FINDING_ID, received_at=RECEIVED)
CASE = make_case(Scenario.INVALID_USER)
BASE = make_finding(QUEUED, TENANT_ID, (Scenario.INVALID_USER, ClassifiedBy.NONE), diagnose(CASE), CASE)


def finding(
    mailbox: str = "adele@contoso.com", occurred_at: str = RECEIVED, tenant_id: str | None = TENANT_ID
) -> Finding:
    failure = make_failure(mailbox=mailbox, occurred_at=occurred_at)
    return BASE.model_copy(update={"failure": failure, "occurred_at": failure.occurred_at, "tenant_id": tenant_id})


def keys(**fields: Any) -> list[str]:
    one = finding(**fields)
    return row_keys(one, columns_of(one))


def assert_valid(key: str) -> None:
    """A row key of a table: at most 1 KiB as UTF-16, without `/`, `\\`, `#`, `?` and control characters."""
    assert len(key.encode("utf-16-le")) <= 1024
    assert not re.search(r"[/\\#?\x00-\x1f\x7f-\x9f]", key)


def test_a_finding_has_a_key_for_each_filter_and_one_for_no_filter() -> None:
    prefixes = [key.partition("|")[0] for key in keys()]
    assert prefixes == [
        *("all", "mailbox=adele@contoso.com", "cause=message_present", "exposed=true", "scenario=invalid_user"),
        *("confidence=probable", "severity=high", f"tenantId={TENANT_ID}"),
    ]
    assert [prefix.partition("=")[0] for prefix in prefixes[1:]] == list(FILTERS)
    assert all(key.endswith(f"|{FINDING_ID}") for key in keys())
    assert len(keys(tenant_id=None)) == len(keys()) - 1


@given(st.text(min_size=1, max_size=64), st.from_regex(r"[a-zäöü0-9]{1,30}(\.[a-z]{1,20}){1,6}", fullmatch=True))
def test_any_mailbox_makes_valid_keys(local: str, domain: str) -> None:
    try:
        found = keys(mailbox=f"{local}@{domain}")
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
    for key in keys(mailbox=f"{local}@{LONGEST_DOMAIN}"):
        assert_valid(key)


@given(
    st.text(st.sampled_from("ab/|%2Fé'="), min_size=1, max_size=5),
    st.text(st.sampled_from("ab/|%2Fé'="), min_size=1, max_size=5),
)
def test_different_mailboxes_have_different_ranges(one: str, other: str) -> None:
    first, second = (keys(mailbox=f"{local}@contoso.com")[1] for local in (one, other))
    same = finding(f"{one}@contoso.com").failure.mailbox == finding(f"{other}@contoso.com").failure.mailbox
    prefix = first.rpartition("|")[0].rpartition("|")[0] + "|"
    assert second.startswith(prefix) is same


MOMENTS = st.datetimes().filter(lambda moment: 1971 < moment.year < 9998).map(lambda moment: moment.isoformat() + "Z")


@given(MOMENTS, MOMENTS)
def test_the_newest_finding_of_a_filter_comes_first(one: str, other: str) -> None:
    first, second = finding(occurred_at=one), finding(occurred_at=other)
    for left, right in zip(row_keys(first, columns_of(first)), row_keys(second, columns_of(second)), strict=True):
        assert (left < right) == (one > other if len(one) == len(other) else _later(first, second))


def _later(one: Finding, other: Finding) -> bool:
    return one.occurred_at.rstrip("Z").ljust(30, "0") > other.occurred_at.rstrip("Z").ljust(30, "0")


def test_exposed_as_a_word() -> None:
    assert [exposed_word(value) for value in (True, False, None)] == ["true", "false", "null"]
