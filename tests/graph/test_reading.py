"""A reply as an answer: read, absent, or unread and why; and collections page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import APP_ID
from triage.graph.batching import Batcher
from triage.graph.evidence import Answer, Lack, Reason, State, Unread
from triage.graph.models.directory import User
from triage.graph.models.mail import MailFolder
from triage.graph.questions import Question, applications, directory, mail
from triage.graph.reading import MAX_PAGES, read_list, read_one
from triage.graph.replies import Reply

QUESTION = Question("mailbox", "/users/a/mailFolders/inbox", "Mail.ReadBasic.All", {"Prefer": "x"}, "a")


def batcher(answer: Callable[[dict[str, Any]], Reply]) -> Batcher:
    async def send(items: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        return {item["id"]: answer(item) for item in items}

    return Batcher(send)


async def one(reply: Reply) -> Answer[MailFolder]:
    return await read_one(batcher(lambda _: reply), QUESTION, MailFolder)


def error(code: str | None) -> dict[str, Any]:
    return {"error": {"code": code, "message": "?"}}


async def test_what_was_read() -> None:
    found = await one(Reply(200, {"id": "i", "displayName": "Inbox", "new": {"property": 1}}))
    assert found == Answer(
        "mailbox", State.READ, MailFolder(id="i", display_name="Inbox"), "GET /users/a/mailFolders/inbox", 200
    )


STATES = [
    (404, error("Request_ResourceNotFound"), State.ABSENT, None, None),
    (404, error("REQUEST_RESOURCENOTFOUND"), State.ABSENT, None, None),
    (404, error("UnknownError"), State.UNREAD, Reason.UNAVAILABLE, None),
    (404, error("itemNotFound"), State.UNREAD, Reason.UNAVAILABLE, None),
    (404, error(None), State.UNREAD, Reason.UNAVAILABLE, None),
    (404, None, State.UNREAD, Reason.UNAVAILABLE, None),
    (403, error("ErrorAccessDenied"), State.UNREAD, Reason.FORBIDDEN, "Mail.ReadBasic.All"),
    (403, None, State.UNREAD, Reason.FORBIDDEN, "Mail.ReadBasic.All"),
    (401, error("InvalidAuthenticationToken"), State.UNREAD, Reason.UNAUTHENTICATED, None),
    (429, error("ApplicationThrottled"), State.UNREAD, Reason.THROTTLED, None),
    (408, None, State.UNREAD, Reason.TIMEOUT, None),
    (400, error("Request_BadRequest"), State.UNREAD, Reason.UNSUPPORTED, None),
    (400, None, State.UNREAD, Reason.UNSUPPORTED, None),
    (405, error("Request_BadRequest"), State.UNREAD, Reason.UNSUPPORTED, None),
    (501, error("NotImplemented"), State.UNREAD, Reason.UNSUPPORTED, None),
    (409, error("Conflict"), State.UNREAD, Reason.UNAVAILABLE, None),
    (500, None, State.UNREAD, Reason.UNAVAILABLE, None),
    (424, None, State.UNREAD, Reason.UNAVAILABLE, None),
    (200, None, State.UNREAD, Reason.UNAVAILABLE, None),
    (204, None, State.UNREAD, Reason.UNAVAILABLE, None),
    (200, {"displayName": 5}, State.UNREAD, Reason.UNAVAILABLE, None),
    (200, {"isHidden": "perhaps"}, State.UNREAD, Reason.UNAVAILABLE, None),
]


@pytest.mark.parametrize(("status", "body", "state", "reason", "permission"), STATES)
async def test_states(
    status: int, body: dict[str, Any] | None, state: State, reason: Reason | None, permission: str | None
) -> None:
    # A long wait, so that a throttled read is not tried again here.
    found = await one(Reply(status, body, retry_after=99.0 if status == 429 else None))
    assert (found.state, found.reason, found.permission, found.value) == (state, reason, permission, None)
    assert (found.status, found.error_code) == (status, Reply(status, body).code)
    assert found.known is (state is State.ABSENT)


@pytest.mark.parametrize(("status", "seconds"), [(429, 99.0), (503, 99.0), (403, None)])
async def test_a_lack_says_how_long_graph_asks_to_wait(status: int, seconds: float | None) -> None:
    lack = (await one(Reply(status, retry_after=99.0))).lack
    assert lack.retry_after == seconds
    assert "retryAfter" not in lack.wire(), "it is not part of a finding"
    assert "retryAfter" not in Lack.model_json_schema(mode="serialization")["properties"]


DIRECTORY = {"Request_ResourceNotFound", "ResourceNotFound"}
MAILBOX = DIRECTORY | {
    "MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "MailboxNotHostedInExchangeOnline",
    "ErrorInvalidUser", "ErrorNonExistentMailbox",
}  # fmt: skip
FOLDER = MAILBOX | {"ErrorItemNotFound", "ErrorFolderNotFound", "ErrorInvalidMailboxItemId"}


@pytest.mark.parametrize(("question", "codes"), [
    (directory.user("a"), DIRECTORY), (directory.domain_owner("a.b"), DIRECTORY),
    (applications.service_principal(APP_ID), DIRECTORY), (applications.registration(APP_ID), DIRECTORY),
    (mail.mailbox("a"), FOLDER), (mail.folder("a", "junkemail"), FOLDER), (mail.recoverable_items("a", "<m>"), FOLDER),
    (mail.message("a", "<m>"), MAILBOX), (mail.hidden_folders("a"), MAILBOX), (mail.mailbox_purpose("a"), MAILBOX),
])  # fmt: skip
async def test_only_codes_that_say_so_are_an_absence(question: Question, codes: set[str]) -> None:
    for code in (*FOLDER, "UnknownError", "BadRequest", "SomethingNew", "404", ""):
        found = await read_one(batcher(lambda _, code=code: Reply(404, error(code))), question, MailFolder)
        expected = (State.ABSENT, None) if code in codes else (State.UNREAD, Reason.UNAVAILABLE)
        assert (found.state, found.reason) == expected, code


@pytest.mark.parametrize(("message", "detail"), [
    ("Could not find a property named 'x'\r\n on type 'y'.", "Could not find a property named 'x' on type 'y'."),
    ("x" * 1000, "x" * 300), ("", None), (7, None),
])  # fmt: skip
async def test_a_question_that_graph_refuses_carries_its_message(message: object, detail: str | None) -> None:
    found = await one(Reply(400, {"error": {"code": "BadRequest", "message": message}}))
    assert (found.reason, found.lack.detail, Reason.UNSUPPORTED.passing) == (Reason.UNSUPPORTED, detail, False)


async def test_the_message_of_another_error_is_not_carried() -> None:
    assert (await one(Reply(403, {"error": {"code": "ErrorAccessDenied", "message": "no"}}))).lack.detail is None


@pytest.mark.parametrize("status", [503, 504])
async def test_services_that_are_unavailable(status: int) -> None:
    found = await one(Reply(status, retry_after=99.0))
    assert (found.state, found.reason) == (State.UNREAD, Reason.TIMEOUT if status == 504 else Reason.UNAVAILABLE)


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNAVAILABLE, Reason.UNAUTHENTICATED])
async def test_a_batch_that_failed_as_a_whole_says_why(reason: Reason) -> None:
    found = await one(Reply(None, reason=reason))
    assert (found.state, found.reason, found.permission) == (State.UNREAD, reason, None)


async def test_a_forbidden_batch_is_not_a_forbidden_item() -> None:
    """The status is the batch's own: it says nothing about the item's permission."""
    found = await one(Reply(403, reason=Reason.UNAUTHENTICATED))
    assert (found.reason, found.permission) == (Reason.UNAUTHENTICATED, None)


def pages(*bodies: dict[str, Any] | None) -> tuple[Batcher, list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []

    def answer(item: dict[str, Any]) -> Reply:
        asked.append(item)
        return Reply(200, bodies[len(asked) - 1])

    return batcher(answer), asked


NEXT = "https://graph.microsoft.com/v1.0/users?$skiptoken=abc%20d"


async def test_pages() -> None:
    graph, asked = pages({"value": [{"id": "1"}], "@odata.nextLink": NEXT}, {"value": [{"id": "2"}, {"id": "3"}]})
    found = await read_list(graph, QUESTION, User)
    assert [user.id for user in found.value or []] == ["1", "2", "3"]
    assert [item["url"] for item in asked] == [QUESTION.url, "/users?$skiptoken=abc%20d"]
    assert all(item["headers"] == {"Prefer": "x"} for item in asked)
    assert found.request == f"GET {QUESTION.url}"


@pytest.mark.parametrize(("link", "url"), [
    ("http://127.0.0.1:8000/v1.0/users?x=1", "/users?x=1"), ("https://graph.microsoft.us/v1.0/users", "/users"),
    ("/users?x=1", "/users?x=1"),
])  # fmt: skip
async def test_next_links_become_relative(link: str, url: str) -> None:
    graph, asked = pages({"value": [], "@odata.nextLink": link}, {"value": []})
    await read_list(graph, QUESTION, User)
    assert asked[1]["url"] == url


@pytest.mark.parametrize(
    "second", [None, {}, {"value": None}, {"value": "x"}, {"value": ["x"]}, {"value": [{"id": 5}]}]
)
async def test_a_collection_that_cannot_be_read_to_its_end_is_unread(second: dict[str, Any] | None) -> None:
    graph, _ = pages({"value": [{"id": "1"}], "@odata.nextLink": NEXT}, second)
    found = await read_list(graph, QUESTION, User)
    assert (found.state, found.reason, found.value) == (State.UNREAD, Reason.UNAVAILABLE, None)


async def test_a_page_that_is_forbidden() -> None:
    replies = iter([Reply(200, {"value": [], "@odata.nextLink": NEXT}), Reply(403)])
    found = await read_list(batcher(lambda _: next(replies)), QUESTION, User)
    assert (found.reason, found.permission, found.value) == (Reason.FORBIDDEN, "Mail.ReadBasic.All", None)


async def test_a_collection_without_an_end() -> None:
    body = {"value": [{"id": "1"}], "@odata.nextLink": NEXT}
    graph, asked = pages(*[body] * (MAX_PAGES + 1))
    found = await read_list(graph, QUESTION, User)
    assert (found.state, found.reason, len(asked)) == (State.UNREAD, Reason.TOO_MANY, MAX_PAGES)
    assert found.lack.detail == "the service reads at most 20 pages of a list"
    assert not Reason.TOO_MANY.passing


async def test_the_first_of_a_search() -> None:
    graph, _ = pages({"value": [{"id": "1"}, {"id": "2"}]}, {"value": []})
    found = (await read_list(graph, QUESTION, User)).first()
    assert (found.state, found.value) == (State.READ, User(id="1"))
    none = (await read_list(graph, QUESTION, User)).first()
    assert (none.state, none.value, none.status) == (State.ABSENT, None, 200)
    unread: Answer[list[User]] = Answer("user", State.UNREAD, reason=Reason.TIMEOUT)
    assert unread.first().reason is Reason.TIMEOUT


def test_getting_an_answer() -> None:
    read: Answer[str] = Answer("user", State.READ, "x")
    assert read.get() == "x"
    assert Answer("user", State.ABSENT).get() is None
    with pytest.raises(Unread) as caught:
        read.unread(Reason.FORBIDDEN, "User.Read.All").get()
    assert caught.value.lack == Lack(check="user", reason=Reason.FORBIDDEN, permission="User.Read.All")
    with pytest.raises(Unread) as caught:
        Answer("group").get()
    not_asked = Lack(check="group", reason=Reason.TOO_MANY, detail="the service did not ask this")
    assert caught.value.lack == not_asked
