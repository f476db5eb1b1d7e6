"""$batch: an answer for each item, in any order, whatever the outer status says."""

from __future__ import annotations

import pytest

from tests.sandbox.tenant.client import EVENTUAL, by_id, get, running

INES = "/users/ines@contoso.com"


async def test_every_item_has_its_own_answer() -> None:
    async with running() as client:
        answers = by_id(
            await client.batch(
                get("user", f"{INES}?$select=mail"),
                get("no-slash", "users/ines@contoso.com?$select=mail"),
                get("nobody", "/users/ghost@contoso.com"),
                get("mailbox", "/users/uma@contoso.com/mailFolders/inbox"),
                get("path", "/nothing"),
                get("versioned", f"/v1.0{INES}"),
            )
        )
        assert {name: item["status"] for name, item in answers.items()} == {
            "user": 200, "no-slash": 200, "nobody": 404, "mailbox": 404, "path": 400, "versioned": 400,
        }  # fmt: skip
        assert answers["user"]["body"]["mail"] == "ines@contoso.com"
        assert answers["nobody"]["body"]["error"]["code"] == "Request_ResourceNotFound"
        assert answers["mailbox"]["body"]["error"]["code"] == "MailboxNotEnabledForRESTAPI"
        assert answers["user"]["headers"]["Content-Type"].startswith("application/json")
        assert answers["user"]["headers"]["x-ms-resource-unit"] == "1"


async def test_answers_come_in_no_fixed_order() -> None:
    async with running() as client:
        items = [get(str(number), f"{INES}?$select=id") for number in range(20)]
        orders = set()
        for _ in range(5):
            answer = await client.batch(*items)
            orders.add(tuple(item["id"] for item in answer.body["responses"]))
        assert len(orders) > 1
        assert all(sorted(order, key=int) == [str(number) for number in range(20)] for order in orders)


async def test_each_item_has_its_own_headers() -> None:
    path = "/users?$filter=endsWith(mail,'@adventure-works.com')&$count=true&$select=mail"
    async with running() as client:
        answers = by_id(
            await client.batch(
                get("with", path, headers=EVENTUAL),
                get("without", path),
                get("plain", f"{INES}/messages?$select=id"),
                get("immutable", f"{INES}/messages?$select=id", headers={"Prefer": 'IdType="ImmutableId"'}),
                headers=EVENTUAL,
            )
        )
        assert (answers["with"]["status"], answers["without"]["status"]) == (200, 400)
        ids = [answers[name]["body"]["value"][0]["id"] for name in ("plain", "immutable")]
        assert ids[0] != ids[1]
        assert "Preference-Applied" in answers["immutable"]["headers"]


@pytest.mark.parametrize(
    ("items", "part"),
    [
        ([get(str(number), INES) for number in range(21)], "maximum value of 20"),
        ([get("1", INES), get("1", INES)], "not unique"),
        ([get("a", INES), get("A", INES)], "not unique"),
        ([get("", INES)], "empty"),
        ([{"id": "1", "url": INES}], "Invalid batch"),
        ([{"id": 1, "method": "GET", "url": INES}], "Invalid batch"),
        ([], "Invalid batch"),
        ([get("1", INES, dependsOn=["2"]), get("2", INES)], "depends on"),
    ],
)
async def test_an_invalid_batch_is_refused_as_a_whole(items: list[dict], part: str) -> None:
    async with running() as client:
        answer = await client.batch(*items)
        assert (answer.status, answer.code) == (400, "BadRequest")
        assert part in answer.message
        assert (await client.stats())["batchItems"] == 0


async def test_a_body_that_is_not_a_batch() -> None:
    async with running() as client:
        for body in (b"{", b"[]", b'"x"', b"\xff"):
            answer = await client.send("POST", f"{client.served.url}/v1.0/$batch", data=body)
            assert (answer.status, answer.code) == (400, "BadRequest")
        assert (await client.get("/$batch")).status == 400


async def test_invalid_items_are_refused_one_by_one() -> None:
    async with running() as client:
        answers = by_id(
            await client.batch(
                get("absolute", f"{client.served.url}/v1.0{INES}"),
                {"id": "nested", "method": "POST", "url": "/$batch", "body": {}, "headers": {"Content-Type": "a/b"}},
                get("body", INES, body={}),
                get("fine", INES),
            )
        )
        assert {name: item["status"] for name, item in answers.items()} == {
            "absolute": 400, "nested": 400, "body": 400, "fine": 200,
        }  # fmt: skip
        assert "relative" in answers["absolute"]["body"]["error"]["message"]


async def test_an_item_fails_if_it_depends_on_a_failed_one() -> None:
    async with running() as client:
        answers = by_id(
            await client.batch(
                get("good", INES),
                get("after-good", f"{INES}/messages", dependsOn=["good"]),
                get("bad", "/users/ghost@contoso.com"),
                get("after-bad", f"{INES}/messages", dependsOn=["bad"]),
                get("after-that", INES, dependsOn=["after-bad"]),
            )
        )
        assert {name: item["status"] for name, item in answers.items()} == {
            "good": 200, "after-good": 200, "bad": 404, "after-bad": 424, "after-that": 424,
        }  # fmt: skip


async def test_the_filter_of_an_item_is_encoded_as_in_any_url() -> None:
    text = "internetMessageId%20eq%20'%3CCAF%2Bk=zB%26h''q%252F%231%3F@mail.example%3E'"
    async with running() as client:
        answers = by_id(
            await client.batch(
                get("good", f"/users/mia%2Bnews@contoso.com/messages?$filter={text}"),
                get("plus", "/users/mia%2Bnews@contoso.com/messages?$filter=" + text.replace("%2B", "+")),
                get("hash", "/users/mia%2Bnews@contoso.com/messages?$filter=" + text.replace("%23", "#")),
            )
        )
        assert len(answers["good"]["body"]["value"]) == 1
        assert answers["plus"]["body"]["value"] == []
        assert answers["hash"]["status"] == 400


async def test_next_links_of_an_item_are_absolute() -> None:
    async with running(tenant="fabrikam") as client:
        answers = by_id(await client.batch(get("1", "/users?$select=id")))
        link = answers["1"]["body"]["@odata.nextLink"]
        assert link.startswith(f"{client.served.url}/v1.0/users?")
        assert (await client.follow(link)).status == 200
