"""Removes the subjects of messages from an incident, for a channel that doesn't ask for them."""

from __future__ import annotations

from typing import Any, cast

from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES
from triage.notifications.notice import Json

# The steps of these are about the app or the domain, and don't quote a message.
_NO_MESSAGE = frozenset({"app", "domain"})


def without_subjects(incident: Json) -> Json:
    """The incident without the texts that can quote a subject: the details and commands of its actions, and the title of an
    incident about a message, which becomes that of its cause.

    Titles of actions and portal pages never quote one.
    """
    if incident.get("scope") in _NO_MESSAGE:
        return incident
    found = {**incident, "actions": [_title(action) for action in _list(incident.get("actions"))]}
    if incident.get("scope") == "message":
        found["title"] = _message_title(incident)
    return found


def _title(action: Any) -> Json:
    kept: Json = {"title": action.get("title"), "detail": "", "url": action.get("url"), "command": None}
    return kept


def _message_title(incident: Json) -> str:
    rule = RULES.get(cast("Cause", incident.get("cause")))
    return rule.title if rule else "A message could not be remediated"


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
