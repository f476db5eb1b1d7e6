"""Sends the failures in a file. The service's own rules check them first, and refusals are listed by line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from triage.cli.client.answers import Json, RefusedError
from triage.cli.client.service import Service
from triage.cli.files.record import Record
from triage.intake.body import MAX_FAILURES, Accepted, read_body
from triage.intake.json_text import MAX_BODY_BYTES, IntakeError
from triage.intake.queue_message import QueuedFailure
from triage.intake.queued_failures import MAX_MESSAGES_BYTES, within_limit
from triage.problems import Problem

# The service may add the id of a trace to each message.
_MAX_MESSAGES_BYTES = MAX_MESSAGES_BYTES - 100 * MAX_FAILURES
_POINTER = re.compile(r"/([0-9]+)(/.*)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid record: its line, its JSON, its failures (one for each mailbox), and their messages' bytes."""

    line: int
    body: bytes
    failures: int
    message_bytes: int = 0


@dataclass(slots=True)
class Submission:
    """The result for a file so far. `refused` has `{"line", "errors": [{"pointer", "detail"}]}`."""

    accepted: list[Json] = field(default_factory=list[Json])
    refused: list[Json] = field(default_factory=list[Json])

    def wire(self) -> Json:
        """As `--json` prints it: `accepted` as in the API, and the refusals in the order of their lines."""
        return {"accepted": self.accepted, "refused": sorted(self.refused, key=lambda one: one["line"])}

    def refuse(self, line: int, problems: Iterable[Problem]) -> None:
        """Adds what is wrong with a line."""
        errors = [problem.wire() for problem in problems]
        self.refused.append({"line": line, "errors": errors})


def check(records: Iterable[Record], submission: Submission) -> list[Checked]:
    """The valid records. The others are added to the submission as refused."""
    checked: list[Checked] = []
    for record in records:
        body = json.dumps(record.value).encode()
        try:
            accepted = read_body(b"[%b]" % body) if not record.problems else []
            message_bytes = sum(len(message) for message in within_limit(_message(one) for one in accepted))
            problems = record.problems
        except IntakeError as error:
            accepted, message_bytes = [], 0
            problems = [Problem(problem.pointer.removeprefix("/0"), problem.detail) for problem in error.problems]
        if problems:
            submission.refuse(record.line, problems)
        else:
            checked.append(Checked(record.line, body, len(accepted), message_bytes))
    return checked


def _message(accepted: Accepted) -> bytes:
    """A failure as the service's queue message, with ids as long as the service's. IntakeError if it is too large."""
    return QueuedFailure.of(
        accepted.failure,
        uuid4().hex,
        delivery=f"{uuid4().hex}/{MAX_FAILURES}",
        configured_tenant_id=str(uuid4()),
        part=accepted.part,
    ).encode()


def chunks(checked: Iterable[Checked]) -> Iterator[list[Checked]]:
    """The records in bodies of at most 1,000 failures, 1 MiB, and what the queue messages of a body may be together."""
    chunk: list[Checked] = []
    failures, size, messages = 0, 2, 0
    for one in checked:
        if chunk and (
            failures + one.failures > MAX_FAILURES
            or size + len(one.body) + 1 > MAX_BODY_BYTES
            or messages + one.message_bytes > _MAX_MESSAGES_BYTES
        ):
            yield chunk
            chunk, failures, size, messages = [], 0, 2, 0
        chunk.append(one)
        failures += one.failures
        size += len(one.body) + 1
        messages += one.message_bytes
    if chunk:
        yield chunk


async def send(
    service: Service, checked: list[Checked], submission: Submission, progress: Callable[[int], Any]
) -> None:
    """Sends the records in bodies, one after the other. If the service refuses some of a body, it gets the rest."""
    for chunk in chunks(checked):
        left = chunk
        while left:
            try:
                answer = await service.post("failures", b"[" + b",".join(one.body for one in left) + b"]")
            except RefusedError as error:
                kept = _without_refused(left, error, submission)
                progress(len(left) - len(kept))
                left = kept
            else:
                submission.accepted += answer["accepted"]
                progress(len(left))
                break


def _without_refused(sent: list[Checked], error: RefusedError, submission: Submission) -> list[Checked]:
    """The rest of a refused body. Raises the refusal if it names none of the records."""
    problems: dict[int, list[Problem]] = {}
    for one in error.errors:
        match = _POINTER.fullmatch(str(one.get("pointer")))
        if match and int(match[1]) < len(sent):
            problem = Problem(match[2] or "", str(one.get("detail")))
            problems.setdefault(int(match[1]), []).append(problem)
    if not problems:
        raise error
    for index, found in problems.items():
        submission.refuse(sent[index].line, found)
    return [one for index, one in enumerate(sent) if index not in problems]
