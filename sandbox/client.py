"""Requests from one part of the sandbox to another, and from a test to either."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def ask(
    url: str, body: Any = None, *, method: str | None = None, media_type: str = "application/json", seconds: float = 30
) -> Any:
    """The JSON of an answer; None if it is empty. POST, if there is a body to send as JSON. OSError if it failed."""
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"content-type": media_type}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return json.loads(answer.read() or "null")
