"""Documents in table entities are stored unchanged, within the size of a property; keys sort newest first."""

from __future__ import annotations

import json
import random
import zlib
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.storage.documents import DICTIONARY, pack_compressed, pack_text, unpack_compressed, unpack_text
from triage.wire import epoch_ns, newest_first

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(JSON_VALUES.filter(lambda value: not isinstance(value, str)))
def test_round_trip(value: Any) -> None:
    other = {"PartitionKey": "p", "RowKey": "r"}
    assert json.loads(unpack_text("document", {**other, **pack_text("document", value)})) == value
    assert unpack_compressed("document", {**other, **pack_compressed("document", value)}) == value


@given(st.text(max_size=40))
def test_text_is_stored_unchanged(text: str) -> None:
    assert unpack_text("body", pack_text("body", text)) == text


@pytest.mark.parametrize("char", ["x", "ü", "€", "😀"])
@pytest.mark.parametrize("count", [0, 1, 15_999, 16_000, 16_001, 40_000])
def test_long_text_is_split_so_that_each_piece_fits_a_property(char: str, count: int) -> None:
    packed = pack_text("body", char * count)
    assert all(len(piece.encode("utf-16-le")) <= 64 * 1024 for piece in packed.values())
    assert list(packed) == ["body", *(f"body{number}" for number in range(1, len(packed)))]
    assert unpack_text("body", packed) == char * count


def test_data_that_does_not_compress_is_split_too() -> None:
    noise = random.Random(1).randbytes(150_000).hex()
    packed = pack_compressed("document", noise)
    assert len(packed) > 1
    assert all(len(piece) <= 64 * 1024 for piece in packed.values())
    assert unpack_compressed("document", packed) == noise


MOMENTS = st.integers(epoch_ns("1970-01-01T00:00:00Z"), epoch_ns("9999-12-31T23:59:59.999999999Z"))


@given(MOMENTS, MOMENTS)
def test_keys_sort_newest_first(one: int, other: int) -> None:
    assert (newest_first(one) < newest_first(other)) == (one > other)
    assert len(newest_first(one)) == 21
    assert newest_first(one).isdigit()


def test_the_dictionary_never_changes() -> None:
    """Rows are compressed with it: with another one, nothing that was stored before could be read."""
    assert sha256(DICTIONARY).hexdigest() == "a42e748733643572100fee28f8e4457db63fc18d5fab54a18f1170a3829ff763"
    old = {"document": zlib.compress(b'{"cause":"user_deleted"}')}
    assert unpack_compressed("document", old) == {"cause": "user_deleted"}, "without a dictionary"
