"""A short run of `make soak`: it measures a host, and notices what grows."""

from __future__ import annotations

from tests.chaos.soak import GROWTH_FILES, GROWTH_MB, Soak, run


def test_a_host_under_load_stays_as_it_is() -> None:
    found = run(4, rate=4)
    assert found.sent == found.found >= 8
    assert min(found.memory_mb) > 20
    assert found.files[-1] - found.files[0] < 60, "connections, not one for each failure"


def test_what_grows_is_not_sound() -> None:
    flat = Soak(100, 100, [90.0] * 40, [30] * 40)
    assert flat.sound
    leak = [90 + number * GROWTH_MB / 10 for number in range(40)]
    assert not Soak(100, 100, leak, [30] * 40).sound
    assert not Soak(100, 100, [90.0] * 40, [30 + number * GROWTH_FILES // 10 for number in range(40)]).sound
    assert not Soak(100, 99, [90.0] * 40, [30] * 40).sound
