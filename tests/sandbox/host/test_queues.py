"""The queue listener on a real queue service. The test itself is the function."""

from __future__ import annotations

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from sandbox.azurite import Azurite
from sandbox.host import storage
from sandbox.host.config import QueueOptions
from sandbox.host.driver import Datum
from sandbox.host.queues import Backoff, Listener

OPTIONS = QueueOptions(max_polling_interval=0.2, message_encoding="none")


@pytest.fixture(scope="module")
def emulator(accounts: Iterator[Azurite]) -> Azurite:
    return next(accounts)


@dataclass
class Scene:
    service: QueueServiceClient
    queue: QueueClient
    poison: QueueClient
    listener: Listener
    calls: list[tuple[str, Mapping[str, Datum]]] = field(default_factory=list)

    async def send(self, text: str) -> None:
        await self.queue.send_message(text)

    async def calls_of(self, number: int, seconds: float = 8.0) -> None:
        await until(lambda: len(self.calls) >= number, seconds)

    async def left(self, queue: QueueClient) -> int:
        """The number of messages on the queue, including invisible ones."""
        return (await queue.get_queue_properties()).approximate_message_count or 0

    async def empties(self) -> None:
        for _ in range(80):
            if not await self.left(self.queue):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the queue does not empty")


async def until(reached: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(
    emulator: Azurite,
    function: Callable[[str], Awaitable[bool]],
    options: QueueOptions = OPTIONS,
    lease: float = 600.0,
    name: str = "",
    poison: bool = True,
) -> AsyncIterator[Scene]:
    name = name or f"q{uuid.uuid4().hex[:8]}"
    async with QueueServiceClient.from_connection_string(emulator.connection_string) as service:
        queue, poison_queue = service.get_queue_client(name), service.get_queue_client(name + "-poison")
        scene: Scene

        async def invoke(data: Datum, metadata: Mapping[str, Datum]) -> bool:
            scene.calls.append((data.value, metadata))
            return await function(data.value)

        listener = Listener(
            queue, poison_queue if poison else None, options, invoke=invoke, sent=lambda name: None, lease=lease
        )
        scene = Scene(service, queue, poison_queue, listener)
        await storage.create(queue)
        await storage.create(poison_queue)
        listener.start()
        try:
            yield scene
        finally:
            await listener.drain(0.1)


async def succeed(text: str) -> bool:
    return True


async def fail(text: str) -> bool:
    return False


async def test_a_message_is_processed_once_and_deleted(emulator: Azurite) -> None:
    async with listening(emulator, succeed) as scene:
        await scene.send("hello")
        await scene.empties()
    text, metadata = scene.calls[0]
    assert (text, len(scene.calls)) == ("hello", 1)
    assert metadata["DequeueCount"] == Datum("json", "1")
    assert set(metadata) == {
        "Id", "QueueTrigger", "PopReceipt", "DequeueCount", "InsertionTime", "ExpirationTime", "NextVisibleTime"
    }  # fmt: skip


async def test_a_failed_message_comes_back_after_the_visibility_timeout_and_then_is_poison(emulator: Azurite) -> None:
    options = QueueOptions(
        max_polling_interval=0.1, visibility_timeout=1.0, max_dequeue_count=2, message_encoding="none"
    )
    times: list[float] = []

    async def function(text: str) -> bool:
        times.append(time.monotonic())
        return False

    async with listening(emulator, function, options) as scene:
        await scene.send("raw text")
        await scene.empties()
        poisoned = await scene.poison.receive_message()
    assert len(times) == 2
    assert 0.8 < times[1] - times[0] < 2.5
    assert poisoned is not None
    assert (poisoned.content, poisoned.dequeue_count) == ("raw text", 1)


async def test_without_a_visibility_timeout_all_tries_come_at_once(emulator: Azurite) -> None:
    async with listening(emulator, fail) as scene:
        await scene.send("x")
        started = time.monotonic()
        await scene.calls_of(5)
        await scene.empties()
        assert time.monotonic() - started < 3
        assert await scene.left(scene.poison) == 1
    assert len(scene.calls) == 5


async def test_a_failure_on_a_poison_queue_stays_invisible(emulator: Azurite) -> None:
    async with listening(emulator, fail, poison=False) as scene:
        await scene.send("x")
        await scene.calls_of(1)
        await asyncio.sleep(0.6)
        assert await scene.left(scene.queue) == 1
    assert len(scene.calls) == 1


async def test_a_message_that_is_not_base64_goes_to_the_poison_queue_without_a_call(emulator: Azurite) -> None:
    options = QueueOptions(max_polling_interval=0.1, message_encoding="base64")
    async with listening(emulator, succeed, options) as scene:
        await scene.send('{"plain": "text"}')
        await scene.send(base64.b64encode("grün".encode()).decode())
        await scene.empties()
        poisoned = await scene.poison.receive_message()
    assert poisoned is not None
    assert poisoned.content == '{"plain": "text"}'
    assert [text for text, _ in scene.calls] == ["grün"]


async def test_a_message_that_is_not_utf8_fails(emulator: Azurite) -> None:
    options = QueueOptions(max_polling_interval=0.1, max_dequeue_count=2, message_encoding="base64")
    async with listening(emulator, succeed, options) as scene:
        await scene.send(base64.b64encode(b"\xff\xfe").decode())
        await scene.empties()
        assert await scene.left(scene.poison) == 1
    assert scene.calls == []


async def test_a_long_call_keeps_its_lease(emulator: Azurite) -> None:
    async def slow(text: str) -> bool:
        await asyncio.sleep(2.3)
        return True

    async with listening(emulator, slow, lease=1.0) as scene:
        await scene.send("slow")
        await scene.calls_of(1)
        await asyncio.sleep(2.8)
        assert await scene.left(scene.queue) == 0, "deleted with the receipt of the last renewal"
    assert len(scene.calls) == 1, "a lease that ends would have brought the message back"


async def test_a_message_leased_by_another_listener_is_left_alone(emulator: Azurite) -> None:
    async def stolen(text: str) -> bool:
        await asyncio.sleep(1.5)  # the lease of one second has ended
        other = await scene.queue.receive_message(visibility_timeout=60)
        assert other is not None
        return True

    async with listening(emulator, stolen, QueueOptions(1, 0, 0.1, message_encoding="none"), lease=1.0) as scene:
        scene.listener._renew = lambda *given: asyncio.sleep(60)  # type: ignore[assignment,method-assign,misc]
        await scene.send("x")
        await scene.calls_of(1)
        await until(lambda: not scene.listener.processing, 5)
        assert await scene.left(scene.queue) == 1
        assert scene.listener.polling is not None
        assert not scene.listener.polling.done()


@pytest.mark.parametrize(("batch", "threshold", "most"), [(4, 0, 4), (8, 8, 16), (1, 0, 1)])
async def test_no_more_at_once_than_batch_size_and_threshold(
    emulator: Azurite, batch: int, threshold: int, most: int
) -> None:
    now: set[str] = set()
    seen = [0]

    async def function(text: str) -> bool:
        now.add(text)
        seen[0] = max(seen[0], len(now))
        await asyncio.sleep(0.2)
        now.discard(text)
        return True

    options = QueueOptions(batch, threshold, 0.1, message_encoding="none")
    name = f"q{uuid.uuid4().hex[:8]}"
    async with QueueServiceClient.from_connection_string(emulator.connection_string) as service:
        queue = await service.create_queue(name)
        await asyncio.gather(*(queue.send_message(str(number)) for number in range(20 if most > 1 else 3)))
    async with listening(emulator, function, options, name=name) as scene:
        await scene.empties()
    assert seen[0] == most


async def test_the_stop_waits_for_running_functions_and_returns_late_messages(emulator: Azurite) -> None:
    ended: list[str] = []

    async def function(text: str) -> bool:
        await asyncio.sleep(float(text))
        ended.append(text)
        return True

    async with listening(emulator, function) as scene:
        await scene.send("0.5")
        await scene.send("30")
        await scene.calls_of(2)
        started = time.monotonic()
        await scene.listener.drain(1.0)
        assert time.monotonic() - started < 3
        again = await scene.queue.receive_message()
    assert ended == ["0.5"]
    assert again is not None
    assert again.content == "30"


def test_backoff() -> None:
    delays = Backoff(1.0)
    steps = [delays.next() for _ in range(40)]
    assert steps[0] == 0.1
    assert 0.18 <= steps[1] <= 0.22
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    delays.reset()
    assert delays.next() == 0.1


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "a", [b"a"]),
        ("bytes", b"\x00", [b"\x00"]),
        ("json", '["a", {"body": "b"}, {"c": 1}]', [b"a", b"b", b'{"c": 1}']),
        ("json", '{"id": null, "body": "x"}', [b"x"]),
    ],
)
def test_messages_of_an_output(kind: str, value: object, expected: list[bytes]) -> None:
    assert storage.messages(Datum(kind, value)) == expected
