"""Rules by which a test makes a simulated service fail while it runs. The first rule that matches a request gives the answer.

Each service says what a rule of its own may hold, and what it answers. The same for all of them are `path` (a regular
expression, searched for in what was asked), `times` (how often at most), `after` (the number of matching requests that pass first) and
`delaySeconds` (how long the answer takes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]
MALFORMED = "<html><body>502 Bad Gateway</body></html>"


@dataclass
class Rule:
    spec: Spec
    pattern: re.Pattern[str]
    left: float
    to_pass: int
    hits: int = 0

    @property
    def delay(self) -> float:
        return self.spec.get("delaySeconds", 0)


class Faults:
    """`fields`: what a rule may hold."""

    def __init__(self, fields: Set[str]) -> None:
        self._fields = fields
        self.rules: list[Rule] = []

    def add(self, specs: Sequence[Spec]) -> None:
        """Add all of the rules, or none. ValueError for an unknown field or an invalid regular expression."""
        rules = []
        for spec in specs:
            if unknown := set(spec) - self._fields:
                raise ValueError(f"unknown fields in a fault: {', '.join(sorted(unknown))}")
            try:
                pattern = re.compile(spec.get("path", ""))
            except re.error as error:
                raise ValueError(f"path is not a regular expression: {error}") from error
            rules.append(Rule(spec, pattern, spec.get("times", float("inf")), spec.get("after", 0)))
        self.rules += rules

    def take(self, text: str, fits: Callable[[Spec], bool] = lambda spec: True) -> Rule | None:
        """The first rule whose `path` is in the text and that `fits`. Counts the use."""
        for rule in self.rules:
            if rule.left <= 0 or not fits(rule.spec) or not rule.pattern.search(text):
                continue
            if rule.to_pass > 0:
                rule.to_pass -= 1
                continue
            rule.left -= 1
            rule.hits += 1
            return rule
        return None
