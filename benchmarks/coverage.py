"""A coverage scan of 1,000 to 100,000 users: requests, resource units, time, CPU and memory, beside one request a user.

`python -m benchmarks.coverage 1000` measures one size in a process of its own, and prints the figures. Time is virtual:
Graph takes as long as the constants below say, and CPU costs no time. This scan is the command line's, without storage;
coverage_service.py measures the one of the service.
"""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks import virtual_time
from benchmarks.measure import peak_memory_mb
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.people import licenses
from triage.coverage.model import CoverageScan, ScanState
from triage.graph.batching import Batcher
from triage.graph.replies import Reply, read_replies
from triage.graph.tenants import Tenants
from triage.operations.coverage_direct import scan_without_storage
from triage.settings import Settings, read_settings

TENANT = guid("coverage", "tenant")
DOMAIN = "covered.example"
# Seconds: a page of 999 users, and the rounds of a batch, in which Graph asks Outlook for four mailboxes at a time.
PAGE_SECONDS, REQUEST_SECONDS, MAILBOX_SECONDS, AT_ONCE = 1.5, 0.1, 0.3, 4
UNITS, WINDOW = 3500, 10  # what Graph gives an app in the smallest tenant, in seconds
GOAL_SHARE, GOAL_MINUTES = 0.5, 30
GOAL_GROWTH = 1.5  # of the memory, from the fewest users to the most
PAGE = 999
# A license for which Graph lists as many plans as for an E5, as the sandbox has fewer.
PLANS = 60
_NOW = datetime.now(UTC)
# Of each hundred users, by number: what is wrong with the mailbox, or that there is none. The others' mailboxes answer.
WRONG = {7: "mailbox_on_premises", 8: "mailbox_on_premises", 50: "mailbox_disconnected", 99: None}


def user(number: int) -> dict[str, Any]:
    """A user as Graph lists it."""
    wrong = WRONG.get(number % 100, "")
    found = licenses([] if wrong is None else ["SPE_E3"], _NOW)
    more = [
        {"assignedDateTime": "2025-01-01T00:00:00Z", "capabilityStatus": "Enabled", "service": f"service{plan}",
         "servicePlanId": guid("plan", str(plan))}
        for plan in range(PLANS if wrong is not None else 0)
    ]  # fmt: skip
    mail = None if wrong is None else f"user{number:06}@{DOMAIN}"
    return {
        "id": guid("user", str(number)), "userPrincipalName": f"user{number:06}@{DOMAIN}", "mail": mail,
        "proxyAddresses": [f"SMTP:{mail}"] if mail else [], "userType": "Member", "accountEnabled": True,
        "onPremisesSyncEnabled": True if wrong == "mailbox_on_premises" else None, "onPremisesProvisioningErrors": [],
        "serviceProvisioningErrors": [], **found, "assignedPlans": found["assignedPlans"] + more,
    }  # fmt: skip


