"""What the hosts have done in the end. Comes after all other tests; `hosts` in conftest.py looks at what they said."""

from __future__ import annotations

import re

from sandbox.processes import Child
from tests.e2e.service_client import Graph, Service


def test_the_hosts_were_at_work(service: Service, hosts: list[Child]) -> None:
    """So that a look at what they said has something to look at."""
    (main,) = [host for host in hosts if host is service.child]
    assert "Executed post_failures (Succeeded 202" in main.output
    assert re.search(r"INFO triage\.\S+: Finding [0-9a-f]{32}: \w+, \w+", main.output)


def test_nothing_was_written_to_a_tenant(graph: Graph) -> None:
    stats = graph.stats()
    assert stats["writesRefused"] == stats["unknownPaths"] == 0
    assert stats["batchItems"] > stats["batches"] > 0
