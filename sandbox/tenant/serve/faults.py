"""Faults that a test injects while the tenant runs. A fault is a rule; the first rule that fits gives the answer.

What a rule may hold:

- which requests it fits: `path` (a regular expression, searched for in the decoded path and query below the version),
  `tenant` (id or key), `method`, `in` (`batch`: only items of a batch, `http`: never items), `times` (how often at most)
- the answer: `status`, `code`, `message`, `headers`, `retryAfter` (seconds or an HTTP date), `malformed` (a body that
  is not JSON, status 200), `empty` (no body, status 503), `dropConnection`
- `delaySeconds`: how long the answer takes. A rule with nothing else delays the real answer.
"""

from __future__ import annotations

from urllib.parse import unquote

from sandbox.faults import MALFORMED, Faults, Rule, Spec
from sandbox.tenant.errors import GraphError
from sandbox.tenant.serve.call import Call, Reply

FIELDS = {
    *("path", "tenant", "method", "in", "times"),
    *("status", "code", "message", "headers", "retryAfter", "delaySeconds", "dropConnection", "malformed", "empty"),
}
CODES = {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceNotAvailable", 504: "GatewayTimeout"}


def take(faults: Faults, call: Call) -> Rule | None:
    """The first rule that fits this call. Counts the use."""
    if not faults.rules:
        return None
    text = unquote(call.path) + (f"?{unquote(call.query_text)}" if call.query_text else "")
    return faults.take(text, lambda spec: _fits(spec, call))


def _fits(spec: Spec, call: Call) -> bool:
    where = spec.get("in")
    if (where == "batch" and not call.in_batch) or (where == "http" and call.in_batch):
        return False
    if "tenant" in spec and spec["tenant"] not in (call.tenant.id, call.tenant.key):
        return False
    return spec.get("method", call.method).upper() == call.method


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
