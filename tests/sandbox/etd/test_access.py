"""Keys, tokens, limits, and the envelope of errors."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import pytest

from tests.sandbox.etd.client import ONE, TWO, Answer, Client, running

RANGE = ("2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z")


async def search(client: Client) -> Answer:
    return await client.search(*RANGE)


async def test_a_token_has_the_claims_of_its_client_and_lasts_an_hour() -> None:
    async with running() as client:
        answer = await client.sign_in()
        assert answer.body["expiresIn"] == 3600
        payload = client.token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert claims["clientId"] == client.api["clientId"]
        assert claims["tenantId"] == ONE
        assert claims["exp"] - claims["iat"] == 3600
        await client.etd.advance(minutes=59)
        assert (await search(client)).status == 200
        await client.etd.advance(minutes=1)
        ended = await search(client)
        assert (ended.status, ended.message) == (401, "Token expired, generate new token to proceed")
        await client.sign_in()
        assert (await search(client)).status == 200


@pytest.mark.parametrize("given", [True, False])
async def test_the_switch_for_the_life_of_a_token_in_the_answer(given: bool) -> None:
    async with running(expiresIn=given) as client:
        assert ("expiresIn" in (await client.sign_in()).body) is given


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"apiKey": ""}, 403, "Forbidden"),
        ({"apiKey": "wrong"}, 403, "Forbidden"),
        ({"clientSecret": "wrong"}, 401, "Unauthorized"),
        ({"clientSecret": ""}, 401, "Unauthorized"),
        ({"clientId": "wrong"}, 401, "Unauthorized"),
    ],
)
async def test_credentials_that_are_wrong(changes: dict[str, str], status: int, message: str) -> None:
    async with running() as client:
        answer = await client.sign_in(**changes)
        assert (answer.status, answer.message) == (status, message)


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic !", "Basic eA=="])
async def test_the_token_endpoint_wants_basic_credentials(authorization: str) -> None:
    async with running() as client:
        headers = {"x-api-key": client.api["apiKey"], "Authorization": authorization}
        answer = await client.send("POST", f"{client.etd.url}/v1/oauth/token", headers)
        assert (answer.status, answer.message) == (401, "Unauthorized")


async def test_each_call_needs_the_key_and_a_token_of_its_own_business() -> None:
    async with running() as client:
        body = {"timestamp": list(RANGE)}
        bearer = {"Authorization": f"Bearer {client.token}"}
        other = {"x-api-key": client.etd.apis()[1]["apiKey"]}
        for headers, status, message in (
            (bearer, 403, "Forbidden"),
            (bearer | {"x-api-key": "wrong"}, 403, "Forbidden"),
            (bearer | other, 401, "Unauthorized"),
            ({"x-api-key": client.api["apiKey"]}, 401, "Unauthorized"),
            ({"x-api-key": client.api["apiKey"], "Authorization": "Bearer x"}, 401, "Unauthorized"),
        ):
            answer = await client.call("messages/search", body, headers)
            assert (answer.status, answer.message) == (status, message)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "messages/move"), ("GET", "messages/search"), ("POST", "nothing"), ("GET", "oauth/token")],
)
async def test_an_unknown_path_or_method_gets_404(method: str, path: str) -> None:
    async with running() as client:
        answer = await client.send(method, f"{client.etd.url}/v1/{path}", client.usual)
        assert (answer.status, answer.message) == (404, "Not Found")


async def test_a_body_that_is_not_json() -> None:
    async with running() as client:
        answer = await client.send("POST", f"{client.etd.url}/v1/messages/search", client.usual, data=b"{")
        assert (answer.status, answer.message) == (400, "Unable to deserialize request body")


async def test_a_business_sees_its_own_mail_only() -> None:
    async with running() as client:
        await client.etd.convict([{"mailboxes": ["a@two.example"], "receivedAt": "-40m"}], TWO)
        assert (await search(client)).messages == []
        client.api = client.etd.apis()[1]
        await client.sign_in()
        assert len((await search(client)).messages) == 1


async def test_two_a_second_and_four_at_once() -> None:
    async with running(limited=True) as client:  # signing in counts as well
        assert [(await search(client)).status for _ in range(5)] == [200] * 3 + [429] * 2
        await client.etd.advance(seconds=0.5)
        assert [(await search(client)).status for _ in range(2)] == [200, 429]
        await client.etd.advance(seconds=60)
        assert [(await search(client)).status for _ in range(5)] == [200] * 4 + [429]


async def test_the_limits_are_for_all_clients_of_a_business_and_for_it_alone() -> None:
    async with running(limited=True) as client:
        for _ in range(3):
            await search(client)
        client.api = client.etd.apis(client=1)[0]
        assert (await client.sign_in()).status == 429
        client.api = client.etd.apis()[1]
        assert (await client.sign_in()).status == 200


async def test_the_day_ends_with_its_last_request_and_begins_at_midnight() -> None:
    async with running(limited=True, requestsPerDay=3, start=datetime(2026, 11, 20, 23, 0, tzinfo=UTC)) as client:
        assert [(await search(client)).status for _ in range(3)] == [200, 200, 429]
        await client.etd.advance(minutes=59)
        assert (await search(client)).status == 429
        await client.etd.advance(minutes=1)
        await client.sign_in()
        assert (await search(client)).status == 200


async def test_the_documented_limits_are_the_ones_without_a_switch() -> None:
    async with running() as client:
        switches = (await client.control("GET", "switches")).body
        assert (switches["requestsPerSecond"], switches["burst"], switches["requestsPerDay"]) == (2, 4, 10_000)


async def test_the_switches_for_other_limits() -> None:
    async with running(limited=True, requestsPerSecond=5, burst=10) as client:
        assert [(await search(client)).status for _ in range(10)] == [200] * 9 + [429]
        await client.etd.advance(seconds=0.2)
        assert (await search(client)).status == 200


async def test_the_switch_that_turns_the_limits_off() -> None:
    async with running(requestsPerDay=2) as client:
        assert {(await search(client)).status for _ in range(20)} == {200}
        client.etd.switches.change({"rateLimit": True})
        assert (await search(client)).status == 429


@pytest.mark.parametrize("sent", [True, False])
async def test_the_switch_for_retry_after(sent: bool) -> None:
    async with running(limited=True, retryAfter=sent, requestsPerDay=5, burst=2) as client:
        rate = [await search(client) for _ in range(2)][-1]
        await client.etd.advance(seconds=10)
        await search(client)
        await search(client)
        await client.etd.advance(seconds=10)
        await search(client)
        day = await search(client)
        assert [rate.status, day.status] == [429, 429]
        wanted = ["1", str(14 * 3600 - 20 + 1)] if sent else [None, None]
        assert [one.headers.get("Retry-After") for one in (rate, day)] == wanted


@pytest.mark.parametrize(("wording", "day"), [("apart", "Limit Exceeded"), ("alike", "Too Many Requests")])
async def test_the_switch_for_the_words_of_the_two_limits(wording: str, day: str) -> None:
    async with running(limited=True, quotaWording=wording, requestsPerDay=4, burst=3) as client:
        assert [(await search(client)).status for _ in range(3)] == [200, 200, 429]
        assert client.sent[-1].message == "Too Many Requests"
        await client.etd.advance(seconds=10)
        await search(client)
        assert (await search(client)).message == day
