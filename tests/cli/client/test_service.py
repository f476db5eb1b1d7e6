"""A service that is away, busy, somebody else, or does not know who asks: one sentence that says what to do."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from sandbox.processes import free_port
from tests.cli.conftest import KEY, Deployment
from tests.cli.program import InProcess, triage
from triage.cli.client import service as service_module
from triage.cli.client.service import address
from triage.cli.errors import UsageProblem

Answer = tuple[int, dict[str, str], bytes]
PROBLEM = {"content-type": "application/problem+json"}


class Canned(http.server.ThreadingHTTPServer):
    """Answers in their order, the last one again and again; notes what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Canned

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, headers, body = self.server.answers[0] if len(self.server.answers) == 1 else self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def canned() -> Iterator[Callable[..., Canned]]:
    server = Canned()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()

    def answering(*answers: Answer) -> Canned:
        server.answers = list(answers)
        return server

    yield answering
    server.shutdown()
    thread.join()
    server.server_close()


def problem(detail: str, **more: Any) -> bytes:
    return json.dumps({"title": "?", "detail": detail, **more}).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {}, b""), "TRIAGE_KEY"),
        ((403, PROBLEM, problem("The app role Triage.Read is needed.")), "(403). The app role Triage.Read is needed."),
        ((404, PROBLEM, problem("There is none.")), "There is none."),
        ((404, {}, b"<h1>not here</h1>"), "is not the triage service. Check --url."),
        ((302, {"location": "https://login.example/"}, b""), "--scope api://<client id>/.default"),
        ((400, PROBLEM, problem("The query\x1b[31m cannot be read.")), r"The query\x1b[31m cannot be read."),
        ((500, {}, b"oops"), "The service failed (500). It says nothing more than 500"),
        ((500, PROBLEM, b"oops"), "The service failed (500). Internal Server Error"),
        ((200, {}, b"<html>"), "is not the triage service"),
        ((200, {}, b"[1]"), "is not the triage service"),
        ((418, {}, b""), "is not the triage service"),
    ],
)
def test_answers_that_are_no_answer(
    canned: Callable[..., Canned], in_process: InProcess, answer: Answer, said: str
) -> None:
    told = in_process("summary", settings={"TRIAGE_URL": canned(answer).url})
    assert (told.code, told.out) == (4, "")
    assert said in told.err
    assert "\x1b" not in told.err


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_waited_for_as_long_as_it_says(
    canned: Callable[..., Canned], in_process: InProcess, status: int
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    busy = [(status, {**PROBLEM, "retry-after": text}, problem("Busy.")) for text in ("1", soon)]
    server = canned(*busy, (200, {}, b'{"total": 7}'))
    told = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (told.code, len(server.asked)) == (0, 3)
    assert told.out.startswith("7 failures")
    assert f"The service is busy ({status}) and asks to wait 1 s." in told.err


def test_but_not_for_ever(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = canned((503, {**PROBLEM, "retry-after": "3600"}, problem("The storage account cannot be reached.")))
    told = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (told.code, len(server.asked)) == (4, 1)
    assert "The storage account cannot be reached. The service asks to wait 3600 s" in told.err
    monkeypatch.setattr(service_module, "PATIENCE_SECONDS", 2.5)
    server = canned((503, {"retry-after": "1"}, b""))
    told = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (told.code, len(server.asked)) == (4, 1 + 3)
    monkeypatch.setattr(service_module, "PATIENCE_SECONDS", 1)
    assert in_process("summary", settings={"TRIAGE_URL": canned((503, {}, b"")).url}).code == 4


def test_nobody_there(in_process: InProcess, canned: Callable[..., Canned], monkeypatch: pytest.MonkeyPatch) -> None:
    told = triage("findings", settings={"TRIAGE_URL": f"http://127.0.0.1:{free_port()}"})
    assert (told.code, told.out) == (4, "")
    assert "cannot be reached" in told.err
    assert "Check --url" in told.err
    monkeypatch.setattr(service_module, "TIMEOUT", 1e-4)
    told = in_process("summary", settings={"TRIAGE_URL": canned((200, {}, b"{}")).url})
    assert "did not answer in time" in told.err


def test_storage_that_cannot_be_reached(deployment: Deployment, in_process: InProcess) -> None:
    account = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:{free_port()}/a;"
    )
    told = in_process("summary", settings={**deployment.settings, "TriageStorage": account})
    assert told.code == 4
    assert "Check TriageStorage" in told.err


def test_the_key_goes_to_the_address_that_was_given_and_nowhere_else(
    canned: Callable[..., Canned], in_process: InProcess
) -> None:
    first = {"value": [{"id": "1"}], "nextLink": "http://evil.example/api/findings?token=abc&top=1000"}
    server = canned((200, {}, json.dumps(first).encode()), (200, {}, b'{"value": [{"id": "2"}]}'))
    told = in_process("findings", "--all", "--json", "--url", f"{server.url}/api/?code={KEY}")
    assert [one["id"] for one in told.json["value"]] == ["1", "2"]
    assert [path for path, _ in server.asked] == ["/api/findings?top=1000", "/api/findings?token=abc&top=1000"]
    assert {headers["x-functions-key"] for _, headers in server.asked} == {KEY}


def test_a_wrong_key(deployment: Deployment, in_process: InProcess) -> None:
    told = in_process("findings", settings={**deployment.remote, "TRIAGE_KEY": "wrong"})
    assert (told.code, told.out) == (4, "")
    assert "Give a function key" in told.err


def test_a_signed_in_identity(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Credential:
        closed = 0

        async def get_token(self, scope: str) -> Any:
            if "nobody" in scope:
                from azure.core.exceptions import ClientAuthenticationError

                raise ClientAuthenticationError("long and winding")
            return type("AccessToken", (), {"token": f"token-for-{scope}"})

        async def close(self) -> None:
            Credential.closed += 1

    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", Credential)
    server = canned((200, {}, b'{"value": []}'))
    told = in_process("findings", "--url", server.url, "--scope", "api://1/.default", "--json")
    assert told.json == {"value": []}
    assert server.asked[0][1]["authorization"] == "Bearer token-for-api://1/.default"
    told = in_process("findings", "--url", server.url, "--scope", "api://nobody/.default")
    assert (told.code, told.out, len(server.asked)) == (4, "", 1)
    assert "Run az login" in told.err
    assert Credential.closed == 2


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://a.example", ("https://a.example", None)),
        ("https://a.example/", ("https://a.example", None)),
        ("a.example", ("https://a.example", None)),
        ("https://a.example/api", ("https://a.example", None)),
        ("https://a.example/api/findings?code=k%3D%3D", ("https://a.example", "k==")),
        ("https://user:pass@a.example/base/api/", ("https://a.example/base", None)),
        ("http://localhost:7071", ("http://localhost:7071", None)),
        ("http://[::1]:7071/api", ("http://[::1]:7071", None)),
    ],
)
def test_addresses(text: str, read: tuple[str, str | None]) -> None:
    assert address(text) == read


