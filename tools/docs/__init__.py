"""The parts of the docs, and of one script, that are generated from the code.

A page has a part between two comments, and the rest of the page is written by hand. In a script, the comments begin
with `#`.

    <!-- generated: causes -->
    ...
    <!-- end of causes -->

To add a part, write a function that returns its text, add it to PARTS under a name, and put the two comments into a
page. `make docs` writes every part, and a test fails while one is stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tools.docs import api, causes, cli, permissions, settings

ROOT = Path(__file__).parents[2]

PARTS: dict[str, Callable[[], str]] = {
    "causes": causes.part,
    "routes": api.routes,
    "parameters": api.parameters,
    "problem-types": api.problem_types,
    "commands": cli.commands,
    "options": cli.options,
    "settings": settings.part,
    "permissions": permissions.table,
    "permission-sets": permissions.sets,
}

_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)
_PART_OF_SCRIPT = re.compile(r"( *# generated: (?P<name>[\w-]+)\n).*?( *# end of (?P=name)\n)", re.DOTALL)


def pages() -> list[Path]:
    """README.md, every page of docs/, and the script that grants permissions."""
    script = ROOT / "infra" / "scripts" / "graph-permissions.sh"
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), script]


def generated(text: str) -> str:
    """A page with its parts generated again. KeyError if a part has no function in PARTS."""
    text = _PART.sub(lambda part: f"{part[1]}\n{PARTS[part['name']]().strip()}\n\n{part[3]}", text)
    return _PART_OF_SCRIPT.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}\n{part[3]}", text)


def stale() -> dict[Path, str]:
    """The pages with a part that is not what the code says, each with its new text."""
    texts = {page: page.read_text(encoding="utf-8") for page in pages()}
    new = {page: generated(text) for page, text in texts.items()}
    return {page: text for page, text in new.items() if text != texts[page]}


def used() -> set[str]:
    """The names of the parts that a page has."""
    texts = [page.read_text(encoding="utf-8") for page in pages()]
    return {part["name"] for text in texts for one in (_PART, _PART_OF_SCRIPT) for part in one.finditer(text)}
