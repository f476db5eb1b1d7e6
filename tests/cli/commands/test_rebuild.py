"""`rebuild`: the index and the counts are written again."""

from __future__ import annotations

import re
from typing import Any

from tests.cli.conftest import Deployment
from tests.cli.program import InProcess


def test_the_counts_stay_the_same(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    day = ("summary", "--since", "2026-11-20", "--until", "2026-11-20", "--json")

    def counts() -> dict[str, Any]:
        found = in_process(*day, settings=deployment.settings).json
        now = ("exposures", "openIncidents", "timeInReach")  # these follow a second after the counts
        return {name: value for name, value in found.items() if name not in now}

    before = counts()
    result = in_process("rebuild", "--index", "--json", settings=deployment.settings)
    assert (result.code, result.err) == (0, "")
    assert result.json["counted"] >= len(findings)
    assert counts() == before
    result = in_process("rebuild", settings=deployment.settings)
    assert re.fullmatch(r"Counted [0-9]+ findings\.\n", result.err)
    wrong = in_process("rebuild")
    assert (wrong.code, wrong.out) == (4, "")
    assert "TriageStorage is missing" in wrong.err
