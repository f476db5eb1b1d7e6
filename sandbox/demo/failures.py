"""The sample failures of the demo: one for each cause, sent in each of the forms that the service accepts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from azure.storage.queue import QueueClient

from sandbox.azurite import Azurite
from sandbox.client import ask
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample, load, taking_turns

Json = dict[str, Any]


def chosen(samples: Iterable[Sample] | None = None) -> list[Sample]:
    """One for each cause."""
    return taking_turns(samples or load(World.load()), lambda sample: sample.expect["cause"])


def send(samples: Sequence[Sample], address: str, storage: Azurite, queue_name: str) -> None:
    """Post the failures or put them on the queue. The forms that the service accepts take turns."""
    forms = {0: "plain", 1: "log export", 2: "cloud event", 3: "queue"}
    numbered = sorted(enumerate(samples), key=lambda item: item[0] % 4)
    for form, group in groupby(numbered, key=lambda item: forms[item[0] % 4]):
        failures = [sample.failure for _, sample in group]
        if form == "plain":
            post(address, failures)
        elif form == "log export":
            for failure in failures:
                post(address, log_export_row(failure))
        elif form == "cloud event":
            post(address, [cloud_event(failure) for failure in failures], "application/cloudevents-batch+json")
        else:
            with QueueClient.from_connection_string(storage.connection_string, queue_name) as queue:
                for failure in failures:
                    queue.send_message(base64.b64encode(json.dumps(failure).encode()).decode())


def post(address: str, body: Json | list[Json], media_type: str = "application/json") -> Json:
    return ask(f"{address}/api/failures", body, media_type=media_type)


def log_export_row(failure: Json) -> Json:
    """A row of Email Threat Defense's Log Export, with the error added: the export itself has none."""
    action = {"action": failure["action"], "folder": failure["folder"], "remediatedBy": failure["initiator"]}
    return {
        "logType": "message",
        **{name: failure[name] for name in ("id", "tenantId", "error", "errorCode") if name in failure},
        "message": {
            "eventType": "update",
            "id": failure["messageId"],
            **{name: failure[name] for name in ("internetMessageId",) if name in failure},
            "timestamp": failure["occurredAt"],
            "fromAddresses": "billing@attacker.example",
            "mailboxes": [failure["mailbox"]],
            "subject": failure["subject"],
            "direction": "incoming",
            "verdict": {"category": failure["verdict"], "timestamp": failure["occurredAt"]},
            "action": {**action, "timestamp": failure["occurredAt"]},
        },
    }


def cloud_event(failure: Json) -> Json:
    return {
        "specversion": "1.0",
        "type": "com.example.etd.remediation.failed",
        "source": "/demo",
        "id": failure["id"],
        "time": failure["occurredAt"],
        "datacontenttype": "application/json",
        "data": {name: value for name, value in failure.items() if name != "id"},
    }
