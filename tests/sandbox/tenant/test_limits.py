"""Throttling, latency, injected faults, changes to the data at run time, and the counts."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from tests.sandbox.tenant.client import Client, by_id, get, running

INES = "/users/ines@contoso.com"
INBOX = f"{INES}/mailFolders/inbox"


async def settings(client: Client, **values: float | None) -> None:
    answer = await client.control("PUT", "settings", values)
    assert answer.status == 204, answer.text


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/users", 2),
        ("/users?$select=id", 1),
        ("/users?$top=5", 1),
        ("/users?$top=50", 2),
        ("/users?$select=id&$top=5", 1),
        (INES, 1),
        ("/subscribedSkus", 3),
        ("/subscribedSkus?$select=skuId&$top=5", 1),
        ("/organization", 1),
        ("/applications", 2),
        (f"{INES}/licenseDetails", 2),
    ],
)
async def test_the_price_of_a_request(path: str, units: int) -> None:
    async with running() as client:
        assert (await client.get(path)).headers["x-ms-resource-unit"] == str(units)
        assert (await client.stats())["resourceUnits"] == units


async def test_the_directory_bucket_empties_for_one_tenant_and_refills() -> None:
    async with running() as client:
        await settings(client, directoryUnits=10, directorySeconds=1)
        answers = [await client.get(f"{INES}?$select=id") for _ in range(12)]
        statuses = [answer.status for answer in answers]
        assert statuses[:10] == [200] * 10
        assert 429 in statuses
        refused = answers[statuses.index(429)]
        assert refused.code == "TooManyRequests"
        assert refused.headers["Retry-After"] == "1"
        assert "x-ms-throttle-limit-percentage" not in answers[0].headers
        assert float(answers[9].headers["x-ms-throttle-limit-percentage"]) > 0.8
        client.tenant = "fabrikam"
        assert (await client.get("/organization")).status == 200
        client.tenant = "contoso"
        await asyncio.sleep(1)
        assert (await client.get(f"{INES}?$select=id")).status == 200
        assert (await client.stats())["throttled"] >= 1


async def test_items_of_a_batch_are_throttled_one_by_one() -> None:
    async with running() as client:
        await settings(client, directoryUnits=3, directorySeconds=60)
        answers = by_id(await client.batch(*[get(str(number), INES) for number in range(5)]))
        assert sorted(item["status"] for item in answers.values()) == [200, 200, 200, 429, 429]
        refused = next(item for item in answers.values() if item["status"] == 429)
        assert int(refused["headers"]["Retry-After"]) >= 1


async def test_four_concurrent_requests_for_one_mailbox() -> None:
    async with running(latency=0.2) as client:
        await settings(client, outlookConcurrent=4)
        answers = await asyncio.gather(
            *[client.get(INBOX) for _ in range(6)], client.get("/users/dana@contoso.com/messages")
        )
        assert sorted(answer.status for answer in answers[:6]) == [200] * 4 + [429] * 2
        assert answers[6].status == 200, "another mailbox has places of its own"
        refused = next(answer for answer in answers if answer.status == 429)
        assert (refused.code, refused.message) == (
            "ApplicationThrottled",
            "Application is over its MailboxConcurrency limit.",
        )
        assert refused.headers["Retry-After"] == "1"
        assert (await client.get(INBOX)).status == 200
        assert (await client.stats())["maxOutlookConcurrency"] == 4


async def test_a_batch_runs_four_mail_items_at_a_time() -> None:
    async with running(item_latency=0.05) as client:
        await settings(client, outlookConcurrent=4)
        answers = by_id(await client.batch(*[get(str(number), INBOX) for number in range(10)]))
        assert {item["status"] for item in answers.values()} == {200}
        assert (await client.stats())["maxOutlookConcurrency"] == 4
        both = await asyncio.gather(*[client.batch(*[get(str(n), INBOX) for n in range(4)]) for _ in range(2)])
        statuses = [item["status"] for answer in both for item in answer.body["responses"]]
        assert 429 in statuses, "two batches together are over the mailbox's limit"


async def test_the_limit_of_requests_to_a_mailbox() -> None:
    async with running() as client:
        await settings(client, outlookRequests=3, outlookSeconds=30)
        statuses = [(await client.get(INBOX)).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


async def test_limits_are_off_by_default() -> None:
    async with running(latency=0.05) as client:
        answers = await asyncio.gather(*[client.get(INBOX) for _ in range(20)])
        assert {answer.status for answer in answers} == {200}
        assert (await client.stats())["maxOutlookConcurrency"] > 4
        await settings(client, outlookConcurrent=1)
        await settings(client, outlookConcurrent=None)
        answers = await asyncio.gather(*[client.get(INBOX) for _ in range(5)])
        assert {answer.status for answer in answers} == {200}
        assert (await client.control("PUT", "settings", {"nonsense": 1})).status == 400


async def test_latency_is_for_each_http_request_and_not_for_each_item() -> None:
    async with running(latency=0.2) as client:
        start = time.monotonic()
        await client.batch(*[get(str(number), INBOX) for number in range(3)], get("u", INES), get("no", "/nothing"))
        assert 0.2 <= time.monotonic() - start < 0.55
        await settings(client, latencyMs=0)
        start = time.monotonic()
        await client.get(INES)
        assert time.monotonic() - start < 0.15


async def test_a_fault_answers_at_most_as_often_as_it_says() -> None:
    async with running() as client:
        await client.faults({"path": "/mailFolders/inbox", "status": 503, "retryAfter": 7, "times": 2})
        answers = [await client.get(INBOX) for _ in range(3)]
        assert [answer.status for answer in answers] == [503, 503, 200]
        assert answers[0].code == "ServiceNotAvailable"
        assert answers[0].headers["Retry-After"] == "7"
        assert (await client.get(INES)).status == 200
        rules = (await client.control("GET", "faults")).body["value"]
        assert rules[0]["hits"] == 2


async def test_a_fault_answers_what_its_rule_says() -> None:
    async with running() as client:
        await client.faults(
            {"path": "^/users/", "tenant": "contoso", "status": 403, "code": "ErrorAccessDenied", "message": "No.",
             "headers": {"x-more": "1"}},
            {"path": "^/organization", "tenant": client.world.tenants["fabrikam"].id, "status": 500},
        )  # fmt: skip
        answer = await client.get(INES)
        assert (answer.status, answer.code, answer.message, answer.headers["x-more"]) == (
            *(403, "ErrorAccessDenied", "No."),
            "1",
        )
        assert (await client.get("/organization")).status == 200, "that rule is for another tenant"
        assert (await client.control("DELETE", "faults")).status == 204
        assert (await client.get(INES)).status == 200


async def test_the_faults_of_one_tenant_can_be_removed() -> None:
    async with running() as client:
        await client.faults(
            {"tenant": "contoso", "status": 500}, {"tenant": "fabrikam", "status": 500}, {"status": 503}
        )
        assert (await client.control("DELETE", "faults?tenant=contoso")).status == 204
        rules = (await client.control("GET", "faults")).body["value"]
        assert [rule.get("tenant") for rule in rules] == ["fabrikam", None]


async def test_faults_see_the_decoded_query() -> None:
    async with running() as client:
        await client.faults({"path": r"<ines@mail\.example>", "status": 504})
        answer = await client.get(f"{INES}/messages", filter="internetMessageId eq '<ines@mail.example>'")
        assert (answer.status, answer.code) == (504, "GatewayTimeout")
        assert (await client.get(f"{INES}/messages")).status == 200


async def test_faults_inside_a_batch_and_of_the_batch() -> None:
    async with running() as client:
        await client.faults({"path": "mailFolders", "in": "batch", "status": 429, "retryAfter": 3})
        answers = by_id(await client.batch(get("mail", INBOX), get("user", INES)))
        assert (answers["mail"]["status"], answers["user"]["status"]) == (429, 200)
        assert answers["mail"]["headers"]["Retry-After"] == "3"
        assert (await client.get(INBOX)).status == 200
        await client.control("DELETE", "faults")
        await client.faults({"path": r"^/\$batch", "status": 503, "times": 1})
        refused = await client.batch(get("1", INES))
        assert (refused.status, refused.code) == (503, "ServiceNotAvailable")
        assert (await client.batch(get("1", INES))).status == 200
        assert (await client.stats())["batchItems"] == 3, "the items of a failed batch were never looked at"


async def test_broken_answers() -> None:
    async with running() as client:
        await client.faults({"path": "^/organization", "malformed": True}, {"path": "^/groups", "empty": True})
        malformed = await client.get("/organization")
        assert (malformed.status, malformed.body) == (200, None)
        assert malformed.text.startswith("<html>")
        empty = await client.get("/groups")
        assert (empty.status, empty.text) == (503, "")
        answers = by_id(await client.batch(get("malformed", "/organization"), get("empty", "/groups")))
        assert isinstance(answers["malformed"]["body"], str)
        assert "body" not in answers["empty"]


@pytest.mark.parametrize("path", ["^/users/", r"^/\$batch"])
async def test_a_dropped_connection(path: str) -> None:
    async with running() as client:
        await client.faults({"path": path, "dropConnection": True, "times": 1})
        with pytest.raises(aiohttp.ClientError):
            await client.batch(get("1", INES), get("2", "/organization"))
        assert (await client.batch(get("1", INES))).status == 200


async def test_a_delay_alone_gives_the_real_answer_late() -> None:
    async with running() as client:
        await client.faults({"path": "^/users", "delaySeconds": 0.3, "times": 1})
        start = time.monotonic()
        assert (await client.get(INES)).status == 200
        assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("rule", [{"pth": "x"}, {"path": "("}, {"path": 3}, "text"])
async def test_an_invalid_fault_is_refused(rule: object) -> None:
    async with running() as client:
        assert (await client.control("POST", "faults", [{"path": "x", "status": 500}, rule])).status == 400
        assert (await client.control("GET", "faults")).body["value"] == []


async def test_the_data_changes_while_it_runs() -> None:
    etd = "e7d00000-0000-4000-8000-000000000001"
    async with running() as client:

        async def change(**spec: object) -> None:
            answer = await client.control("PUT", "state", {"tenants": {"contoso": spec}})
            assert answer.status == 204, answer.text

        sp = (await client.get(f"/servicePrincipals(appId='{etd}')")).body["id"]
        await change(etd={"granted": ["Organization.Read.All"]})
        rows = await client.get(f"/servicePrincipals/{sp}/appRoleAssignments")
        assert rows.column("appRoleId") == ["498476ce-e0fe-48b0-b801-37ba7e2685c6"]
        principal = await client.get(f"/servicePrincipals/{sp}", select="disabledByMicrosoftStatus")
        assert principal.body["disabledByMicrosoftStatus"] == "NotDisabled", "what was not named has stayed"
        await change(people={"dora": {"deleted": None, "mailbox": None}})
        assert (await client.get("/users/dora@contoso.com/mailFolders/inbox")).status == 200
        await change(people={"gona": None, "newcomer": {"messages": ["inbox"]}})
        assert (await client.get("/users/gona@contoso.com")).status == 404
        assert len((await client.get("/users/newcomer@contoso.com/messages")).body["value"]) == 1
        rows = await client.get(f"/servicePrincipals/{sp}/appRoleAssignments")
        assert len(rows.body["value"]) == 1, "earlier changes have stayed"


async def test_an_invalid_change_changes_nothing() -> None:
    async with running() as client:
        for body in (
            {"tenants": {"contoso": {"people": {"ines": {"licenses": ["NO_SUCH_PRODUCT"]}}}}},
            {"tenants": {"contoso": {"triageRoles": ["No.Such.Permission"]}}},
            {"tenants": {"newone": {}}},
            {"tenants": {"contoso": {"people": {"ines": None}}, "newone": {}}},
            ["a list"],
        ):
            assert (await client.control("PUT", "state", body)).status == 400
            assert (await client.get(INES)).status == 200
        assert "newone" not in client.world.spec["tenants"]


async def test_a_replaced_tenant_keeps_only_its_id() -> None:
    async with running() as client:
        tenant_id = client.world.tenants["fabrikam"].id
        spec = {"domains": ["fabrikam.com"], "people": {"eve": {}}}
        assert (await client.control("PUT", "state?replace=true", {"tenants": {tenant_id: spec}})).status == 204
        assert client.world.tenants["fabrikam"].id == tenant_id
        client.tenant = "fabrikam"
        assert (await client.get("/users", select="mail")).column("mail") == ["eve@fabrikam.com"]


async def test_counts() -> None:
    async with running() as client:
        await client.get(INES)
        await client.get("/users/ghost@contoso.com")
        await client.batch(get("1", INES), get("2", INBOX), get("3", "/nothing"))
        stats = await client.stats()
        assert (stats["requests"], stats["batches"], stats["batchItems"]) == (3, 1, 3)
        assert stats["byPath"] == {"/users/{}": 3, "/users/{}/mailFolders/{}": 1}
        assert stats["byStatus"] == {"200": 3, "400": 1, "404": 1}
        assert (stats["writesRefused"], stats["unknownPaths"]) == (0, 1)
        assert (await client.control("DELETE", "stats")).status == 204
        cleared = await client.stats()
        assert (cleared["requests"], cleared["byPath"], cleared["maxOutlookConcurrency"]) == (0, {}, 0)


async def test_the_setting_triage_tenants() -> None:
    async with running() as client:
        found = {each["domains"][0]: each for each in (await client.control("GET", "tenants")).body}
        assert found["contoso.com"]["tenantId"] == client.world.tenants["contoso"].id
        assert "mode" not in found["contoso.com"]
        assert found["cohowinery.com"]["mode"] == "read"
        assert found["fourthcoffee.com"]["mode"] == "no_auth"
        assert found["southridgevideo.com"]["etdAppId"].endswith("15")
        assert "cpandl.com" not in found
