"""The envelopes around failures: CloudEvents 1.0 (https://github.com/cloudevents/spec) and Event Grid events.

A CloudEvent comes in structured mode (a JSON object) or in binary mode (its attributes are HTTP headers). The shape
of Event Grid events: https://learn.microsoft.com/azure/event-grid/event-schema.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from triage.intake.json_text import MAX_BODY_BYTES, IntakeError, Json, parse_json
from triage.intake.problem_list import ProblemList

_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_CLOUD = {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema"}
_GRID = {"topic", "eventType", "eventTime", "dataVersion", "metadataVersion"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope says about the failures in it. Without an id there is no envelope."""

    id: str | None = None
    source: str | None = None
    attributes: Json = field(default_factory=dict[str, Any])


def is_event(value: Json) -> bool:
    """Whether an object is a CloudEvent in structured mode or an Event Grid event."""
    return "specversion" in value or ("eventType" in value and "data" in value)


def open_event(event: Json, pointer: str, problems: ProblemList) -> tuple[Envelope, object, str]:
    """The envelope of an event, its data, and the name of the member that holds the data. Adds to `problems`."""
    cloud = "specversion" in event
    if cloud and event["specversion"] != "1.0":
        problems.add(f"{pointer}/specversion", "must be 1.0: this is the only version of CloudEvents that is read")
    for name in ("id", "source", "type") if cloud else ("id",):
        if not isinstance(event.get(name), str) or not event[name].strip():
            problems.add(f"{pointer}/{name}", "is missing: the envelope needs it")
    key = "data_base64" if "data_base64" in event and "data" not in event else "data"
    data: object = event.get(key)
    if data is None:
        problems.add(f"{pointer}/data", "is missing: it must hold the failure")
    elif isinstance(data, str):
        try:
            data = parse_json(base64.b64decode(data, validate=True) if key == "data_base64" else data.encode())
        except (IntakeError, ValueError):  # text that is not ASCII is no binascii.Error
            problems.add(f"{pointer}/{key}", "must hold a failure in JSON")
    known = {key, *_CLOUD, *(() if cloud else _GRID)}
    attributes = {name: value for name, value in event.items() if name not in known}
    source = event.get("source") if cloud else None
    return Envelope(cast("str | None", event.get("id")), cast("str | None", source), attributes), data, key


def binary_envelope(headers: Mapping[str, str], problems: ProblemList) -> Envelope:
    """The envelope of a CloudEvent in binary mode; an empty one if there is none. Adds to `problems`.

    `headers` are HTTP headers with names in lower case.
    """
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if "specversion" not in attributes:
        return Envelope()
    if attributes["specversion"] != "1.0":
        problems.add("", "the header ce-specversion must be 1.0")
    for name in ("id", "source", "type"):
        if not attributes.get(name, "").strip():
            problems.add("", f"the header ce-{name} is missing: a CloudEvent needs it")
    extensions = {name: value for name, value in attributes.items() if name not in _CLOUD - {"datacontenttype"}}
    return Envelope(attributes.get("id"), attributes.get("source"), extensions)


def validation_code(body: bytes) -> str | None:
    """The code to return to Event Grid if a body is its subscription handshake, else None. IntakeError.

    https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
    """
    if len(body) > MAX_BODY_BYTES or b"SubscriptionValidationEvent" not in body:
        return None
    value = parse_json(body)
    events = cast("list[object]", value) if isinstance(value, list) else [value]
    event = cast("Json", events[0]) if len(events) == 1 and isinstance(events[0], dict) else {}
    data: object = event.get("data")
    if event.get("eventType") != _VALIDATION or not isinstance(data, dict):
        return None
    code = cast("Json", data).get("validationCode")
    return code if isinstance(code, str) else None
