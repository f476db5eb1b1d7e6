"""An attacker's text is printed as text and nothing else, on any terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.processes import ROOT
from tests.cli.program import PROGRAM, environment
from triage.api.examples import examples
from triage.cli.show.audit import audit_story
from triage.cli.show.collection import Collection
from triage.cli.show.columns import table
from triage.cli.show.coverage import MAILBOXES, scan_view, scans_view
from triage.cli.show.feeds import feeds_view, poll_line
from triage.cli.show.finding import finding_story
from triage.cli.show.incident import incident_story
from triage.cli.show.lists import AUDITS, EXPOSURES, FINDINGS, INCIDENTS, NOTIFICATIONS, REJECTED, finding_line
from triage.cli.show.summary import summary_view
from triage.cli.show.terminal import harmless, print_parts

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x9b31m \u202eevil\u200b [bold red]x[/bold red] [/] :bomb:\r\n\x00\ud800 [link=http://a]"
)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@given(st.text(st.characters()))
def test_no_control_character_remains(text: str) -> None:
    shown = harmless(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    shown.encode()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Mn", "Zs"))))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert harmless(text) == text


def hostile(like: Any) -> Any:
    """The same value with every text replaced, except keys."""
    if isinstance(like, dict):
        return {name: hostile(value) for name, value in like.items()}
    if isinstance(like, list):
        return [hostile(value) for value in like]
    return HOSTILE if isinstance(like, str) else like


WHEN = "2026-11-20T10:11:12Z"
FINDING: dict[str, Any] = {
    "id": "x", "tenantId": "x", "scenario": "x", "classifiedBy": "x", "cause": "x", "confidence": "x", "severity": "x",
    "alternatives": ["x"], "alsoSeen": ["x"], "summary": "x", "exposed": True, "deliveries": 2,
    "actions": [{"title": "x", "detail": "x", "url": "x", "command": "x"}],
    "message": {"location": "x", "folder": "x", "isRead": True, "copies": 2},
    "checks": [{"id": "x", "question": "x", "outcome": "x", "request": "x", "status": 404, "errorCode": "x",
                "reason": None, "observed": {"why": "x", "plans": ["x"], "n": 1, "yes": True}},
               {"id": "x", "question": "x", "outcome": "x", "reason": "x", "permission": "x"}],
    "reasons": [{"check": "x", "reason": "x", "permission": "x"}],
    "failure": dict.fromkeys(("mailbox", "subject", "error", "errorCode", "folder", "internetMessageId"), "x"),
}  # fmt: skip
AUDIT: dict[str, Any] = {
    "tenantId": "x", "etdAppId": "x", "mode": "x", "verdict": "x", "drift": {"since": "x", "granted": ["x"]},
    "servicePrincipal": {"displayName": "x", "disabledByMicrosoftStatus": "x"},
    "permissions": [{"name": "x", "type": "x", "need": "x", "state": "x", "privilegeLevel": 3}],
    "credentials": [{"kind": "x", "displayName": "x", "state": "x", "endDateTime": None, "daysLeft": -3}],
    "issues": [{"code": "x", "severity": "x", "summary": "x", "actions": [{"title": "x", "detail": "x"}]}],
    "unreadable": [{"question": "x", "reason": "x", "permission": "x"}],
}  # fmt: skip
EVENT = {"reason": "x", "detail": "x", "body": "x" * 200}
INCIDENT: dict[str, Any] = {
    "id": "x", "title": "x", "state": "x", "severity": "x", "subject": "x", "tenantId": "x", "url": "x", "exposed": 2,
    "causes": {"x": 3}, "suppression": {"reason": "x", "by": "x"}, "actions": [{"title": "x", "detail": "x"}],
    "log": [{"what": "x", "by": "x", "note": "x"}],
}  # fmt: skip
SCAN: dict[str, Any] = {
    "id": "x", "tenantId": "x", "state": "x", "uncovered": 1, "byCause": {"x": 1},
    "reasons": [{"check": "x", "reason": "x", "permission": "x", "detail": "x"}],
}  # fmt: skip
FEED: dict[str, Any] = {"tenantId": "x", "state": "x", "lastError": "x", "gaps": [{"why": "x"}]}
MAILBOX = dict.fromkeys(("mailbox", "cause", "confidence", "summary", "change"), "x")
EXPOSURE = dict.fromkeys(("mailbox", "location", "cause", "findingId", "incidentId", "folder", "subject"), "x")


def listed(collection: Collection, item: Any, columns: str, **times: str) -> Any:
    return table(collection.columns, [collection.flat({**hostile(item), **times})], int(columns))


@pytest.mark.parametrize("columns", ["80", "120"])
def test_an_attackers_text_is_shown_and_not_obeyed(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    finding = {**hostile(FINDING), "occurredAt": WHEN, "triagedAt": WHEN}
    by = {name: {HOSTILE: 3} for name in ("byCause", "bySeverity", "byDay")}
    summary = {"total": 3, "exposed": 1, **by, "audits": [{"tenantId": HOSTILE, "verdict": HOSTILE}]}
    parts = [
        *finding_story(finding, requests=True),
        *audit_story({**hostile(AUDIT), "auditedAt": WHEN}, int(columns)),
        finding_line(finding, again=True),
        *incident_story(hostile(INCIDENT)),
        listed(FINDINGS, FINDING, columns, occurredAt=WHEN),
        listed(REJECTED, EVENT, columns, receivedAt=WHEN),
        listed(INCIDENTS, INCIDENT, columns, lastSeen=WHEN),
        listed(EXPOSURES, EXPOSURE, columns, since=WHEN),
        listed(AUDITS, AUDIT, columns, auditedAt=WHEN),
        listed(MAILBOXES, MAILBOX, columns, since=WHEN),
        *scans_view([{**hostile(SCAN), "startedAt": WHEN}], {}, int(columns)),
        *scan_view(hostile(SCAN), HOSTILE),
        *feeds_view([{**hostile(FEED), "gaps": [{"why": HOSTILE}]}], {}, int(columns)),
        poll_line(HOSTILE, {}, hostile(FEED) | {"lastSuccessAt": WHEN}),
        *summary_view(summary, {}, int(columns)),
    ]
    print_parts(parts)
    shown = capsys.readouterr().out
    assert ESCAPES.search(shown)  # it was in colors
    text = ESCAPES.sub("", shown)
    assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
    flat = re.sub(r"\s", "", text)
    shown_whole = re.sub(
        r"\s", "", r"\x1b[2J\x1b]0;title\x07\x9b31m \u202eevil\u200b [bold red]x[/bold red] [/] :bomb:"
    )
    # In a table of many columns a cell is folded, so that only its beginning is in one piece.
    assert flat.count(shown_whole) > 15
    assert "31m" not in "".join(ESCAPES.findall(shown)).replace("\x1b[31m", "").replace(";31m", "")


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_everything_fits_into_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Except what is to be copied: the URL of the page, links, and commands, which stay in one piece."""
    monkeypatch.setenv("COLUMNS", str(columns))
    answers = examples()["answers"]
    names = {answers["Audit"]["tenantId"]: "Contoso"}
    days = {f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}": number + 1 for number in range(300)}
    tables = {
        "Finding": FINDINGS, "Incident": INCIDENTS, "Exposure": EXPOSURES, "Audit": AUDITS, "RejectedEvent": REJECTED,
        "Delivery": NOTIFICATIONS, "UncoveredMailbox": MAILBOXES,
    }  # fmt: skip
    print_parts(
        [
            *finding_story(answers["Finding"]),
            *incident_story(answers["Incident"]),
            *audit_story(answers["Audit"], columns),
            *summary_view(answers["Summary"] | {"byDay": days}, names, columns),
            *scans_view([answers["CoverageScan"]], names, columns),
            *scan_view(answers["CoverageScan"], "Contoso"),
            *feeds_view([answers["Feed"] | {"behindSeconds": 3900}], names, columns),
            *(table(one.columns, [one.flat(answers[name])], columns) for name, one in tables.items()),
        ]
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    actions = [
        *answers["Finding"]["actions"],
        *answers["Audit"]["issues"][0]["actions"],
        *answers["Incident"]["actions"],
    ]
    copied = [part for one in actions for name in ("url", "command") for part in str(one.get(name) or "").splitlines()]
    assert {f"   {part}".rstrip() for part in copied} <= set(lines)
    pages = [line.split()[1] for line in lines if line.startswith("page ")]
    assert pages == [answers[name]["url"] for name in ("Finding", "Incident")]
    long = {line.strip() for line in lines if len(line) > columns and not line.startswith("page ")}
    assert long <= {part.strip() for part in copied}
    text = re.sub(r"\s", "", "".join(lines))
    for mailbox in (answers["Finding"]["failure"]["mailbox"], answers["UncoveredMailbox"]["mailbox"]):
        assert mailbox in text
    assert "nextlook2026-11-2617:30" in text
    assert ("read2026-11-2617:14" in text) is (columns > 40), "next to the question, if there is room"
    assert ("1h5min" in text) is (columns > 60), "how far the feed is behind"
    by_day = [line.split()[0] for line in lines if line.startswith("   2026-") and line.endswith("#")]
    assert by_day == sorted(days)[-14:]
    assert sum(int(line.split()[1].replace(",", "")) for line in lines if line.startswith("   before ")) == sum(
        range(287)
    )


@pytest.mark.parametrize(
    ("collection", "name"), [(FINDINGS, "Finding"), (INCIDENTS, "Incident"), (EXPOSURES, "Exposure")]
)
def test_an_id_in_a_table_is_a_link_to_its_page_in_a_terminal(
    collection: Collection, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = examples()["answers"][name]
    monkeypatch.setenv("COLUMNS", "160")
    for terminal in ("1", ""):
        monkeypatch.setenv("FORCE_COLOR", terminal)
        print_parts([table(collection.columns, [collection.flat(answer)], 160)])
        assert (f";{answer['url']}\x1b\\" in capsys.readouterr().out) is bool(terminal)


def test_a_line_of_watch_loses_nothing_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    finding = examples()["answers"]["Finding"]
    print_parts([finding_line(finding, again=True)])
    (line,) = capsys.readouterr().out.splitlines()
    for part in (finding["failure"]["mailbox"], finding["id"][:8], repr(finding["failure"]["subject"])):
        assert part in line
    assert line.endswith("(again)")


def test_what_is_said_of_exposures() -> None:
    exposure = examples()["answers"]["Exposure"]
    said = "can still be opened in 1 mailbox (1 read)."
    assert EXPOSURES.sentence([exposure]) == f"1 message: {said}"
    assert EXPOSURES.whole is not None
    assert EXPOSURES.whole({"exposures": {"messages": 2, "mailboxes": 1, "read": 1}}) == f"2 messages: {said}"


def on_a_terminal(*arguments: str, **settings: str) -> str:
    """What the program writes to a terminal of 100 columns, unless the settings say otherwise."""
    master, slave = pty.openpty()
    env = environment(**{"TERM": "xterm-256color", "COLUMNS": "100", **settings})
    done = subprocess.Popen([*PROGRAM, *arguments], cwd=ROOT, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    watchdog = threading.Timer(60, done.kill)
    watchdog.start()
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # Linux: the other end is closed
        pass
    os.close(master)
    done.wait(30)
    watchdog.cancel()
    return shown.decode()


def test_colors_are_for_terminals_that_want_them(graph: dict[str, str]) -> None:
    check = ("check", "--mailbox", "jane@contoso.com", "--error", "Resource is Not Found", "--message-id", "1")
    assert "\x1b[1" in on_a_terminal(*check, **graph)
    # What remains is the status line, which has no color.
    plain = on_a_terminal(*check, **graph, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)
    assert "can be opened" in plain


def test_the_url_of_a_page_is_not_broken() -> None:
    """It is to be copied where no browser can be opened."""
    settings = {"COLUMNS": "40", "TRIAGE_URL": "https://my-triage.azurewebsites.net", "BROWSER": "true %s"}
    shown = on_a_terminal("findings", "--cause", "consent_missing", "--web", **settings)
    assert "https://my-triage.azurewebsites.net/api/dashboard?view=findings&cause=consent_missing" in shown
