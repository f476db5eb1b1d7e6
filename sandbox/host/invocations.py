"""Calls a function, whatever triggered it: with a time limit, one line in the log, and queue outputs."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping

from sandbox.host import storage
from sandbox.host.config import HostConfig
from sandbox.host.driver import Datum, Driver, Function, Outcome

log = logging.getLogger("host")


class Invoker:
    def __init__(self, driver: Driver, config: HostConfig, queues: storage.Storage) -> None:
        self.driver = driver
        self.config = config
        self.queues = queues
        self.sent: Callable[[str], None] = lambda queue_name: None  # called for each queue that got a message
        self.running: set[asyncio.Task[Outcome]] = set()

    def start(self, function: Function, data: Datum, metadata: Mapping[str, Datum]) -> asyncio.Task[Outcome]:
        """Like `invoke`, for a caller that does not wait. The shutdown waits."""
        task = asyncio.create_task(self.invoke(function, data, metadata))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def invoke(self, function: Function, data: Datum, metadata: Mapping[str, Datum]) -> Outcome:
        invocation_id = str(uuid.uuid4())
        started = time.monotonic()
        timeout = self.config.function_timeout
        try:
            async with asyncio.timeout(timeout):
                outcome = await self.driver.invoke(function, invocation_id, data, metadata)
            if not outcome.error:
                await self._send(function, outcome)
        except TimeoutError:
            outcome = Outcome(error=f"FunctionTimeoutException: longer than functionTimeout, {timeout:g} s")
        except asyncio.CancelledError:
            _report(function, invocation_id, started, Outcome(error="the host is stopping"))
            raise
        except Exception as error:  # an output that cannot be written fails the invocation, as in Azure
            outcome = Outcome(error=f"{type(error).__name__}: {error}")
        _report(function, invocation_id, started, outcome)
        return outcome

    async def _send(self, function: Function, outcome: Outcome) -> None:
        for name, datum in outcome.outputs.items():
            binding = function.outputs[name]
            queue = self.queues.queue(binding, f"function {function.name}")
            await storage.create(queue)
            for body in storage.messages(datum):
                await queue.send_message(storage.encode(body, self.config.queues.message_encoding))
            self.sent(queue.queue_name)


def _report(function: Function, invocation_id: str, started: float, outcome: Outcome) -> None:
    duration = f"{(time.monotonic() - started) * 1000:.0f} ms"
    if outcome.error:
        text = "Executed %s (Failed, Id=%s, Duration=%s) %s"
        details = outcome.traceback.rstrip() or outcome.error
        log.error(text, function.name, invocation_id, duration, details)
        return
    status = f" {outcome.returned.value['status']}" if outcome.returned and outcome.returned.type == "http" else ""
    log.info("Executed %s (Succeeded%s, Id=%s, Duration=%s)", function.name, status, invocation_id, duration)
