"""What a channel is sent: its shape, its size, and nothing in it that an attacker wrote and somebody would obey."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.factories import OTHER_TENANT_ID
from tests.notifications.samples import CHANNELS, NAMES, NOW, ROUTING_KEY, SECRET, channel, incident, row, settings
from triage.diagnosis import person
from triage.diagnosis.precedence import RULES
from triage.diagnosis.steps import Step
from triage.notifications import teams
from triage.notifications.compose import Writer, last_sent_after, numbers_of
from triage.notifications.notice import Fact, Item, Notice, Numbers, headline
from triage.notifications.pending import LastSent
from triage.notifications.render import render
from triage.notifications.rules import Message
from triage.notifications.storm import storm
from triage.notifications.text import for_slack, plain
from triage.settings import ChannelKind, NotificationEvent

ATTACK = "[Free](https://evil.example) <!channel> <https://evil.example|ok> **x** \u202etxt.exe\u202c\n\x00<script>alert(1)</script>"
KINDS = [kind.value for kind in ChannelKind]


def notice(
    kind: str = "slack",
    what: str = "opened",
    last_sent: LastSent | None = None,
    more: dict[str, Any] | None = None,
    **of: Any,
) -> Notice:
    to = channel(kind, **of)
    one = row(what, to=to, **(more or {}))
    return Writer(settings(), to, NAMES).notice(one, one.document, last_sent, NOW)


def sent(kind: str, found: Notice, **of: Any) -> dict[str, Any]:
    return json.loads(render(found, channel(kind, **of), "https://triage.example").body)


def test_a_notice_has_the_numbers_now_and_what_has_changed() -> None:
    before = LastSent(
        NOW, True, Numbers(findings=9000, open_findings=9000, exposed=9000, read=12, mailboxes=4021), "high"
    )
    found = notice(last_sent=before)
    assert headline(found) == "New incident (critical): Contoso: Admin consent for Mail.ReadWrite is missing"
    assert found.facts == [
        Fact("Severity", "critical (was high)"),
        Fact("Open findings", "9,120 (+120)"),
        Fact("Messages that can still be opened", "8,800 (-200)"),
        Fact("Marked as read", "12"),
        Fact("Mailboxes", "4,021"),
        Fact("Open since", "2026-09-21 14:12 UTC"),
        Fact("As of", "2026-09-21 14:13 UTC"),
    ]
    assert (found.step, found.link) == ("Grant admin consent", "Open the incident")
    assert found.url == f"https://triage.example/api/dashboard?incident={'0f' * 16}"
    assert "critical (was" not in str(notice().facts)


def test_a_suppression_says_who_why_and_until_when() -> None:
    suppression = {"reason": "Test tenant", "until": "2026-12-01T00:00:00Z", "by": "ada", "at": "2026-11-20T00:00:00Z"}
    start = notice(what="suppressed", more={"suppression": suppression, "state": "suppressed"})
    assert start.lines == [
        "Until 2026-12-01 00:00 UTC, by ada. You get no messages about it until then.",
        "Reason: Test tenant",
    ]
    assert (start.reason, start.step) == ("Suppressed", None)
    end = notice(what="suppressed", more={"ended": True})
    assert (end.reason, end.lines, end.ends) == ("No longer suppressed", [], False)


def test_the_alert_of_a_reopened_incident_is_another_one_unless_the_first_is_still_open() -> None:
    identifier = incident()["id"]
    assert notice("pagerduty", "reopened", more={"reopened": 2}).alert == f"{identifier}:2"
    still = LastSent(NOW, True, Numbers(), "critical", f"{identifier}:1")
    assert notice("pagerduty", "reopened", still, more={"reopened": 2}).alert == f"{identifier}:1"


def test_what_was_sent_to_a_channel_is_kept() -> None:
    to = channel("pagerduty")
    opened, resolved = row("opened", to=to), row("resolved", 2, to=to)
    writer = Writer(settings(), to, NAMES)
    first = last_sent_after(
        Message(opened), writer.notice(opened, opened.document, None, NOW), opened.document, to, NOW
    )
    assert first == LastSent(NOW, True, numbers_of(incident()), "critical", f"{incident()['id']}:0")
    message = Message(resolved, last_sent=first)
    last = last_sent_after(message, writer.notice(resolved, resolved.document, first, NOW), resolved.document, to, NOW)
    assert (last.open, last.alert) == (False, None)
    assert last_sent_after(Message(opened), None, opened.document, to, NOW).alert is None, (
        "a storm opens no alert of its own"
    )
    chat = channel()
    assert last_sent_after(Message(row("suppressed", 2, to=chat)), first_notice := notice(), incident(), chat, NOW).open
    assert first_notice.alert, "it is there, but chat has no alerts"


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_are_left_out_unless_the_channel_asks_for_them(kind: str) -> None:
    subject = "Pay invoice 4711"
    actions = [
        {
            "title": "Warn the person",
            "detail": f"Do not open the message '{subject}'.",
            "url": None,
            "command": f"Get '{subject}'",
        }
    ]
    for scope in ("message", "mailbox", "evidence"):
        about = {"scope": scope, "cause": "message_present", "actions": actions, "title": "In order"}
        if scope == "message":
            about["title"] = f"“{subject}” can still be opened"
        without = render(notice(kind, more=about), channel(kind), "https://triage.example").body.decode()
        assert "4711" not in without, scope
        assert "Warn the person" in without
    asked = sent("webhook", notice("webhook", more=about, subjects=True), subjects=True)
    assert asked["data"]["actions"] == actions


def test_titles_and_pages_of_steps_quote_no_subject() -> None:
    """They are sent to every channel."""
    about_people = [one for one in vars(person).values() if isinstance(one, Step)]
    steps = [*about_people, *(step for rule in RULES.values() for step in rule.remedy)]
    assert about_people
    for step in steps:
        assert not {"subject", "the_message"} & set(re.findall(r"\{(\w+)", f"{step.title} {step.url}")), step.title


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["opened", "resolved", "suppressed"])
def test_foreign_text_stays_text_and_sizes_stay_small(kind: str, what: str) -> None:
    suppression = {"reason": ATTACK * 9, "until": "2026-12-01T00:00:00Z", "by": ATTACK}
    actions = [{"title": ATTACK * 9, "detail": ATTACK, "url": None, "command": None}]
    log = [{"at": "2026-12-01T00:00:00Z", "what": "acknowledged", "by": ATTACK, "note": ATTACK}] * 500
    found = notice(kind, what, more={"title": ATTACK * 9, "suppression": suppression, "actions": actions, "log": log})
    body = render(found, channel(kind), "https://triage.example").body
    assert len(body) < 28_000
    value = json.loads(body)
    texts = [text for path, text in strings(value) if "data" not in path and "dedup_key" not in path]
    assert not [text for text in texts if "\u202e" in text or "\x00" in text]
    if kind == "teams":
        markdown = [text for path, text in strings(value) if "facts" in path or "TextBlock" in path]
        assert not [text for text in markdown if "evil" in text]
        assert {item["type"] for item in value["attachments"][0]["content"]["body"]} <= {
            "Container",
            "RichTextBlock",
            "FactSet",
        }
    elif kind == "slack":
        marked = [value["text"], *(field["text"] for field in mrkdwn(value))]
        assert not [text for text in marked if "<!" in text or "<https://evil" in text]
        assert value["mrkdwn"] is False, "stars in the line for phones stay stars"
    elif kind == "email":
        assert "<script" not in value["content"]["html"]
        assert "\n" not in value["content"]["subject"]


def strings(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in strings(one, (*path, name))]
    if isinstance(value, list):
        return [found for one in value for found in strings(one, path)]
    return [(path, value)] if isinstance(value, str) else []


def mrkdwn(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value] if value.get("type") == "mrkdwn" else [found for one in value.values() for found in mrkdwn(one)]
    return [found for one in value for found in mrkdwn(one)] if isinstance(value, list) else []


def test_a_card_for_teams() -> None:
    value = sent("teams", notice("teams"))
    (attachment,) = value["attachments"]
    assert (value["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert (card["type"], card["version"], card["body"][0]["style"]) == ("AdaptiveCard", "1.4", "attention")
    assert card["actions"][0]["url"].startswith("https://triage.example/api/dashboard?incident=")
    looks = {
        what: sent("teams", notice("teams", what))["attachments"][0]["content"] for what in ("resolved", "suppressed")
    }
    assert [looks[what]["body"][0]["style"] for what in looks] == ["good", "default"], "what is suppressed is not over"


def test_a_card_drops_lines_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = notice("teams").model_copy(update={"lines": ["ж" * 120] * 400})
    body = render(found, channel("teams"), "").body
    assert 10_000 < len(body) <= teams.MOST_BYTES


def test_an_event_for_pagerduty() -> None:
    opened = sent("pagerduty", notice("pagerduty"))
    payload = opened["payload"]
    assert (opened["routing_key"], opened["event_action"], payload["severity"]) == (ROUTING_KEY, "trigger", "critical")
    assert (payload["group"], payload["class"], payload["component"]) == (
        incident()["tenantId"],
        "consent_missing",
        "app",
    )
    resolved = sent("pagerduty", notice("pagerduty", "resolved", LastSent(NOW, True, Numbers(), "high", "key:0")))
    assert resolved == {"routing_key": ROUTING_KEY, "dedup_key": "key:0", "event_action": "resolve"}
    region = channel("pagerduty", url="https://events.eu.pagerduty.com")
    assert render(notice("pagerduty"), region, "").url == "https://events.eu.pagerduty.com/v2/enqueue"
    assert render(notice("pagerduty"), channel("pagerduty"), "").url == "https://events.pagerduty.com/v2/enqueue"


def test_a_signed_cloud_event() -> None:
    found = notice("webhook")
    outgoing = render(found, channel("webhook"), "https://triage.example")
    event = Webhook(SECRET).verify(outgoing.body, outgoing.headers)
    assert outgoing.headers["webhook-id"] == event["id"] == found.id
    assert "." not in event["id"]
    assert outgoing.headers["Content-Type"].startswith("application/cloudevents+json")
    assert (event["specversion"], event["type"], event["source"]) == (
        "1.0",
        "incident.opened",
        "https://triage.example",
    )
    url = f"https://triage.example/api/dashboard?incident={incident()['id']}"
    assert (event["subject"], event["time"]) == (incident()["id"], found.at)
    assert event["data"] == incident() | {"url": url}, "as the API gives it"


def test_a_mail() -> None:
    outgoing = render(notice("email"), channel("email"), "")
    value = json.loads(outgoing.body)
    assert outgoing.url == "https://acs.example/emails:send?api-version=2025-09-01"
    assert outgoing.needs_token and len(outgoing.headers["Operation-Id"]) == 36
    assert outgoing.headers == render(notice("email"), channel("email"), "").headers, "the same at each attempt"
    assert (value["senderAddress"], value["recipients"]) == (
        "triage@contoso.com",
        {"to": [{"address": "soc@contoso.com"}]},
    )
    assert "Open findings: 9,120" in value["content"]["plainText"]


@pytest.mark.parametrize("kind", KINDS)
def test_neither_address_nor_secret_is_printed(kind: str) -> None:
    to = channel(kind)
    outgoing = render(notice(kind), to, "https://triage.example")
    for secret in (CHANNELS[kind].get("url", ROUTING_KEY), base64.b64encode(outgoing.body).decode(), SECRET):
        assert secret not in repr(to) + repr(outgoing) + repr(settings({"name": "x", "kind": kind, **CHANNELS[kind]}))


def test_a_storm_is_one_message_with_numbers() -> None:
    to = channel("teams")
    messages = [
        Message(row("opened", to=to, identifier=f"{n:032x}", severity="critical" if n < 3 else "low"))
        for n in range(30)
    ]
    found = storm(
        Writer(settings(), to, NAMES),
        messages,
        [(message.lead, message.lead.document) for message in messages[:12]],
        NOW,
    )
    assert (found.title, found.tenant, found.severity) == ("30 notifications within minutes", "Contoso", "critical")
    assert found.facts == [Fact("New incident", "30"), Fact("Severity critical", "3"), Fact("Severity low", "27")]
    assert (len(found.items), len(found.data["incidents"]), found.step) == (
        10,
        10,
        "Start at the top, with the worst",
    )
    url = f"https://triage.example/api/dashboard?incident={messages[0].lead.subject_id}"
    assert (found.items[0], found.data["incidents"][0]["url"]) == (Item(incident()["title"], url), url)
    assert found.id == storm(Writer(settings(), to, NAMES), messages[::-1], [], NOW + 1).id, (
        "the same at the next attempt"
    )
    more = storm(Writer(settings(), to, NAMES), [*messages, Message(row("opened", to=to))], [], NOW)
    assert found.id != more.id, "it has one more"
    assert found.data["byEvent"] == {"incident.opened": 30}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_storm_shows_has_its_page(kind: str) -> None:
    to = channel(kind)
    messages = [
        Message(row("opened", to=to)),
        Message(row("opened", to=to, identifier="1" * 32, tenantId=OTHER_TENANT_ID)),
    ]
    audit = replace(messages[0].lead, event=NotificationEvent.AUDIT_CHANGED)
    shown = [(message.lead, message.lead.document) for message in messages] + [
        (audit, {"title": ATTACK * 9, "view": "?view=audits"})
    ]
    body = render(storm(Writer(settings(), to, NAMES), messages, shown, NOW), to, "").body.decode()
    for page in (f"?incident={incident()['id']}", f"?incident={'1' * 32}", "?view=audits"):
        assert f"https://triage.example/api/dashboard{page}" in body or (kind, page) == ("webhook", "?view=audits")
    assert "Contoso: Admin consent" in body or kind == "webhook"


def test_the_numbers_of_a_storm_read_naturally() -> None:
    to = channel()
    opened = Message(row("opened", to=to))
    elsewhere = Message(row("opened", to=to, tenantId=OTHER_TENANT_ID))
    of_none = Message(replace(row("opened", to=to), tenant_id=None))
    for messages, title, tenant in (
        ([opened], "1 notification within minutes", "Contoso"),
        ([opened, elsewhere], "2 notifications within minutes", "2 tenants"),
        ([of_none], "1 notification within minutes", None),
    ):
        found = storm(Writer(settings(), to, NAMES), messages, [], NOW)
        assert (found.title, found.tenant) == (title, tenant)


def test_text_is_cut_at_a_whole_character() -> None:
    assert plain("a" * 240) == "a" * 240
    assert plain("a" * 241) == "a" * 239 + "…"
    assert plain("e\u0301" * 100, 11) == "e\u0301" * 5 + "…"
    assert plain("  a\r\n\t b\u200b\u2028c ") == "a b c"
    assert for_slack("<!channel> & <https://x|y>") == "&lt;!channel&gt; &amp; &lt;https://x|y&gt;"
