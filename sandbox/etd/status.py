"""`POST /v1/messages/status`: up to five last states of one message.

Only the word `succeeded` is public. What a failure is called, whether there is a reason, and whether automatic actions are
there, are switches. No mailbox and no cause is named in any position.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.etd.business import Business
from sandbox.etd.clock import action_time
from sandbox.etd.mail import ANALYST, CLIENT, Action, Verdict
from sandbox.etd.refused import bad_body, not_found
from sandbox.etd.switches import Switches

Json = dict[str, Any]
MOST = 5


def status(business: Business, body: Mapping[str, Any], switches: Switches) -> Json:
    try:
        etd_id = str(uuid.UUID(body["id"]))
    except (KeyError, AttributeError, TypeError, ValueError):
        raise bad_body() from None
    mail = business.mail.get(etd_id)
    if mail is None:
        raise not_found()
    actions = [one for one in mail.actions if one.by != "automatic" or switches.status_automatic]
    verdicts = [one for one in mail.verdicts if one.by != "automatic"]
    data = {
        "id": mail.id,
        "actions": [_action(one, switches) for one in _last(actions)],
        "verdicts": [_verdict(one, switches) for one in _last(verdicts)],
    }
    return {"data": data}


def _last(states: list[Any]) -> list[Any]:
    return states[::-1][:MOST]


def _action(action: Action, switches: Switches) -> Json:
    succeeded = all(action.moved.values())
    found: Json = {
        "timestamp": action_time(action.at, 9, switches.action_times),
        "action": "move",
        "folder": action.folder,
        "initiator": action.by,
        "status": "succeeded" if succeeded else switches.status_failure,
    }
    if not succeeded and switches.status_reason:
        found["reason"] = "unknown"
    return found | _who(action.by)


def _verdict(verdict: Verdict, switches: Switches) -> Json:
    when = action_time(verdict.at, 9, switches.action_times)
    by = "user" if verdict.by == "manual" else "api"
    return {"timestamp": when, "verdict": verdict.word, "reclassifiedBy": by} | _who(verdict.by)


def _who(by: str) -> Json:
    return {"manual": {"userId": ANALYST}, "api": {"publicApiClientId": CLIENT}}.get(by, {})
