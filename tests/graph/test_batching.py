"""Batches: what is sent together, how limits and throttling change that, and that no task is left behind."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import deadlines
from triage.graph import throttling
from triage.graph.batching import Batcher
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.replies import Reply, read_replies, retry_after

OK = Reply(200, {"value": "x"})


class Graph:
    """Answers batches: `answer` returns the reply to a URL, and `seconds` is how long a batch takes."""

    def __init__(self, answer: Callable[[str], Reply | None] = lambda _: OK, seconds: float = 0.0) -> None:
        self.answer, self.seconds = answer, seconds
        self.batches: list[list[dict[str, Any]]] = []
        self.active: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.answered = asyncio.Event()

    @property
    def urls(self) -> list[str]:
        return [item["url"] for batch in self.batches for item in batch]

    async def send(self, items: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        self.batches.append(items)
        boxes = [item["url"].split("/")[1] for item in items]
        for box in boxes:
            self.active[box] = self.active.get(box, 0) + 1
            self.most[box] = max(self.most.get(box, 0), self.active[box])
        await asyncio.sleep(self.seconds)
        for box in boxes:
            self.active[box] -= 1
        replies = [(item["id"], self.answer(item["url"])) for item in items]
        random.Random(len(items)).shuffle(replies)
        self.answered.set()
        return {identifier: reply for identifier, reply in replies if reply is not None}


def directory(number: int = 0, **headers: str) -> Question:
    return Question("user", f"/users/{number}", "User.Read.All", headers)


def mail(number: int = 0, mailbox: str = "a") -> Question:
    return Question("message", f"/{mailbox}/messages/{number}", "Mail.ReadBasic.All", {}, mailbox)


@pytest.fixture(autouse=True)
async def _nothing_left_behind() -> AsyncIterator[None]:
    """No test may leave a task behind; canceled tasks get a moment to end."""
    yield
    for _ in range(20):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0.005)
    assert not left


async def all_of(batcher: Batcher, questions: list[Question]) -> list[Reply]:
    return list(await asyncio.gather(*(batcher.read(question) for question in questions)))


async def test_reads_that_wait_at_the_same_time_are_sent_together() -> None:
    graph = Graph()
    assert await all_of(Batcher(graph.send), [directory(1, ConsistencyLevel="eventual"), mail(2)]) == [OK, OK]
    (batch,) = graph.batches
    assert [(item["method"], item["url"], item.get("headers")) for item in batch] == [
        ("GET", "/users/1", {"ConsistencyLevel": "eventual"}),
        ("GET", "/a/messages/2", None),
    ]
    assert len({item["id"] for item in batch}) == 2
    assert all(isinstance(item["id"], str) for item in batch)


@pytest.mark.parametrize("count", [1, 19, 20, 21, 45])
async def test_a_batch_has_at_most_20_reads(count: int) -> None:
    graph = Graph(lambda url: Reply(200, {"url": url}))
    replies = await all_of(Batcher(graph.send), [directory(number) for number in range(count)])
    assert [reply.body for reply in replies] == [{"url": f"/users/{number}"} for number in range(count)]
    assert [len(batch) for batch in graph.batches] == [20] * (count // 20) + ([count % 20] if count % 20 else [])


async def test_identical_reads_are_sent_once_and_can_be_sent_again_later() -> None:
    graph = Graph()
    batcher = Batcher(graph.send)
    assert await all_of(batcher, [directory()] * 5) == [OK] * 5
    assert graph.urls == ["/users/0"]
    assert await batcher.read(directory()) == OK
    assert graph.urls == ["/users/0"] * 2


async def test_reads_with_other_headers_are_not_identical() -> None:
    graph = Graph()
    await all_of(Batcher(graph.send), [directory(), directory(Prefer="x"), directory()])
    assert graph.urls == ["/users/0"] * 2


async def test_a_read_joins_one_that_is_under_way() -> None:
    graph = Graph(seconds=0.05)
    batcher = Batcher(graph.send)
    first = asyncio.create_task(batcher.read(directory()))
    await asyncio.sleep(0.02)
    assert await batcher.read(directory()) == await first == OK
    assert len(graph.urls) == 1


async def test_an_item_that_is_missing_from_the_answer_was_not_answered() -> None:
    graph = Graph(lambda url: None if url.endswith("1") else OK)
    replies = await all_of(Batcher(graph.send), [directory(0), directory(1), directory(2)])
    assert replies == [OK, Reply(reason=Reason.UNAVAILABLE), OK]


async def test_a_canceled_read_does_not_cancel_an_identical_one() -> None:
    graph = Graph(seconds=0.03)
    batcher = Batcher(graph.send)
    gone, stays = (asyncio.create_task(batcher.read(directory())) for _ in range(2))
    await asyncio.sleep(0.015)
    gone.cancel()
    assert await stays == OK
    assert gone.cancelled()


@pytest.mark.parametrize("after", [0.0, 0.02])
async def test_a_read_that_nobody_waits_for_leaves_no_task_behind(after: float) -> None:
    graph = Graph(seconds=0.05)
    batcher = Batcher(graph.send)
    waiting = [asyncio.create_task(batcher.read(question)) for question in (directory(), directory(), mail())]
    await asyncio.sleep(after)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert all(task.cancelled() for task in waiting)
    await asyncio.sleep(0.03)
    assert bool(graph.batches) is (after > 0), "what has not left yet does not leave"
    graph.seconds = 0
    assert await batcher.read(directory()) == OK, "it can be asked again"


async def test_a_canceled_read_frees_its_place_in_the_mailbox() -> None:
    graph = Graph(seconds=0.03)
    batcher = Batcher(graph.send)
    waiting = [asyncio.create_task(batcher.read(mail(number))) for number in range(8)]
    await asyncio.sleep(0.015)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await asyncio.wait_for(all_of(batcher, [mail(number) for number in range(10, 18)]), 1) == [OK] * 8


async def test_close_cancels_what_is_under_way() -> None:
    batcher = Batcher(Graph(seconds=5).send)
    waiting = [asyncio.create_task(batcher.read(directory(number))) for number in range(3)]
    await asyncio.sleep(0.02)
    await asyncio.wait_for(batcher.close(), 1)
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in found)


async def test_a_send_that_fails_cancels_its_reads() -> None:
    async def send(_: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        raise RuntimeError("it should not have")

    # Nobody waits for the task of the batch, so the loop handles its exception.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    waiting = [asyncio.create_task(Batcher(send).read(directory(number))) for number in range(2)]
    done, pending = await asyncio.wait(waiting, timeout=1)
    assert (len(done), len(pending)) == (2, 0)


async def test_at_most_four_reads_at_a_time_for_one_mailbox() -> None:
    graph = Graph(seconds=0.01)
    questions = [mail(number) for number in range(10)] + [mail(number, "b") for number in range(6)]
    questions += [directory(number) for number in range(12)]
    replies = await all_of(Batcher(graph.send), questions)
    assert replies == [OK] * 28
    assert (graph.most["a"], graph.most["b"]) == (4, 4)
    assert graph.most["users"] > 4


def throttled_once(seconds: float, status: int = 429) -> Callable[[str], Reply]:
    seen: set[str] = set()

    def answer(url: str) -> Reply:
        if url.endswith("/0") and url not in seen:
            seen.add(url)
            return Reply(status, retry_after=seconds)
        return OK

    return answer


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_after_a_short_wait_only_what_failed_is_asked_again(status: int) -> None:
    graph = Graph(throttled_once(0.05, status))
    started = time.monotonic()
    assert await all_of(Batcher(graph.send), [directory(0), directory(1)]) == [OK, OK]
    assert time.monotonic() - started >= 0.05
    assert graph.urls == ["/users/0", "/users/1", "/users/0"]


async def test_a_long_wait_is_not_waited_for() -> None:
    graph = Graph(throttled_once(deadlines.GRAPH_WAIT + 1))
    batcher = Batcher(graph.send)
    first = await asyncio.wait_for(batcher.read(mail(0)), 1)
    assert (first.status, first.retry_after) == (429, deadlines.GRAPH_WAIT + 1)
    # Only the reads of that mailbox are delayed.
    second = await asyncio.wait_for(batcher.read(mail(1)), 1)
    assert (second.status, second.reason) == (429, Reason.THROTTLED)
    assert second.retry_after is not None
    assert deadlines.GRAPH_WAIT < second.retry_after <= deadlines.GRAPH_WAIT + 1
    assert await batcher.read(mail(1, "b")) == await batcher.read(directory(1)) == OK
    assert graph.urls == ["/a/messages/0", "/b/messages/1", "/users/1"]


async def test_a_throttled_directory_delays_all_of_its_reads() -> None:
    graph = Graph(throttled_once(deadlines.GRAPH_WAIT + 1))
    batcher = Batcher(graph.send)
    await batcher.read(directory(0))
    assert (await batcher.read(directory(1))).reason is Reason.THROTTLED
    assert await batcher.read(mail(1)) == OK
    assert graph.urls == ["/users/0", "/a/messages/1"]


async def test_a_throttled_mailbox_delays_its_other_reads() -> None:
    graph = Graph(throttled_once(0.08))
    batcher = Batcher(graph.send)
    started = time.monotonic()
    first = asyncio.create_task(batcher.read(mail(0)))
    await graph.answered.wait()
    await asyncio.sleep(0.01)
    assert await batcher.read(mail(1)) == OK
    assert time.monotonic() - started >= 0.08
    assert await first == OK
    assert graph.urls[0] == "/a/messages/0"


async def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    waits = {"/users/0": 0.12, "/users/1": 0.01}
    graph = Graph(lambda url: Reply(429, retry_after=waits.pop(url)) if url in waits else OK)
    batcher = Batcher(graph.send)
    started = time.monotonic()
    both = asyncio.gather(batcher.read(directory(0)), batcher.read(directory(1)))
    await graph.answered.wait()
    await asyncio.sleep(0.01)
    assert await batcher.read(directory(2)) == OK
    assert time.monotonic() - started >= 0.12
    await both


async def test_a_503_delays_no_other_read() -> None:
    graph = Graph(throttled_once(deadlines.GRAPH_WAIT + 1, 503))
    batcher = Batcher(graph.send)
    assert (await batcher.read(directory(0))).status == 503
    assert await batcher.read(directory(1)) == OK


async def test_the_number_of_tries_is_limited() -> None:
    graph = Graph(lambda _: Reply(429, retry_after=0.005))
    reply = await Batcher(graph.send).read(directory(0))
    assert (reply.status, len(graph.urls)) == (429, throttling.MAX_TRIES)


async def test_without_a_retry_after_the_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "WAIT_WITHOUT_RETRY_AFTER", 0.02)
    graph = Graph(lambda _: Reply(503))
    started = time.monotonic()
    assert (await Batcher(graph.send).read(directory(0))).status == 503
    assert time.monotonic() - started >= 0.02 + 0.04
    assert len(graph.urls) == throttling.MAX_TRIES


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 502])
async def test_any_other_answer_is_not_asked_again(status: int) -> None:
    graph = Graph(lambda _: Reply(status))
    assert (await Batcher(graph.send).read(directory(0))).status == status
    assert len(graph.urls) == 1


def test_replies() -> None:
    payload = {
        "responses": [
            {"id": "1", "status": 200, "body": {"id": "x"}},
            {"id": "0", "status": 429, "headers": {"retry-after": "7"}, "body": {"error": {"code": "TooMany"}}},
            {"id": 2, "status": 204, "body": "text", "headers": None},
            {"id": "3", "status": "200"},
            "no item",
        ]
    }
    replies = read_replies(payload)
    assert set(replies) == {"0", "1", "2"}
    assert replies["1"].body == {"id": "x"}
    assert (replies["0"].retry_after, replies["0"].code) == (7.0, "TooMany")
    assert (replies["2"].status, replies["2"].body) == (204, None)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["responses", "id", "status", "body", "headers", "Retry-After", "error", "code"]), inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_any_answer_is_read_without_an_error(payload: Any) -> None:
    for shape in (
        payload,
        {"responses": payload},
        {"responses": [payload, {"id": "1", "status": 200, "body": payload}]},
    ):
        for reply in read_replies(shape).values():
            assert reply.code is None or isinstance(reply.code, str)
            assert reply.retry_after is None or reply.retry_after >= 0


@pytest.mark.parametrize(("headers", "seconds"), [
    ({"Retry-After": "5"}, 5.0), ({"retry-after": 5}, 5.0), ({"RETRY-AFTER": " 2.5 "}, 2.5), ({"Retry-After": "-1"}, 0.0),
    ({"Retry-After": "soon"}, None), ({"Retry-After": ""}, None), ({}, None), ({"After": "5"}, None),
    ({"Retry-After": "Mon, 20 Nov 2006 10:00:00 GMT"}, 0.0),
])  # fmt: skip
def test_retry_after(headers: dict[str, Any], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    found = retry_after({"Retry-After": formatdate(time.time() + 60, usegmt=True)})
    assert found is not None
    assert 55 < found <= 61


def test_the_code_of_a_reply() -> None:
    assert Reply(404, {"error": {"code": "ErrorItemNotFound"}}).code == "ErrorItemNotFound"
    for body in (None, {}, {"error": "x"}, {"error": {"code": 5}}, {"error": {}}):
        assert Reply(404, body).code is None
