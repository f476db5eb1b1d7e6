"""A read that fails or hangs, and the others in its batch: they are asked again apart from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.graph.transport import Network, batch_answer, session
from triage import deadlines
from triage.graph import isolation
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.graph.session import GraphSession

LATE = 0.15
Opened = tuple[GraphSession, Network]


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    monkeypatch.setattr(deadlines, "GRAPH_LATE", LATE)
    monkeypatch.setattr(deadlines, "GRAPH_REQUEST", 8 * LATE)
    async with session(monkeypatch) as found:
        await ask(found[0], mail("first"))  # it would have more time, for the connection
        found[1].sent.clear()
        yield found
        assert len(asyncio.all_tasks()) == 1, "no task is left behind"


def mail(mailbox: str, folder: str = "inbox") -> Question:
    return Question("mailbox", f"/users/{mailbox}/{folder}", "Mail.ReadBasic.All", {}, mailbox)


def user(name: str) -> Question:
    return Question("user", f"/users/{name}", "User.Read.All")


async def ask(found: GraphSession, *questions: Question) -> list[Reply]:
    return list(await asyncio.gather(*(found.batcher.read(question) for question in questions)))


def is_answered(question: Question, reply: Reply) -> bool:
    return reply.status == 200 and reply.body == {"url": question.url}


class Bad:
    """What happens to each batch that has a read of one mailbox in it, for the first `times` batches."""

    def __init__(self, how: str, name: str = "bad", times: float = float("inf")) -> None:
        self.how, self.name, self.left = how, name, times

    async def __call__(self, urls: list[str]) -> httpx.Response | None:
        if not any(self.name in url.split("/") for url in urls) or self.left <= 0:
            return None
        self.left -= 1
        if self.how == "hangs":
            await asyncio.sleep(60)
        if self.how == "cuts":
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        if self.how == "is malformed":
            return httpx.Response(200, text="<html>502 Bad Gateway</html>")
        if self.how == "is empty":
            return httpx.Response(200)
        return batch_answer(int(self.how))


WAYS = ["hangs", "cuts", "is malformed", "is empty", "400", "500", "502", "503", "504"]


@pytest.mark.parametrize("how", WAYS)
async def test_a_bad_mailbox_costs_only_its_own_reads(opened: Opened, how: str) -> None:
    found, network = opened
    network.answer = Bad(how)
    questions = [mail(f"m{number}") for number in range(9)] + [user(f"u{number}") for number in range(5)]
    *good, bad = await ask(found, *questions, mail("bad"))
    assert all(map(is_answered, questions, good))
    assert bad.reason is (Reason.TIMEOUT if how == "hangs" else Reason.UNAVAILABLE)


@pytest.mark.parametrize("how", WAYS)
async def test_a_bad_directory_read_costs_only_itself(opened: Opened, how: str) -> None:
    found, network = opened
    network.answer = Bad(how)
    questions = [mail("m"), user("u"), user("v"), mail("n")]
    *good, bad = await ask(found, *questions, user("bad"))
    assert all(map(is_answered, questions, good))
    assert bad.reason is not None


async def test_those_who_share_a_batch_with_a_hanging_mailbox_do_not_wait_for_it(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("hangs")
    begun = time.monotonic()
    bad = asyncio.create_task(found.batcher.read(mail("bad")))
    await ask(found, *(mail(f"m{number}") for number in range(9)))
    assert LATE <= time.monotonic() - begun < 3 * LATE
    assert (await bad).reason is Reason.TIMEOUT
    assert time.monotonic() - begun >= deadlines.GRAPH_REQUEST, "alone, it gets all the time that there is"


async def test_a_slow_mailbox_is_read_all_the_same(opened: Opened) -> None:
    found, network = opened

    async def slow(urls: list[str]) -> None:
        if any("/slow/" in url for url in urls):
            await asyncio.sleep(3 * LATE)

    network.answer = slow
    questions = [mail("slow"), mail("m"), user("u")]
    assert all(map(is_answered, questions, await ask(found, *questions)))


async def test_two_bad_mailboxes_in_one_batch(opened: Opened) -> None:
    found, network = opened
    hangs, cuts = Bad("hangs", "one"), Bad("cuts", "two")

    async def both(urls: list[str]) -> httpx.Response | None:
        return await cuts(urls) or await hangs(urls)

    network.answer = both
    questions = [mail(f"m{number}") for number in range(17)] + [user("u")]
    one, *good, two = await ask(found, mail("one"), *questions, mail("two"))
    assert all(map(is_answered, questions, good))
    assert (one.reason, two.reason) == (Reason.TIMEOUT, Reason.UNAVAILABLE)


async def test_a_batch_that_fails_once_is_asked_again_in_halves(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("cuts", "m3", times=1)
    questions = [mail(f"m{number}") for number in range(20)]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    assert [len(urls) for urls in network.sent] == [20, 10, 10]


async def test_one_bad_mailbox_among_twenty_costs_thirteen_requests(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("500")
    await ask(found, mail("bad"), *(mail(f"m{number}") for number in range(19)))
    assert sorted(len(urls) for urls in network.sent) == [1] * 10 + [10, 10, 20]


async def test_the_reads_of_a_mailbox_stay_together_and_then_are_separated(opened: Opened) -> None:
    """One folder of a mailbox makes batches fail; the others of the same mailbox can be read."""
    found, network = opened
    network.answer = Bad("502", "deleteditems")
    questions = [mail("a"), mail("a", "junkemail"), mail("b"), mail("c"), mail("d")]
    *good, bad = await ask(found, *questions, mail("a", "deleteditems"))
    assert all(map(is_answered, questions, good))
    assert bad.reason is Reason.UNAVAILABLE
    assert [urls for urls in network.sent if "/users/a/junkemail" in urls][-1] == ["/users/a/junkemail"]


async def test_what_a_batch_answered_is_not_asked_again(opened: Opened) -> None:
    found, network = opened
    dropped = ["/users/b/inbox"]

    def item(url: str) -> dict[str, Any] | None:
        if url in dropped:
            dropped.remove(url)
            return None
        return {"status": 200, "body": {"url": url}}

    network.item = item
    questions = [mail("a"), mail("b"), user("c")]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    assert network.sent == [["/users/a/inbox", "/users/b/inbox", "/users/c"], ["/users/b/inbox"]]


async def test_a_read_that_is_missing_from_every_response_is_unavailable(opened: Opened) -> None:
    found, network = opened
    network.item = lambda url: None if "/b/" in url else {"status": 200, "body": {"url": url}}
    good, bad = await ask(found, mail("a"), mail("b"))
    assert (good.status, bad) == (200, Reply(reason=Reason.UNAVAILABLE))
    assert len(network.sent) == 2


async def test_a_bad_mailbox_is_kept_out_of_the_batches_of_others(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("cuts")
    await ask(found, mail("bad"), mail("m"))
    network.sent.clear()
    await ask(found, mail("bad", "junkemail"), mail("m"), mail("n"))
    assert sorted(network.sent, key=len) == [["/users/bad/junkemail"], ["/users/m/inbox", "/users/n/inbox"]]
    network.answer = network.nothing_wrong
    await ask(found, mail("bad"))
    network.sent.clear()
    await ask(found, mail("bad"), mail("m"))
    assert len(network.sent) == 1, "it has answered, so it is like the others again"


async def test_a_mailbox_that_was_late_alone_is_kept_out_too(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    found, network = opened
    monkeypatch.setattr(isolation, "APART_SECONDS", 1.0)
    network.answer = Bad("hangs")
    await ask(found, mail("bad"), mail("m"))
    network.answer = network.nothing_wrong
    network.sent.clear()
    bad = asyncio.create_task(found.batcher.read(mail("bad", "junkemail")))
    await ask(found, mail("m"), mail("n"))
    await bad
    assert len(network.sent) == 2


@pytest.mark.parametrize(("status", "reason"), [(401, Reason.UNAUTHENTICATED), (403, Reason.UNAUTHENTICATED)])
async def test_a_caller_that_is_refused_is_refused_for_every_read(opened: Opened, status: int, reason: Reason) -> None:
    """It says nothing about an item, and asking the items one by one would not change it."""
    found, network = opened

    async def refuse(_: list[str]) -> httpx.Response:
        return batch_answer(status)

    network.answer = refuse
    replies = await ask(found, mail("a"), mail("b"), user("c"))
    assert {reply.reason for reply in replies} == {reason}
    assert len(network.sent) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttled_batch_waits_and_is_not_taken_apart(opened: Opened, status: int) -> None:
    found, network = opened
    answers = [batch_answer(status, **{"Retry-After": "1"})]

    async def once(_: list[str]) -> httpx.Response | None:
        return answers.pop() if answers else None

    network.answer = once
    begun = time.monotonic()
    questions = [mail("a"), mail("b"), user("c")]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    assert time.monotonic() - begun >= 1
    first, *rest = [len(urls) for urls in network.sent]
    assert (first, sum(rest)) == (3, 3), (
        "each is read once more: its mailbox or directory may end to wait a moment later"
    )


async def test_a_throttled_batch_without_retry_after_waits_too(opened: Opened) -> None:
    found, network = opened
    answers = [batch_answer(429)]

    async def once(_: list[str]) -> httpx.Response | None:
        return answers.pop() if answers else None

    network.answer = once
    questions = [mail("a"), user("c")]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    first, *rest = [len(urls) for urls in network.sent]
    assert (first, sum(rest)) == (2, 2)


@pytest.mark.parametrize("how", ["cuts", "500"])
async def test_the_requests_for_one_batch_have_a_limit(opened: Opened, how: str) -> None:
    found, network = opened
    network.answer = Bad(how, "users")  # everything
    questions = [mail(f"m{number}", folder) for number in range(5) for folder in ("inbox", "junkemail")]
    questions += [user(f"u{number}") for number in range(10)]
    assert {reply.reason for reply in await ask(found, *questions)} == {Reason.UNAVAILABLE}
    assert len(network.sent) <= 1 + 2 + 10 + 20


async def test_when_graph_is_away_the_requests_have_a_limit(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "BUDGET_PER_SECOND", 0.0)
    found, network = opened
    network.answer = Bad("cuts", "users")
    for number in range(40):
        questions = [user(f"u{number}-{other}") for other in range(20)]
        assert {reply.reason for reply in await ask(found, *questions)} == {Reason.UNAVAILABLE}
    assert len(network.sent) <= 40 + isolation.BUDGET
    assert len(network.sent[-1]) == 20, "without a budget, and after that many failures, they share a batch again"


async def test_a_read_ends_in_time_whatever_its_batches_do(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "GRAPH_READ", 5 * LATE)
    found, network = opened
    network.answer = Bad("hangs", "users")
    begun = time.monotonic()
    replies = await ask(found, mail("a"), mail("b"), *(user(f"u{number}") for number in range(6)))
    assert {reply.reason for reply in replies} == {Reason.TIMEOUT}
    assert time.monotonic() - begun < 6 * LATE


async def test_batches_that_are_usually_slow_do_not_count_as_late(opened: Opened) -> None:
    found, network = opened

    async def slow(_: list[str]) -> None:
        await asyncio.sleep(1.3 * LATE)

    network.answer = slow
    for number in range(4):
        await ask(found, mail(f"m{number}"))
    network.sent.clear()
    questions = [mail("a"), mail("b")]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    assert len(network.sent) == 1


async def test_the_first_batch_of_a_session_has_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "GRAPH_LATE", LATE)

    async def slow(_: list[str]) -> None:
        await asyncio.sleep(1.3 * LATE)

    async with session(monkeypatch) as (found, network):
        network.answer = slow
        questions = [mail("a"), mail("b")]
        assert all(map(is_answered, questions, await ask(found, *questions)))
        assert len(network.sent) == 1


async def test_what_nobody_waits_for_any_more_is_not_asked_again(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("hangs")
    bad, gone, stays = (asyncio.create_task(found.batcher.read(mail(name))) for name in ("bad", "gone", "stays"))
    await asyncio.sleep(LATE / 2)
    bad.cancel()
    gone.cancel()
    assert (await stays).status == 200
    assert network.sent == [["/users/bad/inbox", "/users/gone/inbox", "/users/stays/inbox"], ["/users/stays/inbox"]]


async def test_when_nobody_waits_all_parts_end(opened: Opened) -> None:
    found, network = opened
    network.answer = Bad("hangs", "users")
    waiting = [asyncio.create_task(found.batcher.read(mail(name))) for name in ("a", "b", "c")]
    await asyncio.sleep(2 * LATE)
    assert len(network.sent) == 1 + 3
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0.02)
    assert network.canceled == 1 + 3


async def test_a_redirect_is_not_followed(opened: Opened) -> None:
    """It would take addresses and message IDs to whatever host it names."""
    found, network = opened

    async def elsewhere(_: list[str]) -> httpx.Response:
        return httpx.Response(307, headers={"Location": "http://elsewhere.example/v1.0/$batch"})

    network.answer = elsewhere
    hosts: list[str] = []
    handle = network.handle

    async def noting(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return await handle(request)

    network.handle = noting
    assert (await ask(found, mail("a")))[0].reason is Reason.UNAVAILABLE
    assert set(hosts) == {"127.0.0.1"}


async def test_the_time_for_a_token_is_not_the_fault_of_a_read(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    found, network = opened

    class SlowToken:
        async def authenticate_request(self, request: Any, additional: Any = None) -> None:
            await asyncio.sleep(2 * LATE)
            request.headers.try_add("Authorization", "Bearer x")

    monkeypatch.setattr(found, "_provider", SlowToken())
    questions = [mail("a"), mail("b")]
    assert all(map(is_answered, questions, await ask(found, *questions)))
    assert len(network.sent) == 1


async def test_a_token_that_does_not_come_fails_its_batch_as_a_whole(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, network = opened

    class NoToken:
        async def authenticate_request(self, request: Any, additional: Any = None) -> None:
            await asyncio.sleep(60)

    monkeypatch.setattr(found, "_provider", NoToken())
    replies = await ask(found, mail("a"), mail("b"))
    assert {(reply.reason, reply.away) for reply in replies} == {(Reason.UNAUTHENTICATED, True)}
    assert network.sent == []
