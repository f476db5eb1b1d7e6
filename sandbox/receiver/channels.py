"""What the receivers accept, as their makers document it. Each answers a request and says what happened to it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from sandbox.tenant.serve.server import TOKEN

WEBHOOK_SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveCE="
ROUTING_KEY = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"

Json = dict[str, Any]


@dataclass
class Request:
    body: bytes
    headers: Mapping[str, str]  # with names in lower case
    query: Mapping[str, str]

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Answer:
    """`kept`: whether a person or a program sees it. `note`: why not, or what else is unusual."""

    status: int
    text: str = ""
    kept: bool = True
    note: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Teams:
    """A workflow accepts everything. If it can't post the card, it fails later, where nobody sees it."""

    path = "/teams/workflows/1/triggers/manual/paths/invoke"
    query = "?api-version=2016-06-01&sig=sandbox"
    largest = 28 * 1024

    def take(self, request: Request) -> Answer:
        if request.query.get("sig") != "sandbox":
            return Answer(401, json.dumps({"error": {"code": "DirectApiAuthorizationRequired"}}), kept=False)
        return Answer(202, kept=not (problem := self.problem(request)), note=problem)

    def problem(self, request: Request) -> str:
        value = request.json
        attachments = value.get("attachments") if isinstance(value, dict) else None
        if not attachments:
            return "no attachments: the flow fails after it has answered"
        if len(request.body) > self.largest:
            return "over 28 KB: the flow fails after it has answered"
        card = attachments[0].get("content", {})
        if (
            attachments[0].get("contentType") != "application/vnd.microsoft.card.adaptive"
            or card.get("type") != "AdaptiveCard"
        ):
            return "the attachment is no Adaptive Card"
        if tuple(map(int, card.get("version", "9").split("."))) > (1, 4):
            return "the version of the card is above 1.4"
        return ""


class Slack:
    """An incoming webhook: one message a second, with short bursts."""

    path = "/slack/services/T00000000/B00000000/sandbox"
    query = ""
    burst = 3

    def __init__(self) -> None:
        self.tokens, self.at = float(self.burst), time.monotonic()

    def take(self, request: Request) -> Answer:
        now = time.monotonic()
        self.tokens, self.at = min(self.burst, self.tokens + now - self.at), now
        if self.tokens < 1:
            return Answer(429, "rate_limited", kept=False, headers={"Retry-After": "30"})
        self.tokens -= 1
        value = request.json
        if not isinstance(value, dict):
            return Answer(400, "invalid_payload", kept=False)
        if not value.get("text"):
            return Answer(400, "no_text", kept=False)
        return Answer(400, "invalid_blocks", kept=False) if _too_much(value.get("blocks", [])) else Answer(200, "ok")


def _too_much(blocks: Any) -> bool:
    """Whether a limit of https://docs.slack.dev/reference/block-kit/blocks is broken."""
    if not isinstance(blocks, list) or len(blocks) > 50:
        return True
    for block in blocks:
        text = block.get("text", {}).get("text", "x")
        most = 150 if block.get("type") == "header" else 3000
        fields = block.get("fields", [])
        if not 1 <= len(text) <= most or len(fields) > 10 or any(len(one["text"]) > 2000 for one in fields):
            return True
        if len(block.get("elements", [])) > 10:
            return True
    return False


class PagerDuty:
    """Events API v2: alerts by their key. A resolve without an open alert is dropped, although the answer is 202."""

    path = "/pagerduty/v2/enqueue"
    query = ""

    def __init__(self) -> None:
        self.alerts: list[Json] = []

    def take(self, request: Request) -> Answer:
        event = request.json
        problem = self.problem(event) if isinstance(event, dict) else "no JSON object"
        if len(request.body) > 512 * 1024:
            problem = "over 512 KB"
        if problem:
            text = json.dumps({"status": "invalid event", "message": "Event object is invalid", "errors": [problem]})
            return Answer(400, text, kept=False)
        key = event["dedup_key"]
        alert = next((one for one in self.alerts if one["key"] == key and one["status"] == "triggered"), None)
        note = ""
        if event["event_action"] == "trigger":
            note = "joined" if alert else "a new alert"
            if alert is None:
                self.alerts.append(alert := {"key": key, "status": "triggered"})
            alert["summary"] = event["payload"]["summary"]
        elif alert:
            alert["status"], note = "resolved", "resolved"
        else:
            note = "dropped: no alert with this key is open"
        text = json.dumps({"status": "success", "message": "Event processed", "dedup_key": key})
        return Answer(202, text, kept=not note.startswith("dropped"), note=note)

    def problem(self, event: Json) -> str:
        if event.get("routing_key") != ROUTING_KEY:
            return "'routing_key' is invalid"
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            return "'event_action' is invalid"
        if not 1 <= len(event.get("dedup_key") or "") <= 255:
            return "'dedup_key' is invalid"
        if event["event_action"] != "trigger":
            return ""
        payload = event.get("payload", {})
        if not 1 <= len(payload.get("summary") or "") <= 1024:
            return "'payload.summary' is missing, blank or longer than 1024"
        if payload.get("severity") not in ("critical", "error", "warning", "info") or not payload.get("source"):
            return "'payload.severity' or 'payload.source' is invalid"
        return ""


