"""What the host asks of whatever loads the function app and calls its functions.

Two drivers: `worker` is Microsoft's own worker library (Python 3.13 and newer), which the platform runs too; `sdk`
calls the functions by way of the azure-functions package, for 3.11 and 3.12. One app a process: both import it by name.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sandbox.host.config import HostError, resolve

TRIGGERS = ("httpTrigger", "queueTrigger", "timerTrigger")


class Datum(NamedTuple):
    """A value on its way in or out. `type`: string, bytes, json (its text), or http.

    http in: dict of method, url, headers, query, params, body (bytes); http out: dict of status, headers, body (bytes).
    """

    type: str
    value: Any


@dataclass(frozen=True)
class Function:
    id: str
    name: str
    trigger: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the output bindings by name


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended. `error` is empty when it succeeded."""

    returned: Datum | None = None
    outputs: Mapping[str, Datum] = field(default_factory=dict)
    error: str = ""
    traceback: str = ""


class Driver(Protocol):
    name: str

    async def load(self, folder: Path) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """Imports the app; id, name and bindings of each function. Raises HostError, with the app's own words."""
        ...

    async def invoke(
        self, function: Function, invocation_id: str, data: Datum, metadata: Mapping[str, Datum]
    ) -> Outcome: ...

    def close(self) -> None: ...


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
