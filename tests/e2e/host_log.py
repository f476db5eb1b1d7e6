"""What hosts say: nothing of persons, messages or secrets, and nothing that the service did not expect."""

from __future__ import annotations

import re

from sandbox.azurite import KEY
from sandbox.processes import Child

ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+\.[\w.-]+")
# Words of what tests sent and of what Graph answered: subjects, texts, tokens, keys, and bodies that were rejected.
NEVER = (
    *("Your invoice is overdue", "Ünpaid", "請求書", "mail.example", "Please pay", "attacker"),
    *("local-simulator", "Bearer", KEY, "AccountKey", "key-of-the-end-to-end-tests", "x-functions-key"),
    *("no failure", "Remediation Failed", "Resource is Not Found"),
)


def check(hosts: list[Child]) -> None:
    assert hosts
    assert [found for host in hosts for found in ADDRESS.findall(host.output)] == []
    assert [(word, line) for host in hosts for line in host.lines for word in NEVER if word in line] == []
    # Storage was away for a while; that is an error, and its kind is all that is told of it.
    unexpected = {found for host in hosts for found in re.findall(r"Unexpected[^:\n]*: (\w+)", host.output)}
    assert unexpected <= {"ServiceRequestError", "ServiceResponseError", "ServiceResponseTimeoutError"}
    raised = {found for host in hosts for found in re.findall(r"^(\w+\.[\w.]+): ", host.output, re.MULTILINE)}
    assert (
        sorted(raised - {"triage.operations.messages.TriageIncompleteError", "triage.telemetry.errors.PlainError"})
        == []
    )
    assert not [line for host in hosts for line in host.lines if "never retrieved" in line or "never awaited" in line]
