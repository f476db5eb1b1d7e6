"""What all hosts of this session have said: nothing of persons, messages or secrets. Comes after all other tests."""

from __future__ import annotations

import re

from sandbox.azurite import KEY
from sandbox.processes import Child
from tests.e2e.service_client import Graph, Service

ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+\.[\w.-]+")
# Words of what tests sent and of what Graph answered: subjects, texts, tokens, keys, and bodies that were rejected.
NEVER = (
    *("Your invoice is overdue", "Ünpaid", "請求書", "mail.example", "Please pay", "attacker"),
    *("local-simulator", "Bearer", KEY, "AccountKey", "key-of-the-end-to-end-tests", "x-functions-key"),
    *("no failure", "Remediation Failed", "Resource is Not Found"),
)


def test_the_hosts_were_at_work(service: Service, hosts: list[Child]) -> None:
    """So that what follows has something to look at."""
    (main,) = [host for host in hosts if host is service.child]
    assert "Executed post_failures (Succeeded 202" in main.output
    assert re.search(r"INFO triage\.\S+: Finding [0-9a-f]{32}: \w+, \w+", main.output)


def test_no_address_is_logged(hosts: list[Child]) -> None:
    assert [found for host in hosts for found in ADDRESS.findall(host.output)] == []


def test_nothing_of_messages_or_secrets_is_logged(hosts: list[Child]) -> None:
    told = [(word, line) for host in hosts for line in host.lines for word in NEVER if word in line]
    assert told == []


def test_the_service_has_met_nothing_that_it_did_not_expect(hosts: list[Child]) -> None:
    """Storage was away for a while; that is an error, and its kind is all that is told of it."""
    unexpected = {found for host in hosts for found in re.findall(r"Unexpected[^:\n]*: (\w+)", host.output)}
    assert unexpected <= {"ServiceRequestError", "ServiceResponseError", "ServiceResponseTimeoutError"}
    raised = {found for host in hosts for found in re.findall(r"^(\w+\.[\w.]+): ", host.output, re.MULTILINE)}
    assert raised <= {"triage.operations.deliveries.TriageIncompleteError", "triage.telemetry.errors.PlainError"}
    assert not [line for host in hosts for line in host.lines if "never retrieved" in line or "never awaited" in line]


def test_nothing_was_written_to_a_tenant(graph: Graph) -> None:
    stats = graph.stats()
    assert stats["writesRefused"] == stats["unknownPaths"] == 0
    assert stats["batchItems"] > stats["batches"] > 0