class Hook:
    """A receiver of signed webhooks, with the reference package of Standard Webhooks. It drops what it already has."""

    path = "/webhook"
    query = ""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def take(self, request: Request) -> Answer:
        try:
            event = Webhook(WEBHOOK_SECRET).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            return Answer(401, str(error), kept=False)
        missing = {"specversion", "id", "source", "type"} - event.keys()
        if missing or event["id"] != request.headers["webhook-id"]:
            return Answer(422, f"no CloudEvent: {sorted(missing)}", kept=False)
        if event["id"] in self.seen:
            return Answer(200, "seen before", kept=False, note="seen before: dropped")
        self.seen.add(event["id"])
        return Answer(200, "taken")


class Mail:
    """Azure Communication Services, as its REST API documents it: taken with 202, sent later."""

    path = "/acs/emails:send"
    query = ""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.operations: set[str] = set()

    def take(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(
                401,
                json.dumps({"error": {"code": "Denied", "message": "Denied by the resource provider."}}),
                kept=False,
            )
        now = time.monotonic()
        self.times = [at for at in self.times if at > now - 3600]
        if len(self.times) >= 100 or sum(at > now - 60 for at in self.times) >= 30:
            return Answer(
                429, json.dumps({"error": {"code": "TooManyRequests"}}), kept=False, headers={"Retry-After": "30"}
            )
        value, operation = request.json, request.headers.get("operation-id", "")
        if problem := self.problem(value, operation, request):
            return Answer(400, json.dumps({"error": {"code": "BadRequest", "message": problem}}), kept=False)
        self.times.append(now)
        again = operation in self.operations
        self.operations.add(operation)
        text = json.dumps({"id": operation, "status": "Running"})
        return Answer(
            202,
            text,
            note="the same operation again" if again else "",
            headers={"Operation-Location": f"/acs/{operation}"},
        )

    def problem(self, value: Any, operation: str, request: Request) -> str:
        if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", operation):
            return "Operation-Id must be a UUID"
        if not request.query.get("api-version"):
            return "api-version is missing"
        if not isinstance(value, dict) or not value.get("senderAddress"):
            return "senderAddress is missing"
        to = value.get("recipients", {}).get("to", [])
        if not 1 <= len(to) <= 50 or not all(one.get("address") for one in to):
            return "recipients.to is wrong"
        content = value.get("content", {})
        return (
            "" if content.get("subject") and (content.get("plainText") or content.get("html")) else "content is wrong"
        )


KINDS: dict[str, type[Teams | Slack | PagerDuty | Hook | Mail]] = {
    "teams": Teams, "slack": Slack, "pagerduty": PagerDuty, "webhook": Hook, "email": Mail,
}  # fmt: skip


def settings(address: str) -> list[Json]:
    """The channels of a receiver at this address, for the setting TRIAGE_NOTIFICATIONS."""
    return [
        {"name": "Teams", "kind": "teams", "url": f"{address}{Teams.path}{Teams.query}"},
        {"name": "Slack", "kind": "slack", "url": f"{address}{Slack.path}"},
        {"name": "PagerDuty", "kind": "pagerduty", "url": f"{address}{PagerDuty.path}", "secret": ROUTING_KEY},
        {"name": "Webhook", "kind": "webhook", "url": f"{address}{Hook.path}", "secret": WEBHOOK_SECRET},
        {
            "name": "Mail",
            "kind": "email",
            "url": f"{address}/acs",
            "from": "triage@contoso.com",
            "to": ["soc@contoso.com"],
        },
    ]
