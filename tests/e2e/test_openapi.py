"""The API against its own description: its examples, and schemathesis, which asks whatever the description allows, and more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from sandbox.azurite import azurite
from sandbox.processes import child, host
from sandbox.receiver.channels import WEBHOOK_SECRET, Hook
from tests.e2e.service_client import ETD_APP_ID, LONGEST_REQUEST, Graph, Json, Service, wait_until

# The platform answers a method that no function has with 404, as Azure Functions does.
EXCLUDED = "unsupported_method"
SECONDS = 400
# For each operation and phase; more by the setting.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
KEY = "key-of-the-test"
CONTOSO = "c0470500-0000-4000-8000-000000000001"
GRANTED = ["Mail.ReadWrite", "Organization.Read.All", "Domain.Read.All", "Group.Read.All", "GroupMember.Read.All"]
REVOKED = {"activity": "Remove app role assignment from service principal", "permission": "User.Read.All",
           "by": "alex@contoso.com"}  # fmt: skip
# Objects whose names are values: causes, days, what a check observed.
OPEN = {"observed", "raw", "causes", "byScenario", "byCause", "bySeverity", "byConfidence", "byState", "byDay"}


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    with child("tenant", "--port", "0", environ={}) as tenant:
        url = tenant.wait_for(r"^Graph listening at (http://\S+)")[1]
        with httpx.Client(base_url=url, timeout=LONGEST_REQUEST) as http:
            yield Graph(http)


@pytest.fixture(scope="module")
def service(graph: Graph) -> Iterator[Service]:
    """Contoso's, with everything that can be set up: a feed and a channel."""
    with ExitStack() as stack:
        etd = stack.enter_context(child("etd", "--graph", graph.url, "--tenants", CONTOSO, environ={}))
        receiver = stack.enter_context(child("receiver", "--port", "0", environ={}))
        storage = stack.enter_context(azurite())
        webhook = receiver.wait_for(r"^Receiver listening at (http://\S+)")[1] + Hook.path
        apis = httpx.get(etd.wait_for(r"^ETD listening at (http://\S+)")[1] + "/_sandbox/apis").text
        tenant = {"tenantId": CONTOSO, "etdAppId": ETD_APP_ID, "name": "Contoso", "domains": ["contoso.com"]}
        channel = {"name": "soc", "kind": "webhook", "url": webhook, "secret": WEBHOOK_SECRET}
        settings = {
            "TriageStorage": storage.connection_string,
            "TRIAGE_TENANTS": json.dumps([tenant]),
            "GRAPH_ENDPOINT": graph.url,
            "ETD_APIS": apis,
            "TRIAGE_NOTIFICATIONS": json.dumps([channel]),
            "AzureWebJobsSandboxKey": KEY,
            "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500",
        }
        process, address = stack.enter_context(host("--enable-auth", environ=settings))
        http = stack.enter_context(
            httpx.Client(base_url=address, headers={"x-functions-key": KEY}, timeout=LONGEST_REQUEST)
        )
        queues = [
            stack.enter_context(QueueClient.from_connection_string(storage.connection_string, name))
            for name in ("remediation-failures", "remediation-failures-poison")
        ]
        yield Service(process, http, *queues)


@pytest.fixture(scope="module")
def description(service: Service) -> Json:
    return service.get("openapi.json").json()


@pytest.fixture(scope="module")
def answers(service: Service, graph: Graph, description: Json) -> Json:
    """What the service answers to the requests of the examples, by the name of the example."""
    requests = _requests(description)

    def sent(name: str, incident: str = "", **instead: Any) -> Json:
        """The answer to the last example of an operation; each has the status that the description names."""
        path, status, bodies = requests.pop(name)
        for body in bodies:
            answer = service.post(path.format(id=incident), body | instead if instead else body)
            assert answer.status_code == status, answer.text
        return answer.json()

    def contoso(**spec: Any) -> None:
        graph.put("state", {"tenants": {"contoso": spec}})

    found: Json = {}
    contoso(etd={"granted": [*GRANTED, "User.Read.All"], "registration": {"secrets": ["+200d"]}})
    _, _, (tenant,) = requests["post_audits"]
    assert service.post("audits", tenant).json()["value"][0]["verdict"] == "healthy"
    contoso(etd={"granted": GRANTED}, auditLog=[REVOKED | {"at": datetime.now(UTC).isoformat()}])
    found["Audit"] = sent("post_audits")["value"][0]

    service.send('{"mailbox": "irma@contoso.com"}')
    path, status, (one, several) = requests.pop("post_failures")
    assert service.post(path, several).status_code == status
    found["AcceptedBody"] = service.post(path, one).json()
    finding = found["Finding"] = service.settled(found["AcceptedBody"]["accepted"][0]["findingId"])
    found["StartedScans"], found["PolledFeeds"] = sent("post_coverage"), sent("post_poll")
    scan = _complete(service)
    found["UncoveredMailbox"] = _values(service, f"coverage/{scan['id']}/mailboxes")[0]
    assert service.post("coverage", tenant).status_code == 202
    found["CoverageScan"] = wait_until(lambda: _complete(service), lambda second: second["id"] != scan["id"])

    exposures = wait_until(lambda: _values(service, "exposures"), lambda exposures: len(exposures) == 2)
    found["Exposure"] = next(one for one in exposures if one["findingId"] == finding["id"])
    incident = finding["incidentId"]
    found["Incident"] = sent("post_acknowledge", incident)
    for name, kind in (("feeds", "Feed"), ("tenants", "TenantState"), ("notifications", "Delivery")):
        found[kind] = wait_until(lambda name=name: _values(service, name), len)[0]
    found["RejectedEvent"] = wait_until(lambda: _values(service, "rejected"), len)[0]
    found["Summary"], found["Health"] = service.get("summary").json(), service.get("health").json()
    found["Queued"] = service.post(f"incidents/{incident}/recheck").json()
    found["ChannelTested"] = sent("post_notification_test")
    sent("post_suppress", incident, until=_in_days(3))
    sent("post_reopen", incident)
    sent("post_resolve", incident)
    assert not requests
    return found


