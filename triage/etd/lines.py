"""The lines of a file of Log Export, as it arrives: nothing of it is held in memory but the line under way.

One JSON object a line is the documented form. A file that is compressed with gzip, or that is one JSON array, is read
too: other readers of Log Export provide for both.
"""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterator

from triage.etd.errors import EtdError, EtdReason

LINE_BYTES = 4_000_000
_PIECE_BYTES = 1_000_000
_GZIP = b"\x1f\x8b"
_BEFORE_ARRAY = " \t\r\n,"


def file_is_cut() -> EtdError:
    """The error of a file that ends too early."""
    return EtdError(EtdReason.CUT)


async def read_lines(parts: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """Each line that has something in it. A line over LINE_BYTES ends there, and so is no JSON.

    EtdError if the file ends too early; the whole lines before that were given.
    """
    source = aiter(_unzipped(parts))
    head = b""
    async for part in source:
        head = (head + part).removeprefix(codecs.BOM_UTF8).lstrip()
        if head:
            break
    split = _elements if head.startswith(b"[") else _lines
    async for line in split(_joined(head, source)):
        yield line


async def _joined(head: bytes, rest: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for part in rest:
        yield part


async def _unzipped(parts: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    head, inflate, plain = b"", None, False
    async for part in parts:
        piece = head + part
        if not plain and inflate is None:
            if len(piece) < len(_GZIP):
                head = piece
                continue
            head, plain = b"", not piece.startswith(_GZIP)
            inflate = None if plain else _Inflate()
        if plain:
            yield piece
        elif inflate is not None:
            for inflated in inflate.feed(piece):
                yield inflated
    if head:
        yield head
    if inflate is not None:
        yield inflate.end()


class _Inflate:
    """Gunzips what arrives in pieces of a limited size, also if there are several streams one after the other."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._stream.eof:
                    self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield self._stream.decompress(data, _PIECE_BYTES)
                data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        except zlib.error:
            raise file_is_cut() from None

    def end(self) -> bytes:
        rest = self._stream.flush()
        if not self._stream.eof:
            raise file_is_cut()
        return rest


async def _lines(parts: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    rest, too_long = b"", False
    async for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line.strip() and not too_long:
                yield line.strip()
            too_long = False
        if len(rest) > LINE_BYTES:
            if not too_long:
                yield rest[:LINE_BYTES]
            rest, too_long = b"", True
    if rest.strip() and not too_long:
        yield rest.strip()


async def _elements(parts: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """The elements of a JSON array. EtdError at the first that can't be read: where the next begins isn't known then."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    parse = json.JSONDecoder().raw_decode
    rest, begun = "", False
    async for part in parts:
        rest += decode(part)
        if not begun:
            rest, begun = rest[1:], True
        while (rest := rest.lstrip(_BEFORE_ARRAY)) and not rest.startswith("]"):
            try:
                _, end = parse(rest)
            except (ValueError, RecursionError):
                break  # the rest of it is still to come
            yield rest[:end].encode()
            rest = rest[end:]
        if len(rest) > LINE_BYTES:
            break
    if not rest.startswith("]"):
        raise file_is_cut()
