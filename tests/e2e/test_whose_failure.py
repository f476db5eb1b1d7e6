"""Several tenants: whose a failure is that does not say it, and a token that is of another tenant than was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.service_client import OwnTenant, Service, StartService


@pytest.fixture(scope="module")
def both(own_tenants: Iterator[OwnTenant]) -> tuple[OwnTenant, OwnTenant]:
    return next(own_tenants), next(own_tenants)


@pytest.fixture(scope="module")
def several(start_service: StartService, both: tuple[OwnTenant, OwnTenant]) -> Iterator[Service]:
    """Two tenants; the domains of the first are configured, those of the second only Graph knows."""
    first, second = both
    second.change(domains=[second.domain, "xn--bcher-kva.verified.example"])
    entries = [first.entry(domains=[first.domain]), second.entry()]
    with start_service(TRIAGE_TENANTS=json.dumps(entries)) as started:
        yield started


def test_the_tenant_of_a_configured_domain(several: Service, both: tuple[OwnTenant, OwnTenant]) -> None:
    found = several.triaged(both[0].failure(tenantId=None))
    assert (found["tenantId"], found["cause"]) == (both[0].id, "message_deleted")
    assert several.accepted(both[0].failure(tenantId=None, id="1")) == several.accepted(both[0].failure(id="1"))


def test_the_tenant_of_a_verified_domain(several: Service, both: tuple[OwnTenant, OwnTenant]) -> None:
    found = several.triaged(both[1].failure(tenantId=None))
    assert (found["tenantId"], found["cause"]) == (both[1].id, "message_deleted")
    unicode = several.triaged(both[1].failure(tenantId=None, mailbox="ghost@Bücher.verified.example"))
    assert (unicode["tenantId"], unicode["cause"]) == (both[1].id, "user_not_found")


@pytest.mark.parametrize(
    ("domain", "cause"), [("nowhere.example", "domain_unknown"), ("northwindtraders.com", "domain_in_other_tenant")]
)
def test_a_failure_outside_the_configured_tenants_gets_a_finding(several: Service, both: tuple[OwnTenant, OwnTenant],
                                                           domain: str, cause: str) -> None:  # fmt: skip
    found = several.triaged(both[0].failure(tenantId=None, mailbox=f"a@{domain}"))
    assert (found["tenantId"], found["cause"], found["exposed"]) == (None, cause, None)
    several.drained()
    assert several.all("findings", mailbox=f"a@{domain}") == [found]


def test_a_tenant_that_is_not_configured(several: Service, both: tuple[OwnTenant, OwnTenant]) -> None:
    other = "00000000-0000-4000-8000-00000000ffff"
    found = several.triaged(both[0].failure(tenantId=other))
    assert (found["tenantId"], found["cause"], found["checks"]) == (other, "undetermined", [])
    assert [reason["reason"] for reason in found["reasons"]] == ["tenant_not_configured"]
    several.drained()
    assert several.all("findings", tenantId=other) == [found]


def test_a_failure_waits_until_every_tenant_can_list_its_domains(
    start_service: StartService, own_tenants: Iterator[OwnTenant]
) -> None:
    first, second = next(own_tenants), next(own_tenants)
    second.break_with({"path": "^/organization", "status": 500, "times": 2})
    with start_service(TRIAGE_TENANTS=json.dumps([first.entry(), second.entry()])) as two:
        known, unknown = two.accepted([first.failure(tenantId=None), second.failure(tenantId=None)])
        assert two.settled(known)["tenantId"] == first.id
        early = two.settled(unknown)
        assert (early["cause"], early["tenantId"]) == ("undetermined", None)
        assert early["reasons"] == [{"check": "organization", "reason": "unavailable", "permission": None}]
        later = two.settled(unknown, lambda finding: finding["cause"] != "undetermined")
        assert (later["cause"], later["tenantId"]) == ("message_deleted", second.id)
        two.drained()
        assert two.all("findings", mailbox=later["failure"]["mailbox"]) == [later]


def test_a_token_of_another_tenant_proves_nothing(service: Service, own_tenants: Iterator[OwnTenant]) -> None:
    meant, home = next(own_tenants), next(own_tenants)
    meant.change(tokenOf=home.key)
    found = service.triaged(meant.failure())
    assert (found["cause"], found["exposed"]) == ("undetermined", None)
    assert {reason["reason"] for reason in found["reasons"]} == {"unauthenticated"}
    assert not any(check["observed"] for check in found["checks"] if check["request"])
    (audit,) = service.post("audits", {"tenantId": meant.id}).json()["value"]
    assert (audit["verdict"], audit["servicePrincipal"], audit["issues"]) == ("unknown", None, [])
    assert {one["reason"] for one in audit["unreadable"]} == {"unauthenticated"}


def test_nothing_is_concluded_while_the_tenant_of_a_token_is_unknown(
    service: Service, own_tenants: Iterator[OwnTenant]
) -> None:
    meant, home = next(own_tenants), next(own_tenants)
    meant.change(tokenOf=home.key)
    home.break_with({"path": "^/organization", "status": 404, "code": "UnknownError"})
    found = service.triaged(meant.failure(error="Remediation Failed - Unknown Reason"))
    assert (found["cause"], found["exposed"], found["alsoSeen"]) == ("undetermined", None, [])
    assert {one["reason"] for one in found["reasons"]} == {"unavailable"}
    assert {check["outcome"] for check in found["checks"] if check["request"]} == {"unknown"}
    (audit,) = service.post("audits", {"tenantId": meant.id}).json()["value"]
    assert (audit["verdict"], audit["servicePrincipal"], audit["issues"]) == ("unknown", None, [])


def test_its_own_token_is_noticed_at_a_retriage(service: Service, own_tenants: Iterator[OwnTenant]) -> None:
    meant, home = next(own_tenants), next(own_tenants)
    meant.change(tokenOf=home.key)
    found = service.triaged(meant.failure())
    meant.change(tokenOf=None)
    assert service.post(f"findings/{found['id']}/retriage").status_code == 202
    assert (
        service.settled(found["id"], lambda finding: finding["cause"] != "undetermined")["cause"] == "message_deleted"
    )
