"""How tests are spread over the workers of pytest-xdist, so that all are busy to the end.

A unit is what one worker runs, with the parts that it starts (storage, tenants, hosts): a file, or a folder whose files
share these parts. The longest begin first.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

SHARING = ("tests/e2e", "tests/cli", "tests/browser")
ALONE = ("tests/e2e/test_openapi.py", "tests/e2e/test_start_up.py")  # use none of what their folder shares
LONGEST = (
    "tests/e2e",
    "tests/browser",
    "tests/tools/test_package.py",
    "tests/cli",
    "tests/benchmarks/test_benchmarks.py",
    "tests/e2e/test_openapi.py",
    "tests/operations/test_summary.py",
    "tests/telemetry/test_instruments.py",
    "tests/sandbox/test_demo.py",
    "tests/sandbox/host/test_process.py",
    "tests/infra/test_scripts.py",
    "tests/storage/test_retention.py",
    "tests/e2e/test_start_up.py",
    "tests/sandbox/host/test_queues.py",
    "tests/sandbox/tenant/test_samples.py",
)


def unit(nodeid: str) -> str:
    file = nodeid.split("::", 1)[0]
    folder = "/".join(file.split("/")[:2])
    return folder if folder in SHARING and file not in ALONE else file


def rank(item: pytest.Item) -> int:
    found = unit(item.nodeid)
    return LONGEST.index(found) if found in LONGEST else len(LONGEST)


class UnitScheduling(LoadFileScheduling):
    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by the number of tests, of which the longest have few

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
