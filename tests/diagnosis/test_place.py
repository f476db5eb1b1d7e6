"""Where the message is, and whether the person can still open it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import (
    NO_MAILBOX,
    answer,
    copy_in,
    folder,
    make_case,
    message_in,
    well_known,
)
from triage.diagnosis.place import Location, Place, place_of
from triage.graph.evidence import Answer, Reason, State
from triage.graph.models.mail import Message

RECOVERABLE = Message(id="r", parent_folder_id="dumpster-id", is_read=True)
QUARANTINE = folder("ETD Quarantine", hidden=True)
CLUTTER = {"clutter": folder("clutter", hidden=True)}


def place(failure: dict[str, Any] | None = None, **evidence: Any) -> Place:
    return place_of(make_case(failure=failure, **evidence))


PLACES: list[tuple[str, Place, dict[str, Any]]] = [
    ("inbox", Place(Location.INBOX, "Inbox", False, 1), {}),
    ("junk", Place(Location.JUNK, "Junk Email", False, 1), message_in("junkemail")),
    ("deleted", Place(Location.DELETED_ITEMS, "Deleted Items", False, 1), message_in("deleteditems")),
    ("archive", Place(Location.ARCHIVE_FOLDER, "Archive", False, 1), message_in("archive")),
    ("sent", Place(Location.SENT_ITEMS, "Sent Items", False, 1), message_in("sentitems")),
    ("a folder of the person's", Place(Location.OTHER_FOLDER, "Invoices", False, 1),
     message_in("Invoices", also=[folder("Invoices")])),
    ("a folder below the Inbox", Place(Location.OTHER_FOLDER, "Sub", False, 1),
     message_in("Sub", also=[folder("Sub", parent="inbox-id")])),
    ("a folder that was deleted whole", Place(Location.DELETED_ITEMS, "Old", False, 1),
     message_in("Old", also=[folder("Old", parent="deleteditems-id")])),
    ("a folder in a deleted one", Place(Location.DELETED_ITEMS, "2024", False, 1),
     message_in("2024", also=[folder("2024", parent="Old-id"), folder("Old", parent="Older-id"),
                              folder("Older", parent="deleteditems-id")])),
    ("a folder in a folder", Place(Location.OTHER_FOLDER, "2024", False, 1),
     message_in("2024", also=[folder("2024", parent="Old-id"), folder("Old", parent="inbox-id")])),
    ("a hidden folder", Place(Location.QUARANTINE, "ETD Quarantine", False, 1),
     message_in("ETD Quarantine", also=[QUARANTINE])),
    ("a hidden well-known folder", Place(Location.OTHER_FOLDER, "clutter", False, 1),
     message_in("clutter", also=[CLUTTER["clutter"]], well_known=well_known(**CLUTTER))),
    ("recoverable", Place(Location.RECOVERABLE_ITEMS, None, True, 1), {"message": [], "recoverable_items": [RECOVERABLE]}),
    ("found by the search, in Recoverable Items", Place(Location.RECOVERABLE_ITEMS, "recoverableitemsdeletions", False, 1),
     message_in("recoverableitemsdeletions",
                well_known=well_known(recoverableitemsdeletions=folder("recoverableitemsdeletions", hidden=True)))),
    ("nowhere", Place(Location.NOT_FOUND), {"message": [], "recoverable_items": [], "hidden_folders": []}),
    ("nowhere, with a hidden folder", Place(Location.NOT_FOUND),
     {"message": [], "recoverable_items": [], "hidden_folders": [QUARANTINE],
      "hidden_messages": {QUARANTINE.id: answer("hidden_folder", [])}}),
    ("in a hidden folder that the search leaves out", Place(Location.QUARANTINE, "ETD Quarantine", False, 1),
     {"message": [], "recoverable_items": [], "hidden_folders": [QUARANTINE], "well_known": well_known(),
      "hidden_messages": {QUARANTINE.id: answer("hidden_folder", [copy_in("ETD Quarantine")])}}),
    ("in a hidden folder that Exchange knows by a name", Place(Location.OTHER_FOLDER, "clutter", False, 1),
     {"message": [], "hidden_folders": [CLUTTER["clutter"]], "well_known": well_known(**CLUTTER),
      "hidden_messages": {"clutter-id": answer("hidden_folder", [copy_in("clutter")])}}),
    ("snoozed", Place(Location.OTHER_FOLDER, "Scheduled", True, 1),
     {"message": [], "snoozed": [copy_in("Scheduled", is_read=True)],
      "well_known": well_known(scheduled=folder("Scheduled", hidden=True))}),
    ("snoozed, in a folder without a name", Place(Location.OTHER_FOLDER, None, False, 1),
     {"message": [], "snoozed": [copy_in("Scheduled")], "well_known": well_known(scheduled=Reason.TIMEOUT)}),
    ("snoozed, and deleted for good", Place(Location.OTHER_FOLDER, None, False, 2),
     {"message": [], "snoozed": [copy_in("Scheduled")], "recoverable_items": [RECOVERABLE]}),
    ("nowhere, without a folder of snoozed mail", Place(Location.NOT_FOUND), {"message": [], "snoozed": None}),
    ("no mailbox", Place(Location.NOT_CHECKED), NO_MAILBOX),
    ("the mailbox was not asked", Place(Location.NOT_CHECKED), {"mailbox": ...}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "evidence"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_places(expected: Place, evidence: dict[str, Any]) -> None:
    assert place(**evidence) == expected


def test_without_an_internet_message_id_nothing_was_looked_for() -> None:
    assert place({"internet_message_id": None}, message=..., recoverable_items=...) == Place(Location.NOT_CHECKED)


ORDER = ["inbox", "Invoices", "archive", "junkemail", "sentitems", "deleteditems", "recoverable", "Hidden"]
LOCATIONS = [
    *("inbox", "other_folder", "archive_folder", "junk", "sent_items", "deleted_items"),
    *("recoverable_items", "quarantine"),
]


@pytest.mark.parametrize("first", range(len(ORDER) - 1))
@pytest.mark.parametrize("turned", [False, True])
def test_of_several_copies_the_most_reachable_counts(first: int, turned: bool) -> None:
    for second in range(first + 1, len(ORDER)):
        names = [ORDER[first], ORDER[second]]
        in_folders = [name for name in (names[::-1] if turned else names) if name != "recoverable"]
        evidence = message_in(*in_folders, also=[folder("Invoices"), folder("Hidden", hidden=True)])
        if "recoverable" in names:
            evidence["recoverable_items"] = [RECOVERABLE]
        found = place(**evidence)
        assert (found.location.value, found.copies) == (LOCATIONS[first], 2)


def test_a_copy_that_both_searches_find_is_one_copy() -> None:
    twice = copy_in("junkemail")
    assert place(**{**message_in("junkemail"), "recoverable_items": [twice]}).copies == 1
    assert place(recoverable_items=[copy_in("inbox")]).copies == 1
    assert place(recoverable_items=[RECOVERABLE]).copies == 2


@pytest.mark.parametrize("name", ["inbox", "junkemail"])
@pytest.mark.parametrize(("states", "expected"), [
    ([False, True], True), ([False, None], False), ([None], None), ([True], True),
])  # fmt: skip
def test_read_if_any_copy_there_was_read(states: list[bool | None], expected: bool | None, name: str) -> None:
    copies = [copy_in(name, is_read=state, number=number) for number, state in enumerate(states)]
    assert place(message=copies, well_known=well_known()).is_read is expected


UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("the Inbox", {"mailbox": Reason.TIMEOUT}),
    ("the search", {"message": Reason.FORBIDDEN}),
    ("the search was not made", {"message": ...}),
    ("Recoverable Items, with nothing elsewhere", {"message": [], "recoverable_items": Reason.THROTTLED}),
    ("Recoverable Items, with a copy in Junk Email", message_in("junkemail", recoverable_items=Reason.THROTTLED)),
    ("a well-known folder that the copy may be in",
     message_in("Invoices", also=[folder("Invoices")], well_known=well_known(deleteditems=Reason.TIMEOUT))),
    ("the copy's folder", message_in("Invoices", folders={"Invoices-id": answer("folder", Reason.TIMEOUT)})),
    ("the copy's folder was not asked", message_in("Invoices")),
    ("the copy's folder is gone by now", message_in("Invoices", folders={"Invoices-id": answer("folder", None)})),
    ("whether a hidden folder is a well-known one",
     message_in("ETD Quarantine", also=[QUARANTINE], well_known=well_known(clutter=Reason.TIMEOUT))),
    ("the hidden folders", {"message": [], "recoverable_items": [], "hidden_folders": Reason.TIMEOUT}),
    ("the hidden folders were not asked", {"message": [], "hidden_folders": ...}),
    ("the hidden folders, with a copy in Recoverable Items",
     {"message": [], "recoverable_items": [RECOVERABLE], "hidden_folders": Reason.TIMEOUT}),
    ("the snoozed messages", {"message": [], "snoozed": Reason.TIMEOUT}),
    ("the snoozed messages, with a copy in Recoverable Items",
     {"message": [], "recoverable_items": [RECOVERABLE], "snoozed": Reason.FORBIDDEN}),
    ("a folder above the copy's", message_in("2024", also=[folder("2024", parent="Old-id")])),
    ("a folder above the copy's is gone by now",
     message_in("2024", folders={"2024-id": answer("folder", folder("2024", parent="Old-id")),
                                 "Old-id": answer("folder", None)})),
    ("a hidden folder", {"message": [], "recoverable_items": [], "hidden_folders": [QUARANTINE],
                         "hidden_messages": {QUARANTINE.id: answer("hidden_folder", Reason.TIMEOUT)}}),
    ("whether a hidden folder is a well-known one was not asked",
     message_in("ETD Quarantine", also=[QUARANTINE], well_known={})),
    ("whether the hidden folder with the copy is a well-known one",
     {"message": [], "recoverable_items": [], "hidden_folders": [QUARANTINE],
      "well_known": well_known(clutter=Reason.TIMEOUT),
      "hidden_messages": {QUARANTINE.id: answer("hidden_folder", [copy_in("ETD Quarantine")])}}),
]  # fmt: skip


@pytest.mark.parametrize("evidence", [row[1] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN])
def test_unknown(evidence: dict[str, Any]) -> None:
    assert place(**evidence) == Place(Location.UNKNOWN)


CANNOT_MATTER: list[tuple[str, Location, dict[str, Any]]] = [
    ("Recoverable Items, with a copy in the Inbox", Location.INBOX, {"recoverable_items": Reason.FORBIDDEN}),
    ("the well-known folders, with a copy in the Inbox", Location.INBOX,
     {"well_known": dict.fromkeys(("junkemail", "archive"), answer("folder", Reason.TIMEOUT))}),
    ("another well-known folder than the copy's", Location.JUNK,
     message_in("junkemail", well_known=well_known(archive=Reason.TIMEOUT))),
    ("a hidden well-known folder, with a copy in a plain one", Location.OTHER_FOLDER,
     message_in("Invoices", also=[folder("Invoices")], well_known=well_known(clutter=Reason.TIMEOUT))),
    ("a well-known folder that the mailbox does not have", Location.OTHER_FOLDER,
     message_in("Invoices", also=[folder("Invoices")], well_known=well_known(archive=None))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("location", "evidence"), [row[1:] for row in CANNOT_MATTER], ids=[row[0] for row in CANNOT_MATTER]
)
def test_unread_and_cannot_matter(location: Location, evidence: dict[str, Any]) -> None:
    assert place(**evidence).location is location


def test_a_mailbox_whose_inbox_is_not_found_does_not_answer() -> None:
    inbox: Answer[Any] = Answer("mailbox", State.ABSENT, status=404, error_code="ErrorItemNotFound")
    assert place(mailbox=inbox, **message_in("junkemail")).location is Location.NOT_CHECKED
