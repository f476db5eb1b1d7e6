"""`audit`, by the real program, against the simulated tenants."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from sandbox.tenant.world import World
from tests.cli.program import InProcess
from triage.audit.model import Audit
from triage.cli.show import audit
from triage.cli.show.audit import exit_code

VERDICTS = ["healthy", "not_applicable", "degraded", "unknown", "broken"]


@pytest.mark.parametrize(
    ("tenant", "code", "said"),
    [
        ("contoso", 0, "HEALTHY"),
        ("relecloud", 1, "high  excess_privilege:"),
        ("thephonecompany", 2, "critical  credential_expired:"),
        (
            "humongous",
            3,
            "in the tenant and enabled? forbidden: the triage identity does not have Application.Read.All",
        ),
        ("fourthcoffee", 0, "NOT APPLICABLE"),
        ("wingtiptoys", 2, "DisabledDueToViolationOfServicesAgreement"),
        ("signedout", 3, "UNKNOWN"),
    ],
)
def test_one_app(graph: dict[str, str], world: World, in_process: InProcess, tenant: str, code: int, said: str) -> None:
    result = in_process("audit", "--tenant", world.tenants[tenant].id, settings=graph)
    assert result.code == code
    assert said in result.out
    if code != 3:
        assert result.err == ""
        assert "without storage there is no earlier audit" in result.out


def test_the_parts_of_an_audit(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    result = in_process("audit", "--tenant", world.tenants["relecloud"].id, settings=graph)
    assert result.code == 1
    for part in (
        r"^1\. \S",
        r"^granted +Directory\.ReadWrite\.All +extra +application +4 *$",
        r"^included +Domain\.Read\.All +documented +application +Directory\.ReadWrite\.All",
        r"^expiring +secret .* 9 days left +2026-",
    ):
        assert re.search(part, result.out, re.MULTILINE), part


@pytest.mark.parametrize(("days", "said"), [
    (None, "does not expire"), (9, "9 days left"), (1, "1 day left"), (0, "0 days left"), (-1, "just expired"),
    (-2, "expired 1 day ago"), (-1001, "expired 1,000 days ago"),
])  # fmt: skip
def test_how_long_a_credential_is_valid(days: int | None, said: str) -> None:
    assert audit._left(days) == said


def test_all_apps_as_json(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    result = in_process("audit", "--json", settings=graph)
    assert result.code == 2  # one of them is broken, whatever is unknown of others
    audits = [Audit.model_validate(value) for value in result.json["value"]]
    assert result.json == {"value": [audit.wire() for audit in audits]}
    assert [audit.tenant_id for audit in audits] == [tenant["tenantId"] for tenant in world.triage_tenants()]
    assert {audit.drift for audit in audits} == {None}


def test_of_all_apps_the_worst_come_first(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    result = in_process("audit", settings={**graph, "COLUMNS": "120"})
    verdicts = ["broken", "unknown", "degraded", "healthy", "not_applicable"]
    total, _, _, _, *lines = result.out.splitlines()
    assert re.match(rf"{len(world.triage_tenants())} apps: \d+ broken, \d+ unknown, \d+ degraded, \d+ healthy, ", total)
    listed = [line.split()[0] for line in lines[: len(world.triage_tenants()) * 2] if line[:1].islower()]
    places = [verdicts.index(verdict) for verdict in listed if verdict in verdicts]
    assert places == sorted(places) and set(places) == set(range(5))
    stories = re.findall(r"^([A-Z ]+)  tenant ", result.out, re.MULTILINE)
    assert stories[0] == "BROKEN"
    assert "NOT APPLICABLE" not in stories, "there is nothing to do"


def test_tenants_have_names(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    tenants = [world.tenants[name] for name in ("contoso", "relecloud")]
    named = [
        {"tenantId": one.id, "etdAppId": world.triage_tenants()[0]["etdAppId"], "name": f"{one.domains[0]} Ltd"}
        for one in tenants
    ]
    result = in_process("audit", settings={**graph, "TRIAGE_TENANTS": json.dumps(named), "COLUMNS": "120"})
    assert result.code == 1
    for one in tenants:
        assert re.search(rf"^\w+ +{one.domains[0]} Ltd", result.out, re.MULTILINE)
    assert f"DEGRADED  tenant {tenants[1].id} ({tenants[1].domains[0]} Ltd)" in result.out


@pytest.mark.parametrize(("better", "worse"), list(itertools.combinations(VERDICTS, 2)))
def test_the_worst_of_several_verdicts_counts(better: str, worse: str) -> None:
    verdicts = [[{"verdict": name} for name in names] for names in ((better, worse), (worse, better), (worse,))]
    assert exit_code(verdicts[0]) == exit_code(verdicts[1]) == exit_code(verdicts[2])


def test_a_verdict_of_a_later_version_is_unknown() -> None:
    assert (exit_code([]), exit_code([{"verdict": "splendid"}])) == (0, 3)
