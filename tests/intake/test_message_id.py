"""internetMessageIds that were changed on their way, and those that only look so."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_failure
from triage.intake.message_id import is_message_id, repaired

ID = "<CA+x=1@mail.example>"


@pytest.mark.parametrize("text", [
    ID, f" {ID} ", "CA+x=1@mail.example", "<CA+x=1@mail.example", "CA+x=1@mail.example>", f"<{ID}>",
    "&lt;CA+x=1@mail.example&gt;", "&amp;lt;CA+x=1@mail.example&amp;gt;", "&#60;CA+x=1@mail.example&#x3E;",
    "%3CCA+x=1@mail.example%3E", "%3CCA%2Bx%3D1%40mail.example%3E", "%253CCA%252Bx%253D1%2540mail.example%253E",
    "CA+x=1%40mail.example", "<CA+x=1%40mail.example>", "<&lt;CA+x=1@mail.example&gt;>",
    f'"{ID}"', f"'{ID}'", f"`{ID}`", f"\u201c{ID}\u201d", f"Message-ID: {ID}", f"message-id:{ID}", f"Message-Id:\r\n\t{ID}",
    "<CA+x=1@\r\n mail.example>", "<CA+x=1\t@mail.example>\n", f"{ID},", f"{ID};", "mailto:CA+x=1@mail.example",
    f"\u200b{ID}\ufeff", "\u00a0<CA+x=1@mail.example>\u2003", f'"Message-ID: {ID}"',
])  # fmt: skip
def test_a_changed_id_is_repaired(text: str) -> None:
    assert repaired(text) == ID


@pytest.mark.parametrize("text", [
    "<CAF+k=zB&h'q%2F#1?@mail.example>", "<a%20b@mail.example>", "<A&B@mail.example>", "<a;b@mail.example>",
    "<a@b@mail.example>", "<\"a b\"@mail.example>", "<a&ltb@mail.example>",
])  # fmt: skip
def test_a_valid_message_id_is_not_changed(text: str) -> None:
    assert repaired(text) == text
    assert is_message_id(text)


@pytest.mark.parametrize(
    "text", ["20261120.1", "<20261120.1>", "<>", "<@>", "<a@>", "<@b>", "<a@b", "<a@b> <c@d>", "a<b@c"]
)
def test_what_is_no_id(text: str) -> None:
    assert not is_message_id(text)


@pytest.mark.parametrize(
    "text", ["20261120.1", "<20261120.1>", "<a@b> <c@d>", "&lt;20261120&gt;", "%3C20261120%3E", "<>"]
)
def test_what_cannot_be_repaired_stays_as_it_is(text: str) -> None:
    assert repaired(f" {text}\n") == text


PARTS = st.text(st.sampled_from("abcXYZ019.+=/_-&%'#?$!"), min_size=1, max_size=20)


@given(left=PARTS, right=st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True), data=st.data())
def test_every_encoding_is_undone(left: str, right: str, data: st.DataObject) -> None:
    plain = f"<{left}@{right}>"
    if repaired(plain) != plain:  # it looks encoded itself
        return
    change = data.draw(
        st.sampled_from([escape, lambda text: quote(text, safe=""), lambda text: f'"{text}"', str.strip])
    )
    assert repaired(change(plain)) == plain


@given(st.text(st.sampled_from("<>@&;ltgamp#%3C40E\"'`ab \r\n\t"), max_size=40))
def test_a_repaired_id_needs_no_repair(text: str) -> None:
    once = repaired(text)
    assert repaired(once) == once


def test_the_original_is_kept_where_it_differed() -> None:
    failure = make_failure(internet_message_id="&lt;a@b&gt;", raw={"more": 1})
    assert (failure.internet_message_id, failure.raw) == ("<a@b>", {"more": 1, "internetMessageId": "&lt;a@b&gt;"})
    assert make_failure(internet_message_id=" <a@b> ").raw == {}
    assert type(failure).model_validate(failure.wire()) == failure


def test_whether_a_search_for_it_says_something() -> None:
    named = {text: make_failure(internet_message_id=text).names_message for text in ("<a@b>", "a", None)}
    assert named == {"<a@b>": True, "a": False, None: False}
