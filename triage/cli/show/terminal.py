"""Standard output and standard error: width, colors, and no control characters from an attacker.

rich honors NO_COLOR, TERM=dumb, COLUMNS and streams that are not a terminal.
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

# The width of a table in a pipe or a file, where no terminal limits it.
PIPE_WIDTH = 160
# The invisible characters that only move the text: they become spaces.
_BLANKS = {"\n": " ", "\r": " ", "\t": " ", "\u2028": " ", "\u2029": " "}
_UNSAFE_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def harmless(text: str) -> str:
    """Text from outside, with every character visible that a terminal would obey or a person could not see.

    Control characters and invisible ones (bidirectional overrides, zero-width characters, halves of surrogate
    pairs) become `\\x1b` or `\\u202e`. Line breaks and tabs become spaces.
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
    """A value as harmless text, never as markup. None is an empty text."""
    return Text("" if value is None else harmless(str(value)), style)


def output() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def errors() -> Console:
    """Standard error: progress and errors."""
    return _console(sys.stderr, stderr=True)


def _console(stream: TextIO, *, stderr: bool = False) -> Console:
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def print_parts(parts: Iterable[RenderableType]) -> None:
    """Prints on standard output. A line that must not be wrapped, such as a command, is not cut off either."""
    console = output()
    for part in parts:
        console.print(Group(part), crop=False)  # a bare text would be wrapped


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on standard output in ASCII, so that any terminal can show it and none obeys it."""
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")
    sys.stdout.flush()


def say(text: str, *, whole: bool = False) -> None:
    """One sentence on standard error. `whole`: it is to be copied, so a narrow terminal does not break it."""
    console = errors()
    console.print(plain(text), soft_wrap=whole or not console.is_terminal)


def tolerate_encodings() -> None:
    """Shows a character that is not in the terminal's encoding as an escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
