"""The choice of a driver, and the functions that it finds in the app.

There are two: `worker` is Microsoft's own worker library (Python 3.13 and newer), which the platform also runs; `sdk`
calls the functions through the azure-functions package, for 3.11 and 3.12. A process has one app: both drivers import
it by name.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.host.config import HostError, resolve
from sandbox.host.driver import Driver, Function

TRIGGERS = ("httpTrigger", "queueTrigger", "timerTrigger")


def choose(name: str | None) -> Driver:
    if name is None:
        name = "worker" if importlib.util.find_spec("azure_functions_runtime") else "sdk"
    if name == "worker":
        try:
            from sandbox.host.worker import WorkerDriver
        except ImportError:
            raise HostError("the driver `worker` needs azure-functions-runtime, which needs Python 3.13") from None
        return WorkerDriver()
    from sandbox.host.sdk import SdkDriver

    return SdkDriver()


async def load(driver: Driver, folder: Path, environ: Mapping[str, str]) -> list[Function]:
    if not (folder / "function_app.py").is_file():
        raise HostError(f"{folder}: no function_app.py in here")
    functions = [_function(id, name, bindings, environ) for id, name, bindings in await driver.load(folder)]
    if not functions:
        raise HostError(f"{folder / 'function_app.py'}: no functions found")
    return functions


def _function(id: str, name: str, bindings: list[dict[str, Any]], environ: Mapping[str, str]) -> Function:
    where = f"function {name}"
    triggers = [binding for binding in bindings if binding["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise HostError(f"{where}: {len(triggers)} triggers, where there must be one")
    if triggers[0]["type"] not in TRIGGERS:
        raise HostError(f"{where}: the local host has no {triggers[0]['type']}")
    outputs: dict[str, Mapping[str, Any]] = {}
    for binding in bindings:
        if binding in triggers or binding["type"] == "http":
            continue
        if binding["type"] != "queue":
            raise HostError(f"{where}: the local host has no binding of type {binding['type']}")
        outputs[binding["name"]] = _resolved(binding, environ, where)
    return Function(id, name, _resolved(triggers[0], environ, where), outputs)


def _resolved(binding: Mapping[str, Any], environ: Mapping[str, str], where: str) -> dict[str, Any]:
    return {
        key: resolve(value, environ, f"{where}: {key}") if isinstance(value, str) else value
        for key, value in binding.items()
    }
