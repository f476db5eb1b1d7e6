"""Reads JSON that can be stored and read again. An IntakeError says why it can't."""

from __future__ import annotations

import json
from typing import Any, cast

from triage.problems import InputError, Problem

Json = dict[str, Any]

MAX_BODY_BYTES = 1024 * 1024
# A failure is stored in a finding, which pydantic reads again: down to 200 levels.
MAX_DEPTH = 100
_SHOWN = 3


class IntakeError(InputError):
    """A body or a queue message that can't be read as failures.

    `reason` is `not_json`, `not_a_failure` or `too_large`, as in `GET /api/rejected` (docs/api.md).
    """

    def __init__(self, reason: str, problems: list[Problem]) -> None:
        texts = (f"{problem.pointer or '(body)'}: {problem.detail}" for problem in problems[:_SHOWN])
        super().__init__("; ".join(texts), problems)
        self.reason = reason


def parse_json(text: bytes, max_depth: int = MAX_DEPTH) -> object:
    """The value of a text in UTF-8, UTF-16 or UTF-32.

    IntakeError (`not_json`) if it is not JSON, or if arrays and objects are nested in more than `max_depth` levels.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, parse_constant=refuse)
        # Python's parser accepts half a surrogate pair, but no encoder does.
        json.dumps(value, ensure_ascii=False).encode()
        if _deeper(value, max_depth):
            raise RecursionError
    except RecursionError:
        raise IntakeError("not_json", [Problem("", "is nested too deeply")]) from None
    except UnicodeEncodeError:
        raise IntakeError("not_json", [Problem("", "has half a character (an unpaired surrogate)")]) from None
    except ValueError as error:
        raise IntakeError("not_json", [Problem("", f"is not JSON: {error}")]) from None
    return value


def _deeper(value: object, levels: int) -> bool:
    """Whether arrays and objects are nested deeper than `levels`."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in cast("list[object]", outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
