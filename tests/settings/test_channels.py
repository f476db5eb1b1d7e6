"""The channels in TRIAGE_NOTIFICATIONS: what is wrong is said with the channel's name, and without its secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import TENANT_ID
from tests.notifications.samples import CHANNELS, SECRET, settings
from triage.settings import Channel, ChannelKind, SettingsError

HIDDEN = "hidden-0815"


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_channel_of_each_kind(kind: ChannelKind) -> None:
    found = settings({"name": "soc", "kind": kind.value, **CHANNELS[kind]})
    (one,) = found.notifications
    assert (one.kind, one.events, one.min_severity, one.subjects) == (kind, (), "info", False)
    assert found.channel("soc") is one
    assert found.channel("other") is None


def test_an_empty_setting_means_no_channel() -> None:
    for text in ("", "  ", "[]"):
        assert settings(TRIAGE_NOTIFICATIONS=text).notifications == ()


def test_everything_can_be_set() -> None:
    mail = {**CHANNELS["email"], "to": ["SOC <Soc@Contoso.com>"], "events": ["digest.daily"], "minSeverity": "high"}
    one = settings(
        {"name": "night shift", "kind": "email", **mail, "tenantIds": [TENANT_ID.upper()], "subjects": True}
    ).notifications[0]
    assert (one.to, one.min_severity, one.tenant_ids, one.subjects) == (
        ("soc@contoso.com",),
        "high",
        (TENANT_ID,),
        True,
    )


def problem(*channels: dict[str, Any], text: str | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(TRIAGE_NOTIFICATIONS=text if text is not None else json.dumps(channels))
    said = str(caught.value)
    assert said.startswith("TRIAGE_NOTIFICATIONS ")
    assert HIDDEN not in said
    return said


@pytest.mark.parametrize(("kind", "change", "words"), [
    ("teams", {"url": None}, "url is missing: give the address that the workflow shows"),
    ("teams", {"url": f"https://contoso.webhook.office.com/webhookb2/{HIDDEN}"}, "Microsoft has retired. In Teams, open Workflows"),
    ("teams", {"url": f"https://outlook.office.com/webhook/{HIDDEN}"}, "Microsoft has retired"),
    ("teams", {"url": f"https://prod.logic.azure.com/{HIDDEN}"}, "copy the whole address"),
    ("slack", {"url": f"http://hooks.slack.example/{HIDDEN}"}, "url: must be an https address"),
    ("slack", {"url": f"http://127.0.0.1.example/{HIDDEN}"}, "url: must be an https address"),
    ("slack", {"url": f"{HIDDEN}"}, "url: must be an https address"),
    ("slack", {"url": None}, "url is missing"),
    ("pagerduty", {"secret": None}, "secret is missing: give the integration key"),
    ("webhook", {"secret": None}, "secret must be whsec_ and the base64 of 24 to 64 bytes. Make one: python -c"),
    ("webhook", {"secret": f"whsec_{HIDDEN}"}, "secret must be whsec_"),
    ("webhook", {"secret": "whsec_c2hvcnQ="}, "secret must be whsec_"),
    ("email", {"from": None}, "from is missing"),
    ("email", {"to": []}, "to is missing"),
    ("email", {"to": ["a@contoso.com"] * 51}, "to: "),
    ("email", {"to": [HIDDEN]}, "to/0: must be one mailbox address"),
    ("slack", {"events": ["incident.closed"]}, "events/0: Input should be 'incident.opened'"),
    ("slack", {"minSeverity": "severe"}, "minSeverity: Input should be 'info'"),
    ("slack", {"tenantIds": ["x"]}, "tenantIds/0: must be a GUID"),
    ("slack", {"severity": HIDDEN}, "severity: Extra inputs"),
    ("slack", {"kind": "irc"}, "kind: Input should be 'teams'"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_the_channel(kind: str, change: dict[str, Any], words: str) -> None:
    said = problem(
        {"name": "ok", "kind": "slack", **CHANNELS["slack"]}, {"name": "soc", "kind": kind, **CHANNELS[kind], **change}
    )
    assert said.startswith("TRIAGE_NOTIFICATIONS at /1 (channel 'soc'): ")
    assert words in said


def test_what_is_no_list_of_channels() -> None:
    assert "is not JSON" in problem(text="[{")
    assert "must be a JSON array" in problem(text="{}")
    assert "at /0" in problem(text="[1]")
    assert "at /0: name: is missing" in problem({"kind": "slack"})
    assert "must have at most 10 channels" in problem(*[{}] * 11)
    twice = {"name": "SOC", "kind": "slack", **CHANNELS["slack"]}
    assert "at /1: the name 'soc' is listed twice" in problem(twice, {**twice, "name": "soc"})
    assert "could not resolve" in problem(text="@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)")


def test_a_stand_in_on_this_machine_may_be_http() -> None:
    for kind in ChannelKind:
        found = Channel.model_validate(
            {"name": "x", "kind": kind, **CHANNELS[kind], "url": "http://127.0.0.1:1/x", "secret": SECRET}
        )
        assert found.on_loopback


def test_where_people_reach_the_service() -> None:
    assert settings().service_url == "https://triage.example"
    assert (
        settings(TRIAGE_BASE_URL="", WEBSITE_HOSTNAME="my.azurewebsites.net").service_url
        == "https://my.azurewebsites.net"
    )
    assert settings(TRIAGE_BASE_URL="").service_url == "http://localhost:7071"
