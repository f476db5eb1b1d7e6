"""Answers of the API that are errors: one object with `message`, and nothing about a remediation."""

from __future__ import annotations

from collections.abc import Mapping

DATE_RANGE = "Invalid daterange"
BODY = "Unable to deserialize request body"


class Refused(Exception):
    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def bad_range() -> Refused:
    return Refused(400, DATE_RANGE)


def bad_body() -> Refused:
    return Refused(400, BODY)


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized")


def token_ended() -> Refused:
    return Refused(401, "Token expired, generate new token to proceed")


def forbidden() -> Refused:
    return Refused(403, "Forbidden")


def not_found() -> Refused:
    return Refused(404, "Not Found")
