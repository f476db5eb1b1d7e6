from __future__ import annotations

import re

import pytest

from sandbox.host.config import HostError
from sandbox.host.driver import Function
from sandbox.host.routes import Router


def router(*routes: str, prefix: str = "api") -> Router:
    """Each route is `METHOD template`; the function's name is the route."""
    functions = []
    for text in routes:
        method, _, template = text.partition(" ")
        trigger = {
            "type": "httpTrigger",
            "name": "req",
            "route": template,
            "methods": [method] if method != "*" else [],
        }
        functions.append(Function(text, text, trigger))
    return Router(functions, prefix)


ROUTES = (
    "GET findings/{id}",
    "GET findings/latest",
    "POST findings",
    "GET findings",
    "GET pages/{number:int}",
    "GET pages/{name}",
    "GET parts/{a}/{b?}",
    "GET files/{*path}",
    "* any",
)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/api/findings", "GET findings", {}),
        ("GET", "/API/Findings/", "GET findings", {}),
        ("POST", "/api/findings", "POST findings", {}),
        ("GET", "/api/findings/latest", "GET findings/latest", {}),
        ("GET", "/api/findings/Abc", "GET findings/{id}", {"id": "Abc"}),
        ("GET", "/api/findings/a%40b%2Fc%20d", "GET findings/{id}", {"id": "a@b%2Fc d"}),
        ("GET", "/api/pages/12", "GET pages/{number:int}", {"number": "12"}),
        ("GET", "/api/pages/12345678901", "GET pages/{name}", {"name": "12345678901"}),
        ("GET", "/api/pages/x", "GET pages/{name}", {"name": "x"}),
        ("GET", "/api/parts/1", "GET parts/{a}/{b?}", {"a": "1"}),
        ("GET", "/api/parts/1/2", "GET parts/{a}/{b?}", {"a": "1", "b": "2"}),
        ("GET", "/api/files", "GET files/{*path}", {}),
        ("GET", "/api/files/a/b.txt", "GET files/{*path}", {"path": "a/b.txt"}),
        ("DELETE", "/api/any", "* any", {}),
    ],
)
def test_found(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    found = router(*ROUTES).find(method, path)
    assert found is not None
    assert (found[0].name, found[1]) == (route, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/findings"),
        ("GET", "/api"),
        ("GET", "/"),
        ("GET", "/api/findings/a/b"),
        ("DELETE", "/api/findings"),
        ("HEAD", "/api/findings"),
        ("GET", "/api/parts"),
        ("GET", "/api/parts/1/2/3"),
    ],
)
def test_not_found(method: str, path: str) -> None:
    assert router(*ROUTES).find(method, path) is None


def test_the_order_of_the_functions_does_not_matter() -> None:
    for order in (ROUTES, tuple(reversed(ROUTES))):
        found = router(*order).find("GET", "/api/findings/latest")
        assert found is not None
        assert found[0].name == "GET findings/latest"


def test_no_prefix_and_no_route() -> None:
    function = Function("1", "Hello", {"type": "httpTrigger", "name": "req"})
    found = Router([function], "").find("GET", "/hello")
    assert found is not None
    assert found[0] is function


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a/{b", "cannot read {b"),
        ("a/x{b}", "cannot read x{b}"),
        ("a/{b:color}", "has no route constraint color"),
        ("{b=1}", "cannot read {b=1}"),
    ],
)
def test_an_invalid_template_is_named(template: str, words: str) -> None:
    with pytest.raises(HostError, match=f"the local host {re.escape(words)}$"):
        router(f"GET {template}")
