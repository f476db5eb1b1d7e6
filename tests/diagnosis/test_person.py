"""The person comes first while the message can be opened: a warning, or questions and what contains the damage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.powershell import parse
from tests.factories import MAILBOX, Reason, folder, make_app, make_case, make_user, message_in
from triage.diagnosis.diagnose import diagnose
from triage.diagnosis.place import place_of
from triage.diagnosis.remedy import Action, actions
from triage.intake.scenario import Scenario

SECURE = "If they entered a password, approved a sign-in, opened an attachment, or are not sure: secure the account"
CONTAIN = [
    SECURE,
    "Look at the sign-ins since the message came",
    "Look for Inbox rules and forwarding that the person did not make",
]


def steps(
    folder_name: str = "inbox", *, is_read: bool | None, exposed: bool | None = True, **changes: Any
) -> list[Action]:
    failure = {"subject": "Your invoice", "verdict": "phishing", **changes.pop("failure", {})}
    found = message_in(folder_name, also=[folder(folder_name)] if folder_name == "Invoices" else [])
    found["message"] = [found["message"][0].model_copy(update={"is_read": is_read})]
    case = make_case(Scenario.RESOURCE_NOT_FOUND, failure, **{**found, **changes})
    return actions(diagnose(case), case, place_of(case), exposed=exposed)


@pytest.mark.parametrize("is_read", [False, None])
def test_a_person_who_has_not_read_the_message_is_warned_first(is_read: bool | None) -> None:
    first, *others = steps(is_read=is_read)
    assert first.title == "Warn the person"
    assert (
        "\"Please do not open the message 'Your invoice'. Our mail protection classified it as phishing."
        in first.detail
    )
    assert not {action.title for action in others} & set(CONTAIN)


def test_a_person_who_has_read_the_message_is_asked_and_the_account_secured() -> None:
    found = steps(is_read=True)
    assert found[0].title == "Ask the person what they did with the message"
    assert "You received the message 'Your invoice'." in found[0].detail
    assert [action.title for action in found[1:4]] == CONTAIN
    secure, sign_ins, rules = (action.command or "" for action in found[1:4])
    code = parse(secure).code
    assert code.index("Get-MgUser ") < code.index("Update-MgUser ") < code.index("Revoke-MgUserSignInSession ")
    assert "'user-object'" in secure
    assert "-Scopes 'User.Read.All', 'User-PasswordProfile.ReadWrite.All', 'User.RevokeSessions.All' " in secure
    assert "-Filter ('userId eq ''user-object''' + ' and createdDateTime ge ' + '2026-11-" in sign_ins
    assert f"Get-InboxRule -Mailbox '{MAILBOX}' -IncludeHidden" in rules


@pytest.mark.parametrize("exposed", [False, None])
def test_nobody_is_warned_of_what_nobody_can_open(exposed: bool | None) -> None:
    titles = [action.title for action in steps(is_read=True, exposed=exposed)]
    assert not any(title.startswith(("Warn", "Ask", "If they")) for title in titles)


def test_a_synced_user_gets_the_new_password_on_premises() -> None:
    secure = steps(is_read=True, user=make_user(on_premises_sync_enabled=True))[1]
    assert "Active Directory" in secure.detail
    assert "Revoke-MgUserSignInSession" in (secure.command or "")
    assert "Update-MgUser" not in (secure.command or "")


@pytest.mark.parametrize("purpose", ["shared", "room"])
def test_a_mailbox_without_an_owner_has_members_to_ask(purpose: str) -> None:
    warned = steps(is_read=False, mailbox_purpose=purpose)[0]
    assert warned.title == "Warn everyone who uses the mailbox"
    assert f"Get-MailboxPermission -Identity '{MAILBOX}'" in (warned.command or "")
    asked, secure, *_ = steps(is_read=True, mailbox_purpose=purpose)
    assert asked.title == "Ask everyone who uses the mailbox what they did with the message"
    assert f"of type {purpose}" in asked.detail
    assert "-UserId '<object ID of the person>'" in (secure.command or "")
    assert secure.url is None


def test_a_purpose_that_was_not_read_leaves_the_person() -> None:
    assert steps(is_read=False, mailbox_purpose=Reason.FORBIDDEN)[0].title == "Warn the person"


@pytest.mark.parametrize("is_read", [True, False])
def test_the_sender_of_a_message_is_asked_whether_they_sent_it(is_read: bool) -> None:
    found = steps("sentitems", is_read=is_read)
    assert found[0].title == "Ask the person whether they sent the message"
    assert [action.title for action in found[1:4]] == CONTAIN


def test_the_rules_are_looked_at_once_where_the_cause_asks_for_them_too() -> None:
    titles = [action.title for action in steps("Invoices", is_read=True)]
    assert titles.count(CONTAIN[2]) == 1


def test_the_person_comes_first_also_where_the_cause_is_not_known() -> None:
    found = steps(is_read=False, app=make_app(permissions=Reason.FORBIDDEN))
    assert [action.title for action in found] == [
        "Warn the person",
        "Grant Application.Read.All to the triage identity",
    ]


def test_a_message_without_a_subject_leaves_a_gap_that_shows() -> None:
    found = steps(is_read=False, failure={"subject": None, "verdict": None})[0]
    assert "\"Please do not open the message '<subject of the message>'. It is not safe." in found.detail
