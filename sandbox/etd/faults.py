"""Faults that a test injects while ETD runs. The first rule that matches a request gives the answer.

A rule: `path` (a regular expression, searched for in the path: `/messages/search`, `/store/`), `times` (how often at most),
`after` (the number of matching requests that pass first), and one of: `status` (with `message`, `retryAfter`), `malformed` (200 with
HTML), `drop` (the connection is cut before an answer), `cut` (it is cut in the middle of the real answer), or only
`delaySeconds` (also with the others).
"""

from __future__ import annotations

FIELDS = {"path", "times", "after", "status", "message", "retryAfter", "malformed", "drop", "cut", "delaySeconds"}
MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Endpoint request timed out",
}
