"""The id of a finding: the same for two failures that are duplicates (docs/api.md, Deduplication)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import OTHER_TENANT_ID, TENANT_ID, make_failure
from triage.intake.failure import RemediationFailure

AT = "2026-11-20T10:11:12.123456789Z"
PLAIN = {"mailbox": "adele@contoso.com", "message_id": "m", "occurred_at": AT}


def finding_id(tenant_id: str | None = TENANT_ID, part: str | None = None, **fields: Any) -> str:
    return RemediationFailure(**{"error": "?", **fields}).finding_id(tenant_id, part)


def test_an_id_is_opaque_and_short() -> None:
    assert len(finding_id(**PLAIN)) == 32
    assert finding_id(**PLAIN).isalnum()


@pytest.mark.parametrize("change", [
    {"mailbox": "ADELE@Contoso.COM"},
    {"mailbox": " Adele Vance <adele@contoso.com> "},
    {"occurred_at": "2026-11-20T12:11:12.123456789+02:00"},
    {"occurred_at": " 2026-11-20 10:11:12.123456789Z "},
    {"message_id": " m "},
    {"internet_message_id": "<other@x>"},
    {"error": "another text", "error_code": "ErrorInvalidUser", "subject": "s", "verdict": "v", "folder": "junk"},
    {"raw": {"more": 1}},
    {"id": "  "},
])  # fmt: skip
def test_without_an_id_these_changes_keep_the_finding_id(change: dict[str, Any]) -> None:
    assert finding_id(**{**PLAIN, **change}) == finding_id(**PLAIN)


@pytest.mark.parametrize("change", [
    {"mailbox": "alex@contoso.com"},
    {"mailbox": "adele@contoso.example"},
    {"occurred_at": "2026-11-20T10:11:12.123456788Z"},
    {"occurred_at": None},
    {"message_id": "M"},
    {"tenant_id": OTHER_TENANT_ID},
    {"tenant_id": None},
    {"id": "1"},
])  # fmt: skip
def test_without_an_id_these_changes_make_another_finding_id(change: dict[str, Any]) -> None:
    tenant = change.get("tenant_id", TENANT_ID)
    fields = {name: value for name, value in change.items() if name != "tenant_id"}
    assert finding_id(tenant, **{**PLAIN, **fields}) != finding_id(**PLAIN)


def test_the_internet_message_id_identifies_the_message_if_there_is_no_message_id() -> None:
    by_internet = {"mailbox": "a@b.example", "internet_message_id": "<x@y>", "occurred_at": AT}
    assert finding_id(**by_internet) == finding_id(**{**by_internet, "internet_message_id": "x@y"})
    assert finding_id(**by_internet) != finding_id(**{**by_internet, "internet_message_id": "<z@y>"})


SENT = {"id": "event-1", "source": "/etd", "mailbox": "adele@contoso.com"}


@pytest.mark.parametrize("change", [
    {"mailbox": "Adele@contoso.com"}, {"id": " event-1 "}, {"occurred_at": AT}, {"message_id": "m"}, {"error": "other"},
])  # fmt: skip
def test_with_an_id_these_changes_keep_the_finding_id(change: dict[str, Any]) -> None:
    assert finding_id(**{**SENT, **change}) == finding_id(**SENT)


def test_with_an_id_these_changes_make_another_finding_id() -> None:
    others = [
        finding_id(**{**SENT, "id": "event-2"}),
        finding_id(**{**SENT, "source": "/other"}),
        finding_id(**{**SENT, "source": None}),
        finding_id(**{**SENT, "mailbox": "alex@contoso.com"}),
        finding_id(OTHER_TENANT_ID, **SENT),
        finding_id(TENANT_ID, "part", **SENT),
    ]
    assert len({finding_id(**SENT), *others}) == len(others) + 1


@given(
    local=st.from_regex(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,30}", fullmatch=True),
    label=st.from_regex(r"[a-zäöüßéñ][a-zäöüßéñ0-9]{0,20}", fullmatch=True),
    cased=st.randoms(use_true_random=False),
    name=st.from_regex(r"[A-Za-z ,.'\"äé]{0,20}", fullmatch=True),
    moment=st.datetimes(datetime(1971, 1, 1), datetime(9990, 1, 1)),
    minutes=st.integers(-720, 840),
)
def test_spellings_of_one_failure_have_one_id(
    local: str, label: str, cased: Any, name: str, moment: datetime, minutes: int
) -> None:
    mailbox, at = f"{local}@{label}.example", moment.replace(tzinfo=UTC)
    # The capital form of ß is SS, which is another letter: a domain with ß stays in lower case.
    mixed = "".join(char.upper() if char != "ß" and cased.random() < 0.5 else char for char in mailbox)
    a_label = f"{local}@{label.encode('idna').decode()}.example" if "ß" not in label else mailbox
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    plain = finding_id(mailbox=mailbox, message_id="m", occurred_at=at.isoformat())
    for spelling in (mixed, f"  {mailbox}\t", f"{name} <{mixed}>", a_label):
        assert finding_id(mailbox=spelling, message_id="m", occurred_at=elsewhere) == plain


@given(st.lists(st.text(max_size=5), min_size=6, max_size=6))
def test_fields_do_not_run_into_each_other(texts: list[str]) -> None:
    first, second = (make_failure(id=f"x{a}", source=f"x{b}").finding_id(f"x{c}") for a, b, c in (texts[:3], texts[3:]))
    same = [text.strip() for text in (f"x{texts[0]}", f"x{texts[1]}")] == [
        text.strip() for text in (f"x{texts[3]}", f"x{texts[4]}")
    ] and texts[2] == texts[5]
    assert (first == second) is same


@pytest.mark.parametrize(("folder", "action", "target"), [
    ("Trash", "move", "trash"), ("junkemail", None, "junk"), ("JunkEmail", "move", "junk"), (None, "delete", "delete"),
    (" ", "trash", "trash"), (None, None, None), ("Somewhere", "move", "somewhere"),
])  # fmt: skip
def test_target_folder(folder: str | None, action: str | None, target: str | None) -> None:
    assert make_failure(folder=folder, action=action).target_folder == target


def test_angle_brackets_are_added_to_a_message_id() -> None:
    assert make_failure(internet_message_id=" a@b ").internet_message_id == "<a@b>"
    assert make_failure(internet_message_id="<a@b>").internet_message_id == "<a@b>"
    assert make_failure(internet_message_id=" ").internet_message_id is None


ARRIVED = "2026-11-20T00:00:00Z"


@pytest.mark.parametrize(("occurred", "kept", "days"), [
    ("2026-11-20T12:00:00Z", True, 400), ("2026-11-21T00:00:00Z", True, 400), ("2026-11-21T00:00:00.1Z", False, 400),
    ("2025-10-16T00:00:00Z", True, 400), ("2025-10-15T23:59:59Z", False, 400), ("1970-01-01T00:00:00Z", False, 400),
    ("1970-01-01T00:00:00Z", True, 0), ("9999-01-01T00:00:00Z", False, 0), (None, True, 400),
])  # fmt: skip
def test_a_time_that_cannot_be_right_is_that_of_the_arrival(occurred: str | None, kept: bool, days: int) -> None:
    failure = make_failure(occurred_at=occurred, raw={"more": 1})
    placed = failure.in_time(ARRIVED, days)
    assert placed.occurred_at == (occurred if kept else ARRIVED)
    assert placed.raw == ({"more": 1} if kept else {"more": 1, "occurredAt": occurred})
    assert placed.in_time(ARRIVED, days) == placed
