"""The causes about the message: where it is, compared with where the remediation was to put it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import (
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    answer,
    diagnosed,
    folder,
    make_app,
    make_user,
    message_in,
    well_known,
)
from triage.graph.evidence import Lack, Reason
from triage.graph.models.mail import Message, MessageRule, MessageRuleActions, MessageTrace
from triage.intake.scenario import Scenario

PERSON_FIRST = [Scenario.RESOURCE_NOT_FOUND, Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE]
GONE: dict[str, Any] = {"message": [], "recoverable_items": [], "hidden_folders": []}
IN: dict[str, dict[str, Any]] = {
    "inbox": {},
    "junk": message_in("junkemail"),
    "other_folder": message_in("Invoices", also=[folder("Invoices")]),
    "archive_folder": message_in("archive"),
    "sent_items": message_in("sentitems"),
    "deleted_items": message_in("deleteditems"),
    "recoverable_items": {"message": [], "recoverable_items": [Message(id="r", parent_folder_id="x")]},
    "quarantine": message_in("Hidden", also=[folder("Hidden", hidden=True)]),
    "not_found": GONE,
}
# The cause if the target is another folder, and the targets with which the message is remediated already.
ELSEWHERE = {
    "inbox": "message_present",
    "junk": "message_junked",
    "other_folder": "message_moved",
    "archive_folder": "message_moved",
    "sent_items": "message_sent_copy",
    "deleted_items": "message_deleted",
    "recoverable_items": "message_recoverable",
    "quarantine": "message_remediated",
    "not_found": "message_gone",
}
DONE = {
    ("inbox", "inbox"), ("junk", "junk"), ("junkemail", "junk"), ("trash", "deleted_items"),
    ("delete", "recoverable_items"), ("delete", "not_found"), ("quarantine", "quarantine"),
}  # fmt: skip
FACTS = {
    "message_remediated": ("confirmed", "info"),
    "message_deleted": ("confirmed", "medium"),
    "message_recoverable": ("confirmed", "low"),
    "message_sent_copy": ("confirmed", "high"),
    "message_junked": ("confirmed", "medium"),
    "message_moved": ("confirmed", "high"),
    "message_gone": ("probable", "low"),
    "message_present": ("probable", "high"),
}


@pytest.mark.parametrize("location", IN)
@pytest.mark.parametrize(
    "target", ["inbox", "junk", "junkemail", "trash", "delete", "quarantine", "move", "elsewhere", None]
)
@pytest.mark.parametrize("scenario", PERSON_FIRST)
def test_each_place_against_each_target(scenario: Scenario, target: str | None, location: str) -> None:
    found = diagnosed(scenario, {"folder": target, "action": "move"}, **IN[location])
    expected = "message_remediated" if (target, location) in DONE else ELSEWHERE[location]
    assert (found.cause, found.confidence, found.severity) == (expected, *FACTS[expected])
    assert (found.alternatives, found.lacks) == ((), ())


@pytest.mark.parametrize("action", ["trash", "TRASH", " Trash "])
def test_the_action_is_the_target_if_there_is_no_folder(action: str) -> None:
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, {"action": action}, **IN["deleted_items"])
    assert found.cause == "message_remediated"
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, {"action": action, "folder": "junk"}, **IN["deleted_items"])
    assert found.cause == "message_deleted"


SENTENCES = {
    "inbox": f"The message in {MAILBOX} is in the Inbox: Email Threat Defense used an id that has changed, or the fault "
    "was temporary.",
    "junk": f"The message in {MAILBOX} is in Junk Email, where it can still be opened. Who moved it there was not read.",
    "other_folder": f"The message in {MAILBOX} is not in the Inbox: it is in the folder 'Invoices', where it can still be "
    "opened.",
    "archive_folder": f"The message in {MAILBOX} is not in the Inbox: it is in the Archive folder, where it can still be "
    "opened.",
    "sent_items": f"The message in {MAILBOX} has its most reachable copy in Sent Items: it was sent from this mailbox, so "
    "look at the account.",
    "deleted_items": f"The message in {MAILBOX} is in Deleted Items, where it can still be opened. Who moved it there was "
    "not read.",
    "recoverable_items": f"The message in {MAILBOX} is in Recoverable Items, where it can't be opened, only restored. Who "
    "deleted it was not read.",
    "quarantine": f"The message is already in a hidden quarantine folder: there is nothing left to remediate in {MAILBOX}.",
    "not_found": f"The message in {MAILBOX} is not in the primary mailbox. Most often, Microsoft 365 has quarantined it; or "
    "it was deleted for good, moved to the archive mailbox, or never delivered.",
}


@pytest.mark.parametrize("location", IN)
def test_sentences(location: str) -> None:
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, **IN[location]).summary == SENTENCES[location]


def test_sentences_of_what_is_already_done() -> None:
    deleted = diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "delete"}, **GONE)
    assert (
        deleted.summary == f"The message is no longer in the mailbox: there is nothing left to remediate in {MAILBOX}."
    )
    junk = diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "junk"}, **IN["junk"])
    assert junk.summary == f"The message is already in Junk Email: there is nothing left to remediate in {MAILBOX}."
    nameless = message_in("X", also=[folder("X").model_copy(update={"display_name": None})])
    assert "it is in another folder, where" in diagnosed(Scenario.RESOURCE_NOT_FOUND, **nameless).summary


def test_a_copy_in_the_target_folder_does_not_hide_one_in_the_inbox() -> None:
    evidence = message_in("deleteditems", "inbox")
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "trash"}, **evidence)
    assert (found.cause, found.also_seen) == ("message_present", ())
    quarantined = message_in("Hidden", "Invoices", also=[folder("Hidden", hidden=True), folder("Invoices")])
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "quarantine"}, **quarantined).cause == "message_moved"


@pytest.mark.parametrize("location", IN)
@pytest.mark.parametrize("scenario", [Scenario.UNKNOWN_REASON, Scenario.UNCLASSIFIED])
def test_below_a_healthy_app_only_a_message_in_the_inbox_counts(scenario: Scenario, location: str) -> None:
    found = diagnosed(scenario, **IN[location])
    in_inbox = "app_healthy" if scenario is Scenario.UNKNOWN_REASON else "message_present"
    assert found.cause == (in_inbox if location == "inbox" else ELSEWHERE[location])


UNREAD: list[tuple[str, dict[str, Any], str]] = [
    ("the search", {"message": Reason.FORBIDDEN}, "message"),
    ("Recoverable Items", {**GONE, "recoverable_items": Reason.FORBIDDEN}, "recoverable_items"),
    ("the hidden folders", {**GONE, "hidden_folders": Reason.FORBIDDEN}, "hidden_folders"),
    ("a hidden folder", {**GONE, "hidden_folders": [folder("H", hidden=True)],
                         "hidden_messages": {"H-id": answer("hidden_folder", Reason.FORBIDDEN)}}, "hidden_folder"),
    ("a well-known folder", message_in("Invoices", also=[folder("Invoices")],
                                       well_known=well_known(junkemail=Reason.FORBIDDEN)), "folder"),
]  # fmt: skip


@pytest.mark.parametrize(("evidence", "check"), [row[1:] for row in UNREAD], ids=[row[0] for row in UNREAD])
@pytest.mark.parametrize("scenario", list(Scenario))
def test_unread(scenario: Scenario, evidence: dict[str, Any], check: str) -> None:
    found = diagnosed(scenario, **evidence)
    assert (found.cause, found.lacks) == (
        "undetermined",
        (Lack(check=check, reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All"),),
    )


ALIAS = {"user": None, "alias": make_user(user_principal_name="adele.vance@contoso.com"), "deleted_user": None}


def test_address_is_alias() -> None:
    found = diagnosed(Scenario.INVALID_USER, **ALIAS)
    assert (found.cause, found.confidence, found.severity) == ("address_is_alias", "probable", "medium")
    assert found.summary == (
        f"{MAILBOX} is another address of adele.vance@contoso.com, whose mailbox answers: Graph finds a user by UPN or "
        "id, not by such an address."
    )
    # It comes before the message in the Inbox, and below the message elsewhere.
    assert diagnosed(Scenario.INVALID_USER, **ALIAS, **IN["junk"]).cause == "message_junked"


@pytest.mark.parametrize("scenario", [Scenario.RESOURCE_NOT_FOUND, Scenario.MAILBOX_UNAVAILABLE])
def test_an_alias_in_another_scenario_is_no_cause(scenario: Scenario) -> None:
    assert diagnosed(scenario, **ALIAS).cause == "message_present"


def test_near_misses_of_an_alias() -> None:
    assert diagnosed(Scenario.INVALID_USER).cause == "message_present"
    assert diagnosed(Scenario.INVALID_USER, **ALIAS, **NO_MAILBOX).cause == "mailbox_disconnected"
    nobody = {name: value for name, value in NOBODY.items() if name not in NO_MAILBOX}
    assert diagnosed(Scenario.INVALID_USER, **nobody).cause == "message_present"


def test_an_alias_that_could_not_be_asked_for() -> None:
    found = diagnosed(Scenario.INVALID_USER, **{**ALIAS, "alias": Reason.FORBIDDEN})
    assert (found.cause, found.lacks) == (
        "undetermined",
        (Lack(check="alias", reason=Reason.FORBIDDEN, permission="User.Read.All"),),
    )


def test_an_alias_does_not_matter_where_the_user_is_there() -> None:
    assert diagnosed(Scenario.INVALID_USER, alias=Reason.FORBIDDEN).cause == "message_present"


NOT_LOOKED_FOR = {"internet_message_id": None}


def test_mailbox_reachable() -> None:
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, NOT_LOOKED_FOR, message=..., recoverable_items=...)
    assert (found.cause, found.confidence, found.severity) == ("mailbox_reachable", "possible", "medium")
    assert found.summary == (
        f"{MAILBOX} and its mailbox are in order. The message was not looked for: the failure has no internetMessageId."
    )
    assert found.alternatives, "possible: fits, and so does an alternative"


def test_near_misses_of_mailbox_reachable() -> None:
    without: dict[str, Any] = {"message": ..., "recoverable_items": ...}
    assert diagnosed(Scenario.UNKNOWN_REASON, NOT_LOOKED_FOR, **without).cause == "app_healthy"
    disconnected = diagnosed(Scenario.RESOURCE_NOT_FOUND, NOT_LOOKED_FOR, **without, mailbox=None)
    assert disconnected.cause == "mailbox_disconnected"
    broken = diagnosed(Scenario.RESOURCE_NOT_FOUND, NOT_LOOKED_FOR, **without, app=make_app(permissions=[]))
    assert broken.cause == "permission_missing"


def test_mailbox_reachable_unread() -> None:
    found = diagnosed(
        Scenario.RESOURCE_NOT_FOUND, NOT_LOOKED_FOR, mailbox=Reason.FORBIDDEN, message=..., recoverable_items=...
    )
    assert (found.cause, found.lacks) == (
        "undetermined",
        (Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All"),),
    )


@pytest.mark.parametrize("folder_name", ["quarantine", "delete"])
def test_an_empty_search_for_an_invalid_message_id_decides_nothing(folder_name: str) -> None:
    failure = {"internet_message_id": "20261120.1", "folder": folder_name}
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, failure, **GONE)
    assert (found.cause, found.lacks) == (
        "undetermined", (Lack(check="internet_message_id", reason=Reason.UNSUPPORTED),)
    )  # fmt: skip
    assert "is not a message ID" in found.summary
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, failure, **IN["junk"]).cause == "message_junked"


def trace(*statuses: str, to: str = MAILBOX) -> dict[str, Any]:
    return {**GONE, "message_trace": [MessageTrace(recipient_address=to, status=status) for status in statuses]}


@pytest.mark.parametrize(("statuses", "cause"), [
    (["quarantined"], "message_quarantined"), (["Quarantined"], "message_quarantined"),
    (["quarantined", "failed"], "message_quarantined"), (["failed"], "message_not_delivered"),
    (["delivered"], "message_gone"), (["quarantined", "delivered"], "message_gone"), (["failed", "pending"], "message_gone"),
    ([], "message_gone"),
])  # fmt: skip
def test_what_the_message_trace_says_of_a_message_that_is_nowhere(statuses: list[str], cause: str) -> None:
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, **trace(*statuses))
    assert found.cause == cause
    assert (found.confidence, found.severity) == (
        ("probable", "low") if cause == "message_gone" else ("confirmed", "info")
    )


def test_the_trace_of_another_recipient_says_nothing() -> None:
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, **trace("quarantined", to="alex@contoso.com")).cause == "message_gone"
    person = make_user(proxy_addresses=["smtp:Other@contoso.com"])
    other = trace("quarantined", to="OTHER@contoso.com")
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, **other, user=person).cause == "message_quarantined"


def test_the_trace_counts_only_if_the_message_is_nowhere() -> None:
    found = {**IN["junk"], "message_trace": trace("quarantined")["message_trace"]}
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, **found).cause == "message_junked"
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "delete"}, **trace("failed")).cause == "message_remediated"


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.UNSUPPORTED, Reason.UNAUTHENTICATED])
def test_a_trace_that_may_not_be_read_decides_nothing(reason: Reason) -> None:
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, **GONE, message_trace=reason).cause == "message_gone"


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.TIMEOUT, Reason.UNAVAILABLE])
def test_a_trace_that_a_later_try_may_read_is_waited_for(reason: Reason) -> None:
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, **GONE, message_trace=reason)
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="message_trace", reason=reason),))


def inbox_rule(name: str, to: str, **changes: Any) -> MessageRule:
    actions = MessageRuleActions(move_to_folder=to)
    return MessageRule(**{"display_name": name, "is_enabled": True, "has_error": False, "actions": actions, **changes})


def test_the_rule_that_moves_messages_there_is_named() -> None:
    rules = [inbox_rule("Bills", "Invoices-id"), inbox_rule("News", "News-id"), MessageRule(display_name="?")]
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, **IN["other_folder"], inbox_rules=rules)
    assert found.cause == "message_moved"
    assert found.summary.endswith(
        "The Inbox rule 'Bills' moves messages there; whether it moved this one was not read."
    )


@pytest.mark.parametrize("rules", [
    [inbox_rule("Bills", "News-id")], [inbox_rule("Bills", "Invoices-id", is_enabled=False)],
    [inbox_rule("Bills", "Invoices-id", has_error=True)], [], Reason.FORBIDDEN, Reason.TIMEOUT, ...,
])  # fmt: skip
def test_without_such_a_rule_only_the_place_is_named(rules: Any) -> None:
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, **IN["other_folder"], inbox_rules=rules)
    assert (found.cause, found.summary) == ("message_moved", SENTENCES["other_folder"])


def test_a_rule_is_named_only_for_a_message_that_is_in_another_folder() -> None:
    rules = [inbox_rule("Junk", "junkemail-id")]
    found = diagnosed(Scenario.RESOURCE_NOT_FOUND, **IN["junk"], inbox_rules=rules)
    assert (found.cause, found.summary) == ("message_junked", SENTENCES["junk"])
