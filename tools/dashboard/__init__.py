"""The parts of the dashboard's source that are generated from the service.

`make page` writes them and then builds the dashboard; a test fails while one is stale.
"""

from __future__ import annotations

from pathlib import Path

from tools.dashboard import wire

SOURCE = Path(__file__).parents[2] / "dashboard" / "src"
MODULES = {"wire.ts": wire.module}
"""What writes each generated file."""


def stale() -> dict[Path, str]:
    """The files that are not what the service says, each with its new text."""
    new = {SOURCE / name: module() for name, module in MODULES.items()}
    return {path: text for path, text in new.items() if not path.exists() or path.read_text("utf-8") != text}
