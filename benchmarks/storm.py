"""A storm with one cause: the consent is withdrawn, and every remediation fails with the same text."""

from __future__ import annotations

from typing import Any

from benchmarks.load import messages
from benchmarks.load import run as run_program
from benchmarks.tenant import tenant

APP = "/servicePrincipals(appId={})"
MESSAGES = "/users/{}/messages"


def run(count: int, *, latency_ms: float) -> dict[str, Any]:
    """How often the app was read for `count` failures, and how often a message was looked up in a mailbox."""
    with (
        tenant(count + 1, latency_ms=latency_ms, consent_withdrawn=True) as graph,
        messages(count, consent_withdrawn=True) as path,
    ):
        figures = run_program("benchmarks.service", graph, path, "--concurrent", "32")
    # A reading of the app asks for two service principals: its own and Microsoft Graph's.
    by_path = figures.pop("byPath")
    return figures | {"readingsOfTheApp": by_path[APP] / 2, "messageSearches": by_path[MESSAGES]}
