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
# Files of a shared folder that start most of what they use: a unit beside the rest of their folder.
APART = {
    f"tests/e2e/test_{name}.py": "tests/e2e apart"
    for name in (
        *("access_and_health", "app_indexing", "bad_mailboxes", "coverage_scan", "notifications"),
        *("permission_audits", "storage_away"),
    )
}
LONGEST = (
    "tests/e2e",
    "tests/browser",
    "tests/cli",
    "tests/e2e apart",
    "tests/tools/test_package.py",
    "tests/e2e/test_openapi.py",
    "tests/benchmarks/test_benchmarks.py",
    "tests/telemetry/test_instruments.py",
    "tests/sandbox/test_demo.py",
    "tests/graph/test_rate_limit.py",
    "tests/sandbox/host/test_process.py",
    "tests/operations/test_feed_troubles.py",
    "tests/operations/test_summary.py",
    "tests/storage/test_incidents.py",
    "tests/storage/test_findings.py",
    "tests/storage/test_any_order.py",
    "tests/operations/test_notify.py",
    "tests/operations/test_coverage_interrupted.py",
    "tests/graph/test_isolation.py",
    "tests/chaos/test_chaos.py",
    "tests/operations/test_looks.py",
    "tests/infra/test_scripts.py",
    "tests/api/test_tenant_scope.py",
)


def unit(nodeid: str) -> str:
    file = nodeid.split("::", 1)[0]
    folder = "/".join(file.split("/")[:2])
    if file in APART:
        return APART[file]
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
