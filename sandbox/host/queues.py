"""The listener of a queue trigger: polls, leases, calls the function, then deletes, returns, or moves to poison.

Follows QueueListener, QueueProcessor and RandomizedExponentialBackoffStrategy of azure-sdk-for-net
(Microsoft.Azure.WebJobs.Extensions.Storage.Queues). One difference: it creates a queue that does not exist, where the real host waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from sandbox.host import storage
from sandbox.host.config import QueueOptions
from sandbox.host.driver import Datum

log = logging.getLogger("host")

LEASE_SECONDS = 600.0
MINIMUM_INTERVAL = 0.1
_ONCE = {"retry_total": 0}  # the next poll is the retry

# True when the function succeeded.
Invoke = Callable[[Datum, Mapping[str, Datum]], Awaitable[bool]]


class Listener:
    def __init__(
        self,
        queue: QueueClient,
        poison: QueueClient | None,
        options: QueueOptions,
        *,
        invoke: Invoke,
        sent: Callable[[str], None],
        lease: float = LEASE_SECONDS,
    ) -> None:
        self.queue = queue
        self.poison = poison
        self.options = options
        self.invoke = invoke
        self.sent = sent
        self.lease = lease
        self.wake = asyncio.Event()  # set when the host itself puts a message on the queue
        self.polled = asyncio.Event()  # set when the first poll ends, in success or failure
        self.polling: asyncio.Task[None] | None = None
        self.processing: set[asyncio.Task[None]] = set()
        self.unavailable = False
        self.stopping = False

    def start(self) -> None:
        self.polling = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Poll until stopped. Storage can fail at any time: the log has one line for that, and one when it works again."""
        exists = False
        delays = Backoff(self.options.max_polling_interval)
        while not self.stopping:
            self.wake.clear()
            found: list[QueueMessage] = []
            try:
                if not exists:
                    await storage.create(self.queue, **_ONCE)
                    exists = True
                found = await self._receive()
                if self.unavailable:
                    log.info("Queue %s is available again", self.queue.queue_name)
                self.unavailable = False
            except Exception as error:
                exists = False
                if not self.unavailable:
                    text = "Queue %s is not available, retrying: %s: %s"
                    log.warning(text, self.queue.queue_name, type(error).__name__, str(error).partition("\n")[0])
                self.unavailable = True
            self.polled.set()
            for message in found:
                task = asyncio.create_task(self._process(message))
                self.processing.add(task)
                task.add_done_callback(self.processing.discard)
            if found:
                delays.reset()
                while len(self.processing) > self.options.new_batch_threshold and not self.stopping:
                    await asyncio.wait(self.processing, return_when=asyncio.FIRST_COMPLETED)
            else:
                await self._sleep(delays.next())

    async def drain(self, seconds: float) -> None:
        """Stop polling; wait for the running functions, and return the messages of those that take longer.

        A running poll ends first: the messages of an interrupted one would stay leased.
        """
        self.stopping = True
        self.wake.set()
        if self.polling:
            await asyncio.wait([self.polling], timeout=2)
            self.polling.cancel()
        if self.processing:
            _, late = await asyncio.wait(self.processing, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _receive(self) -> list[QueueMessage]:
        pages = self.queue.receive_messages(
            messages_per_page=self.options.batch_size, visibility_timeout=round(self.lease), **_ONCE
        ).by_page()
        async for page in pages:  # a page is one request; the next page would be another batch
            return [message async for message in page]
        return []

    async def _process(self, message: QueueMessage) -> None:
        try:
            if (message.dequeue_count or 0) > self.options.max_dequeue_count and self.poison:
                await self._move_to_poison(message)
                return
            text = message.content or ""
            try:
                body = storage.decode(text, self.options.message_encoding)
            except ValueError:
                # No invocation and no retry: QueueServiceClientProvider's MessageDecodingFailed handler.
                log.warning("Message decoding has failed! Check messageEncoding. MessageId=%s", message.id)
                await self._move_to_poison(message)
                return
            await self._finish(message, await self._call(message, body))
        except AzureError as error:
            name = self.queue.queue_name
            log.error("Queue %s: message %s stays as it is: %s", name, message.id, str(error).partition("\n")[0])

    async def _call(self, message: QueueMessage, body: bytes) -> bool:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            log.error("Queue %s: message %s is not UTF-8 text", self.queue.queue_name, message.id)
            return False
        renewing = asyncio.Lock()
        renewal = asyncio.create_task(self._renew(message, renewing))
        try:
            return await self.invoke(Datum("string", text), trigger_metadata(message, text))
        except asyncio.CancelledError:
            return False  # the host is stopping: return the message
        finally:
            async with renewing:  # a renewal changes the pop receipt that the deletion needs
                renewal.cancel()

    async def _renew(self, message: QueueMessage, renewing: asyncio.Lock) -> None:
        """Renew the lease at half its time. Retry a failed renewal sooner."""
        interval = self.lease / 2
        while True:
            await asyncio.sleep(interval)
            try:
                async with renewing:
                    message.pop_receipt = (await self._update(message, self.lease)).pop_receipt
                interval = self.lease / 2
            except AzureError as error:
                if _is_taken(error):
                    return
                interval = max(interval / 2, min(60.0, self.lease / 10))

    async def _update(self, message: QueueMessage, seconds: float) -> QueueMessage:
        # By id, not by message: for a message, the client would send the content too.
        return await self.queue.update_message(message.id, message.pop_receipt, visibility_timeout=round(seconds))

    async def _finish(self, message: QueueMessage, succeeded: bool) -> None:
        try:
            if succeeded:
                await self.queue.delete_message(message.id, message.pop_receipt)
            elif self.poison is None:
                return  # stays invisible until its lease ends, so that it does not come back at once
            elif (message.dequeue_count or 0) >= self.options.max_dequeue_count:
                await self._move_to_poison(message)
            else:
                await self._update(message, self.options.visibility_timeout)
        except AzureError as error:
            if not _is_taken(error):
                raise

    async def _move_to_poison(self, message: QueueMessage) -> None:
        if self.poison is None:
            return
        name = self.poison.queue_name
        log.warning("Message %s is moved to queue %s (tries: %s)", message.id, name, message.dequeue_count)
        await storage.create(self.poison)
        await self.poison.send_message(message.content or "")
        self.sent(name)
        try:
            await self.queue.delete_message(message.id, message.pop_receipt)
        except AzureError as error:
            if not _is_taken(error):
                raise


class Backoff:
    """Seconds until the next poll of an empty queue: from 0.1, roughly doubled each time, up to `maximum`."""

    def __init__(self, maximum: float) -> None:
        self.maximum = maximum
        self.reset()

    def reset(self) -> None:
        self.steps = 0

    def next(self) -> float:
        factor = random.uniform(0.8, 1.2) * 2.0 ** (self.steps - 1) if self.steps else 0.0
        self.steps = min(self.steps + 1, 32)
        return min(MINIMUM_INTERVAL * (1 + factor), self.maximum)


def trigger_metadata(message: QueueMessage, text: str) -> dict[str, Datum]:
    def time(value: datetime | None) -> Datum:
        return Datum("json", json.dumps(value.isoformat() if value else None))

    return {
        "QueueTrigger": Datum("string", text),
        "Id": Datum("string", message.id),
        "PopReceipt": Datum("string", message.pop_receipt),
        "DequeueCount": Datum("json", str(message.dequeue_count)),
        "InsertionTime": time(message.inserted_on),
        "ExpirationTime": time(message.expires_on),
        "NextVisibleTime": time(message.next_visible_on),
    }


def _is_taken(error: AzureError) -> bool:
    """Whether the message is deleted or leased by another listener. Then this one has nothing left to do."""
    return isinstance(error, ResourceNotFoundError) or "PopReceiptMismatch" in str(getattr(error, "error_code", ""))
