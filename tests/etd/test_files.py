"""Files of Log Export: every form that readers of it provide for, line by line, and what becomes of one that is broken."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from tests.etd.stand_in import StandIn
from triage.etd import EtdClient, EtdError, EtdReason, LogFile
from triage.etd.lines import LINE_BYTES, read_lines

ROWS = [{"logType": "message", "message": {"id": str(n), "subject": 'a ] } " , ü\\n'}} for n in range(500)]
LINES = [json.dumps(row).encode() for row in ROWS]
PLAIN = b"\n".join(LINES) + b"\n"
FORMS = {
    "plain": PLAIN,
    "without a last line break": PLAIN.rstrip(),
    "windows": b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress(PLAIN),
    "several gzip streams": gzip.compress(PLAIN[:700]) + gzip.compress(PLAIN[700:]),
    "array": json.dumps(ROWS).encode(),
    "array over lines": b"\n " + json.dumps(ROWS, indent=2, ensure_ascii=False).encode() + b"\n",
    "array in gzip": gzip.compress(json.dumps(ROWS).encode()),
}


async def one_file(etd: StandIn, client: EtdClient) -> LogFile:
    etd.links = [etd.link()]
    return (await client.log_files("2026-07-01T10", "2026-07-01T11"))[0]


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_is_read(etd: StandIn, client: EtdClient, form: str) -> None:
    etd.file = FORMS[form]
    found = [line async for line in client.read_file(await one_file(etd, client))]
    assert [json.loads(line) for line in found] == ROWS
    headers = etd.seen[-1][1]
    assert etd.seen[-1][0] == "file"
    assert not {"authorization", "x-api-key", "cookie"} & {name.lower() for name in headers}


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("form", FORMS)
async def test_it_does_not_matter_where_a_piece_ends(form: str, size: int) -> None:
    found = [json.loads(line) async for line in read_lines(pieces(FORMS[form], size))]
    assert found == ROWS


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"[]", b" [ ]\n", gzip.compress(b"", mtime=0)])
async def test_a_file_may_be_empty(data: bytes) -> None:
    assert [line async for line in read_lines(pieces(data, 2))] == []


async def test_a_broken_line_costs_no_other(etd: StandIn, client: EtdClient) -> None:
    etd.file = b"\n".join([LINES[0], b'{"message": {"id": "1", "act', LINES[2]])
    found = [line async for line in client.read_file(await one_file(etd, client))]
    assert (found[0], found[2], len(found)) == (LINES[0], LINES[2], 3)


async def test_an_endless_line_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.etd.lines.LINE_BYTES", 1000)
    data = LINES[0] + b"\n" + b"x" * 5000 + b"\n" + LINES[1] + b"\n" + b"y" * 2000
    found = [line async for line in read_lines(pieces(data, 300))]
    assert [line[:1] for line in found] == [b"{", b"x", b"{", b"y"]
    assert max(map(len, found)) == 1000


@pytest.mark.parametrize("filling", [b"0", b" "])
async def test_a_bomb_takes_little_memory(filling: bytes) -> None:
    bomb = gzip.compress(filling * 25_000_000)
    tracemalloc.start()
    found = [len(line) async for line in read_lines(pieces(bomb, 65536))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ([LINE_BYTES] if filling == b"0" else [])
    assert peak < 5 * LINE_BYTES


@pytest.mark.parametrize("form", ["plain", "gzip", "array"])
async def test_a_file_that_is_cut_gives_its_whole_lines_and_an_error(
    etd: StandIn, client: EtdClient, form: str
) -> None:
    etd.file, etd.file_fault = FORMS[form], "cut"
    found = []
    with pytest.raises(EtdError) as caught:
        async for line in client.read_file(await one_file(etd, client)):
            found.append(json.loads(line))
    assert (caught.value.reason, caught.value.fatal) == (EtdReason.CUT, False)
    assert found == ROWS[: len(found)]
    assert 0 < len(found) < len(ROWS) or form == "gzip"


@pytest.mark.parametrize("data", [gzip.compress(PLAIN, mtime=0)[:-9], gzip.compress(PLAIN, mtime=0)[:300], b"\x1f\x8bnonsense",
                                  gzip.compress(PLAIN, mtime=0) + b"tail", b"[{}, {", b"[{} nonsense]", b"["])  # fmt: skip
async def test_what_ends_too_early_or_is_no_file_is_an_error(data: bytes) -> None:
    with pytest.raises(EtdError, match="ended too early, or can't be read"):
        [line async for line in read_lines(pieces(data, 64))]


@pytest.mark.parametrize(("status", "reason", "fatal"), [
    (400, EtdReason.NOT_FOUND, False), (403, EtdReason.NOT_FOUND, False), (404, EtdReason.NOT_FOUND, False),
    (302, EtdReason.UNAVAILABLE, False), (429, EtdReason.UNAVAILABLE, False), (503, EtdReason.UNAVAILABLE, False),
])  # fmt: skip
async def test_links_that_end(etd: StandIn, client: EtdClient, status: int, reason: EtdReason, fatal: bool) -> None:
    etd.file_fault = status
    with pytest.raises(EtdError) as caught:
        [line async for line in client.read_file(await one_file(etd, client))]
    assert (caught.value.reason, caught.value.status, caught.value.fatal) == (reason, status, fatal)
    assert "elsewhere" not in etd.paths(), "a redirect is not followed"


async def test_a_file_that_stops_arriving(etd: StandIn, client: EtdClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.deadlines.ETD_REQUEST", 0.2)
    etd.file, etd.file_fault = PLAIN, "hang"
    with pytest.raises(EtdError) as caught:
        [line async for line in client.read_file(await one_file(etd, client))]
    assert caught.value.reason is EtdReason.TIMEOUT


async def test_reading_may_end_early(etd: StandIn, client: EtdClient) -> None:
    etd.file = PLAIN
    reading = client.read_file(await one_file(etd, client))
    assert await anext(reading) == LINES[0]
    await reading.aclose()
    assert [line async for line in client.read_file(await one_file(etd, client))] == LINES, "the connection is free"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://files.example/x", "/relative", "file:///etc/passwd"])
async def test_a_link_that_is_not_https_is_refused(client: EtdClient, url: str) -> None:
    with pytest.raises(EtdError, match="isn't https") as caught:
        [line async for line in client.read_file(LogFile(url, "/x", None))]
    assert caught.value.fatal


async def test_a_link_to_this_machine_is_for_a_stand_in_only(etd: StandIn) -> None:
    real = EtdClient(etd.api(endpoint="https://api.us.etd.cisco.com"))
    with pytest.raises(EtdError, match="isn't https"):
        [line async for line in real.read_file(LogFile(etd.link(), "/x", None))]
    assert etd.seen == []
    await real.close()
