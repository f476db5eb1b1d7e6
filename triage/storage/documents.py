"""JSON documents in table entities: as text in pieces that fit a property, or compressed.

Compressed documents are in zlib's format with a preset dictionary (RFC 1950, section 2.2): dictionary.txt, which has the
usual words of findings, so a short document is half as large. The dictionary must never change, because the rows can't be
read without it.

A string property holds 32 K UTF-16 characters, a binary property 64 KiB, an entity 1 MiB
(https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CHARACTERS = 16_000  # at most two UTF-16 units each
_BYTES = 64_000
DICTIONARY = Path(__file__).with_name("dictionary.txt").read_bytes()


def quoted(value: str) -> str:
    """A value for use between the quotes of an OData filter."""
    return value.replace("'", "''")


def pack_text(name: str, value: Any) -> dict[str, str]:
    """The properties `name`, `name1`, `name2`, … with a text, or with a value as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    pieces = [text[start : start + _CHARACTERS] for start in range(0, len(text), _CHARACTERS)] or [""]
    return {f"{name}{index or ''}": piece for index, piece in enumerate(pieces)}


def unpack_text(name: str, entity: Mapping[str, Any]) -> str:
    """The text that `pack_text` put into an entity."""
    return "".join(str(piece) for piece in _pieces(name, entity))


def pack_compressed(name: str, value: Any) -> dict[str, bytes]:
    """The properties `name`, `name1`, … with a value as compressed JSON: about a fifth of its size."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    compressor = zlib.compressobj(zdict=DICTIONARY)
    data = compressor.compress(text.encode()) + compressor.flush()
    return {
        f"{name}{index or ''}": data[start : start + _BYTES] for index, start in enumerate(range(0, len(data), _BYTES))
    }


def unpack_compressed(name: str, entity: Mapping[str, Any]) -> Any:
    """The value that `pack_compressed` put into an entity."""
    return json.loads(decompressed(name, entity))


def decompressed(name: str, entity: Mapping[str, Any]) -> str:
    """The JSON of the value that `pack_compressed` put into an entity."""
    # Documents that were compressed without the dictionary can be read too.
    decompressor = zlib.decompressobj(zdict=DICTIONARY)
    return decompressor.decompress(b"".join(bytes(piece) for piece in _pieces(name, entity))).decode()


def _pieces(name: str, entity: Mapping[str, Any]) -> list[Any]:
    pieces: list[Any] = []
    while (piece := entity.get(f"{name}{len(pieces) or ''}")) is not None:
        pieces.append(piece)
    return pieces
