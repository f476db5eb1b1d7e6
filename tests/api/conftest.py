"""Storage for the routes that read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.azurite import azurite


@pytest.fixture(scope="module")
def connection_string() -> Iterator[str]:
    """That of an empty storage account, which the tests of a file share."""
    with azurite() as storage:
        yield storage.connection_string
