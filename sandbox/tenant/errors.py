"""Graph's error envelope, and the errors that the simulated tenant gives.

Envelope: `{"error": {"code", "message", "innerError": {"date", "request-id", "client-request-id"}}}`.
Codes and messages are the ones that Microsoft's pages and public issue threads show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


class GraphError(Exception):
    """An answer that is an error. `status`: the HTTP status. `headers`: sent with it, such as `Retry-After`."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None):
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def envelope(code: str, message: str, request_id: str, client_request_id: str) -> dict[str, Any]:
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    return {"error": {"code": code, "message": message, "innerError": inner}}


# What Exchange says when there is no mailbox. For the same problem, data centers give different ones of these.
MAILBOX_ERRORS: dict[str, str] = {
    "MailboxNotEnabledForRESTAPI": "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    "MailboxNotSupportedForRESTAPI": "REST API is not yet supported for this mailbox.",
    "ErrorInvalidUser": "The requested user '{user}' is invalid.",
    "ResourceNotFound": "Resource could not be discovered.",
    "ErrorNonExistentMailbox": "The SMTP address has no mailbox associated with it.",
    "MailboxNotHostedInExchangeOnline": "The mailbox is not hosted in Exchange Online.",
    "ErrorItemNotFound": "The specified object was not found in the store., Default folder Inbox not found.",
    "AuthenticationError": "Error authenticating with resource",  # 401, though the directory accepts the token
}


def mailbox_error(code: str, user: str) -> GraphError:
    """One of MAILBOX_ERRORS, all but AuthenticationError with 404; KeyError for another code."""
    status = 401 if code == "AuthenticationError" else 404
    return GraphError(status, code, MAILBOX_ERRORS[code].format(user=user))


def unauthorized(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'})


def forbidden(workload: str) -> GraphError:
    """A permission is missing. The directory and Exchange say it in different words."""
    if workload == "outlook":
        return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def access_policy() -> GraphError:
    """An application access policy of Exchange keeps the caller out of this mailbox."""
    text = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
    return GraphError(403, "ErrorAccessDenied", text)


def directory_not_found(key: str) -> GraphError:
    text = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", text)


def item_not_found(detail: str = "") -> GraphError:
    text = "The specified object was not found in the store." if not detail else f"{detail} not found."
    return GraphError(404, "ErrorItemNotFound", text)


def bad_request(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def method_not_allowed() -> GraphError:
    return GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
