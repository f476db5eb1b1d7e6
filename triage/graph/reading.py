"""A question's reply as an Answer: read, absent, or unread and why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from types import GenericAlias
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from triage.graph.batching import Batcher
from triage.graph.evidence import Answer, Reason, State
from triage.graph.questions import Question
from triage.graph.replies import Reply

T = TypeVar("T")

MAX_PAGES = 20

_BY_STATUS = {
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    408: Reason.TIMEOUT,
    429: Reason.THROTTLED,
    504: Reason.TIMEOUT,
    # Graph refuses the question itself, and will refuse it again.
    **dict.fromkeys((400, 405, 406, 413, 414, 415, 422, 501), Reason.UNSUPPORTED),
}


async def read_one(batcher: Batcher, question: Question, kind: type[T]) -> Answer[T]:
    """The one object that a question is about."""
    asked, reply = await _ask(batcher, question)
    answer: Answer[T] = _answer(asked, reply)
    if answer.state is not State.READ:
        return answer
    return _validated(answer, reply.body, _adapter(kind, many=False))


async def read_list(batcher: Batcher, question: Question, kind: type[T], *, whole: bool = True) -> Answer[list[T]]:
    """All objects of a collection, page by page. A collection that could not be read to its end is unread.

    Not `whole`: the first page is enough, since any object will do.
    """
    rows: list[Any] = []
    following, first = question, None
    answer: Answer[Any] = Answer(question.check, State.UNREAD, request=str(question))
    for _ in range(MAX_PAGES):
        page = await read_page(batcher, following)
        first = first or page
        answer = replace(page, value=None, request=first.request, lacks=first.lacks)
        if page.value is None:
            return answer
        rows += page.value.rows
        if page.value.next_url is None or not whole:
            return _validated(answer, rows, _adapter(kind, many=True))
        following = replace(question, url=page.value.next_url)
    return answer.unread(Reason.TOO_MANY, detail=f"the service reads at most {MAX_PAGES} pages of a list")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a collection as Graph sent it, and the URL of the next one, without `/v1.0`."""

    rows: list[Any]
    next_url: str | None


async def read_page(batcher: Batcher, question: Question) -> Answer[Page]:
    """One page of a collection."""
    asked, reply = await _ask(batcher, question)
    answer: Answer[Page] = _answer(asked, reply)
    if answer.state is not State.READ or reply.body is None:
        return answer
    rows: object = reply.body.get("value")
    if not isinstance(rows, list):
        return answer.unread(Reason.UNAVAILABLE)
    link = reply.body.get("@odata.nextLink")
    return replace(answer, value=Page(cast("list[Any]", rows), _relative(str(link)) if link else None))


async def _ask(batcher: Batcher, question: Question) -> tuple[Question, Reply]:
    """The reply, and the question without the properties that this cloud does not have."""
    while True:  # each time without one property more
        asked = batcher.schema.fit(question)
        reply = await batcher.read(asked)
        if not batcher.schema.learn(question, reply):
            return asked, reply


class Reader:
    """Reads until a deadline: what has no answer within `seconds` is unread with the reason `timeout`."""

    def __init__(self, batcher: Batcher, seconds: float) -> None:
        self._batcher = batcher
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def one(self, question: Question, kind: type[T]) -> Answer[T]:
        """The one object that a question is about."""
        return await self.in_time(read_one(self._batcher, question, kind), late(question))

    async def many(self, question: Question, kind: type[T]) -> Answer[list[T]]:
        """All objects of a collection."""
        return await self.in_time(read_list(self._batcher, question, kind), late(question))

    async def in_time(self, reading: Awaitable[T], otherwise: T) -> T:
        """What is read before the deadline, or `otherwise`."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await reading
        except TimeoutError:
            return otherwise


def late(question: Question) -> Answer[Any]:
    """The answer to a question that Graph did not answer in time."""
    return Answer(question.check, State.UNREAD, request=str(question), reason=Reason.TIMEOUT)


def _answer(question: Question, reply: Reply) -> Answer[Any]:
    answer: Answer[Any] = Answer(
        question.check,
        State.UNREAD,
        request=str(question),
        status=reply.status,
        error_code=reply.code,
        retry_after=reply.retry_after,
        read_at=datetime.now(UTC),
        lacks=question.lacks,
    )
    if reply.reason is not None:
        return replace(answer.unread(reply.reason), away=reply.away)
    if reply.status == 200 and reply.body is not None:
        return replace(answer, state=State.READ)
    if reply.status == 404 and (reply.code or "").lower() in question.absent:
        return replace(answer, state=State.ABSENT)
    reason = _BY_STATUS.get(reply.status or 0, Reason.UNAVAILABLE)
    permission = question.permission if reason is Reason.FORBIDDEN else None
    return answer.unread(reason, permission, reply.message if reason is Reason.UNSUPPORTED else None)


@cache
def _adapter(kind: type[Any], *, many: bool) -> TypeAdapter[Any]:
    """The validator of a kind of object, or of a list of them. It is kept: making one costs more than using it."""
    shape: Any = GenericAlias(list, (kind,)) if many else kind
    return TypeAdapter(shape)


def _validated(answer: Answer[T], value: object, adapter: TypeAdapter[T]) -> Answer[T]:
    """The answer with its value, or unread if the value does not have the shape that Graph documents."""
    try:
        return replace(answer, value=adapter.validate_python(value))
    except ValidationError:
        return answer.unread(Reason.UNAVAILABLE)


def _relative(link: str) -> str:
    """The part of an absolute nextLink that a batch item needs: what follows `/v1.0`."""
    url = urlsplit(link)
    path = url.path.partition("/v1.0")[2] or url.path
    return f"{path}?{url.query}" if url.query else path
