"""The real client against a stand-in for ETD's API: tokens, pages, links, and how each failure ends."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.etd.stand_in import KEY, PATH, SECRET, SIGNATURE, StandIn
from triage.etd import EtdClient, EtdError, EtdReason
from triage.etd import client as client_module
from triage.etd.client import TOKEN_SECONDS

START = datetime(2026, 7, 1, 10, tzinfo=UTC)
END = START + timedelta(minutes=34)


async def search(client: EtdClient) -> list[dict[str, Any]]:
    return (await client.search(START, END, ["phishing", "bec"])).messages


async def failure(client: EtdClient) -> EtdError:
    with pytest.raises(EtdError) as caught:
        await search(client)
    return caught.value


async def test_a_search_is_read_page_by_page(etd: StandIn, client: EtdClient) -> None:
    etd.rows = [{"id": str(n)} for n in range(250)]
    found, page = [], None
    while True:
        one = await client.search(START, END, ["phishing", "bec"], page)
        found += one.messages
        page = one.next_page
        if page is None:
            break
    assert (found, one.total) == (etd.rows, 250)
    assert etd.paths() == ["token", "search", "search", "search"], "one token for all"
    body = {"timestamp": ["2026-07-01T10:00:00.000Z", "2026-07-01T10:34:00.000Z"], "verdicts": ["phishing", "bec"],
            "pageSize": 100}  # fmt: skip
    assert [asked for name, asked in etd.seen if name == "search"] == [
        body, {**body, "pageToken": "100"}, {**body, "pageToken": "200"},
    ]  # fmt: skip


async def test_times_are_sent_in_utc(etd: StandIn, client: EtdClient) -> None:
    east = timezone(timedelta(hours=2))
    await client.search(datetime(2026, 7, 1, 1, 0, 0, 999999, east), END.astimezone(east), ["bec"])
    assert etd.seen[-1][1]["timestamp"] == ["2026-06-30T23:00:00.999Z", "2026-07-01T10:34:00.000Z"]


@pytest.mark.parametrize("data", [{}, {"messages": None}, {"messages": []}, None])
async def test_a_search_may_find_nothing(etd: StandIn, client: EtdClient, data: Any) -> None:
    etd.faults = [{"body": {"totalSize": 0, "data": data}}]
    page = await client.search(START, END, ["bec"])
    assert (page.messages, page.next_page, page.total) == ([], None, 0)


@pytest.mark.parametrize(
    "body", ["<html>", "[]", "{}", '{"data": 1}', '{"data": {"messages": {}}}', '{"data": ', "[" * 99999]
)
async def test_an_answer_that_cannot_be_read_is_not_taken_for_nothing(
    etd: StandIn, client: EtdClient, body: str
) -> None:
    etd.faults = [body]
    assert await search(client) == [], "asked again"
    assert etd.paths().count("search") == 2
    etd.faults = [body] * 9
    error = await failure(client)
    assert (error.reason, error.fatal, str(error)) == (EtdReason.UNAVAILABLE, False, "ETD's answer can't be read.")


async def test_a_token_is_kept_for_55_minutes(etd: StandIn) -> None:
    now = 1000.0
    client = EtdClient(etd.api(), clock=lambda: now)
    await search(client)
    now += TOKEN_SECONDS - 1
    await search(client)
    assert etd.tokens == 1
    now += 1
    await search(client)
    assert etd.tokens == 2
    await client.close()


async def test_a_token_that_has_ended_is_renewed_once(etd: StandIn, client: EtdClient) -> None:
    await search(client)
    etd.tokens += 1  # the stand-in takes only the token it gave last
    await search(client)
    assert etd.paths() == ["token", "search", "search", "token", "search"]
    etd.faults = [401, 401]
    error = await failure(client)
    assert etd.paths()[5:] == ["search", "token", "search"], "and no more"
    assert (error.reason, error.status, error.fatal) == (EtdReason.UNAUTHORIZED, 401, True)


async def test_concurrent_requests_share_a_token(etd: StandIn, client: EtdClient) -> None:
    await asyncio.gather(*(search(client) for _ in range(4)))
    etd.tokens += 1
    await asyncio.gather(*(search(client) for _ in range(4)))
    assert etd.paths().count("token") == 2


@pytest.mark.parametrize(("change", "reason", "words"), [
    ({"clientSecret": "other"}, EtdReason.UNAUTHORIZED, "create one in ETD (Administration > API Clients)"),
    ({"clientId": "other"}, EtdReason.UNAUTHORIZED, "expires one year after"),
    ({"apiKey": "other"}, EtdReason.FORBIDDEN, "check apiKey in ETD_APIS"),
])  # fmt: skip
async def test_credentials_that_are_wrong(etd: StandIn, change: Any, reason: EtdReason, words: str) -> None:
    client = EtdClient(etd.api(**change))
    error = await failure(client)
    assert (error.reason, error.fatal) == (reason, True)
    assert words in str(error)
    assert etd.paths() == ["token"], "refused is not repeated"
    await client.close()


@pytest.mark.parametrize(("status", "reason"), [
    (400, EtdReason.REFUSED), (403, EtdReason.FORBIDDEN), (404, EtdReason.NOT_FOUND), (413, EtdReason.REFUSED),
])  # fmt: skip
async def test_errors_that_need_a_person_are_not_retried(
    etd: StandIn, client: EtdClient, status: int, reason: EtdReason
) -> None:
    etd.faults = [status]
    error = await failure(client)
    assert (error.reason, error.status, error.fatal) == (reason, status, True)
    assert str(error).endswith(f". It said: HTTP {status} (HTTP {status}).")
    assert etd.paths() == ["token", "search"]


@pytest.mark.parametrize(("fault", "reason"), [
    (429, EtdReason.THROTTLED), (408, EtdReason.TIMEOUT), (500, EtdReason.UNAVAILABLE), (502, EtdReason.UNAVAILABLE),
    (503, EtdReason.UNAVAILABLE), (302, EtdReason.UNAVAILABLE), ("cut", EtdReason.UNAVAILABLE),
])  # fmt: skip
async def test_temporary_errors_are_retried(etd: StandIn, client: EtdClient, fault: Any, reason: EtdReason) -> None:
    etd.faults = [fault] * 3
    assert await search(client) == []
    assert etd.paths() == ["token", *["search"] * 4]
    etd.faults = [fault] * 9
    error = await failure(client)
    assert (error.reason, error.fatal, error.retry_after) == (reason, False, None)
    assert len(etd.faults) == 5, "four times in all"
    assert "elsewhere" not in etd.paths(), "a redirect is not followed"


async def test_a_token_is_asked_for_again(etd: StandIn, client: EtdClient) -> None:
    etd.token_faults = [503, "cut", {"body": {"token": "x"}}]
    assert await search(client) == []
    assert etd.paths() == ["token"] * 4 + ["search"]


async def test_a_redirect_of_the_token_gets_no_credentials(etd: StandIn, client: EtdClient) -> None:
    etd.token_faults = [302] * 9
    assert (await failure(client)).reason is EtdReason.UNAVAILABLE
    assert set(etd.paths()) == {"token"}


async def test_the_wait_is_as_long_as_etd_says(
    etd: StandIn, client: EtdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.etd.client._WAITS", (30.0, 30.0, 30.0))
    etd.faults, etd.retry_after = [429], "0.2"
    before = asyncio.get_running_loop().time()
    assert await search(client) == []
    assert 0.2 <= asyncio.get_running_loop().time() - before < 5


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
async def test_a_long_wait_is_for_the_caller(etd: StandIn, client: EtdClient, after: str) -> None:
    etd.faults, etd.retry_after = [429], after
    error = await failure(client)
    assert error.retry_after is not None and error.retry_after >= 3600
    assert (error.reason, etd.paths()) == (EtdReason.THROTTLED, ["token", "search"])


@pytest.mark.parametrize("after", ["soon", "nan", "-5"])
async def test_a_retry_after_that_says_nothing(etd: StandIn, client: EtdClient, after: str) -> None:
    etd.faults, etd.retry_after = [429], after
    assert await search(client) == []


async def test_a_slow_answer_is_given_up(etd: StandIn, client: EtdClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.deadlines.ETD_REQUEST", 0.2)
    etd.faults = ["hang"] * 9
    error = await failure(client)
    assert (error.reason, error.fatal, len(etd.faults)) == (EtdReason.TIMEOUT, False, 5)


async def test_a_question_ends_in_time(etd: StandIn, client: EtdClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.deadlines.ETD_CALL", 0.3)
    etd.faults = ["hang"]
    assert (await failure(client)).reason is EtdReason.TIMEOUT


async def test_nobody_is_there(etd: StandIn) -> None:
    client = EtdClient(etd.api(endpoint="http://127.0.0.1:9"))
    error = await failure(client)
    assert (error.reason, str(error)) == (EtdReason.UNAVAILABLE, "The connection to ETD failed (ConnectError).")
    await client.close()


def test_the_client_only_calls_endpoints_that_read() -> None:
    """ETD's API can also move and reclassify messages, with the same credentials."""
    sources = [path.read_text(encoding="utf-8") for path in Path(client_module.__file__).parent.glob("*.py")]
    named = {path for text in sources for path in re.findall(r'"((?:oauth|messages|logs)/\w+)"', text)}
    assert named == {"oauth/token", "messages/search", "logs/downloadLinks"}
    assert [re.findall(r"\.(?:post|put|patch|delete|request)\(", text) for text in sources if "/v1/" in text] == [
        [".post("]
    ]


