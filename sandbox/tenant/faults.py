"""Faults that a test injects while the tenant runs: rules, the first that fits answers.

A rule: ``path`` (regular expression, searched in the decoded path and query below the version), ``tenant`` (id or
key), ``method``, ``status``, ``code``, ``message``, ``headers``, ``retryAfter`` (seconds or an HTTP date), ``times``
(then it is used up), ``delaySeconds`` (alone: the true answer, late), ``dropConnection``, ``malformed`` (200 and a body
that is no JSON), ``empty`` (no body, 503 unless ``status`` says another), ``in``: ``batch`` (items only) or ``http``
(never items).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.tenant.call import Call, Reply
from sandbox.tenant.errors import GraphError

FIELDS = {
    *("path", "tenant", "method", "in", "times"),
    *("status", "code", "message", "headers", "retryAfter", "delaySeconds", "dropConnection", "malformed", "empty"),
}
MALFORMED = "<html><body>502 Bad Gateway</body></html>"
CODES = {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceNotAvailable", 504: "GatewayTimeout"}


@dataclass
class Rule:
    spec: dict[str, Any]
    pattern: re.Pattern[str]
    left: float
    hits: int = 0

    def fits(self, call: Call, text: str) -> bool:
        spec = self.spec
        where = spec.get("in")
        if self.left <= 0 or (where == "batch" and not call.in_batch) or (where == "http" and call.in_batch):
            return False
        if "tenant" in spec and spec["tenant"] not in (call.tenant.id, call.tenant.key):
            return False
        if spec.get("method", call.method).upper() != call.method:
            return False
        return self.pattern.search(text) is not None


class Faults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, specs: list[dict[str, Any]]) -> None:
        """ValueError for a rule that has a field of no meaning or a bad expression; then none is added."""
        rules = []
        for spec in specs:
            if unknown := set(spec) - FIELDS:
                raise ValueError(f"unknown fields in a fault: {', '.join(sorted(unknown))}")
            try:
                pattern = re.compile(spec.get("path", ""))
            except re.error as error:
                raise ValueError(f"path is no regular expression: {error}") from error
            rules.append(Rule(spec, pattern, spec.get("times", float("inf"))))
        self.rules += rules

    def take(self, call: Call) -> Rule | None:
        """The first rule that fits this call, counted as used."""
        if not self.rules:
            return None
        text = unquote(call.path) + (f"?{unquote(call.query_text)}" if call.query_text else "")
        for rule in self.rules:
            if rule.fits(call, text):
                rule.left -= 1
                rule.hits += 1
                return rule
        return None


def reply(rule: Rule, call: Call) -> Reply | None:
    """What the rule answers; None when it only delays."""
    spec = rule.spec
    headers = {name: str(value) for name, value in spec.get("headers", {}).items()}
    if "retryAfter" in spec:
        headers["Retry-After"] = str(spec["retryAfter"])
    if spec.get("dropConnection"):
        return Reply(0, None, drop=True)
    if spec.get("malformed"):
        return Reply(spec.get("status", 200), MALFORMED, headers)
    if spec.get("empty"):
        return Reply(spec.get("status", 503), None, headers)
    if "status" not in spec:
        return None
    status = spec["status"]
    code = spec.get("code", CODES.get(status, "UnknownError"))
    return Reply.error(call, GraphError(status, code, spec.get("message", f"Injected: {code}"), headers))
