"""A driver loads the function app and calls its functions: what the host expects of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol


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
        """Import the app; returns id, name and bindings of each function. HostError, with the app's own error."""
        ...

    async def invoke(
        self, function: Function, invocation_id: str, data: Datum, metadata: Mapping[str, Datum]
    ) -> Outcome: ...

    def close(self) -> None: ...
