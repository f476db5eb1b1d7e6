"""The answer to a GET: its ETag, what is left out of one that the caller has, and compression."""

from __future__ import annotations

import gzip
from http import HTTPStatus

import azure.functions as func
import pytest

from triage.api.problem_types import ProblemType
from triage.api.representation import COMPRESSED_FROM, representation
from triage.api.responses import json_response, problem_response

LONG = "x" * COMPRESSED_FROM


async def answer(text: str = "short", method: str = "GET", **headers: str) -> func.HttpResponse:
    async def handler(_: func.HttpRequest) -> func.HttpResponse:
        return json_response(text)

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await representation(handler)(func.HttpRequest(method, "https://triage.example", headers=named, body=b""))


async def test_an_answer_has_an_etag_and_is_kept_by_the_caller_alone() -> None:
    one = await answer()
    assert one.headers["ETag"].startswith('W/"')
    assert (one.headers["Cache-Control"], one.headers["Vary"]) == ("private, no-cache", "Accept-Encoding")
    assert one.headers["X-Content-Type-Options"] == "nosniff"
    assert (await answer()).headers["ETag"] == one.headers["ETag"] != (await answer("other")).headers["ETag"]


@pytest.mark.parametrize("form", ["{}", 'W/"x", {}', "*", '"x",{}'])
async def test_what_the_caller_has_is_not_sent_again(form: str) -> None:
    etag = (await answer()).headers["ETag"]
    for known in (etag, etag.removeprefix("W/")):
        same = await answer(If_None_Match=form.format(known), Accept_Encoding="gzip")
        assert (same.status_code, same.get_body(), same.headers["ETag"]) == (304, b"", etag)
        assert same.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("known", ["", '"x"', 'W/"x", "y"', "x"])
async def test_what_the_caller_does_not_have_is_sent(known: str) -> None:
    assert (await answer(If_None_Match=known)).status_code == 200


@pytest.mark.parametrize(("accepted", "compressed"), [
    ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("*", True), ("deflate, gzip; q=1.000, *;q=0", True),
    ("", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0", False), ("*, gzip;q=0", False),
    ("identity", False),
])  # fmt: skip
async def test_compression(accepted: str, compressed: bool) -> None:
    plain, asked = await answer(LONG), await answer(LONG, Accept_Encoding=accepted)
    assert asked.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert (gzip.decompress(asked.get_body()) if compressed else asked.get_body()) == plain.get_body()
    assert (asked.mimetype, asked.charset, asked.headers["ETag"]) == (
        plain.mimetype,
        plain.charset,
        plain.headers["ETag"],
    )
    if compressed:
        assert len(asked.get_body()) < 200


async def test_what_is_short_is_not_compressed() -> None:
    assert "Content-Encoding" not in (await answer("x" * (COMPRESSED_FROM - 2), Accept_Encoding="gzip")).headers


async def test_other_answers_stay_what_they_are() -> None:
    post = await answer(LONG, "POST", Accept_Encoding="gzip", If_None_Match="*")
    assert (post.status_code, post.headers["Cache-Control"], "ETag" in post.headers) == (200, "no-store", False)

    async def failing(_: func.HttpRequest) -> func.HttpResponse:
        return problem_response(ProblemType.NOT_FOUND, LONG)

    request = func.HttpRequest("GET", "https://triage.example", headers={"If-None-Match": "*"}, body=b"")
    problem = await representation(failing)(request)
    assert (problem.status_code, problem.headers["Cache-Control"]) == (HTTPStatus.NOT_FOUND, "no-store")
    assert "ETag" not in problem.headers
