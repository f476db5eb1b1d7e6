"""The running service and its simulated tenants, as the tests see them: by HTTP and the queue, never by import."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from azure.storage.queue import QueueClient

from sandbox.processes import Child

T = TypeVar("T")
Json = dict[str, Any]

LONGEST_REQUEST = 30.0  # seconds: no HTTP request may take longer
ETD_APP_ID = "e7d00000-0000-4000-8000-000000000001"  # of every simulated tenant that does not say otherwise


def wait_until(read: Callable[[], T], holds: Callable[[T], Any], seconds: float = 60.0, every: float = 0.1) -> T:
    """What was read when it held at last; a failing test where it never did."""
    end = time.monotonic() + seconds
    while not holds(value := read()):
        assert time.monotonic() < end, f"after {seconds:g} s still {value!r:.2000}"
        time.sleep(every)
    return value


def in_base64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def instant(text: str) -> datetime:
    """To the microsecond. As texts, instants of different length do not compare."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Service:
    """A host with the function app. `queue` and `poison` are its own."""

    child: Child
    http: httpx.Client
    queue: QueueClient
    poison: QueueClient

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.http.get(f"/api/{path}", params=parameters or None)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """`body`: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        return self.http.post(f"/api/{path}", content=content, headers=sent)

    def accepted(self, body: Any, **headers: str) -> list[str]:
        """The ids of the findings that a body will have."""
        answer = self.post("failures", body, **headers)
        assert answer.status_code == 202, answer.text
        return [one["findingId"] for one in answer.json()["accepted"]]

    def send(self, text: str) -> None:
        """Puts a message on the intake queue, as it is."""
        self.queue.send_message(text)

    def finding(self, finding_id: str) -> Json | None:
        answer = self.get(f"findings/{finding_id}")
        assert answer.status_code in (200, 404), answer.text
        return answer.json() if answer.status_code == 200 else None

    def settled(
        self, finding_id: str, holds: Callable[[Json], Any] = lambda finding: True, seconds: float = 20
    ) -> Json:
        """The finding, once it is there and as wanted."""
        found = wait_until(lambda: self.finding(finding_id), lambda found: found and holds(found))
        assert found is not None
        return found

    def triaged(self, body: Any) -> Json:
        """The finding of one failure, posted now."""
        (finding_id,) = self.accepted(body)
        return self.settled(finding_id)

    def pages(self, path: str, **parameters: Any) -> Iterator[list[Json]]:
        """The pages of a collection, by its links."""
        answer = self.get(path, **parameters)
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield page["value"]
            if "nextLink" not in page:
                return
            answer = self.http.get(page["nextLink"])

    def all(self, path: str, **parameters: Any) -> list[Json]:
        return [row for page in self.pages(path, **{"top": 1000} | parameters) for row in page]

    def drained(self, seconds: float = 120) -> None:
        """Waits until no message is left, neither waiting nor in hand, on the intake queue and the poison queue."""
        for queue in (self.queue, self.poison):
            wait_until(
                lambda queue=queue: queue.get_queue_properties().approximate_message_count,
                lambda count: count == 0,
                seconds,
            )


StartService = Callable[..., AbstractContextManager[Service]]


@dataclass(frozen=True)
class Graph:
    """The simulated tenants' controls."""

    http: httpx.Client

    def put(self, what: str, body: Any) -> None:
        self.http.put(f"/_sandbox/{what}", json=body).raise_for_status()

    def tenants(self) -> list[Json]:
        return self.http.get("/_sandbox/tenants").raise_for_status().json()

    def stats(self) -> Json:
        return self.http.get("/_sandbox/stats").raise_for_status().json()

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")


@dataclass(frozen=True)
class OwnTenant:
    """A tenant that one test has for itself."""

    graph: Graph
    key: str
    id: str
    domain: str

    def entry(self, **more: Any) -> Json:
        """The tenant in TRIAGE_TENANTS, without its domains."""
        return {"tenantId": self.id, "etdAppId": ETD_APP_ID} | more

    def change(self, **spec: Any) -> None:
        """Merges lines of the data file's format into the tenant."""
        self.graph.put("state", {"tenants": {self.key: spec}})

    def break_with(self, *rules: Json) -> None:
        answer = self.graph.http.post("/_sandbox/faults", json=[{"tenant": self.key, **rule} for rule in rules])
        answer.raise_for_status()

    def mend(self) -> None:
        self.graph.http.delete("/_sandbox/faults", params={"tenant": self.key}).raise_for_status()

    def hits(self) -> list[int]:
        """How often each of the tenant's rules was used."""
        rules = self.graph.http.get("/_sandbox/faults").json()["value"]
        return [rule["hits"] for rule in rules if rule.get("tenant") == self.key]

    def failure(self, person: str = "dana", **fields: Any) -> Json:
        """A failure of a person; a field that is None is left out."""
        failure = {
            "id": str(uuid.uuid4()),
            "tenantId": self.id,
            "mailbox": f"{person}@{self.domain}",
            "messageId": str(uuid.uuid4()),
            "internetMessageId": f"<{person}@mail.example>",
            "error": "Resource is Not Found",
            "action": "move",
            "folder": "quarantine",
            "initiator": "automatic",
            "verdict": "phishing",
            "subject": "Your invoice is overdue",
            "occurredAt": datetime.now(UTC).isoformat(),
        } | fields
        return {name: value for name, value in failure.items() if value is not None}
