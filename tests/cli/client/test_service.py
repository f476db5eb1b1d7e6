"""A service that is away, busy, not the triage service, or rejects the caller: one text that says what to do."""

from __future__ import annotations

import http.server
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from sandbox.processes import ROOT, free_port, started
from tests.cli.conftest import KEY, Deployment
from tests.cli.program import PROGRAM, InProcess, environment
from triage import deadlines
from triage.cli.client import service as service_module
from triage.cli.client.service import address
from triage.cli.errors import ExitCode, UsageError

Answer = tuple[int, dict[str, str], bytes]
PROBLEM = {"content-type": "application/problem+json"}


class Canned(http.server.ThreadingHTTPServer):
    """Gives its answers in order, and repeats the last one. Records the requests."""

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
        ((401, {}, b""), "The service needs a function key (401). Give it with TRIAGE_KEY"),
        ((403, PROBLEM, problem("The app role Triage.Read is needed.")), "(403). The app role Triage.Read is needed."),
        ((403, {}, b"<h1>This web app is stopped.</h1>"), "The platform refused it (403), not the service"),
        ((404, PROBLEM, problem("There is none.")), "There is none."),
        (
            (404, {}, b"<h1>not here</h1>"),
            "is not the triage service. Check --url. If it is correct, the app has no functions",
        ),
        ((302, {"location": "https://login.example/"}, b""), "--scope api://<client id>/.default"),
        ((400, PROBLEM, problem("The query\x1b[31m cannot be read.")), r"The query\x1b[31m cannot be read."),
        ((500, {}, b"oops"), "The service failed (500). It gives no reason beyond 500"),
        ((500, PROBLEM, b"oops"), "The service failed (500). Internal Server Error"),
        ((200, {}, b"<html>"), "is not the triage service"),
        ((200, {}, b"[1]"), "is not the triage service"),
        ((418, {}, b""), "is not the triage service"),
    ],
)
def test_an_error_says_what_to_do(
    canned: Callable[..., Canned], in_process: InProcess, answer: Answer, said: str
) -> None:
    result = in_process("summary", settings={"TRIAGE_URL": canned(answer).url})
    assert (result.code, result.out) == (4, "")
    assert said in result.err
    assert "\x1b" not in result.err


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_after_retry_after(
    canned: Callable[..., Canned], in_process: InProcess, status: int
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    busy = [(status, {**PROBLEM, "retry-after": text}, problem("Busy.")) for text in ("1", soon)]
    server = canned(*busy, (200, {}, b'{"total": 7}'))
    result = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (result.code, len(server.asked)) == (0, 3)
    assert result.out.startswith("7 failures")
    assert f"The service is busy ({status}). Waiting 1 s." in result.err


def test_the_wait_has_a_limit(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = canned((503, {**PROBLEM, "retry-after": "3600"}, problem("The storage account cannot be reached.")))
    result = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (result.code, len(server.asked)) == (4, 1)
    assert "The storage account cannot be reached. Try again in 3600 s" in result.err
    monkeypatch.setattr(deadlines, "CLIENT_RETRIES", 2.5)
    server = canned((503, {"retry-after": "1"}, b""))
    result = in_process("summary", settings={"TRIAGE_URL": server.url})
    assert (result.code, len(server.asked)) == (4, 1 + 3)
    monkeypatch.setattr(deadlines, "CLIENT_RETRIES", 1)
    result = in_process("summary", settings={"TRIAGE_URL": canned((503, {}, b"")).url})
    assert (result.code, "look at the function app's Log stream" in result.err) == (4, True)


def test_a_service_that_cannot_be_reached(
    in_process: InProcess, canned: Callable[..., Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = in_process("findings", settings={"TRIAGE_URL": f"http://127.0.0.1:{free_port()}"})
    assert (result.code, result.out) == (4, "")
    assert "cannot be reached" in result.err
    assert "Check --url" in result.err
    monkeypatch.setattr(service_module, "TIMEOUT", 1e-4)
    result = in_process("summary", settings={"TRIAGE_URL": canned((200, {}, b"{}")).url})
    assert "did not answer in time" in result.err


def test_storage_that_cannot_be_reached(deployment: Deployment, in_process: InProcess) -> None:
    account = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:{free_port()}/a;"
    )
    result = in_process("summary", settings={**deployment.settings, "TriageStorage": account})
    assert result.code == 4
    assert "Check TriageStorage" in result.err


def test_the_key_is_sent_only_to_the_given_host(canned: Callable[..., Canned], in_process: InProcess) -> None:
    first = {"value": [{"id": "1"}], "nextLink": "http://evil.example/api/findings?token=abc&top=1000"}
    server = canned((200, {}, json.dumps(first).encode()), (200, {}, b'{"value": [{"id": "2"}]}'))
    result = in_process("findings", "--all", "--json", "--url", f"{server.url}/api/?code={KEY}")
    assert [one["id"] for one in result.json["value"]] == ["1", "2"]
    assert [path for path, _ in server.asked] == ["/api/findings?top=1000", "/api/findings?token=abc&top=1000"]
    assert {headers["x-functions-key"] for _, headers in server.asked} == {KEY}


def test_a_wrong_key(deployment: Deployment, in_process: InProcess) -> None:
    result = in_process("findings", settings={**deployment.remote, "TRIAGE_KEY": "wrong"})
    assert (result.code, result.out) == (4, "")
    assert "The service rejected the function key (401)" in result.err


def test_a_key_from_a_file(canned: Callable[..., Canned], in_process: InProcess) -> None:
    server = canned((200, {}, b'{"total": 7}'))
    assert in_process("summary", settings={"TRIAGE_URL": server.url, "TRIAGE_KEY": f" {KEY}\r\n"}).code == 0
    assert server.asked[0][1]["x-functions-key"] == KEY
    result = in_process("summary", settings={"TRIAGE_URL": server.url, "TRIAGE_KEY": "ab\x1b[31mc"})
    assert (result.code, result.out, len(server.asked)) == (64, "", 1)
    assert "has characters that no key has" in result.err


def test_a_rejected_sign_in(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Credential:
        async def get_token(self, _: str) -> Any:
            return type("AccessToken", (), {"token": "x"})

        async def close(self) -> None:
            pass

    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", Credential)
    result = in_process("summary", "--url", canned((401, {}, b"")).url, "--scope", "api://1/.default")
    assert (result.code, result.out) == (4, "")
    assert "The service rejected the sign-in (401)" in result.err


def test_ctrl_c_ends_a_command_with_its_own_exit_code(canned: Callable[..., Canned]) -> None:
    server = canned((200, {}, b'{"triagedAt": "2026-11-20T10:11:12Z"}'))
    settings = environment(TRIAGE_URL=server.url)
    with started([*PROGRAM, "retriage", "x", "--wait", "50"], environ=settings, cwd=ROOT) as waiting:
        end = time.monotonic() + 30
        while len(server.asked) < 3:  # the finding, the retriage, and the first look for the result
            assert time.monotonic() < end
            time.sleep(0.05)
        waiting.process.send_signal(signal.SIGINT)
        assert waiting.wait(10) == ExitCode.INTERRUPTED
    assert not [line for line in waiting.lines if "Traceback" in line]


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
    result = in_process("findings", "--url", server.url, "--scope", "api://1/.default", "--json")
    assert result.json == {"value": []}
    assert server.asked[0][1]["authorization"] == "Bearer token-for-api://1/.default"
    result = in_process("findings", "--url", server.url, "--scope", "api://nobody/.default")
    assert (result.code, result.out, len(server.asked)) == (4, "", 1)
    assert "Run az login" in result.err
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
def test_urls(text: str, read: tuple[str, str | None]) -> None:
    assert address(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example",
        "ftp://a.example",
        "https://",
        "https://[",
        "//",
        "https://a b.example",
        "https://a.example:99999",
        "https://a..example",
        "https://a\x01.example",
    ],
)
def test_a_wrong_url(text: str) -> None:
    with pytest.raises(UsageError, match="--url"):
        address(text)


def test_watch_waits_while_the_service_is_away(
    canned: Callable[..., Canned], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(identifier: str) -> bytes:
        return json.dumps({"value": [{"id": identifier, "triagedAt": "2026-11-20T10:11:12Z"}]}).encode()

    monkeypatch.setattr(deadlines, "CLIENT_RETRIES", 0)
    gone = (503, {}, b"")
    server = canned((200, {}, one("a")), gone, gone, (200, {}, one("b")), (401, {}, b""))
    result = in_process("watch", "--interval", "0.2", "--last", "0", "--json", settings={"TRIAGE_URL": server.url})
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == ["b"]
    assert result.err.count("Still watching.") == 1
    assert result.err.count("The service answers again.") == 1
    assert result.code == 4  # the key was revoked, so the command ends


def test_a_partly_sent_file_says_to_send_it_again(
    canned: Callable[..., Canned], in_process: InProcess, tmp_path: Any
) -> None:
    file = tmp_path / "failures.ndjson"
    file.write_text("\n".join(f'{{"mailbox": "a@b.example", "error": "x", "messageId": "{n}"}}' for n in range(1500)))
    accepted = {"accepted": [{"id": None, "findingId": str(n), "mailbox": "a@b.example"} for n in range(1000)]}
    server = canned((202, {}, json.dumps(accepted).encode()), (500, {}, b""))
    result = in_process("submit", str(file), settings={"TRIAGE_URL": server.url})
    assert result.code == 4
    assert result.out.startswith("Accepted 1,000 failures.")
    assert "Send the file again: accepted failures do not count twice." in result.err


def test_ctrl_c_says_what_was_sent(canned: Callable[..., Canned], tmp_path: Any) -> None:
    file = tmp_path / "failures.ndjson"
    file.write_text("\n".join(f'{{"mailbox": "a@b.example", "error": "x", "messageId": "{n}"}}' for n in range(1500)))
    accepted = {"accepted": [{"id": None, "findingId": str(n), "mailbox": "a@b.example"} for n in range(1000)]}
    server = canned((202, {}, json.dumps(accepted).encode()), (503, {"retry-after": "50"}, b""))
    command = [*PROGRAM, "submit", str(file)]
    with started(command, environ=environment(TRIAGE_URL=server.url), cwd=ROOT) as submit:
        submit.wait_for("Waiting 50 s")
        submit.process.send_signal(signal.SIGINT)
        assert submit.wait(10) == ExitCode.INTERRUPTED
    assert "Accepted 1,000 failures." in submit.output
    assert "Send the file again: accepted failures do not count twice." in submit.output