@dataclass
class Graph:
    """A tenant with this number of users, which takes its time. It counts what is asked."""

    count: int
    requests: int = 0
    items: int = 0
    units: Counter[int] = field(default_factory=Counter[int])
    cpu: float = 0.0
    """What it takes to be Graph, which is not the service's."""

    async def send(self, items: list[dict[str, Any]], _: float = 0) -> dict[str, Reply]:
        """Answers a batch."""
        self.requests += 1
        self.items += len(items)
        begun = time.process_time()
        responses = [{"id": item["id"], **self._answer(item["url"])} for item in items]
        self.cpu += time.process_time() - begun
        pages = sum(item["url"].startswith("/users?") and "$top=1&" not in item["url"] for item in items)
        mailboxes = sum("/mailFolders/" in item["url"] for item in items)
        await asyncio.sleep(PAGE_SECONDS * pages + REQUEST_SECONDS + MAILBOX_SECONDS * math.ceil(mailboxes / AT_ONCE))
        return read_replies({"responses": responses})

    def _answer(self, url: str) -> dict[str, Any]:
        if "/mailFolders/" in url:
            number = int(self._numbers[url.split("/")[2]])
            if WRONG.get(number % 100) is None:
                return {"status": 200, "headers": {}, "body": {"id": "inbox", "displayName": "Inbox"}}
            return {"status": 404, "headers": {}, "body": {"error": {"code": "MailboxNotEnabledForRESTAPI"}}}
        units = 3 if url.startswith("/subscribedSkus") else 1
        self.units[int(asyncio.get_running_loop().time()) // WINDOW] += units
        return {"status": 200, "headers": {"x-ms-resource-unit": str(units)}, "body": self._body(url)}

    def _body(self, url: str) -> dict[str, Any]:
        if url.startswith("/organization"):
            return {"value": [{"id": TENANT, "verifiedDomains": [{"name": DOMAIN}]}]}
        if url.startswith("/subscribedSkus"):
            return {"value": []}
        if "$count=true" in url:
            return {"@odata.count": self.count, "value": [{"id": guid("user", "0")}]}
        start = int(url.partition("$skiptoken=")[2] or 0)
        size = int(url.partition("$top=")[2].partition("&")[0])
        rows = [user(number) for number in range(start, min(self.count, start + size))]
        self._numbers = {row["id"]: number for number, row in enumerate(rows, start)}
        body: dict[str, Any] = {"value": rows}
        if start + size < self.count:
            body["@odata.nextLink"] = f"https://graph.microsoft.com/v1.0/users?$top={size}&$skiptoken={start + size}"
        return json.loads(json.dumps(body))  # as it comes off the line

    _numbers: dict[str, int] = field(default_factory=dict[str, int])


def settings(storage: str = "UseDevelopmentStorage=true") -> Settings:
    """The settings of the one tenant."""
    return read_settings({
        "GRAPH_ENDPOINT": "http://127.0.0.1:1", "TriageStorage": storage,
        "TRIAGE_TENANTS": json.dumps([{"tenantId": TENANT, "mode": "no_auth"}]),
    })  # fmt: skip


def has_right_numbers(scan: CoverageScan, count: int) -> bool:
    """Whether a scan is complete and has the numbers of counting the users by hand."""
    by_hand = Counter(WRONG.get(number % 100, "") for number in range(count))
    without, covered = by_hand.pop(None, 0), by_hand.pop("", 0)
    return (scan.state, scan.users, scan.by_cause, scan.covered, scan.mailboxes, scan.unknown) == (
        ScanState.COMPLETE, count, dict(by_hand), covered, count - without, 0,
    )  # fmt: skip


async def _scan(graph: Graph) -> CoverageScan:
    """A scan by the service's own code, above Graph's answers to batches."""
    found = settings()
    tenants = Tenants(found)
    session = tenants.graph(found.tenants[0]).session
    session.batcher, session.bulk = Batcher(graph.send), Batcher(graph.send)
    scan = await scan_without_storage(tenants, found.tenants[0], lambda *_: None)
    await session.batcher.close()
    await session.bulk.close()
    return scan


async def _one_by_one(graph: Graph) -> None:
    """The baseline: a page of 100 users, as Graph gives them, and a request for the Inbox of each, one after another."""
    link: str | None = "/users?$top=100&$select=id"
    while link is not None:
        page = (await graph.send([{"id": "0", "url": link}]))["0"].body or {}
        for one in page["value"]:
            await graph.send([{"id": "0", "url": f"/users/{one['id']}/mailFolders/inbox"}])
        link = page.get("@odata.nextLink", "").partition("/v1.0")[2] or None


async def _timed(work: Any) -> tuple[Any, float]:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    return await work, loop.time() - begun


def measure(count: int) -> dict[str, Any]:
    """One scan, and the baseline on at most 1,000 of the users: its cost for one does not depend on their number."""
    graph, few = Graph(count), Graph(min(count, 1000))
    begun = time.process_time()
    scan, seconds = virtual_time.run(_timed(_scan(graph)))
    cpu = time.process_time() - begun - graph.cpu
    memory = peak_memory_mb()
    _, each = virtual_time.run(_timed(_one_by_one(few)))
    share, minutes = max(graph.units.values()) / UNITS, seconds / 60
    wrong = {
        "the numbers of the scan": not has_right_numbers(scan, count),
        "the share of the limit": share > GOAL_SHARE,
        "the time": minutes > GOAL_MINUTES,
    }
    return {
        "count": count,
        "requests": graph.requests,
        "items": graph.items,
        "units": sum(graph.units.values()),
        "seconds": seconds,
        "largestShare": share,
        "cpuMs": cpu * 1000 / count,
        "peakMemoryMb": memory,
        "baseline": {"count": few.count, "requests": few.requests / few.count, "seconds": each / few.count},
        "wrong": {name: 1 for name, one in wrong.items() if one},
    }


def run(sizes: list[int]) -> dict[str, Any]:
    """The figures of each size, each from a process of its own: without storage, and of the service."""
    found = {
        name: {str(size): _process(module, size) for size in sizes}
        for name, module in (("sizes", "coverage"), ("service", "coverage_service"))
    }
    for runs in (list(one.values()) for one in found.values()):
        if runs[-1]["peakMemoryMb"] > GOAL_GROWTH * runs[0]["peakMemoryMb"]:
            runs[-1]["wrong"]["the memory"] = 1
    return found


def _process(module: str, size: int) -> dict[str, Any]:
    command = [sys.executable, "-m", f"benchmarks.{module}", str(size)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600).stdout)


if __name__ == "__main__":
    json.dump(measure(int(sys.argv[1])), sys.stdout)
