"""The host's configuration: host.json, the settings that override it, and the settings that bindings refer to.

Meaning, defaults and limits: https://learn.microsoft.com/azure/azure-functions/functions-host-json and, for queues, the
class QueuesOptions of Microsoft.Azure.WebJobs.Extensions.Storage.Queues.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_OVERRIDE = "azurefunctionsjobhost__"
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?")
_LEVELS = {"trace": 5, "debug": 10, "information": 20, "warning": 30, "error": 40, "critical": 50, "none": 60}


class HostError(Exception):
    """The host cannot start. The text says what is wrong, and where."""


@dataclass(frozen=True)
class QueueOptions:
    """Times in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_polling_interval: float = 60.0
    visibility_timeout: float = 0.0
    max_dequeue_count: int = 5
    message_encoding: str = "base64"


@dataclass(frozen=True)
class HostConfig:
    route_prefix: str
    function_timeout: float | None  # seconds; None: no limit
    log_level: int
    queues: QueueOptions


def load(folder: Path, environ: Mapping[str, str]) -> HostConfig:
    values = _flatten(_read(folder / "host.json"))
    for name, text in environ.items():
        if name.casefold().startswith(_OVERRIDE):
            values[name.casefold()[len(_OVERRIDE) :].replace("__", ".").replace(":", ".")] = text

    def get(name: str, default: T, parse: Callable[[Any], T]) -> T:
        value = values.get(name.casefold())
        if value is None:
            return default
        try:
            return parse(value)
        except (ValueError, TypeError) as error:
            raise HostError(f"host.json: {name}: {value!r}: {error}") from None

    if get("version", "", str) != "2.0":
        raise HostError(f'{folder / "host.json"}: "version" must be "2.0"')
    queues = "extensions.queues."
    batch_size = get(queues + "batchSize", 16, _between(1, 32))
    return HostConfig(
        route_prefix=get("extensions.http.routePrefix", "api", str).strip("/"),
        function_timeout=get("functionTimeout", 1800.0, _timeout),
        log_level=get("logging.logLevel.default", 20, _level),
        queues=QueueOptions(
            batch_size=batch_size,
            new_batch_threshold=get(queues + "newBatchThreshold", batch_size // 2, _between(0, 1000)),
            max_polling_interval=get(queues + "maxPollingInterval", 60.0, _polling_interval),
            visibility_timeout=get(queues + "visibilityTimeout", 0.0, time_span),
            max_dequeue_count=get(queues + "maxDequeueCount", 5, _between(1, 1_000_000)),
            message_encoding=get(queues + "messageEncoding", "base64", _encoding),
        ),
    )


def time_span(value: Any) -> float:
    """Seconds of a .NET TimeSpan: [d.]hh:mm[:ss[.fffffff]]."""
    found = _TIME_SPAN.fullmatch(str(value).strip())
    if not found:
        raise ValueError("not a time span such as 00:00:30")
    days, hours, minutes, seconds, fraction = found.groups(default="0")
    if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 59:
        raise ValueError("hours go to 23, minutes and seconds to 59")
    return int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(fraction)


def resolve(text: str, environ: Mapping[str, str], where: str) -> str:
    """Replace each %NAME% with the value of that setting; HostError if it is not set."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not environ.get(name):
            raise HostError(f"{where}: the setting {name} is not set")
        return environ[name]

    return re.sub(r"%([^%]+)%", value, text)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise HostError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise HostError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise HostError(f"{path} is not a JSON object")
    return content


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        path = prefix + name.casefold()
        flat |= _flatten(value, path + ".") if isinstance(value, dict) else {path: value}
    return flat


def _between(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"not between {low} and {high}")
        return number

    return parse


def _timeout(value: Any) -> float | None:
    return None if str(value) == "-1" else time_span(value)


def _polling_interval(value: Any) -> float:
    seconds = time_span(value)
    if seconds < 0.1:
        raise ValueError("at least 00:00:00.100")
    return seconds


def _encoding(value: Any) -> str:
    if str(value).casefold() not in {"base64", "none"}:
        raise ValueError("base64 or none")
    return str(value).casefold()


def _level(value: Any) -> int:
    if str(value).casefold() not in _LEVELS:
        raise ValueError("one of " + ", ".join(_LEVELS))
    return _LEVELS[str(value).casefold()]
