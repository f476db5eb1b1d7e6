"""Standard output and error: what is printed, in which width and colors, and never an attacker's control characters.

rich honors NO_COLOR, TERM=dumb, COLUMNS and streams that are no terminal.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

# A table in a pipe or a file is not folded at the width of a screen that nobody looks at.
PIPE_WIDTH = 160
# Of the invisible characters only these change nothing but the place of the next line.
_BLANKS = {"\n": " ", "\r": " ", "\t": " ", "\u2028": " ", "\u2029": " "}
_UNSAFE_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def harmless(text: str) -> str:
    """Text of others with everything shown that a terminal would obey, or that a person could not see.

    Control characters and invisible ones (bidirectional overrides, zero-width characters, halves of surrogate
    pairs) become `\\x1b` or `\\u202e`; line breaks and tabs become blanks.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_BLANKS.get(character) or _visible(character) for character in text)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def plain(value: object, style: str = "") -> Text:
    """A value as harmless text, never as markup; None is nothing."""
    return Text("" if value is None else harmless(str(value)), style)


def output() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def errors() -> Console:
    """Standard error: progress, waiting, what went wrong."""
    return _console(sys.stderr, stderr=True)


def _console(stream: TextIO, *, stderr: bool = False) -> Console:
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def print_parts(parts: Iterable[RenderableType]) -> None:
    """Renders on standard output; what is not to be wrapped (a command) is not cut off either."""
    console = output()
    for part in parts:
        console.print(Group(part), crop=False)  # bare texts would be joined, and wrapped all the same


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on standard output, in ASCII: whatever the terminal's encoding, and without anything that it obeys."""
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """One sentence on standard error."""
    console = errors()
    console.print(plain(text), soft_wrap=not console.is_terminal)


def tolerate_encodings() -> None:
    """A character that the terminal's encoding lacks is shown as an escape instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
