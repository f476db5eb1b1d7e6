"""For all tests: their order and workers, storage, the settings of hypothesis, no noise."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from sandbox.azurite import Azurite, azurite
from tests import distribution

NOT_MEASURED = ("benchmarks", "browser", "chaos", "e2e", "infra", "sandbox", "tools")
CHILDREN_MEASURED = ("cli/commands/test_watch.py", "cli/test_app.py", "telemetry/test_instruments.py")
MEASURES = "COVERAGE_PROCESS_CONFIG"  # coverage measures the child processes that have it

_set_aside: dict[str, str] = {}

# A shared machine is slow at times, so there are no deadlines. Each run tries the same examples; to look for others:
# pytest --hypothesis-profile=thorough
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=[*HealthCheck])
settings.register_profile(
    "triage", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("triage")


def pytest_configure(config: pytest.Config) -> None:
    """The SDK warns of its own generated configuration classes when a module with request builders is first loaded."""
    for text in ("This class", "GetQueryParameters"):
        config.addinivalue_line("filterwarnings", f"ignore:{text} is deprecated:DeprecationWarning")
    config.addinivalue_line("markers", "unmeasured: coverage says nothing new of this test, which takes long with it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=distribution.rank)


def pytest_collection_finish() -> None:
    """What was collected stays to the end. With thousands of tests, looking for garbage in it takes long."""
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Measures coverage only where it says something new: with it, code and child processes take twice as long."""
    path = item.path.relative_to(Path(__file__).parent)
    wanted = path.parts[0] not in NOT_MEASURED and not item.get_closest_marker("unmeasured")
    controller = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if controller and wanted != controller.started:
        controller.resume() if wanted else controller.pause()
    if wanted and path.as_posix() in CHILDREN_MEASURED:
        os.environ |= _set_aside
        _set_aside.clear()
    elif MEASURES in os.environ:
        _set_aside[MEASURES] = os.environ.pop(MEASURES)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Two more than there are cores: at most times, two of them wait."""
    return (yield) + 2


@pytest.fixture(scope="session")
def accounts() -> Iterator[Iterator[Azurite]]:
    """Empty storage accounts, each for whoever takes the next one. Their emulator is one for all tests of a worker."""
    names = [f"tests{number:03d}" for number in range(500)]
    with azurite(accounts=names) as started:
        yield (replace(started, account=name) for name in names)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> distribution.UnitScheduling:
    return distribution.UnitScheduling(config, log)
