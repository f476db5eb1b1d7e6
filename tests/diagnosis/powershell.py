"""As much of PowerShell's grammar as shows whether a command holds together, and what in it is text."""

from __future__ import annotations

from typing import NamedTuple

SINGLE = "'‘’‚‛"  # PowerShell takes each of these for the first
DOUBLE = '"“”„'
PAIRS = {")": "(", "}": "{", "]": "["}


class Parsed(NamedTuple):
    """The code without its strings and comments, the single-quoted strings, and the comments."""

    code: str
    strings: list[str]
    comments: list[str]


def parse(command: str) -> Parsed:
    """A command taken apart. AssertionError if a string or a bracket does not end."""
    code, strings, comments, open_brackets, at = "", [], [], [], 0
    while at < len(command):
        char = command[at]
        if char in SINGLE:
            text, at = _string(command, at, SINGLE)
            strings.append(text)
            code += "''"
            continue
        if char in DOUBLE:
            text, at = _string(command, at, DOUBLE)
            assert "$" not in text, f"a double-quoted string with a variable: {text}"
            assert "`" not in text, f"a double-quoted string with an escape: {text}"
            code += '""'
            continue
        if char == "#":
            end = command.find("\n", at)
            end = len(command) if end < 0 else end
            comments.append(command[at + 1 : end].strip())
            at = end
            continue
        if char in PAIRS.values():
            open_brackets.append(char)
        elif char in PAIRS:
            assert open_brackets, f"{char} without its beginning: {command}"
            assert open_brackets.pop() == PAIRS[char], f"{char} ends another bracket: {command}"
        code += char
        at += 1
    assert not open_brackets, f"{open_brackets} without an end: {command}"
    return Parsed(code, strings, comments)


def _string(command: str, start: int, quotes: str) -> tuple[str, int]:
    """The text of the string that starts here, and where it is over. Two quotes in a row are one in the text."""
    text, at = "", start + 1
    while True:
        assert at < len(command), f"a string that does not end: {command}"
        assert command[at] != "\n", f"a string on two lines: {command}"
        if command[at] in quotes:
            if at + 1 < len(command) and command[at + 1] in quotes:
                text, at = text + command[at], at + 2
                continue
            return text, at + 1
        text, at = text + command[at], at + 1
