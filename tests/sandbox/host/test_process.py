"""The host as a process, with a small function app, on Azurite, with both drivers."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from sandbox.azurite import Azurite, start
from sandbox.processes import Child, child, host

APP = Path(__file__).parent / "app"
KEY = "sandbox-key"
NEVER = "0 0 0 1 1 *"
DRIVERS = ["worker", "sdk"] if sys.version_info >= (3, 13) else ["sdk"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    child: Child
    address: str
    queue: QueueClient

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        sent = {"x-functions-key": KEY} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=body, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def events(self, wanted: Callable[[list[dict[str, Any]]], bool], seconds: float = 10.0) -> list[dict[str, Any]]:
        """What the app has recorded, once it is as expected."""
        end = time.monotonic() + seconds
        while not wanted(found := self.ask("/api/events").json()["events"]):
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def send(self, text: str) -> None:
        self.queue.send_message(base64.b64encode(text.encode()).decode())


def settings(storage: Azurite | str, **more: str) -> dict[str, str]:
    connection = storage if isinstance(storage, str) else storage.connection_string
    return {"FixtureStorage": connection, "FIXTURE_QUEUE": "work", "FIXTURE_SCHEDULE": NEVER, **more}


@pytest.fixture(scope="module")
def emulator(accounts: Iterator[Azurite]) -> Azurite:
    return next(accounts)


@pytest.fixture(scope="module", params=DRIVERS)
def running(request: pytest.FixtureRequest, emulator: Azurite) -> Iterator[Running]:
    name = f"work-{request.param}"
    environ = settings(emulator, FIXTURE_QUEUE=name, AzureWebJobsSandboxKey=KEY, FIXTURE_ON_STARTUP="1")
    with (
        host("--app", str(APP), "--enable-auth", "--driver", request.param, environ=environ) as (started, address),
        QueueClient.from_connection_string(emulator.connection_string, name) as queue,
    ):
        yield Running(started, address, queue)


def test_it_says_what_it_found(running: Running) -> None:
    assert "  item: httpTrigger [GET,PUT,OPTIONS] http://" in running.child.output
    assert f"  work: queueTrigger {running.queue.queue_name}\n" in running.child.output
    assert f"  tick: timerTrigger {NEVER}\n" in running.child.output
    assert KEY not in running.child.output


@pytest.mark.parametrize(
    ("path", "function", "params"),
    [
        ("/api/items/a%40b%2Fc", "item", {"id": "a@b%2Fc"}),
        ("/api/items/latest", "latest", {}),
        ("/api/pages/7", "page", {"number": "7"}),
        ("/api/pages/7/x", "page", {"number": "7", "part": "x"}),
        ("/api/files/a/b.txt", "files", {"path": "a/b.txt"}),
    ],
)
def test_a_route_finds_its_function(running: Running, path: str, function: str, params: dict[str, str]) -> None:
    answer = running.ask(path)
    assert (answer.status, answer.json()["function"], answer.json()["params"]) == (200, function, params)
    assert answer.json()["url"] == running.address + path


def test_a_function_sees_method_query_and_headers(running: Running) -> None:
    seen = running.ask(
        "/api/items/1?a=1&a=2&empty=&b=%C3%BC", "OPTIONS", X_Some_Thing="Value", X_MS_CLIENT_PRINCIPAL="e30="
    ).json()
    assert seen["method"] == "OPTIONS"
    assert seen["query"] == {"a": "1,2", "b": "ü"}
    assert (seen["headers"]["x-some-thing"], seen["headers"]["x-ms-client-principal"]) == ("Value", "e30=")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/items/1"), ("GET", "/api/nothing"), ("GET", "/items/1")])
def test_no_such_route(running: Running, method: str, path: str) -> None:
    assert running.ask(path, method).status == 404


def test_bodies_are_bytes_of_any_size(running: Running) -> None:
    body = bytes(range(256)) * 12_000  # 3 MB
    answer = running.ask("/api/echo", "POST", body, x_echo="é".encode().decode("latin-1"), Content_Encoding="gzip")
    assert (answer.status, answer.body == body) == (201, True)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert running.ask("/api/echo", "POST", b"").body == b""


@pytest.mark.parametrize(("key", "status"), [(KEY, 200), ("wrong", 401), ("", 401)])
def test_a_function_requires_its_key(running: Running, key: str, status: int) -> None:
    headers = {"x_functions_key": key}
    assert running.ask("/api/items/1", **headers).status == status
    assert running.ask("/api/items/1?code=" + key, **{"x_functions_key": ""}).status == status
    assert running.ask("/admin/host/status", **headers).status == status
    assert running.ask("/api/events", **headers).status == 200, "anonymous"
    assert running.ask("/api/nothing", **headers).status == 404


def test_a_failure_is_a_500_without_a_body_and_its_traceback_is_logged(running: Running) -> None:
    answer = running.ask("/api/fail")
    assert (answer.status, answer.body) == (500, b"")
    running.child.wait_for(r"ERROR host: Executed fail \(Failed, Id=[0-9a-f-]{36}, Duration=\d+ ms\) Traceback")
    running.child.wait_for(r"^ValueError: told to fail$")


@pytest.mark.parametrize("path", ["/api/slow?seconds=5", "/api/hang"])
def test_a_function_that_takes_too_long_fails(running: Running, path: str) -> None:
    started = time.monotonic()
    assert running.ask(path).status == 500
    assert 1.5 < time.monotonic() - started < 4
    running.child.wait_for(r"Failed.*functionTimeout, 2 s")


def test_a_function_gets_a_context(running: Running) -> None:
    seen = running.ask("/api/slow").json()
    assert seen["name"] == "slow"
    running.child.wait_for(rf"INFO host: Executed slow \(Succeeded 200, Id={seen['invocation']}, Duration=\d+ ms\)")


def test_a_queue_message_comes_once_with_its_metadata(running: Running) -> None:
    running.send("hello ü")
    event = running.events(lambda events: any(event.get("text") == "hello ü" for event in events))
    (seen,) = [one for one in event if one.get("text") == "hello ü"]
    assert (seen["tries"], seen["receipt"]) == (1, True)
    assert (seen["inserted"][:10] < seen["expires"][:10]) and len(seen["id"]) == 36
    running.child.wait_for(r"INFO fixture: a word from the app")
    assert "hello" not in running.child.output, "what a message says is not for the log"


def test_a_failing_message_comes_back_and_ends_in_the_poison_queue(running: Running) -> None:
    running.send("fail me")
    events = running.events(lambda events: any(event["function"] == "poisoned" for event in events))
    tries = [event for event in events if event.get("text") == "fail me" and event["function"] == "work"]
    assert [event["tries"] for event in tries] == [1, 2, 3]
    assert all(later["at"] - sooner["at"] > 0.8 for sooner, later in pairwise(tries))
    (poisoned,) = [event for event in events if event["function"] == "poisoned"]
    assert (poisoned["text"], poisoned["tries"]) == ("fail me", 1)


def test_many_messages_at_once(running: Running) -> None:
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(running.send, ["sleep 1.5"] * 32))
    running.events(lambda events: sum("slept" in event for event in events) >= 32, 20)
    assert running.ask("/api/events").json()["mostAtOnce"] > 20


def test_a_queue_output_is_a_message(running: Running) -> None:
    assert running.ask("/api/send", "POST", b"from the output").status == 202
    running.events(lambda events: any(event.get("text") == "from the output" for event in events))


def test_a_timer_runs_on_startup_and_on_demand(running: Running) -> None:
    def ticks(number: int) -> Callable[[list[dict[str, Any]]], bool]:
        return lambda events: sum(event["function"] == "tick" for event in events) >= number

    running.events(ticks(1))
    assert running.ask("/admin/functions/TICK", "POST", b"{}").status == 202
    events = running.events(ticks(2))
    assert {event["pastDue"] for event in events if event["function"] == "tick"} == {False}


def test_a_queue_function_runs_on_demand(running: Running) -> None:
    assert running.ask("/admin/functions/work", "POST", b'{"input": "on demand"}').status == 202
    running.events(lambda events: any(event.get("text") == "on demand" for event in events))


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [("nothing", b"{}", 404), ("work", b"{", 400), ("work", b"[]", 400), ("item", b"{}", 400)],
)
def test_what_cannot_be_run_on_demand(running: Running, name: str, body: bytes, status: int) -> None:
    assert running.ask(f"/admin/functions/{name}", "POST", body).status == status


def test_the_status_of_the_host(running: Running) -> None:
    assert running.ask("/admin/host/status").json()["state"] == "Running"
    assert {"name": "tick"}.items() <= running.ask("/admin/functions").json()[-1].items()
    assert running.ask("/").status == 200


def broken(tmp_path: Path, code: str) -> Path:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    if code:
        head = "import azure.functions as func\napp = func.FunctionApp()\n"
        (tmp_path / "function_app.py").write_text(head + code)
    return tmp_path


WORK = '@app.queue_trigger("msg", queue_name="{}", connection="{}")\ndef work(msg: func.QueueMessage): pass\n'
TICK = '@app.timer_trigger("t", schedule="{}")\ndef tick(t: func.TimerRequest): pass\n'


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
        ("raise ValueError('the app itself')\n", "ValueError: the app itself"),
        ("other = func.FunctionApp()\n", "function app"),
    ],
)
def test_an_app_that_cannot_be_loaded_ends_the_host_with_its_own_error(
    tmp_path: Path, driver: str, code: str, words: str
) -> None:
    arguments = ("host", "--port", "0", "--app", str(broken(tmp_path, code)), "--driver", driver)
    with child(*arguments, environ=settings("")) as started:
        assert started.wait(20) == 1
    assert words in started.output


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "no function_app.py in here"),
        ("pass\n", "no functions found"),
        (WORK.format("%NOT_THERE%", "FixtureStorage"), "function work: queueName: the setting NOT_THERE is not set"),
        (WORK.format("work", "Broken"), "function work: the setting Broken is not a storage connection"),
        (TICK.format("every day"), "function tick: schedule 'every day': neither an NCRONTAB"),
        ('@app.blob_trigger("b", path="a", connection="c")\ndef f(b: func.InputStream): pass\n', "no blobTrigger"),
    ],
)
def test_an_app_that_cannot_run_ends_the_host_with_the_reason(tmp_path: Path, code: str, words: str) -> None:
    folder = broken(tmp_path, code)
    environ = settings("UseDevelopmentStorage=true", Broken="not a connection")
    with child("host", "--port", "0", "--app", str(folder), environ=environ) as started:
        assert started.wait(20) == 1
    assert words in started.output


@pytest.mark.parametrize("driver", DRIVERS)
def test_only_the_worker_refuses_a_parameter_without_a_binding_as_azure_does(tmp_path: Path, driver: str) -> None:
    folder = broken(tmp_path, '@app.route("x")\ndef f(other: func.HttpRequest) -> str: return ""\n')
    arguments = ("host", "--port", "0", "--app", str(folder), "--driver", driver)
    with child(*arguments, environ=settings("")) as started:
        if driver == "worker":
            assert started.wait(20) == 1
            assert "FunctionLoadError" in started.output
        else:
            assert started.wait_for("^Host listening at ")


def test_storage_fails_and_comes_back() -> None:
    storage = start()
    environ = settings(storage, AzureFunctionsJobHost__extensions__queues__maxPollingInterval="00:00:00.200")
    try:
        with host("--app", str(APP), environ=environ) as (started, address):
            storage.stop()
            started.wait_for(r"WARNING host: Queue work is not available, retrying: ")
            with QueueClient.from_connection_string(storage.connection_string, "work") as queue:
                running = Running(started, address, queue)
                assert running.ask("/api/items/1").status == 200
                storage = start(queue_port=storage.queue_port)
                started.wait_for(r"INFO host: Queue work is available again")
                running.send("after all")
                running.events(lambda events: any(event.get("text") == "after all" for event in events))
            assert started.output.count("Queue work is not available") == 1, "one line in the log"
    finally:
        storage.stop()


def test_it_starts_without_storage_and_is_ready_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = server.getsockname()[1]
    connection = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    begun = time.monotonic()
    environ = settings(f"{connection}QueueEndpoint=http://127.0.0.1:{nowhere}/a;")
    with host("--app", str(APP), environ=environ) as (started, address):
        assert time.monotonic() - begun < 6
        assert urllib.request.urlopen(address + "/api/items/1", timeout=5).status == 200
        started.wait_for(r"Queue work is not available")


def test_the_stop_waits_for_running_functions(emulator: Azurite) -> None:
    with (
        host("--app", str(APP), environ=settings(emulator, FIXTURE_QUEUE="ending")) as (started, address),
        QueueClient.from_connection_string(emulator.connection_string, "ending") as queue,
    ):
        running = Running(started, address, queue)
        running.send("sleep 1")
        running.events(lambda events: any(event.get("text") == "sleep 1" for event in events))
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(running.ask, "/api/slow?seconds=1")
            time.sleep(0.3)
            assert started.stop() == 0
            assert answer.result().status == 200
        assert queue.get_queue_properties().approximate_message_count == 0
    assert "Executed work (Succeeded" in started.output


def test_the_stop_does_not_wait_forever(emulator: Azurite) -> None:
    name = "endless"
    environ = settings(emulator, FIXTURE_QUEUE=name, AzureFunctionsJobHost__functionTimeout="-1")
    with (
        host("--app", str(APP), "--shutdown-timeout", "0.5", environ=environ) as (started, address),
        QueueClient.from_connection_string(emulator.connection_string, name) as queue,
    ):
        running = Running(started, address, queue)
        running.send("sleep 60")
        running.events(lambda events: any(event.get("text") == "sleep 60" for event in events))
        with ThreadPoolExecutor(1) as other:
            other.submit(running.ask, "/api/hang")  # never answered
            time.sleep(0.2)
            begun = time.monotonic()
            assert started.stop(20) == 0
            assert time.monotonic() - begun < 10
        time.sleep(1.2)  # the visibility timeout of a failure
        assert queue.receive_message() is not None, "given back, not left leased"


def test_it_ends_with_its_parent(emulator: Azurite) -> None:
    with child("host", "--port", "0", "--app", str(APP), environ=settings(emulator)) as started:
        started.wait_for("^Host listening")
        assert started.process.stdin is not None
        started.process.stdin.close()
        assert started.wait(10) == 0


def test_the_app_may_be_anywhere(emulator: Azurite, tmp_path: Path) -> None:
    shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    with (
        host("--app", str(tmp_path / "app"), environ=settings(emulator, FIXTURE_QUEUE="elsewhere")) as (_, address),
        urllib.request.urlopen(address + "/api/items/latest", timeout=5) as answer,
    ):
        assert json.load(answer)["function"] == "latest"
