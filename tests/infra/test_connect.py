"""What connects a SIEM to the service sends what the service accepts: the alert action of Splunk, run as Splunk runs it,
and the workflow of Microsoft Sentinel."""

from __future__ import annotations

import configparser
import csv
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from tests.factories import TENANT_ID
from tests.infra.bicep import INFRA, ROOT
from triage.cli.files.records import read_records
from triage.intake.body import Accepted, read_body
from triage.settings import EtdApi

APP = INFRA / "connect" / "splunk" / "etd_triage"
SCRIPT = APP / "bin" / "etd_triage.py"
TEMPLATE: dict[str, Any] = json.loads((INFRA / "connect" / "sentinel.json").read_text(encoding="utf-8"))
KEY, SESSION = "key-0815", "session-0815"


class Both(BaseHTTPRequestHandler):
    """Splunk's management port and the service, for one test at a time."""

    bodies: list[bytes]
    answers: list[int]

    def do_GET(self) -> None:
        assert self.path == "/servicesNS/nobody/etd_triage/storage/passwords/%3Akey%3A?output_mode=json"
        assert self.headers["Authorization"] == f"Splunk {SESSION}"
        self._answer(200, {"entry": [{"content": {"clear_password": KEY}}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert (self.path, self.headers["x-functions-key"]) == ("/api/failures", KEY)
        status = self.answers.pop(0) if self.answers else 202
        if status == 202:
            self.bodies.append(body)
            self._answer(202, {"accepted": [{} for _ in read_body(body)]})
        else:
            self._answer(status, {})

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Retry-After", "0")
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *_: Any) -> None:
        """Writes nothing."""


@contextmanager
def both(answers: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []
    handler = type("Handler", (Both,), {"bodies": bodies, "answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        server.shutdown()


def update(number: int, **more: Any) -> dict[str, Any]:
    action = {
        "action": "move",
        "folder": "quarantine",
        "remediatedBy": "automatic",
        "timestamp": "2026-11-20T10:11:12.123Z",
    }
    return {
        "eventType": "update",
        "id": f"m-{number}",
        "internetMessageId": f"<{number}@mail.example>",
        "action": action,
        **more,
    }


def create(number: int, **more: Any) -> dict[str, Any]:
    return {"eventType": "create", "id": f"m-{number}", "timestamp": "2026-11-20T10:00:00Z", "subject": "Ünpaid",
            "mailboxes": [f"user{number}@contoso.com"], "verdict": {"verdict": "phishing"}, **more}  # fmt: skip


def send(
    folder: Path, rows: list[Any], answers: tuple[int, ...] = (), **given: str
) -> tuple[list[list[Accepted]], str, int]:
    """What the service accepted in each body, and what Splunk would have in its log."""
    results = folder / "results.csv.gz"
    with gzip.open(results, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["_raw", "_time"])
        writer.writeheader()
        writer.writerows({"_raw": row if isinstance(row, str) else json.dumps(row), "_time": 1} for row in rows)
    with both(list(answers)) as (url, bodies):
        configuration = {"url": url + "/", "tenant": TENANT_ID, **given}
        alert = {
            "server_uri": url,
            "session_key": SESSION,
            "results_file": str(results),
            "configuration": configuration,
        }
        done = subprocess.run([sys.executable, str(SCRIPT), "--execute"], input=json.dumps(alert).encode(),
                              capture_output=True, timeout=30, check=False)  # fmt: skip
    said = done.stderr.decode()
    assert not any(secret in said for secret in (KEY, SESSION, "contoso.com"))
    return [read_body(body) for body in bodies], said, done.returncode


def test_splunk_sends_what_the_service_accepts(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"logType": "message", "message": create(1)},
        {"logType": "message", "message": update(1)},
        create(2, action=update(2)["action"]),
        update(3), "no json", "[]", {"logType": "audit"},
    ]  # fmt: skip
    (accepted,), said, code = send(tmp_path, rows)
    assert (code, said) == (0, "INFO 2 failures were accepted\n")
    first, second = (one.failure for one in accepted)
    assert (first.tenant_id, first.mailbox, first.folder) == (TENANT_ID, "user1@contoso.com", "quarantine")
    assert (first.internet_message_id, first.subject, first.verdict) == ("<1@mail.example>", "Ünpaid", "phishing")
    assert (second.message_id, second.mailbox) == ("m-2", "user2@contoso.com")


def test_splunk_sends_many_in_several_bodies(tmp_path: Path) -> None:
    rows = [row for number in range(450) for row in (update(number), create(number))]
    bodies, said, _ = send(tmp_path, rows, (503, 429))
    assert said == "INFO 450 failures were accepted\n"
    assert [len(body) for body in bodies] == [100] * 4 + [50], "a message's rows stay together"


@pytest.mark.parametrize(("answers", "given", "words"), [
    ((401,), {}, "ERROR HTTP 401"), ((400,), {}, "ERROR HTTP 400"), ((302,), {}, "ERROR HTTP 302"),
    ((503,) * 4, {}, "ERROR HTTP 503"), ((), {"url": "http://triage.example"}, "ERROR ValueError"),
    ((), {"url": "https://127.0.0.1:9"}, "ERROR URLError"),
])  # fmt: skip
def test_splunk_says_what_went_wrong(
    tmp_path: Path, answers: tuple[int, ...], given: dict[str, str], words: str
) -> None:
    bodies, said, code = send(tmp_path, [create(1, action=update(1)["action"])], answers, **given)
    assert (bodies, code) == ([], 1)
    assert said.startswith(words)


def test_splunk_finds_the_action() -> None:
    parser = configparser.ConfigParser()
    parser.read(APP / "default" / "alert_actions.conf")
    action = parser["etd_triage"]
    assert (action["is_custom"], action["payload_format"]) == ("1", "json")
    form = (APP / "default" / "data" / "ui" / "alerts" / "etd_triage.html").read_text(encoding="utf-8")
    for name in [name.removeprefix("param.") for name in action if name.startswith("param.")]:
        assert f'name="action.etd_triage.param.{name}"' in form
    assert APP.name == SCRIPT.stem == "etd_triage", "Splunk looks for the script by the stanza's name"


def test_the_workflow_runs_the_query_and_sends_what_it_finds() -> None:
    assert TEMPLATE["variables"]["query"] == (INFRA / "connect" / "sentinel.kql").read_text(encoding="utf-8")
    (workflow,) = TEMPLATE["resources"]
    actions = workflow["properties"]["definition"]["actions"]
    assert workflow["identity"]["type"] == "SystemAssigned"
    assert actions["Query"]["inputs"]["authentication"]["type"] == "ManagedServiceIdentity"
    send = actions["Each_body"]["actions"]["Send"]
    assert send["inputs"]["uri"] == "[concat(parameters('api'), '/failures')]"
    assert send["runtimeConfiguration"]["secureData"]["properties"] == ["inputs", "outputs"], "the key is in the inputs"
    assert TEMPLATE["parameters"]["key"]["type"] == "securestring"
    text = json.dumps(TEMPLATE)
    for name in TEMPLATE["parameters"]:
        assert f"parameters('{name}')" in text, name


def test_what_the_query_makes_is_a_failure() -> None:
    """The object that the query packs, with the members that it names."""
    query = TEMPLATE["variables"]["query"]
    members = re.findall(r'^    "(\w+)",', query, re.MULTILINE)
    message = {**create(1), **update(1)}
    row = {"logType": "message", "tenantId": TENANT_ID, "message": {name: message[name] for name in members}}
    assert 'bag_pack("logType", "message", "tenantId", tenant, "message", row)' in query
    ((found),) = read_body(json.dumps([row]).encode())
    failure = found.failure
    assert (failure.mailbox, failure.folder, failure.subject) == ("user1@contoso.com", "quarantine", "Ünpaid")
    assert (failure.message_id, failure.occurred_at) == ("m-1", "2026-11-20T10:11:12.123Z")


PAGE = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")


def test_the_setting_in_the_docs_is_complete() -> None:
    text = re.findall(r"```json\n(\[.*?)```", PAGE, re.DOTALL)[0].replace("…", "x")
    (api,) = json.loads(text.replace("<id of the Microsoft 365 tenant>", TENANT_ID))
    assert EtdApi.model_validate(api).expires_on is not None
    table = PAGE.split("### The setting", 1)[1].split("###", 1)[0]
    fields = {to_camel(name) for name in EtdApi.model_fields}
    assert {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    } == fields


def test_the_spreadsheet_in_the_docs_can_be_sent() -> None:
    (text,) = re.findall(r"```\n(Date.*?)```", PAGE, re.DOTALL)
    (record,) = read_records(text.encode(), zone=UTC)
    found = [one.failure for one in read_body(json.dumps(record.value).encode())]
    assert [one.mailbox for one in found] == ["dora@contoso.com", "jane@contoso.com"]
    assert {(one.internet_message_id, one.folder, one.occurred_at, one.error) for one in found} == {
        ("<dora@mail.example>", "quarantine", "2026-11-20T10:11:00Z", "The Requested User is Invalid"),
    }  # fmt: skip


def test_what_a_workflow_sends_according_to_the_docs_is_a_failure() -> None:
    (action,) = [json.loads(text) for text in re.findall(r"```json\n(\{.*?)```", PAGE, re.DOTALL)]
    body = dict(
        action["inputs"]["body"],
        tenantId=TENANT_ID,
        mailbox="dora@contoso.com",
        internetMessageId="<dora@mail.example>",
    )
    assert read_body(json.dumps(body).encode())
    (curl,) = re.findall(r"-d '(\{.*?\})'", PAGE, re.DOTALL)
    assert read_body(curl.replace("<tenant ID>", TENANT_ID).encode())
