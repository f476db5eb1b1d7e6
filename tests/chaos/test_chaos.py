"""A short run of `make chaos`: nothing is lost, found twice, wrong, or left undetermined."""

from __future__ import annotations

from tests.chaos.run import run


def test_nothing_is_lost_whatever_happens() -> None:
    result = run(failures=60, seconds=8, least=5)
    assert result.sound, result
    assert sum(result.harm.values()) >= 5
