"""The problems found in one body: each one once, and no more than are worth listing."""

from __future__ import annotations

from triage.intake.json_text import IntakeError
from triage.problems import Problem

MAX_PROBLEMS = 100


class ProblemList:
    """Collects what is wrong with a body.

    Reading ends with an IntakeError when there is a problem more than MAX_PROBLEMS: a body that is wrong everywhere
    costs no more time than one that is wrong in a hundred places.
    """

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}  # in the order found; a dict finds a repeated problem at once

    def __len__(self) -> int:
        return len(self._found)

    def add(self, pointer: str, detail: str) -> None:
        """Adds a problem. IntakeError (`not_a_failure`) if the list is full."""
        if len(self._found) == MAX_PROBLEMS:
            self.raise_if_any()
        self._found[Problem(pointer, detail)] = None

    def raise_if_any(self) -> None:
        """IntakeError (`not_a_failure`) if there is a problem."""
        if self._found:
            raise IntakeError("not_a_failure", list(self._found))
