"""Query parameters are read, or refused by name; and the link to the next page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import azure.functions as func
import pytest

from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.api.access import EVERYTHING, AccessError, Caller
from triage.api.filters import AUDITS, FINDINGS, PARAMETERS
from triage.api.problem_types import ProblemType
from triage.api.queries import next_link, page, read_query
from triage.api.responses import RequestError
from triage.wire import epoch_ns

URL = "https://triage.example/api/findings"
NAMES = tuple(dict.fromkeys((*FINDINGS, *AUDITS)))


def request(query: dict[str, str] | str) -> func.HttpRequest:
    text = query if isinstance(query, str) else urlencode(query)
    params = {name: values[-1] for name, values in parse_qs(text).items()}
    return func.HttpRequest("GET", f"{URL}?{text}" if text else URL, params=params, body=b"")


def read(query: dict[str, str] | str, *names: str) -> dict[str, Any]:
    return read_query(request(query), EVERYTHING, names or NAMES)


def refused(query: dict[str, str] | str, *names: str) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        read(query, *names)
    assert caught.value.kind is ProblemType.INVALID_QUERY
    assert str(caught.value).startswith("The query cannot be read. ")
    return {problem.pointer: problem.detail for problem in caught.value.problems}


LISTED = [PARAMETERS[name] for name in NAMES if PARAMETERS[name].kind.schema["type"] == "array"]


@pytest.mark.parametrize(("name", "values"), [(one.name, one.values) for one in LISTED])
def test_listed_values(name: str, values: tuple[str, ...]) -> None:
    words = list(values)
    for word in words:
        assert read({name: word}) == {name: (word,)}
    assert read({name: ",".join([*words, words[0]])}) == {name: tuple(words)}
    for wrong in ("", "x", "TRUE", f"{words[0]} ", ",", f"{words[0]},", f"{words[0]},x"):
        assert name in refused({name: wrong})


GOOD: list[tuple[str, str, Any]] = [
    ("tenantId", TENANT_ID.upper(), (TENANT_ID,)),
    ("mailbox", "Adele Vance <ADELE@contoso.com>", ("adele@contoso.com",)),
    ("mailbox", "adele@bücher.example", ("adele@xn--bcher-kva.example",)),
    ("mailbox", "Adele*", ("adele*",)),
    ("mailbox", "adele@con*", ("adele@con*",)),
    ("mailbox", "*@Bücher.example", ("*@xn--bcher-kva.example",)),
    ("internetMessageId", "Message-ID: &lt;a,b@mail.example&gt;", ("<a,b@mail.example>",)),
    ("internetMessageId", "not an ID", ("not an ID",)),
    ("since", "2026-11-20T10:11:12Z", epoch_ns("2026-11-20T10:11:12Z")),
    ("until", "2026-11-20T12:11:12.5+02:00", epoch_ns("2026-11-20T10:11:12.5Z")),
    ("until", "2026-11-20T12:11:12 02:00", epoch_ns("2026-11-20T10:11:12Z")),
    ("top", "1", 1),
    ("top", "1000", 1000),
    ("format", "csv", "csv"),
    ("token", "anything", "anything"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_value_is_normalized(name: str, text: str, value: Any) -> None:
    assert read({name: text}) == {name: value}


@pytest.mark.parametrize(("name", "text"), [
    ("tenantId", "contoso"), ("tenantId", ""), ("mailbox", "adele"), ("mailbox", ""), ("mailbox", "*"),
    ("mailbox", "**"), ("mailbox", "*@contoso"), ("mailbox", "*dele@contoso.com*"), ("mailbox", "a b*"),
    ("mailbox", "a" * 400 + "*"), ("tenantId", f"{TENANT_ID},{TENANT_ID}"), ("format", "json,csv"),
    ("internetMessageId", ""), ("internetMessageId", " "), ("internetMessageId", "<" + "a" * 2048 + "@mail.example>"),
    ("since", "yesterday"),
    ("since", "2026-11-20"), ("until", "2026-11-20T10:11:12"), ("top", "0"), ("top", "1001"), ("top", "-1"), ("top", "1.0"),
    ("top", "x"), ("top", ""), ("top", "٣"), ("format", "xml"), ("token", ""), ("token", "a\0"), ("token", "a\nb"),
    ("token", "a" * 1001),
])  # fmt: skip
def test_a_wrong_value(name: str, text: str) -> None:
    assert list(refused({name: text})) == [name]


@pytest.mark.parametrize(("name", "text", "close"), [
    ("cause", "user_delted", "user_deleted"), ("severity", "HIGH", "high"), ("exposed", "True", "true"),
])  # fmt: skip
def test_a_typo_gets_the_closest_value(name: str, text: str, close: str) -> None:
    assert refused({name: text}) == {name: f"must be a known value (did you mean {close}?)"}


def test_without_a_close_value_all_are_listed() -> None:
    assert refused({"exposed": "maybe"}) == {"exposed": "must be one of true, false, null"}


def test_an_unknown_parameter_is_refused() -> None:
    known = "is unknown; the parameters are cause, top, token"
    assert refused({"casue": "user_deleted"}, "cause", "top") == {"casue": known}
    assert list(refused({"Cause": "user_deleted"})) == ["Cause"]
    with pytest.raises(RequestError, match="there are no parameters here"):
        read_query(request({"cause": "user_deleted"}), EVERYTHING)


def test_every_problem_is_reported() -> None:
    assert set(refused({"top": "0", "cause": "x", "nonsense": "1", "severity": "high"})) == {"top", "cause", "nonsense"}


def test_a_parameter_that_is_given_twice() -> None:
    assert refused("cause=user_deleted&cause=guest_user") == {"cause": "is given twice"}


def test_the_function_key_is_not_a_parameter() -> None:
    assert read({}) == {}
    assert read({"code": "secret", "clientId": "default", "top": "5"}) == {"top": 5}


def test_the_next_link_keeps_the_filters_without_the_key() -> None:
    link = next_link(request({"code": "secret", "mailbox": "a+b@c.example", "top": "2", "token": "old"}), "n&w=")
    assert link is not None
    url = urlsplit(link)
    assert link.startswith(f"{URL}?")
    assert parse_qs(url.query) == {"mailbox": ["a+b@c.example"], "top": ["2"], "token": ["n&w="]}
    assert next_link(request({}), None) is None


def test_only_a_page_with_more_has_a_link() -> None:
    assert page(request({}), [{"id": "1"}], None) == {"value": [{"id": "1"}]}
    assert page(request({}), [], "t") == {"value": [], "nextLink": f"{URL}?token=t"}


def test_the_next_link_can_be_followed() -> None:
    query = {"mailbox": "adele@bücher.example", "since": "2026-11-20T12:11:12+02:00", "top": "7"}
    link = next_link(request(query), "t")
    assert link is not None
    assert read(urlsplit(link).query) == {**read(query), "token": "t"}


def test_a_parameter_can_mean_something_else_in_another_collection() -> None:
    assert read({"state": "acknowledged", "format": "csv"}, "incidentState", "table") == {
        "state": ("acknowledged",), "format": "csv"}  # fmt: skip
    assert list(refused({"state": "acknowledged"}, "state")) == ["state"]
    assert list(refused({"mailbox": "adele*"}, "address")) == ["mailbox"]
    assert list(refused({"format": "ocsf"}, "table")) == ["format"]


def test_a_query_has_the_tenants_of_the_caller() -> None:
    caller = Caller((TENANT_ID, OTHER_TENANT_ID))
    assert read_query(request({}), caller, ("tenantId", "top")) == {"tenantId": caller.tenants}
    assert read_query(request({"tenantId": TENANT_ID}), caller, ("tenantId",)) == {"tenantId": (TENANT_ID,)}
    assert read_query(request({}), caller) == {"tenantId": caller.tenants}, "also if the request cannot name one"
    with pytest.raises(AccessError):
        read_query(request({"tenantId": APP_ID}), caller, ("tenantId",))
