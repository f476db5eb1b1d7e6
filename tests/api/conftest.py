"""Storage for the routes that read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.azurite import Azurite


@pytest.fixture(scope="module")
def connection_string(accounts: Iterator[Azurite]) -> str:
    """That of an empty storage account, which the tests of a file share."""
    return next(accounts).connection_string