def _requests(description: Json) -> dict[str, tuple[str, int, list[Any]]]:
    """The path below /api/, the status of a success, and the examples of each operation with a body."""
    found: dict[str, tuple[str, int, list[Any]]] = {}
    for path, operations in description["paths"].items():
        for one in operations.values():
            if "requestBody" in one:
                content = one["requestBody"]["content"]["application/json"]["examples"]
                status = min(map(int, one["responses"]))
                found[one["operationId"]] = (
                    path.removeprefix("/api/"), status, [example["value"] for example in content.values()]
                )  # fmt: skip
    return found


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _values(service: Service, path: str) -> list[Json]:
    return service.get(path).json()["value"]


def _complete(service: Service) -> Json:
    """The newest scan, once it is complete."""
    scans = wait_until(
        lambda: _values(service, "coverage/latest"), lambda scans: [one["finishedAt"] for one in scans] != [None]
    )
    return scans[0]


def paths(value: Any, place: str = "") -> set[str]:
    """The names of all members, each with those above it. All items of a list are one."""
    if isinstance(value, list):
        return {place}.union(*(paths(item, f"{place}[]") for item in value))
    if not isinstance(value, dict) or place.rpartition(".")[2] in OPEN:
        return {place}
    return set[str]().union(*(paths(item, f"{place}.{name}") for name, item in value.items()))


def test_answers_have_the_same_members_as_the_examples(description: Json, answers: Json) -> None:
    examples = {name: one["value"] for name, one in description["components"]["examples"].items()}
    for name, answer in answers.items():
        example = examples[name] if name in examples else examples[f"{name}Page"]["value"][0]
        assert paths(answer) == paths(example), name
    known = {name.removesuffix("Page") for name, value in examples.items() if "type" not in value}
    assert answers.keys() == known


def test_the_problems_of_the_examples(service: Service, description: Json, answers: Json) -> None:
    """Word for word, except those of storage, and the feed that Contoso has."""
    nobody, incident = "0" * 32, answers["Incident"]["id"]
    resolved_at = service.get(f"incidents/{incident}").json()["resolvedAt"]
    (failure, _), tenant = _requests(description)["post_failures"][2], "d0000000-0000-4000-8000-000000000000"
    sent = {
        "invalid-query": service.get("findings", severity="urgent"),
        "invalid-failure": service.post("failures", failure | {"mailbox": "irma"}),
        "invalid-action": service.post(f"incidents/{incident}/resolve", {"reason": "done"}),
        "invalid-tenant": service.post("audits", {"tenantId": "contoso.com"}),
        "no-channel": service.post("notifications/test", {}),
        "no-finding": service.get(f"findings/{nobody}"),
        "no-incident": service.get(f"incidents/{nobody}"),
        "no-audit": service.get(f"audits/{nobody}"),
        "no-scan": service.get(f"coverage/{nobody}"),
        "no-asset": service.get("dashboard/nothing.js"),
        "unknown-tenant": service.post("audits", {"tenantId": tenant}),
        "unknown-channel": service.post("notifications/test", {"channel": "pager"}),
        "too-large": service.post("failures", [failure] * 1001),
        "acknowledge-resolved": service.post(f"incidents/{incident}/acknowledge"),
        "resolve-resolved": service.post(f"incidents/{incident}/resolve", {"reason": "fixed"}),
        "suppress-resolved": service.post(f"incidents/{incident}/suppress", {"reason": "?", "until": _in_days(1)}),
    }
    assert service.post(f"incidents/{incident}/reopen").status_code == 200
    sent["reopen-open"] = service.post(f"incidents/{incident}/reopen")
    examples = description["components"]["examples"]
    for name, answer in sent.items():
        wanted = examples[name]["value"]
        assert answer.status_code == wanted["status"]
        assert answer.json() == wanted | {"detail": re.sub(r"2026-.+Z", resolved_at, wanted["detail"])}


def test_schemathesis_finds_nothing(service: Service) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    command = [
        str(program), "run", f"{service.http.base_url}/api/openapi.json", "--header", f"x-functions-key: {KEY}",
        "--seed", "1", "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--checks", "all",
        "--exclude-checks", EXCLUDED, "--request-timeout", "30", "--suppress-health-check", "all",
    ]  # fmt: skip
    environ = os.environ | {"COVERAGE_PROCESS_CONFIG": ""}  # the program is not measured, the host is
    run = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    failures = [
        line[:300]
        for line in run.stdout.splitlines()
        if line.startswith(("- ST", "Expected", "    Expected", "[4", "[5"))
    ]
    assert run.returncode == 0, "\n".join([*failures, *run.stdout.splitlines()[-12:], run.stderr[-2000:]])
    assert "Tested: " in run.stdout
