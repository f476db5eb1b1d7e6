"""A question's URL is made from one that msgraph-sdk built: it has to be the one that it would build for these values."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient

from triage.graph.questions import Questions

ASK = Questions(GraphServiceClient(request_adapter=GraphRequestAdapter(AnonymousAuthenticationProvider())))
BUILT_ONCE = {
    name: function
    for name, function in inspect.getmembers(Questions, inspect.isfunction)
    if hasattr(function, "__wrapped__")
}
VALUES = st.one_of(
    st.text(min_size=1, max_size=12).filter(
        lambda text: not any("\ud800" <= character <= "\udfff" for character in text)
    ),
    st.text(st.sampled_from("a'\"/?#&=%+<>$@.()\\ ;,ü€~_-"), min_size=1, max_size=15),
    st.sampled_from(["stand-in'0", "stand-in'1", "stand-in''0", "stand-in%270", "o'brien@contoso.com"]),
)


def test_every_question_about_a_person_is_built_once() -> None:
    assert len(BUILT_ONCE) == 12


@pytest.mark.parametrize("name", sorted(BUILT_ONCE))
@given(data=st.data())
def test_the_url_is_the_one_that_the_sdk_builds(name: str, data: st.DataObject) -> None:
    ask = BUILT_ONCE[name]
    build = inspect.unwrap(ask)
    values = [data.draw(VALUES) for _ in range(len(inspect.signature(build).parameters) - 1)]
    asked, built = ask(ASK, *values), build(ASK, *values)
    assert asked.url.replace("%24", "$") == built.url  # relative_url spells each dollar plainly, in values as well
    assert replace(asked, url=built.url) == built
