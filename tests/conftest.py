"""For all tests: their order and workers, hypothesis without deadlines (a shared machine is slow at times), no noise."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests import distribution

settings.register_profile("triage", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("triage")


def pytest_configure(config: pytest.Config) -> None:
    """The SDK warns of its own generated configuration classes when a module with request builders is first loaded."""
    for text in ("This class", "GetQueryParameters"):
        config.addinivalue_line("filterwarnings", f"ignore:{text} is deprecated:DeprecationWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=distribution.rank)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are cores: at most times, one of them waits."""
    return (yield) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> distribution.UnitScheduling:
    return distribution.UnitScheduling(config)
