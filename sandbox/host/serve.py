"""Starts the host, runs it until a signal, and stops it: no new work, running functions finish, then exit."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.host import admin, drivers, logs, queues, timers
from sandbox.host.config import HostConfig, HostError, load
from sandbox.host.driver import Datum, Function
from sandbox.host.http import Keys, application
from sandbox.host.invocations import Invoker
from sandbox.host.routes import Router, template
from sandbox.host.storage import Storage

log = logging.getLogger("host")

KEY_SETTING = "AzureWebJobsSandboxKey"


@dataclass(frozen=True)
class Options:
    port: int
    app: Path
    driver: str | None = None
    enable_auth: bool = False
    shutdown_seconds: float = 10.0
    lease_seconds: float = queues.LEASE_SECONDS


def run(options: Options) -> int:
    """Run until a signal. Returns 0, or 1 if the host cannot start."""
    try:
        code = asyncio.run(_serve(options))
    except HostError as error:
        print(f"host: {error}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # A synchronous function cannot be interrupted. If it hangs, it must not keep the process alive.
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    for thread in others:
        thread.join(1)
    if any(thread.is_alive() for thread in others):
        os._exit(code)
    return code


async def _serve(options: Options) -> int:
    stop = _stop_on_signals()
    config = load(options.app, os.environ)
    logs.to_terminal(config.log_level)
    engine = drivers.choose(options.driver)
    storage = Storage(os.environ)
    runner: web.AppRunner | None = None
    try:
        functions = await drivers.load(engine, options.app, os.environ)
        invoker = Invoker(engine, config, storage)
        listeners = _listeners(functions, config, invoker, storage, options.lease_seconds)
        schedules = _schedules(functions)
        key = (os.environ.get(KEY_SETTING) or secrets.token_urlsafe(24)) if options.enable_auth else None
        router = Router(functions, config.route_prefix)
        app = application(router, invoker, Keys(key), admin.routes(functions, invoker, Keys(key)))
        # As in Azure: bodies are not decompressed, and headers have up to 32 KB (Kestrel's limit).
        runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            max_field_size=32768,
            handler_cancellation=False,
            shutdown_timeout=options.shutdown_seconds,
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", options.port)
        try:
            await site.start()
        except OSError as error:
            raise HostError(f"port {options.port} cannot be used: {error.strerror}") from None
        port = runner.addresses[0][1]
        for listener in listeners:
            listener.start()
        clocks = [asyncio.create_task(_run_timer(invoker, *timer)) for timer in schedules]
        await _first_polls(listeners)
        _announce(functions, config, port, engine.name, key)
        await stop.wait()
        log.info("Stopping")
        for clock in clocks:
            clock.cancel()
        draining = [listener.drain(options.shutdown_seconds) for listener in listeners]
        await asyncio.gather(runner.cleanup(), _finish(invoker.running, options.shutdown_seconds), *draining)
        return 0
    finally:
        if runner:
            await runner.cleanup()
        engine.close()
        await storage.close()


def _listeners(
    functions: Sequence[Function], config: HostConfig, invoker: Invoker, storage: Storage, lease: float
) -> list[queues.Listener]:
    listeners: list[queues.Listener] = []

    def sent(queue_name: str) -> None:
        for listener in listeners:
            if listener.queue.queue_name == queue_name:
                listener.wake.set()

    invoker.sent = sent
    for function in functions:
        where = f"function {function.name}"
        for binding in function.outputs.values():
            storage.queue(binding, where)  # a missing connection should stop the start
        if function.trigger["type"] == "queueTrigger":
            queue = storage.queue(function.trigger, where)
            poison = storage.poison_queue(function.trigger, where)
            invoke = partial(_succeeds, invoker, function)
            listeners.append(queues.Listener(queue, poison, config.queues, invoke=invoke, sent=sent, lease=lease))
    return listeners


def _schedules(functions: Sequence[Function]) -> list[tuple[Function, timers.Schedule]]:
    found = []
    for function in functions:
        if function.trigger["type"] == "timerTrigger":
            text = function.trigger["schedule"]
            try:
                found.append((function, timers.parse(text)))
            except ValueError as error:
                raise HostError(f"function {function.name}: schedule {text!r}: {error}") from None
    return found


async def _first_polls(listeners: Sequence[queues.Listener]) -> None:
    """Wait until the queues exist, so that they do when the host says it is ready. At most a second: storage may fail."""
    try:
        async with asyncio.timeout(1):
            await asyncio.gather(*(listener.polled.wait() for listener in listeners))
    except TimeoutError:
        return


async def _succeeds(invoker: Invoker, function: Function, data: Datum, metadata: dict[str, Datum]) -> bool:
    return not (await invoker.invoke(function, data, metadata)).error


async def _run_timer(invoker: Invoker, function: Function, schedule: timers.Schedule) -> None:
    async def invoke(data: Datum) -> None:
        # Shielded: when the host stops, the clock stops at once, but a running function goes on.
        await asyncio.shield(invoker.start(function, data, {}))

    await timers.run(schedule, bool(function.trigger.get("runOnStartup")), invoke)


async def _finish(tasks: Set[asyncio.Task[Any]], seconds: float) -> None:
    if tasks:
        _, late = await asyncio.wait(set(tasks), timeout=seconds)
        for task in late:
            task.cancel()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def again() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, again)
    return stop


def _announce(functions: Sequence[Function], config: HostConfig, port: int, engine: str, key: str | None) -> None:
    print(f"Functions (driver {engine}, Python {sys.version_info.major}.{sys.version_info.minor}):")
    for function in functions:
        trigger = function.trigger
        if trigger["type"] == "httpTrigger":
            methods = ",".join(str(method) for method in trigger.get("methods") or ["any"])
            detail = f"[{methods}] http://127.0.0.1:{port}/{template(function, config.route_prefix)}"
        else:
            detail = trigger.get("queueName") or trigger.get("schedule") or ""
        print(f"  {function.name}: {trigger['type']} {detail}")
    if key and not os.environ.get(KEY_SETTING):
        print(f"Function key (x-functions-key, or ?code=): {key}")
    print(f"Host listening at http://127.0.0.1:{port}", flush=True)
