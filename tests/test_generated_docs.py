"""The generated parts of the docs are what the code says."""

from __future__ import annotations

import pytest

from tools.docs import PARTS, ROOT, generated, stale, used


def test_no_page_is_stale() -> None:
    assert [str(page.relative_to(ROOT)) for page in stale()] == [], "run `make docs`"


def test_every_part_is_in_a_page() -> None:
    assert used() == PARTS.keys()


def test_only_what_is_between_the_comments_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "x", lambda: "new\n")
    page = "before\n<!-- generated: x -->\nold\n<!-- end of x -->\nafter\n"
    assert generated(page) == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nafter\n"
    script = "  # generated: x\nold\n  # end of x\nafter\n"
    assert generated(script) == "  # generated: x\nnew\n\n  # end of x\nafter\n"
    with pytest.raises(KeyError):
        generated(page.replace(" x ", " y "))
