"""`submit`: files to a deployment and to the queue, refusals by line, and bodies of the right size."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Deployment
from tests.cli.program import InProcess, triage
from triage.cli.client.answers import RefusedError
from triage.cli.client.service import Service
from triage.cli.files.submission import Checked, Submission, chunks, send
from triage.intake.body import MAX_FAILURES
from triage.intake.json_text import MAX_BODY_BYTES
from triage.intake.queued_failures import MAX_MESSAGES_BYTES


def rows(count: int) -> list[dict[str, str]]:
    return [
        {"id": uuid.uuid4().hex, "mailbox": "nobody@contoso.com", "error": "x", "messageId": str(number)}
        for number in range(count)
    ]


def csv(*lines: str) -> str:
    return "\n".join(["Mailbox;Error message;Message ID", *lines, ""])


def test_a_spreadsheet_to_a_deployment(
    deployment: Deployment, service: httpx.Client, in_process: InProcess, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    text = csv(f"dora@contoso.com;The Requested User is Invalid;{mark}", "nobody;x;y", "a@b.example;;z")
    result = triage("submit", "-", settings=deployment.remote, stdin=text.encode("utf-8-sig"))
    assert result.code == 1
    assert result.err == "In a moment, findings lists what became of them, and finding ID explains one.\n"
    assert result.out.splitlines()[:2] == ["Accepted 1 failure.", "Refused: 2"]
    assert "line 3  mailbox  must be one mailbox address" in result.out
    assert "line 4  error    is missing: give error or errorCode" in result.out
    file = tmp_path / "failures.csv"
    file.write_text(text, encoding="utf-8")
    again = in_process("submit", str(file), "--json", settings=deployment.remote)
    (accepted,) = again.json["accepted"]
    assert accepted["mailbox"] == "dora@contoso.com"
    assert again.json["refused"][0] == {
        "line": 3,
        "errors": [{"pointer": "/mailbox", "detail": "must be one mailbox address, such as adele@contoso.com"}],
    }
    response = service.get(f"/api/findings/{accepted['findingId']}")
    assert response.status_code in (200, 404)  # it was triaged, or is about to be


def test_many_failures_to_the_queue(deployment: Deployment, in_process: InProcess, tmp_path: Any) -> None:
    file = tmp_path / "failures.ndjson"
    lines = rows(1003)
    file.write_text("\n".join(map(json.dumps, [*lines, lines[0], {"mailbox": "x"}])))
    quiet = {**deployment.settings, "TRIAGE_QUEUE": f"q-{uuid.uuid4().hex}"}  # nobody listens to it
    result = in_process("submit", str(file), "--json", settings=quiet)
    assert result.code == 1
    assert [one["id"] for one in result.json["accepted"]] == [line["id"] for line in [*lines, lines[0]]]
    assert [one["line"] for one in result.json["refused"]] == [1005]
    file.write_text(json.dumps([*lines[:2], lines[0]]))
    result = in_process("submit", str(file), settings=quiet)
    assert result.out == "Accepted 3 failures. Some of them are the same failure: they make 2 findings.\n"


def test_a_dry_run(in_process: InProcess, tmp_path: Any) -> None:
    file = tmp_path / "failures.csv"
    file.write_text(csv("a@b.example;x;1"))
    result = in_process("submit", str(file), "--dry-run")  # needs no service
    assert (result.code, result.out, result.err) == (0, "1 failure is valid.\n", "")
    file.write_text(csv("a@b.example;x;1", *["nobody;x;1"] * 60))
    result = in_process("submit", str(file), "--dry-run")
    assert result.code == 1
    assert "   and 10 more. Use --json to list all of them" in result.out
    result = in_process("submit", str(file), "--dry-run", "--json")
    assert (result.json["valid"], len(result.json["refused"])) == (1, 60)


def test_an_empty_array_needs_no_service(in_process: InProcess, tmp_path: Any) -> None:
    file = tmp_path / "failures.json"
    file.write_text("[]")
    result = in_process("submit", str(file))
    assert (result.code, result.out) == (0, "Accepted 0 failures.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("submit", "/nowhere/failures.csv"), 4, "/nowhere/failures.csv cannot be read: No such file or directory."),
        (("submit", "/"), 4, "/ cannot be read: Is a directory."),
        (("submit", "README", "--zone", "Mars/Olympus"), 64, "--zone 'Mars/Olympus' is not a time zone"),
        (("submit", "README", "--zone", "../etc"), 64, "is not a time zone"),
        (("submit", "x", "--format", "xls"), 64, "Invalid value for '--format'"),
        (("submit",), 64, "Missing argument 'FILE'"),
    ],
)
def test_wrong_arguments(in_process: InProcess, arguments: tuple[str, ...], code: int, said: str) -> None:
    if "README" in arguments:
        arguments = tuple(__file__ if text == "README" else text for text in arguments)
    result = in_process(*arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_bodies_are_as_large_as_the_service_accepts() -> None:
    many = [Checked(n, b"{}", 1) for n in range(2500)]
    assert [len(chunk) for chunk in chunks(many)] == [1000, 1000, 500]
    wide = [Checked(n, b"{}", 400) for n in range(5)]
    assert [len(chunk) for chunk in chunks(wide)] == [2, 2, 1]
    large = [Checked(n, b"x" * 300_000, 1) for n in range(7)]
    for chunk in chunks(large):
        assert len(b"[" + b",".join(one.body for one in chunk) + b"]") <= MAX_BODY_BYTES
        assert sum(one.failures for one in chunk) <= MAX_FAILURES
    assert [len(chunk) for chunk in chunks(large)] == [3, 3, 1]
    exact = [Checked(0, b"x" * ((MAX_BODY_BYTES - 3) // 2), 1), Checked(1, b"x" * ((MAX_BODY_BYTES - 3) // 2), 1)]
    assert [len(chunk) for chunk in chunks(exact)] == [2]
    spread = [Checked(n, b"{}", 100, MAX_MESSAGES_BYTES // 3) for n in range(5)]
    assert [len(chunk) for chunk in chunks(spread)] == [2, 2, 1]
    assert list(chunks([])) == []


class Picky(Service):
    """A deployment of another version, which refuses records that contain this word."""

    def __init__(self, word: str, pointer: str) -> None:
        self.bodies: list[list[Any]] = []
        self._word, self._pointer = word, pointer

    async def post(self, path: str, body: bytes = b"") -> dict[str, Any]:
        items = json.loads(body)
        self.bodies.append(items)
        errors = [
            {"pointer": self._pointer.format(index), "detail": "is odd"}
            for index, item in enumerate(items)
            if self._word in json.dumps(item)
        ]
        if errors:
            raise RefusedError("Nothing was accepted.", errors)
        return {"accepted": [{"findingId": item["messageId"]} for item in items]}


async def test_a_refusal_by_the_service_does_not_stop_the_rest() -> None:
    checked = [
        Checked(n, json.dumps({"messageId": f"{'odd' if n % 3 == 0 else 'fine'}-{n}"}).encode(), 1) for n in range(8)
    ]
    service, submission, progress = Picky("odd", "/{}/messageId"), Submission(), []
    await send(service, checked, submission, progress.append)
    assert [one["findingId"] for one in submission.accepted] == ["fine-1", "fine-2", "fine-4", "fine-5", "fine-7"]
    wrong = [{"pointer": "/messageId", "detail": "is odd"}]
    assert submission.wire()["refused"] == [{"line": line, "errors": wrong} for line in (0, 3, 6)]
    assert sum(progress) == len(checked)
    assert len(service.bodies) == 2


@pytest.mark.parametrize("pointer", ["", "/nowhere", "/99/x", "99"])
async def test_a_refusal_without_a_record_ends_the_command(pointer: str) -> None:
    with pytest.raises(RefusedError, match="Nothing was accepted"):
        await send(Picky("x", pointer), [Checked(1, b'{"messageId": "x"}', 1)], Submission(), lambda _: None)
