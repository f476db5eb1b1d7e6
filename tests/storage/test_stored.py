"""What is stored can be read whatever words a newer version of the service wrote into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from tests.factories import TENANT_ID, make_case, make_failure
from triage.diagnosis.diagnose import diagnose
from triage.finding import Finding, Snapshot, make_finding
from triage.incidents import Incident, apply, split
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.storage.changes import Change
from triage.storage.stored import read_finding, read_stored
from triage.wire import Wire

CASE = make_case(Scenario.INVALID_USER)
QUEUED = QueuedFailure.of(make_failure(), "0" * 32, received_at="2026-11-20T10:11:12Z")
FINDING = make_finding(QUEUED, TENANT_ID, (Scenario.INVALID_USER, ClassifiedBy.NONE), diagnose(CASE), CASE)
NEW = "word_of_a_newer_version"


def with_an_unknown_word(schema: dict[str, Any], defs: dict[str, Any], value: Any) -> Iterator[Any]:
    """Copies of a value. In each one, another word from a fixed list is replaced by an unknown word."""
    schema = defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    schemas = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    schema = schemas[0]
    schema = defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "enum" in schema:
        yield NEW
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for changed in with_an_unknown_word(schema.get("items", {}), defs, item):
                yield [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, dict):
        for name, item in value.items():
            for changed in with_an_unknown_word(schema.get("properties", {}).get(name, {}), defs, item):
                yield {**value, name: changed}


def test_an_unknown_word_in_any_field_is_read_as_not_known() -> None:
    document = FINDING.wire() | {
        "alternatives": ["app_healthy"],
        "alsoSeen": ["app_disabled", "app_healthy"],
        "reasons": [{"check": "user", "reason": "forbidden", "permission": None}],
    }
    schema = Finding.model_json_schema(by_alias=True)
    changed = list(with_an_unknown_word(schema, schema["$defs"], document))
    assert len(changed) > 10
    for one in changed:
        finding = read_finding(json.dumps(one))
        assert NEW not in json.dumps(finding.wire())
        assert finding.summary == FINDING.summary


def test_every_word_of_a_list_may_be_unknown() -> None:
    words = {"alternatives": [NEW, "app_healthy", NEW], "cause": NEW, "message": {"location": NEW}}
    finding = read_finding(json.dumps(FINDING.wire() | words))
    assert [cause.value for cause in finding.alternatives] == ["app_healthy"]
    assert (finding.cause.value, finding.message.location.value) == ("undetermined", "unknown")


def test_a_finding_without_a_failure_is_refused() -> None:
    with pytest.raises(ValidationError):
        read_finding(json.dumps(FINDING.wire() | {"failure": {}}))
    assert read_finding(json.dumps(FINDING.wire())) == FINDING


SNAPSHOT = Snapshot.of(FINDING, 3)
APPLIED = apply(None, {}, split(None, SNAPSHOT).values(), "2026-11-20T10:11:12Z")
STORED: list[Wire] = [Change.of(SNAPSHOT, SNAPSHOT), *APPLIED.members.values()]


@pytest.mark.parametrize("value", STORED, ids=lambda value: type(value).__name__)
def test_what_is_derived_is_read_with_unknown_words(value: Wire) -> None:
    schema = type(value).model_json_schema(by_alias=True)
    changed = list(with_an_unknown_word(schema, schema["$defs"], value.wire()))
    assert changed
    for one in changed:
        assert NEW not in json.dumps(read_stored(type(value), json.dumps(one)).wire())


def test_an_incident_is_read_with_unknown_words() -> None:
    assert APPLIED.incident is not None
    document = json.loads(APPLIED.incident.document())
    document |= {"cause": NEW, "causes": {NEW: 1, "app_healthy": 2}, "scope": NEW, "severity": NEW}
    document["books"] |= {"causes": {NEW: 1}, "remedies": {NEW: []}, "worst": NEW}
    document["log"][0]["what"] = NEW
    incident = read_stored(Incident, json.dumps(document))
    assert NEW not in incident.document()
    assert (incident.cause.value, incident.scope.value, incident.findings) == ("undetermined", "evidence", 1)
    assert {cause.value: number for cause, number in incident.causes.items()} == {"app_healthy": 2}
