"""One run: failures are sent while harm is done, and then counted."""

from __future__ import annotations

import base64
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from benchmarks import mix
from benchmarks.tenant import tenant
from sandbox.azurite import azurite
from tests.chaos.derived import differences
from tests.chaos.harm import Harm, settle
from tests.chaos.hosts import Hosts, hosts
from tests.e2e.conftest import QUICK
from tests.e2e.storage_proxy import storage_proxy

QUEUE = "chaos"
GARBAGE = ("no failure", '{"mailbox": ', "[]", '{"kind": "triage.failure"}')
SETTLE_SECONDS = 240.0


@dataclass
class Result:
    """What became of the failures. `missing`, `twice`, `wrong` and `undetermined` must be 0."""

    accepted: int
    found: int
    missing: int
    twice: int
    wrong: dict[str, int]
    undetermined: list[dict[str, Any]]
    """The findings without a cause: how often they were looked at, what was missing, and when the next look is due."""
    garbage: int
    rejected: int
    sent_again: int
    seconds: float
    settled_after: float
    harm: dict[str, int] = field(default_factory=dict[str, int])
    derived: list[str] = field(default_factory=list[str])
    """What differs from a count by hand."""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, found twice, wrong, left undetermined, or counted wrong."""
        lost = self.missing + self.twice + len(self.undetermined) + sum(self.wrong.values())
        return lost == 0 and self.rejected >= self.garbage and not self.derived


def run(*, failures: int, seconds: float, count: int = 2, seed: int = 0, least: int = 0) -> Result:
    """Sends `failures` over `seconds` while harm is done to `count` hosts, to storage and to Graph, `least` times."""
    chance = random.Random(seed)
    found = mix.world(failures)
    bodies = list(mix.failures(found, failures))
    wanted = {failure["id"]: line.cause for failure, line in bodies}
    with (
        azurite() as storage,
        storage_proxy(storage.queue_port) as queues,
        storage_proxy(storage.table_port) as tables,
        tenant(failures, latency_ms=20) as graph,
    ):
        connection = storage.connection_string
        for port, proxy in ((storage.queue_port, queues), (storage.table_port, tables)):
            connection = connection.replace(f":{port}/", f":{proxy.port}/")
        settings = graph.settings | QUICK | {
            "TriageStorage": connection,
            "TRIAGE_QUEUE": QUEUE,
            "RETRY_SECONDS": "1,2,4,8",
        }  # fmt: skip
        with hosts(count, settings, chance) as running:
            own = [
                QueueClient.from_connection_string(storage.connection_string, name)
                for name in (QUEUE, f"{QUEUE}-poison", f"{QUEUE}-looks", f"{QUEUE}-looks-poison")
            ]
            harm = Harm(running, queues, tables, graph.url, chance)
            harm.start()
            begun = time.monotonic()
            garbage, again = _send(running, own[0], [failure for failure, _ in bodies], seconds, chance)
            took = time.monotonic() - begun
            harm.end(least)
            after = settle(lambda: all(_empty(queue) for queue in own), SETTLE_SECONDS)
            rows = _all(running, "findings")
            rejected = len(_all(running, "rejected"))
            derived = differences(settings | {"TriageStorage": storage.connection_string}, rows)
    by_failure = Counter(row["failure"]["id"] for row in rows)
    wrong = Counter(
        f"{wanted[row['failure']['id']]} was found to be {row['cause']}"
        for row in rows
        if row["cause"] not in (wanted[row["failure"]["id"]], "undetermined")
    )
    return Result(
        accepted=len(wanted),
        found=len(by_failure),
        missing=len(wanted.keys() - by_failure.keys()),
        twice=sum(number - 1 for number in by_failure.values()),
        wrong=dict(wrong),
        undetermined=[
            {key: row[key] for key in ("looks", "nextLookAt", "triagedAt", "reasons")}
            for row in rows
            if row["cause"] == "undetermined"
        ],
        garbage=garbage,
        rejected=rejected,
        sent_again=again,
        seconds=took,
        settled_after=after,
        harm=dict(harm.done),
        derived=derived,
    )


def _send(
    running: Hosts, queue: QueueClient, failures: list[dict[str, Any]], seconds: float, chance: random.Random
) -> tuple[int, int]:
    """Posts the failures in small bodies, some of them twice, and puts garbage on the queue beside them.

    A body that is not accepted is posted again, as a sender must do. Returns how much garbage was sent, and how many
    failures were sent more than once.
    """
    parts = [failures[begin : begin + 10] for begin in range(0, len(failures), 10)]
    garbage = again = 0
    begun = time.monotonic()
    for number, part in enumerate(parts):
        times = 2 if chance.random() < 0.2 else 1
        for _ in range(times):
            again += len(part) * (_post(running, part) - 1)
        again += len(part) * (times - 1)
        if chance.random() < 0.2:
            garbage += _put(queue, chance.choice(GARBAGE))
        time.sleep(max(0.0, begun + (number + 1) * seconds / len(parts) - time.monotonic()))
    return garbage, again


def _post(running: Hosts, part: list[dict[str, Any]]) -> int:
    """Posts a body until it is accepted; how many times that took."""
    for attempt in range(1, 200):
        try:
            answer = httpx.post(f"{running.address()}/api/failures", json=part, timeout=40)
            if answer.status_code == httpx.codes.ACCEPTED:
                return attempt
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise TimeoutError("a body is never accepted")


def _put(queue: QueueClient, text: str) -> int:
    try:
        queue.send_message(base64.b64encode(text.encode()).decode())
    except AzureError:  # the queue is made with the first failure
        return 0
    return 1


def _empty(queue: QueueClient) -> bool:
    try:
        return queue.get_queue_properties().approximate_message_count == 0
    except ResourceNotFoundError:  # nothing was ever sent to it
        return True
    except AzureError:
        return False


def _all(running: Hosts, path: str) -> list[dict[str, Any]]:
    url: str | None = f"{running.address()}/api/{path}?top=1000"
    rows: list[dict[str, Any]] = []
    while url:
        answer = httpx.get(url, timeout=40)
        answer.raise_for_status()
        page = json.loads(answer.text)
        rows += page["value"]
        url = page.get("nextLink")
    return rows
