"""GET /api/findings: filters, bounds, pages that stay what they are while findings arrive, and what it refuses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, instant

# 60 findings of one tenant, in two months; person, text and day follow from the number.
PEOPLE = {"dana": "message_deleted", "ines": "message_present", "ghost": "user_not_found"}
TEXTS = {"resource_not_found": "Resource is Not Found", "invalid_user": "The Requested User is Invalid"}
COUNT = 60


@pytest.fixture(scope="module")
def tenant(own_tenants: Iterator[OwnTenant]) -> OwnTenant:
    return next(own_tenants)


@pytest.fixture(scope="module")
def everything(service: Service, tenant: OwnTenant) -> list[Json]:
    kinds = itertools.cycle(itertools.product(PEOPLE, TEXTS))
    failures = [
        tenant.failure(person, error=TEXTS[scenario], occurredAt=f"2026-{9 + number % 2:02d}-{1 + number // 4:02d}T10:00:00.{number:03d}Z")
        for number, (person, scenario) in zip(range(COUNT), kinds, strict=False)
    ]  # fmt: skip
    service.accepted(failures)
    service.drained()
    found = service.all("findings", tenantId=tenant.id)
    assert sorted(finding["failure"]["id"] for finding in found) == sorted(failure["id"] for failure in failures)
    return found


def test_the_newest_comes_first(everything: list[Json]) -> None:
    times = [instant(finding["occurredAt"]) for finding in everything]
    assert times == sorted(times, reverse=True) and len(set(times)) == COUNT


def test_one_finding_is_what_its_page_says(service: Service, everything: list[Json]) -> None:
    assert service.finding(everything[7]["id"]) == everything[7]


def matches(finding: Json, parameters: Json) -> bool:
    words = {True: "true", False: "false", None: "null"}
    own = {**finding, "mailbox": finding["failure"]["mailbox"], "exposed": words[finding["exposed"]]}
    for name, wanted in parameters.items():
        if name == "since":
            if instant(finding["occurredAt"]) < instant(wanted):
                return False
        elif name == "until":
            if instant(finding["occurredAt"]) > instant(wanted):
                return False
        elif not any(fnmatchcase(own[name], pattern) for pattern in wanted.split(",")):
            return False
    return True


FILTERS: dict[str, Json] = {
    "nothing": {},
    "between, over a month's end": {"since": "2026-09-10T10:00:00.038Z", "until": "2026-10-02T10:00:00.005Z"},
    "several values of several filters": {"severity": "high,medium", "exposed": "null,true", "scenario": "invalid_user"},
    "all of them": {"cause": "message_deleted", "scenario": "resource_not_found", "severity": "medium",
                    "confidence": "confirmed", "exposed": "true", "since": "2026-09-01T00:00:00Z",
                    "until": "2026-09-30T00:00:00Z"},
    "how mailboxes begin, and a cause": {"mailbox": "i*", "cause": "message_present,message_deleted"},
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_filter(service: Service, tenant: OwnTenant, everything: list[Json], name: str) -> None:
    parameters = FILTERS[name]
    wanted = [finding["id"] for finding in everything if matches(finding, parameters)]
    pages = list(service.pages("findings", **parameters, tenantId=tenant.id, top=13))
    assert [finding["id"] for page in pages for finding in page] == wanted
    sizes = [13] * (len(wanted) // 13) + ([len(wanted) % 13] if len(wanted) % 13 else [])
    assert [len(page) for page in pages] == sizes


def test_the_mailbox_in_any_spelling(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    wanted = [finding["id"] for finding in everything if finding["failure"]["mailbox"].startswith("dana@")]
    for text in (f"dana@{tenant.domain}", f"Dana <DANA@{tenant.domain.upper()}>"):
        found = service.all("findings", mailbox=text, tenantId=tenant.id.upper())
        assert [finding["id"] for finding in found] == wanted


def test_the_domain_of_mailboxes(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    found = service.all("findings", mailbox=f"*@{tenant.domain.upper()}", tenantId=tenant.id)
    assert [finding["id"] for finding in found] == [finding["id"] for finding in everything]
    assert service.all("findings", mailbox=f"*@x{tenant.domain}", tenantId=tenant.id) == []


def test_a_summary_of_each_finding(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    full = service.get("findings", tenantId=tenant.id, top=20)
    short = service.get("findings", tenantId=tenant.id, top=20, fields="summary")
    for one, finding in zip(short.json()["value"], full.json()["value"], strict=True):
        assert finding.keys() - one.keys() >= {"checks", "actions"}
        assert one == {name: finding[name] for name in one} | {"failure": one["failure"]}
        assert finding["failure"] == one["failure"] | {"raw": finding["failure"]["raw"]}
    assert len(short.content) < len(full.content) / 4


def test_what_has_not_changed_is_not_sent_again(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    asked = {"tenantId": tenant.id, "top": "20"}
    plain = service.http.get("/api/findings", params=asked, headers={"Accept-Encoding": "identity"})
    packed = service.http.get("/api/findings", params=asked, headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.json()) == ("gzip", plain.json())
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    same = service.http.get("/api/findings", params=asked, headers={"If-None-Match": packed.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", plain.headers["etag"])


def test_pages_stay_what_they_are_while_findings_arrive(
    service: Service, tenant: OwnTenant, everything: list[Json]
) -> None:
    before = [finding["id"] for finding in everything]
    seen: list[str] = []
    for number, page in enumerate(service.pages("findings", tenantId=tenant.id, top=9)):
        seen += [finding["id"] for finding in page]
        if number in (1, 3):  # one that is newer than all, and one in the midst of what was read
            service.triaged(tenant.failure("dana", occurredAt=f"2026-11-0{number}T00:00:00Z"))
            service.triaged(tenant.failure("dana", occurredAt=f"2026-10-14T10:00:0{number}Z"))
    assert seen == before
    service.drained()
    assert len(service.all("findings", tenantId=tenant.id)) == COUNT + 4


WRONG: dict[str, Json] = {
    "a tenant that is no GUID": {"tenantId": "contoso"},
    "a scenario that there is not": {"scenario": "Invalid_User"},
    "a cause that there is not": {"cause": "gremlins"},
    "a severity that there is not": {"severity": "urgent"},
    "a confidence that there is not": {"confidence": "1"},
    "exposed that is neither": {"exposed": "maybe"},
    "a mailbox that is none": {"mailbox": "dana"},
    "since without an offset": {"since": "2026-11-20T10:11:12"},
    "since that is a day": {"since": "2026-11-20"},
    "until that is no day": {"until": "2026-02-30T00:00:00Z"},
    "top of nothing": {"top": "0"},
    "top of too many": {"top": "1001"},
    "top that is no number": {"top": "ten"},
    "top below nothing": {"top": "-1"},
    "a format that there is not": {"format": "xml"},
    "fields that there are not": {"fields": "all"},
    "a token that is none": {"token": "abc"},
    "a token of something else": {"token": "WzEsMl0"},
    "a parameter that there is not": {"cuase": "user_deleted"},
    "two at once": {"top": "0", "cause": "gremlins"},
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_query_gets_400(service: Service, name: str) -> None:
    answer = service.get("findings", **WRONG[name])
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert all(parameter in problem["detail"] for parameter in WRONG[name])
    if "token" not in WRONG[name]:
        assert {error["pointer"] for error in problem["errors"]} == set(WRONG[name])


@pytest.mark.parametrize("finding_id", ["0" * 32, "nothing", "a%2Fb", "%27%20or%201", "x" * 600])
def test_no_such_finding(service: Service, finding_id: str) -> None:
    for method, path in (("GET", ""), ("POST", "/retriage")):
        answer: Any = service.http.request(method, f"/api/findings/{finding_id}{path}")
        assert answer.status_code == 404, answer.text
        assert answer.json()["status"] == 404