@pytest.mark.parametrize("text", ["http://a.example", "ftp://a.example", "https://", "https://[", "//"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageProblem, match="--url"):
        address(text)


def test_watching_goes_on_while_the_service_is_away(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(identifier: str) -> bytes:
        return json.dumps({"value": [{"id": identifier, "triagedAt": "2026-11-20T10:11:12Z"}]}).encode()

    monkeypatch.setattr(service_module, "PATIENCE_SECONDS", 0)
    gone = (503, {}, b"")
    server = canned((200, {}, one("a")), gone, gone, (200, {}, one("b")), (401, {}, b""))
    told = in_process("watch", "--interval", "0.2", "--last", "0", "--json", settings={"TRIAGE_URL": server.url})
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == ["b"]
    assert told.err.count("Watching goes on.") == 1
    assert told.err.count("The service answers again.") == 1
    assert told.code == 4  # the key has been taken away: there is no use in going on


def test_a_file_that_was_sent_in_part(canned: Callable[..., Canned], in_process: InProcess, tmp_path: Any) -> None:
    file = tmp_path / "failures.ndjson"
    file.write_text("\n".join(f'{{"mailbox": "a@b.example", "error": "x", "messageId": "{n}"}}' for n in range(1500)))
    accepted = {"accepted": [{"id": None, "findingId": str(n), "mailbox": "a@b.example"} for n in range(1000)]}
    server = canned((202, {}, json.dumps(accepted).encode()), (500, {}, b""))
    told = in_process("submit", str(file), settings={"TRIAGE_URL": server.url})
    assert told.code == 4
    assert told.out.startswith("1,000 failures were accepted.")
    assert "Send the file again: what was accepted is not taken twice." in told.err