async def test_every_request_is_spent_first(etd: StandIn) -> None:
    left = 4

    async def spend() -> None:
        nonlocal left
        if left == 0:
            raise RuntimeError("spent")
        left -= 1

    client = EtdClient(etd.api(), spend)
    etd.faults = [503, 429]
    await search(client)
    assert left == 0, "a token, and three tries"
    with pytest.raises(RuntimeError, match="spent"):
        await search(client)
    assert len(etd.seen) == 4
    await client.close()


async def test_requests_are_paced(etd: StandIn) -> None:
    client = EtdClient(etd.api(requestsPerSecond=10))
    before = asyncio.get_running_loop().time()
    await asyncio.gather(search(client), client.log_files("2026-07-01T10", "2026-07-01T11"))
    assert asyncio.get_running_loop().time() - before >= 0.2, "a token and two questions, and the first of them at once"
    await client.close()


async def test_links_of_log_export(etd: StandIn, client: EtdClient) -> None:
    etd.links = [etd.link(), etd.link("/other/0001.jsonl")]
    first, second = await client.log_files("2026-07-01T10", "2026-07-01T12")
    assert first.path == "/tenant_id=t 1/log_date=2026-07-01/hour=10/log_type=message/0000.jsonl"
    assert (first.hour, second.hour, second.path) == ("2026-07-01T10", None, "/other/0001.jsonl")
    assert first.url.endswith(PATH + f"?X-Amz-Signature={SIGNATURE}")
    assert etd.seen[-1] == (
        "links", {"timeRange": ["2026-07-01T10", "2026-07-01T12"], "logTypes": ["message"]},
    )  # fmt: skip


