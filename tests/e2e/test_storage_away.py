"""Storage that is away, silent, and back: every request ends in time and says so, and nothing accepted is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.azurite import Azurite
from tests.e2e.service_client import LONGEST_REQUEST, OwnTenant, Service, StartService, in_base64
from tests.e2e.storage_proxy import StorageProxy, storage_proxy


@dataclass
class Place:
    """A service of its own, whose way to storage can be closed."""

    service: Service
    tenant: OwnTenant
    queues: StorageProxy
    tables: StorageProxy

    def both(self, what: str) -> None:
        if what != "come_back":
            self.service.drained()  # a message in hand would stay leased for minutes
        for proxy in (self.queues, self.tables):
            getattr(proxy, what)()


@contextmanager
def place(storage: Azurite, start_service: StartService, tenant: OwnTenant) -> Iterator[Place]:
    with ExitStack() as stack:
        queues = stack.enter_context(storage_proxy(storage.queue_port))
        tables = stack.enter_context(storage_proxy(storage.table_port))
        connection = storage.connection_string
        for port, proxy in ((storage.queue_port, queues), (storage.table_port, tables)):
            connection = connection.replace(f":{port}/", f":{proxy.port}/")
        tenants = json.dumps([tenant.entry()])
        service = stack.enter_context(start_service(TriageStorage=connection, TRIAGE_TENANTS=tenants))
        yield Place(service, tenant, queues, tables)


REQUESTS = {
    "a failure": ("POST", "/api/failures"),
    "a handshake": ("OPTIONS", "/api/failures"),
    "findings": ("GET", "/api/findings"),
    "one finding": ("GET", "/api/findings/{id}"),
    "a retriage": ("POST", "/api/findings/{id}/retriage"),
    "audits": ("GET", "/api/audits"),
    "one audit": ("GET", "/api/audits/{tenant}.1.1"),
    "the newest audits": ("GET", "/api/audits/latest"),
    "an audit": ("POST", "/api/audits"),
    "rejected events": ("GET", "/api/rejected"),
    "health": ("GET", "/api/health"),
}
WAYS = {"away": "go", "silent": "fall_silent"}


@pytest.fixture(scope="module")
def places(
    storage: Azurite, start_service: StartService, own_tenants: Iterator[OwnTenant]
) -> Iterator[dict[str, Place]]:
    with ExitStack() as stack:
        yield {way: stack.enter_context(place(storage, start_service, next(own_tenants))) for way in WAYS}


@pytest.fixture(scope="module")
def answers(places: dict[str, Place]) -> dict[tuple[str, str], tuple[httpx.Response, float]]:
    """What each request comes to, and the seconds that it takes, while storage is away, or silent; then it is back."""

    def ask(way: str, name: str, finding_id: str) -> tuple[httpx.Response, float]:
        begun = time.monotonic()
        method, path = REQUESTS[name]
        where = places[way]
        content = json.dumps(where.tenant.failure() if name == "a failure" else {}).encode()
        url = path.format(id=finding_id, tenant=where.tenant.id)
        return where.service.http.request(method, url, content=content), time.monotonic() - begun

    asked = {}
    with ThreadPoolExecutor(2 * len(REQUESTS)) as pool:
        for way, what in WAYS.items():
            finding_id = places[way].service.triaged(places[way].tenant.failure())["id"]
            assert places[way].service.get("health").json()["status"] == "ok"
            places[way].both(what)
            asked |= {(name, way): pool.submit(ask, way, name, finding_id) for name in REQUESTS}
        found = {key: answer.result(LONGEST_REQUEST + 5) for key, answer in asked.items()}
    for where in places.values():
        where.both("come_back")
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name in REQUESTS if name not in ("a handshake", "health")])
def test_requests_get_503_with_retry_after_while_storage_is_away(
    answers: dict[tuple[str, str], tuple[httpx.Response, float]], name: str, way: str
) -> None:
    answer, seconds = answers[name, way]
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "127.0.0.1" not in answer.text and "Traceback" not in answer.text
    assert seconds < LONGEST_REQUEST


@pytest.mark.parametrize("way", WAYS)
def test_a_handshake_needs_no_storage(answers: dict[tuple[str, str], tuple[httpx.Response, float]], way: str) -> None:
    assert answers["a handshake", way][0].status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_health_is_down(
    answers: dict[tuple[str, str], tuple[httpx.Response, float]], places: dict[str, Place], way: str
) -> None:
    answer, seconds = answers["health", way]
    assert answer.status_code == 503
    state = answer.json()
    assert (state["status"], state["checks"]["storage"]["status"]) == ("down", "down")
    assert state["checks"]["graph"]["status"] == "ok"
    assert places[way].tenant.id not in answer.text and places[way].tenant.domain not in answer.text
    assert seconds < LONGEST_REQUEST


@pytest.mark.parametrize("way", WAYS)
def test_all_is_well_when_storage_is_back(
    answers: dict[tuple[str, str], tuple[httpx.Response, float]], places: dict[str, Place], way: str
) -> None:
    service, tenant = places[way].service, places[way].tenant
    assert answers
    assert service.get("health").json()["status"] == "ok"
    assert service.triaged(tenant.failure())["cause"] == "message_deleted"


def test_what_waits_on_the_queue_meanwhile_is_triaged(
    answers: dict[tuple[str, str], tuple[httpx.Response, float]], places: dict[str, Place]
) -> None:
    assert answers
    service, tenant, queues = places["away"].service, places["away"].tenant, places["away"].queues
    service.drained()
    queues.go()
    at = (datetime.now(UTC) - timedelta(days=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
    failures = [tenant.failure(occurredAt=at) for _ in range(20)]
    for failure in failures:
        service.send(in_base64(json.dumps(failure)))
    queues.come_back()
    service.drained()
    found = service.all("findings", tenantId=tenant.id, since=at, until=at)
    assert {finding["failure"]["id"] for finding in found} == {failure["id"] for failure in failures}


def test_a_finding_that_could_not_be_kept_is_kept_at_a_later_try(
    answers: dict[tuple[str, str], tuple[httpx.Response, float]], places: dict[str, Place]
) -> None:
    assert answers
    service, tenant, tables = places["away"].service, places["away"].tenant, places["away"].tables
    (finding_id,) = service.accepted(tenant.failure())
    before = service.child.output.count("Executed triage_failure (Failed")
    tables.go()
    failures = [tenant.failure() for _ in range(10)]
    ids = service.accepted(failures)
    end = time.monotonic() + 60
    while service.child.output.count("Executed triage_failure (Failed") == before:
        assert time.monotonic() < end
        time.sleep(0.05)
    tables.come_back()
    service.drained()
    found = [service.finding(id) for id in [finding_id, *ids]]
    assert [(one["cause"], one["deliveries"]) for one in found if one] == [("message_deleted", 1)] * 11
