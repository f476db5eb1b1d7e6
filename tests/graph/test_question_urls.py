"""The URL of every question is the one that msgraph-sdk's own request builder makes for the same values."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.base_request_configuration import RequestConfiguration

from tests.graph.test_questions import EACH, Row

VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.text(st.sampled_from("a'\"/?#&=%+<>$@.()\\ ;,ü€~_-\n"), min_size=1, max_size=15),
    st.sampled_from(["o'brien@contoso.com", "'", "''", "%27", "$select", "../me"]),
)
NAMES = {"includeHiddenFolders": "include_hidden_folders"}


@EACH
@given(data=st.data())
def test_the_url_is_the_one_that_the_sdk_makes(row: Row, data: st.DataObject) -> None:
    values = [data.draw(VALUES) if isinstance(value, str) else data.draw(st.booleans()) for value in row.arguments]
    url = row.ask(*values).url
    assert url == sdk_url(row.builder(*values), url)


def sdk_url(builder: Any, url: str) -> str:
    """The URL that the SDK makes with the query of a URL. TypeError if the builder does not know one of its names."""
    configuration: RequestConfiguration[Any] = RequestConfiguration()
    query = {name: value_of(name, text) for name, text in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    if query:
        parameters = next(getattr(builder, name) for name in dir(builder) if name.endswith("GetQueryParameters"))
        configuration.query_parameters = parameters(**{NAMES.get(name, name[1:]): query[name] for name in query})
    information = builder.to_get_request_information(configuration)
    information.path_parameters["baseurl"] = ""
    # Graph takes `%24` for the dollar of a parameter's name as well; a plain one is easier to read in a finding.
    return re.sub("(?<=[?&])%24", "$", information.url)


def value_of(name: str, text: str) -> Any:
    if name == "$select":
        return text.split(",")
    return int(text) if name == "$top" else (text == "true" if name == "$count" else text)
