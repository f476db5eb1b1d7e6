"""An export ends before it needs too much memory or time, and says where it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import azure.functions as func
import pytest

from triage import deadlines
from triage.api import collection as module
from triage.api.collection import MAX_EXPORT_ITEMS, collection
from triage.problems import InputError

URL = "https://triage.example/api/findings"
NDJSON = {"Accept": "application/x-ndjson"}


class Many:
    """A collection of `count` items, each as long as `size`. A token is the number of the next item."""

    def __init__(self, count: int, size: int = 0) -> None:
        self.count, self.item = count, "x" * size
        self.asked: list[int] = []

    async def read(self, top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        if token == "wrong":
            raise InputError("is not the token of a page")
        self.asked.append(top)
        start = int(token or 0)
        end = min(start + top, self.count)
        items = [{"number": number, "text": self.item} for number in range(start, end)]
        return items, str(end) if end < self.count else None


def table(items: Iterable[dict[str, Any]], *, header: bool) -> str:
    return ("number\n" if header else "") + "".join(f"{item['number']}\n" for item in items)


async def ask(of: Many, headers: dict[str, str] | None = None, **found: Any) -> func.HttpResponse:
    url = f"{URL}?format=csv" if found.get("format") else URL
    return await collection(func.HttpRequest("GET", url, headers=headers, body=b""), found, of.read, table)


def lines(answer: func.HttpResponse) -> list[str]:
    return answer.get_body().decode().splitlines()


async def test_an_export_has_everything() -> None:
    answer = await ask(many := Many(2500), format="csv")
    assert lines(answer) == ["number", *map(str, range(2500))]
    assert ("Link" in answer.headers, many.asked) == (False, [1000, 1000, 1000])


@pytest.mark.parametrize("way", [{"format": "csv"}, {"headers": NDJSON}, {}])
async def test_exports_disable_caching_and_mime_sniffing(way: dict[str, Any]) -> None:
    headers = dict((await ask(Many(1), **way)).headers)
    assert {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}.items() <= headers.items()


@pytest.mark.parametrize("way", [{"format": "csv"}, {"headers": NDJSON}])
async def test_it_ends_after_ten_thousand_items(way: dict[str, Any]) -> None:
    answer = await ask(Many(MAX_EXPORT_ITEMS + 1), **way)
    assert len(lines(answer)) == MAX_EXPORT_ITEMS + ("format" in way)
    assert f'token={MAX_EXPORT_ITEMS}>; rel="next"' in answer.headers["Link"]
    rest = await ask(Many(MAX_EXPORT_ITEMS + 1), **way, token=str(MAX_EXPORT_ITEMS))
    assert (len(lines(rest)), "Link" in rest.headers) == (1, False), "without a second header row"


async def test_it_ends_after_as_much_text_as_an_instance_can_hold() -> None:
    answer = await ask(many := Many(9000, size=20_000), NDJSON)
    assert len(many.asked) == 2 and module.MAX_EXPORT_BYTES < len(answer.get_body()) < 2 * module.MAX_EXPORT_BYTES
    assert "token=2000>" in answer.headers["Link"]


async def test_it_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "EXPORT", -1)
    answer = await ask(Many(9000), format="csv")
    assert (len(lines(answer)), "token=1000>" in answer.headers["Link"]) == (1001, True)


@pytest.mark.parametrize(("top", "asked"), [(3, [3]), (1000, [1000])])
async def test_top(top: int, asked: list[int]) -> None:
    for way in ({"format": "csv"}, {"headers": NDJSON}, {}):
        answer = await ask(many := Many(5000), **way, top=top)
        assert many.asked == asked
        link = answer.headers.get("Link") or json.loads(answer.get_body())["nextLink"]
        assert f"token={top}" in link


async def test_a_page_has_a_hundred_items() -> None:
    assert len(json.loads((await ask(Many(5000))).get_body())["value"]) == 100


async def test_a_wrong_token() -> None:
    for way in ({"format": "csv"}, {"headers": NDJSON}, {}):
        with pytest.raises(module.RequestError, match="token is not the token of a page"):
            await ask(Many(1), **way, token="wrong")
