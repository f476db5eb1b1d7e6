"""Transactions are stored as a whole or not at all, on a real storage emulator, and say which operation failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import RequestTooLargeError, TableTransactionError

from triage.operations.services import Services
from triage.storage.account import get_entity, if_etag, if_unchanged
from triage.storage.transactions import submit


def row(key: str, **columns: Any) -> dict[str, Any]:
    return {"PartitionKey": "s0", "RowKey": key, **columns}


async def test_every_kind_of_value_and_key_is_stored_as_the_sdk_stores_it(services: Services) -> None:
    table = await services.account.table("findings")
    columns = {
        "text": "O'Brien ü 😀\r\n--batch",
        "data": b"\x00\xff",
        "number": -7,
        "half": 0.5,
        "zero": 0.0,
        "yes": True,
    }
    key = "mailbox=o'neil%2F@contoso.com|ü"
    [created] = await submit(table, [("create", row(key, **columns, none=None))])
    await table.create_entity(row("by the SDK", **columns))
    found = await get_entity(table, "s0", key)
    by_the_sdk = dict(await get_entity(table, "s0", "by the SDK"))
    assert dict(found) == by_the_sdk | {"RowKey": key}
    assert created["etag"] == found.metadata["etag"]


async def test_operations_replace_delete_and_give_the_new_etags(services: Services) -> None:
    table = await services.account.table("findings")
    first, _ = await submit(table, [("create", row("a", old=1)), ("upsert", row("b", old=1), {"mode": "replace"})])
    changed, _ = await submit(
        table, [("update", row("a", new=1), if_etag(first["etag"])), ("upsert", row("b", new=1), {"mode": "replace"})]
    )
    one, other = await get_entity(table, "s0", "a"), await get_entity(table, "s0", "b")
    assert [dict(each) for each in (one, other)] == [row("a", new=1), row("b", new=1)]
    assert one.metadata["etag"] == changed["etag"] != first["etag"]
    await submit(table, [("delete", row("a"), if_unchanged(one)), ("delete", row("b"))])
    assert await get_entity(table, "s0", "a") is None
    assert await submit(table, []) == []


async def test_an_operation_that_fails_stores_nothing_and_is_named(services: Services) -> None:
    table = await services.account.table("findings")
    await table.upsert_entity(row("there"))
    operations: list[tuple[tuple[Any, ...], int]] = [
        (("create", row("there")), 409),
        (("update", row("there"), if_etag("W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"")), 412),
        (("delete", row("not there")), 404),
    ]
    for operation, status in operations:
        whole = [("create", row("before")), operation, ("create", row("after"))]
        [error] = await asyncio.gather(submit(table, whole), return_exceptions=True)
        assert isinstance(error, TableTransactionError), operation
        assert (error.status_code, error.index) == (status, 1), operation
        assert await get_entity(table, "s0", "before") is None, operation


async def test_a_transaction_that_is_refused_as_a_whole(services: Services) -> None:
    table = await services.account.table("findings")
    with pytest.raises(HttpResponseError):
        await submit(table, [("create", row(f"{number}")) for number in range(101)])
    too_large = [("create", row(f"{n}", **{f"d{m}": b"x" * 60_000 for m in range(10)})) for n in range(10)]
    with pytest.raises((RequestTooLargeError, TableTransactionError)):
        await submit(table, too_large)


async def test_what_no_entity_can_have_is_refused_before_anything_is_sent(services: Services) -> None:
    table = await services.account.table("findings")
    for value in (2**31, ["list"], object()):
        with pytest.raises(TypeError, match="value"):
            await submit(table, [("create", row("a", value=value))])
