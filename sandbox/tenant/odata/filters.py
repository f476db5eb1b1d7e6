"""`$filter`: a small part of the OData grammar, read by a recursive-descent parser.

    or     := and ('or' and)*
    and    := unary ('and' unary)*
    unary  := 'not' unary | '(' or ')' | call | path '/any(' name ':' or ')' | path op literal | path 'in' (literals)
    call   := ('startsWith' | 'endsWith' | 'contains') '(' path ',' string ')'
    op     := eq | ne | ge | gt | le | lt
    literal:= 'string, '' is a quote' | guid | date and time | number | true | false | null

Syntax errors are `BadRequest` with "Invalid filter clause", in Graph's words. `matching.py` checks what a property
supports against its entity type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.tenant.errors import GraphError, bad_request

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?![\w-])
    | (?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)(?![\w-])
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w.-])
    | (?P<name>[A-Za-z_][\w]*(?:/[A-Za-z_]\w*)*)
    | (?P<mark>[(),:/])
    )""",
    re.VERBOSE,
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a is not None and a >= b,
    "gt": lambda a, b: a is not None and a > b,
    "le": lambda a, b: a is not None and a <= b,
    "lt": lambda a, b: a is not None and a < b,
}
CALLS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
}


@dataclass(frozen=True)
class Compare:
    path: str
    op: str
    value: Any


@dataclass(frozen=True)
class FunctionCall:
    name: str  # lower case
    path: str
    value: str


@dataclass(frozen=True)
class AnyOf:
    path: str
    variable: str
    inner: Node


@dataclass(frozen=True)
class Junction:
    op: str  # and | or
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    part: Node


Node = Compare | FunctionCall | AnyOf | Junction | Not


def _syntax(text: str, position: int) -> GraphError:
    return bad_request(f"Invalid filter clause: Syntax error at position {position} in '{text}'.")


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        end = len(self.text.rstrip())
        while position < end:
            match = TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                raise _syntax(self.text, position)
            yield match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)
            position = match.end()
        yield "end", "", end

    def error(self) -> GraphError:
        return _syntax(self.text, self.tokens[self.at][2])

    def word(self) -> str:
        kind, text, _ = self.tokens[self.at]
        return text.lower() if kind == "name" else text

    def take(self, kind: str, text: str | None = None) -> str:
        found, value, _ = self.tokens[self.at]
        if found != kind or (text is not None and value != text):
            raise self.error()
        self.at += 1
        return value

    def whole(self) -> Node:
        node = self.junction()
        self.take("end")
        return node

    def junction(self, op: str = "or") -> Node:
        below = self.unary if op == "and" else lambda: self.junction("and")
        parts = [below()]
        while self.word() == op and self.tokens[self.at][0] == "name":
            self.at += 1
            parts.append(below())
        return parts[0] if len(parts) == 1 else Junction(op, tuple(parts))

    def unary(self) -> Node:
        kind, value, _ = self.tokens[self.at]
        if kind == "mark" and value == "(":
            self.at += 1
            node = self.junction()
            self.take("mark", ")")
            return node
        name = self.take("name")
        if name.lower() == "not":
            return Not(self.unary())
        if self.word() == "(" and name.endswith("/any"):
            return self.lambda_(name.removesuffix("/any"))
        if self.word() == "(":
            return self.call(name.lower())
        return self.comparison(name)

    def lambda_(self, path: str) -> AnyOf:
        self.take("mark", "(")
        variable = self.take("name")
        self.take("mark", ":")
        inner = self.junction()
        self.take("mark", ")")
        return AnyOf(path, variable, inner)

    def call(self, name: str) -> FunctionCall:
        if name not in CALLS:
            raise bad_request(f"Invalid filter clause: An unknown function with name '{name}' was found.")
        self.take("mark", "(")
        path = self.take("name")
        self.take("mark", ",")
        value = self.take("string")
        self.take("mark", ")")
        return FunctionCall(name, path, _literal("string", value))

    def comparison(self, path: str) -> Node:
        op = self.word()
        if op == "in" and self.tokens[self.at][0] == "name":
            self.at += 1
            self.take("mark", "(")
            values = [self.literal()]
            while self.word() == ",":
                self.at += 1
                values.append(self.literal())
            self.take("mark", ")")
            return Junction("or", tuple(Compare(path, "eq", value) for value in values))
        if op not in COMPARE:
            raise self.error()
        self.at += 1
        return Compare(path, op, self.literal())

    def literal(self) -> Any:
        kind, value, _ = self.tokens[self.at]
        if kind in ("mark", "end") or (kind == "name" and value not in ("true", "false", "null")):
            raise self.error()
        self.at += 1
        return _literal(kind, value)


def _literal(kind: str, value: str) -> Any:
    if kind == "string":
        return value[1:-1].replace("''", "'")
    if kind == "name":
        return {"true": True, "false": False, "null": None}[value]
    if kind == "number":
        return float(value)
    if kind == "date":
        try:
            when = datetime.fromisoformat(value if "T" in value else f"{value}T00:00:00Z")
        except ValueError as error:
            raise bad_request(f"Invalid filter clause: The DateTimeOffset text '{value}' is not valid.") from error
        if when.tzinfo is None:
            raise bad_request(f"Invalid filter clause: The DateTimeOffset text '{value}' should name its time zone.")
        return when
    return value


def parse(text: str) -> Node:
    """The tree of a filter; GraphError 400 `BadRequest` for invalid syntax."""
    return _Parser(text).whole()