@pytest.mark.parametrize("links", [None, []])
async def test_log_export_may_be_off(etd: StandIn, client: EtdClient, links: Any) -> None:
    etd.links = links
    assert await client.log_files("2026-07-01T10", "2026-07-01T11") == []


@pytest.mark.parametrize("links", ["x", {}, ["https://["]])
async def test_links_that_cannot_be_read(etd: StandIn, client: EtdClient, links: Any) -> None:
    etd.links = links
    with pytest.raises(EtdError) as caught:
        await client.log_files("2026-07-01T10", "2026-07-01T11")
    assert caught.value.reason is EtdReason.UNAVAILABLE


@pytest.mark.parametrize("message", [
    f"bad key {KEY}", f"bad secret {SECRET}", "token-0815-1 has ended", "adele@contoso.com is unknown", "a\nb", "x" * 300, 7,
])  # fmt: skip
async def test_no_secret_and_no_address_is_in_an_error_or_a_log_line(
    etd: StandIn, client: EtdClient, caplog: pytest.LogCaptureFixture, message: Any
) -> None:
    caplog.set_level(logging.INFO)
    etd.faults = [{"status": 400, "body": {"message": message}}]
    etd.links = [etd.link()]
    error = await failure(client)
    assert str(error) == "ETD refused the request (HTTP 400)."
    (file,) = await client.log_files("2026-07-01T10", "2026-07-01T11")
    etd.file_fault = 403
    with pytest.raises(EtdError) as caught:
        [line async for line in client.read_file(file)]
    texts = [*traceback.format_exception(error), *traceback.format_exception(caught.value), caplog.text, repr(file)]
    for secret in (KEY, SECRET, SIGNATURE, "token-0815", "Basic ", "adele"):
        assert secret not in "\n".join(texts), secret
