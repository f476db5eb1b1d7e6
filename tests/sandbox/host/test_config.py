from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.config import HostError, QueueOptions, load, resolve, time_span


def host_json(folder: Path, content: Any) -> Path:
    (folder / "host.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:30", 30), ("01:02:03", 3723), ("1.00:00:00", 86400), ("00:00:00.500", 0.5), ("00:05", 300)],
)
def test_time_span(text: str, seconds: float) -> None:
    assert time_span(text) == seconds


@pytest.mark.parametrize("text", ["30", "", "00:60:00", "24:00:00", "00:00:30s", "-00:00:01"])
def test_not_a_time_span(text: str) -> None:
    with pytest.raises(ValueError, match=r"span|go to"):
        time_span(text)


def test_the_defaults_are_those_of_azure(tmp_path: Path) -> None:
    config = load(host_json(tmp_path, {"version": "2.0"}), {})
    assert config.queues == QueueOptions(16, 8, 60.0, 0.0, 5, "base64")
    assert (config.route_prefix, config.function_timeout) == ("api", 1800.0)


def test_settings_override_host_json_whatever_their_case(tmp_path: Path) -> None:
    queues = {"batchSize": 4, "visibilityTimeout": "00:00:30"}
    content = {"version": "2.0", "functionTimeout": "-1", "extensions": {"queues": queues, "http": {"routePrefix": ""}}}
    config = load(
        host_json(tmp_path, content),
        {
            "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
            "AZUREFUNCTIONSJOBHOST__EXTENSIONS__QUEUES__MAXDEQUEUECOUNT": "2",
            "AzureFunctionsJobHost__logging__logLevel__default": "Warning",
        },
    )
    assert config.queues == QueueOptions(4, 2, 60.0, 1.0, 2, "base64")
    assert (config.function_timeout, config.route_prefix, config.log_level) == (None, "", 30)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("batchSize", 33, "not between 1 and 32"),
        ("batchSize", "many", "invalid literal"),
        ("maxDequeueCount", 0, "not between 1 and 1000000"),
        ("maxPollingInterval", "00:00:00.050", "at least 00:00:00.100"),
        ("messageEncoding", "utf8", "base64 or none"),
        ("visibilityTimeout", 30, "not a time span"),
    ],
)
def test_an_invalid_value_is_named(tmp_path: Path, name: str, value: Any, words: str) -> None:
    folder = host_json(tmp_path, {"version": "2.0", "extensions": {"queues": {name: value}}})
    with pytest.raises(HostError, match=rf"host.json: extensions.queues.{name}: {value!r}: {words}"):
        load(folder, {})


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": "1.0"}'])
def test_a_host_json_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "host.json").write_text(content)
    with pytest.raises(HostError, match=r"host\.json"):
        load(tmp_path, {})


def test_no_host_json(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="No such file"):
        load(tmp_path, {})


def test_names_of_settings_are_replaced_by_their_values() -> None:
    assert resolve("a-%NAME%-%OTHER%", {"NAME": "b", "OTHER": "c"}, "here") == "a-b-c"
    with pytest.raises(HostError, match=r"^here: the setting NAME is not set$"):
        resolve("%NAME%", {"NAME": ""}, "here")
