"""Whether the person can still open the message, and how severe that makes a cause."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.test_message import DONE, IN
from tests.factories import MAILBOX, NO_MAILBOX, NOBODY, answer, copy_in, folder, make_case, message_in
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Severity
from triage.diagnosis.exposure import exposed, severity
from triage.diagnosis.place import place_of
from triage.graph.evidence import Reason, State
from triage.graph.models.directory import User
from triage.graph.models.mail import Message, MessageTrace

REACH = {
    **dict.fromkeys(("inbox", "junk", "archive_folder", "other_folder", "sent_items", "deleted_items"), True),
    **dict.fromkeys(("recoverable_items", "quarantine"), False),
    "not_found": None,
}
TARGETS = ["inbox", "junk", "junkemail", "trash", "delete", "quarantine", "elsewhere", None]


def reach(failure: dict[str, Any] | None = None, **evidence: Any) -> bool | None:
    case = make_case(failure=failure, **evidence)
    return exposed(case, place_of(case))


@pytest.mark.parametrize("location", IN)
@pytest.mark.parametrize("target", TARGETS)
def test_each_place_against_each_target(target: str | None, location: str) -> None:
    expected = False if (target, location) in DONE else REACH[location]
    assert reach({"folder": target, "action": None}, **IN[location]) is expected


def test_a_copy_in_the_target_folder_does_not_hide_one_that_can_be_opened() -> None:
    assert reach({"folder": "trash"}, **message_in("deleteditems", "inbox")) is True
    assert reach({"folder": "junk"}, **message_in("deleteditems", "junkemail")) is False


@pytest.mark.parametrize("evidence", [
    NO_MAILBOX, {"mailbox": ...}, {"mailbox": Reason.FORBIDDEN}, {"message": Reason.TIMEOUT},
    {"message": [], "hidden_folders": Reason.FORBIDDEN}, {"message": [], "snoozed": Reason.FORBIDDEN},
    {"message": [], "recoverable_items": Reason.THROTTLED}, message_in("Invoices"),
])  # fmt: skip
@pytest.mark.parametrize("target", TARGETS)
def test_what_was_not_read_is_not_known(target: str | None, evidence: dict[str, Any]) -> None:
    assert reach({"folder": target}, **evidence) is None


def test_an_empty_search_for_an_invalid_message_id_says_nothing() -> None:
    failure = {"internet_message_id": "20261120.1", "folder": "delete"}
    assert reach(failure, message=[]) is None
    assert reach({**failure, "internet_message_id": "<a@b>"}, message=[]) is False
    assert reach(failure) is True


@pytest.mark.parametrize(("status", "expected"), [("quarantined", False), ("failed", False), ("delivered", None)])
def test_the_message_trace_shows_that_a_message_is_out_of_reach(status: str, expected: bool | None) -> None:
    traced = [MessageTrace(recipient_address=MAILBOX, status=status)]
    assert reach(message=[], message_trace=traced) is expected
    assert reach(message_trace=traced) is True
    assert reach(message=[], message_trace=Reason.TIMEOUT) is None


DELETED: dict[str, Any] = {**NOBODY, "deleted_user": User(id="u")}


def test_nobody_can_sign_in_to_the_mailbox_of_a_deleted_user() -> None:
    assert reach(**DELETED) is False
    assert reach(**NOBODY) is None
    assert reach(**{**DELETED, "alias": User(id="living")}) is None
    assert reach(**{**DELETED, "deleted_user": Reason.FORBIDDEN}) is None


def test_a_message_that_was_read_and_can_be_opened_is_critical() -> None:
    raised = {
        (is_exposed, is_read): severity(Severity.LOW, exposed=is_exposed, is_read=is_read)
        for is_exposed in (True, False, None)
        for is_read in (True, False, None)
    }
    assert [pair for pair, found in raised.items() if found is not Severity.LOW] == [(True, True)]
    assert raised[True, True] is Severity.CRITICAL


UNREADABLE = st.sampled_from([..., *Reason])
HIDDEN, PLAIN, CLUTTER = folder("Hidden", hidden=True), folder("Plain"), folder("clutter", hidden=True)
NAMES = ("inbox", "junkemail", "deleteditems", "sentitems", "Hidden", "Plain", "clutter", "recoverableitemsdeletions")
COPIES = st.lists(st.sampled_from([copy_in(name) for name in NAMES]), max_size=3)
SEARCHES = st.one_of(COPIES, st.none(), UNREADABLE)


def _folder_answers(*choices: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([*choices, None, Reason.TIMEOUT, Reason.FORBIDDEN]).map(lambda one: answer("folder", one))


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    names = ("junkemail", "deleteditems", "archive", "sentitems", "clutter", "recoverableitemsdeletions")
    evidence: dict[str, Any] = {
        "mailbox": draw(st.one_of(st.sampled_from([folder("inbox"), None]), UNREADABLE)),
        "message": draw(SEARCHES),
        "recoverable_items": draw(st.one_of(st.sampled_from([[], [Message(id="r")]]), SEARCHES)),
        "snoozed": draw(SEARCHES),
        "hidden_folders": draw(st.one_of(st.sampled_from([[], [HIDDEN], [HIDDEN, CLUTTER]]), UNREADABLE)),
        "well_known": {name: draw(_folder_answers(folder(name))) for name in names if draw(st.booleans())},
        "folders": {one.id: draw(_folder_answers(one)) for one in (HIDDEN, PLAIN, CLUTTER) if draw(st.booleans())},
    }
    listed = evidence["hidden_folders"] if isinstance(evidence["hidden_folders"], list) else []
    searched = {one.id: draw(SEARCHES) for one in listed}
    evidence["hidden_messages"] = {key: answer("hidden_folder", one) for key, one in searched.items() if one is not ...}
    if draw(st.booleans()):
        people = {name: draw(st.one_of(st.none(), UNREADABLE)) for name in ("user", "alias", "group", "contact")}
        evidence |= people | {"deleted_user": draw(st.one_of(st.sampled_from([User(id="u"), None]), UNREADABLE))}
    target = draw(st.sampled_from(["trash", "junk", "quarantine", "inbox", "delete", "?"]))
    return make_case(failure={"folder": target}, **{name: one for name, one in evidence.items() if one is not ...})


def carried_by_a_reading(case: Case) -> bool:
    """Whether the evidence has a reading that shows that the message is out of reach, or where the action aimed."""
    evidence, target = case.evidence, case.failure.folder
    if evidence.deleted_user.state is State.READ and evidence.user.state is evidence.alias.state is State.ABSENT:
        return True
    searches = [evidence.message, evidence.recoverable_items]
    if not evidence.message.value:
        searches += [evidence.snoozed, evidence.hidden_folders, *evidence.hidden_messages.values()]
    if not all(search.known for search in searches):
        return bool(evidence.message.value) and target == "inbox" and evidence.mailbox.state is State.READ
    copies = [copy for search in (evidence.message, *evidence.hidden_messages.values()) for copy in search.value or []]
    folders = {copy.parent_folder_id for copy in copies}
    if evidence.recoverable_items.value or "recoverableitemsdeletions-id" in folders:
        return True
    aimed = {"trash": "deleteditems-id", "junk": "junkemail-id", "inbox": "inbox-id"}
    if not copies:
        return target == "delete" and not evidence.snoozed.value
    return aimed.get(target or "") in folders or "Hidden-id" in folders or bool(evidence.hidden_messages)


@settings(max_examples=200)
@given(case=any_case())
def test_nothing_says_that_a_message_is_out_of_reach_without_a_reading(case: Case) -> None:
    place = place_of(case)
    if exposed(case, place) is False:
        assert carried_by_a_reading(case), place
    if place.location in ("unknown", "not_checked") and not case.evidence.deleted_user.value:
        assert exposed(case, place) is None


@given(case=any_case())
def test_a_copy_in_the_inbox_can_be_opened_whatever_else_was_read(case: Case) -> None:
    inbox = case.evidence.mailbox.value
    there = inbox and any(copy.parent_folder_id == inbox.id for copy in case.evidence.message.value or [])
    if there and case.failure.folder != "inbox" and not case.evidence.deleted_user.value:
        assert exposed(case, place_of(case)) is True
