"""Faults that a test injects while ETD runs. The first rule that fits a request gives the answer.

A rule: `path` (a regular expression, searched for in the path: `/messages/search`, `/store/`), `times` (at most so often),
`after` (so many fitting requests pass first), and one of: `status` (with `message`, `retryAfter`), `malformed` (200 with
HTML), `drop` (the connection is cut before an answer), `cut` (it is cut in the middle of the real answer), or only
`delaySeconds` (also with the others).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIELDS = {"path", "times", "after", "status", "message", "retryAfter", "malformed", "drop", "cut", "delaySeconds"}
MALFORMED = "<html><body>502 Bad Gateway</body></html>"
MESSAGES = {429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Endpoint request timed out"}


@dataclass
class Rule:
    spec: Mapping[str, Any]
    pattern: re.Pattern[str]
    left: float
    to_pass: int
    hits: int = 0

    @property
    def delay(self) -> float:
        return self.spec.get("delaySeconds", 0)


class Faults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, specs: list[Mapping[str, Any]]) -> None:
        """All of them, or none. ValueError for an unknown field or an invalid regular expression."""
        rules = []
        for spec in specs:
            if unknown := set(spec) - FIELDS:
                raise ValueError(f"unknown fields in a fault: {', '.join(sorted(unknown))}")
            try:
                pattern = re.compile(spec.get("path", ""))
            except re.error as error:
                raise ValueError(f"path is not a regular expression: {error}") from error
            rules.append(Rule(spec, pattern, spec.get("times", float("inf")), spec.get("after", 0)))
        self.rules += rules

    def take(self, path: str) -> Rule | None:
        for rule in self.rules:
            if rule.left <= 0 or not rule.pattern.search(path):
                continue
            if rule.to_pass > 0:
                rule.to_pass -= 1
                continue
            rule.left -= 1
            rule.hits += 1
            return rule
        return None
