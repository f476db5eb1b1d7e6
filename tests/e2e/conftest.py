"""The service in a host of its own, on Azurite and the simulated tenants: one of each for all end-to-end tests.

They end with this folder: a host that has nothing to do still asks its queues twice a second.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from azure.storage.queue import QueueClient

from sandbox.azurite import Azurite
from sandbox.processes import Child, child, host
from tests.e2e import graph_faults, host_log
from tests.e2e.service_client import LONGEST_REQUEST, Graph, OwnTenant, Service, StartService

# The settings of production wait for minutes; here a message is tried again after a second, and so is a look. The last
# delay is as long as looks go on, so there are five.
QUICK = {
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500",
    "RETRY_SECONDS": "1,1,1,1,86400",
}
OWN_TENANTS = 150
PEOPLE = {
    "dana": {"messages": ["deleteditems"]},
    "ines": {"messages": ["inbox"]},
    "gona": {},
    "quin": {"folders": {"Quarantine-ETD": {"hidden": True}}, "messagesIncludeHidden": False,
             "messages": ["Quarantine-ETD"]},
}  # fmt: skip


@pytest.fixture(scope="package")
def storage(accounts: Iterator[Azurite]) -> Azurite:
    return next(accounts)


@pytest.fixture(scope="package")
def graph() -> Iterator[Graph]:
    with child("tenant", "--port", "0", environ={}) as tenant:
        url = tenant.wait_for(r"^Graph listening at (http://\S+)")[1]
        with httpx.Client(base_url=url, timeout=LONGEST_REQUEST) as http:
            graph = Graph(http)
            own = {key: {"domains": [f"{key}.example"], "people": PEOPLE} for key in _own_keys()}
            graph.put("state", {"tenants": own})
            yield graph


@pytest.fixture(scope="package")
def hosts() -> Iterator[list[Child]]:
    """Every host that was started: what they said is looked at in the end."""
    found: list[Child] = []
    yield found
    host_log.check(found)


@pytest.fixture(scope="package")
def start_service(storage: Azurite, graph: Graph, hosts: list[Child]) -> StartService:
    """Starts a further host: its arguments, and settings beside or instead of the usual ones."""

    @contextmanager
    def start(*arguments: str, headers: dict[str, str] | None = None, **settings: str) -> Iterator[Service]:
        name = f"failures-{uuid.uuid4().hex[:8]}"
        usual = {"TriageStorage": storage.connection_string, "GRAPH_ENDPOINT": graph.url, "TRIAGE_QUEUE": name, **QUICK}
        environ = usual | settings
        with ExitStack() as stack:
            process, address = stack.enter_context(host(*arguments, environ=environ))
            hosts.append(process)
            http = httpx.Client(base_url=address, timeout=LONGEST_REQUEST, headers=headers)
            queues = [
                QueueClient.from_connection_string(storage.connection_string, environ["TRIAGE_QUEUE"] + suffix)
                for suffix in ("", "-poison")
            ]
            yield Service(process, *map(stack.enter_context, (http, *queues)))

    return start


@pytest.fixture(scope="package")
def service(start_service: StartService, graph: Graph, what_takes_long_begins_first: None) -> Iterator[Service]:
    """The service for all tenants, as it is deployed but for the times between tries."""
    with start_service(TRIAGE_TENANTS=json.dumps(graph.tenants())) as started:
        yield started


@pytest.fixture(scope="package")
def own_tenants(graph: Graph) -> Iterator[OwnTenant]:
    """Tenants that nobody has had before."""
    ids = {tenant["domains"][0]: tenant["tenantId"] for tenant in graph.tenants()}
    return (OwnTenant(graph, key, ids[f"{key}.example"], f"{key}.example") for key in _own_keys())


@pytest.fixture(scope="package")
def faulty_service(start_service: StartService, graph: Graph) -> Iterator[Service]:
    """A second one, for failures whose triage takes long: who waits until a queue is empty must not wait for these."""
    with start_service(TRIAGE_TENANTS=json.dumps(graph.tenants())) as started:
        yield started


@pytest.fixture(scope="package")
def faults_under_way(
    faulty_service: Service, own_tenants: Iterator[OwnTenant]
) -> Iterator[Future[dict[str, graph_faults.Outcome]]]:
    tenants = {name: next(own_tenants) for name in graph_faults.FAULTS}
    with ThreadPoolExecutor(1) as watcher:
        yield watcher.submit(graph_faults.watch, faulty_service, tenants, graph_faults.send(faulty_service, tenants))


@pytest.fixture(scope="package")
def what_takes_long_begins_first(request: pytest.FixtureRequest) -> None:
    if any("faults_under_way" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("faults_under_way")


@pytest.fixture
def tenant(own_tenants: Iterator[OwnTenant]) -> OwnTenant:
    return next(own_tenants)


def _own_keys() -> list[str]:
    return [f"own{number:03d}" for number in range(OWN_TENANTS)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at all that the session did comes last."""
    items.sort(key=lambda item: item.path.name == "test_host_log.py")
