"""The types of RFC 9457 problems. A program can tell them apart; people read `detail`."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

_PREFIX = "urn:problem-type:triage:"


class ProblemType(Enum):
    """A type of problem: the end of its URN, its status, its title, and when it happens (docs/api.md)."""

    INVALID_QUERY = "invalid-query", 400, "Invalid query", "A query parameter is unknown, wrong, or given twice."
    INVALID_BODY = "invalid-body", 400, "Invalid body", "The body is not JSON, or not what the route takes."
    INVALID_FAILURE = "invalid-failure", 400, "Invalid failure", "A failure lacks a field or has a wrong one."
    NOT_SIGNED_IN = "not-signed-in", 401, "Not signed in", "Nobody is signed in (`easyauth`)."
    ROLE_MISSING = "role-missing", 403, "App role missing", "The caller does not have the app role for the request."
    OTHER_TENANT = (
        "other-tenant",
        403,
        "Another tenant",
        "The request names a tenant that the caller's role leaves out.",
    )
    NOT_FOUND = "not-found", 404, "Not found", "There is no such resource, or it belongs to another tenant."
    UNKNOWN_TENANT = "unknown-tenant", 404, "Unknown tenant", "`TRIAGE_TENANTS` does not have the tenant."
    NO_FEED = "no-feed", 404, "No feed", "`ETD_APIS` does not have the tenant, so there is nothing to poll."
    UNKNOWN_CHANNEL = "unknown-channel", 404, "Unknown channel", "`TRIAGE_NOTIFICATIONS` does not have the channel."
    WRONG_STATE = "wrong-state", 409, "Wrong state", "The state of the incident does not allow it."
    TOO_LARGE = "too-large", 413, "Too large", "The body, or a failure in it, is too large."
    INTERNAL = "internal", 500, "Unexpected error", "A defect of the service. Its log has the reason."
    CHANNEL_FAILED = (
        "channel-failed",
        502,
        "Channel failed",
        "The channel did not accept a test. `detail` has its answer.",
    )
    STORAGE_AWAY = "storage-away", 503, "Storage cannot be reached", "Try again after `Retry-After`."
    STORAGE_DENIED = "storage-denied", 503, "Storage denies access", "The service's identity lacks a role there."
    TIMEOUT = "timeout", 503, "Out of time", "The request took too long. Try again after `Retry-After`."

    def __init__(self, word: str, status: int, title: str, meaning: str) -> None:
        self.urn = f"{_PREFIX}{word}"
        self.status = HTTPStatus(status)
        self.title = title
        self.meaning = meaning
