"""Query options of one request: `$select`, `$filter`, `$top`, `$count`, paging, and what Graph answers to them.

Sources: "Use query parameters", "Advanced query capabilities on directory objects", "Paging Microsoft Graph data".
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sandbox.tenant.errors import GraphError, bad_request, unsupported_query
from sandbox.tenant.odata import filters, matching
from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.schema import EntityType

KNOWN = {"$select", "$filter", "$top", "$count", "$skip", "$skiptoken", "$orderby", "$search", "$expand", "$format"}


@dataclass
class Query:
    """The options, decoded. `eventual`: the request had the header `ConsistencyLevel: eventual`."""

    options: dict[str, str]
    eventual: bool = False

    @classmethod
    def read(cls, text: str, headers: Mapping[str, str]) -> Query:
        """Read a raw query string. As on every web server, `+` is a space unless it is encoded."""
        options: dict[str, str] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name in options and name.startswith("$"):
                raise bad_request(f"Query option '{name}' was specified more than once, but it must be at most once.")
            if name.startswith("$") and name not in KNOWN:
                raise bad_request(f"The query parameter '{name}' is not supported.")
            options[name] = value
        return cls(options, headers.get("consistencylevel", "").lower() == "eventual")

    @property
    def count(self) -> bool:
        return self.options.get("$count", "").lower() == "true"

    def number(self, name: str) -> int | None:
        text = self.options.get(name)
        if text is None:
            return None
        if not text.isdigit():
            raise bad_request(f"Invalid value '{text}' for {name} query option found.")
        return int(text)


def selected(query: Query, entity: EntityType) -> tuple[str, ...]:
    """The properties to serve; 400 for one that the type does not have."""
    text = query.options.get("$select", "").strip()
    if "$expand" in query.options:
        raise bad_request("Parsing OData Select and Expand failed: $expand is not supported here.")
    if not text or text == "*":
        return entity.default
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in entity.properties:
            text = f"Could not find a property named '{name}' on type '{entity.name}'."
            raise bad_request(f"Parsing OData Select and Expand failed: {text}")
    return tuple(dict.fromkeys(names))


def shape(item: Entity, names: Iterable[str], entity: EntityType, hidden: frozenset[str] = frozenset()) -> Entity:
    """An entity as it is served: its id and the selected properties.

    `hidden`: properties that the caller may not see. A single value is then null and a list is left out, so neither
    looks like an empty list that was read.
    """
    served: Entity = {"id": item["id"]} if "id" in item else {}
    for name in names:
        if name in hidden:
            if not isinstance(entity.properties[name], list):
                served[name] = None
        else:
            served[name] = item.get(name, entity.properties[name])
    return served


def find(collection: Collection, query: Query, readable: frozenset[str] | None = None) -> list[Entity]:
    """The entities that `$filter` finds, in the order of `$orderby`. Every refusal is one of Graph's own."""
    entity = collection.entity
    if "$search" in query.options:
        if not entity.outlook and not query.eventual:
            raise GraphError(
                400,
                "Request_UnsupportedQuery",
                "Request with $search query parameter only works through MSGraph with a special request header: "
                "'ConsistencyLevel: eventual'",
            )
        raise unsupported_query("$search is not supported here.")
    text = query.options.get("$filter")
    if text is None:
        return _ordered(collection.items, query, entity, None)
    node = filters.parse(text)
    matching.check(node, entity)
    if readable is not None and any(leaf.path not in readable for leaf in matching.leaves(node)):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if not entity.outlook and matching.is_advanced(node) and not (query.eventual and query.count):
        raise unsupported_query()
    return _ordered(collection.filter(node), query, entity, node)


def _ordered(items: list[Entity], query: Query, entity: EntityType, node: filters.Node | None) -> list[Entity]:
    text = query.options.get("$orderby")
    if text is None:
        return items
    name, _, direction = text.strip().partition(" ")
    if name not in entity.properties:
        raise bad_request(f"Could not find a property named '{name}' on type '{entity.name}'.")
    if not entity.outlook and node is not None and not (query.eventual and query.count):
        raise unsupported_query("Sorting not supported for current query.")
    if entity.outlook and node is not None and next(matching.leaves(node)).path != name:
        text = "The restriction or sort order is too complex for this operation."
        raise GraphError(400, "InefficientFilter", text)
    return sorted(items, key=lambda item: str(item.get(name) or ""), reverse=direction.strip().lower() == "desc")


def page(
    items: list[Entity],
    query: Query,
    entity: EntityType,
    url: str,
    limit: int | None,
) -> tuple[list[Entity], dict[str, Any]]:
    """One page of the items, with `@odata.count` and `@odata.nextLink` where Graph sends them.

    `url`: the absolute address of the collection, without query. `limit`: the data file's page size.
    Directory collections page with an opaque `$skiptoken`, mail with `$skip`.
    """
    usual, largest = entity.page
    top = query.number("$top")
    if top is not None and not 1 <= top <= largest:
        raise unsupported_query(f"Invalid page size specified: '{top}'. Must be between 1 and {largest} inclusive.")
    size = min(top or usual, limit or largest)
    start = _start(query, entity)
    about: dict[str, Any] = {}
    if query.count and (entity.outlook or query.eventual):
        about["@odata.count"] = len(items)
    if start + size < len(items):
        options = {key: value for key, value in query.options.items() if key not in ("$skip", "$skiptoken")}
        if entity.outlook:
            options["$skip"] = str(start + size)
        else:
            options["$skiptoken"] = _token(start + size, query)
        about["@odata.nextLink"] = f"{url}?{urlencode(options, quote_via=quote, safe='$,')}"
    return items[start : start + size], about


def _digest(query: Query) -> str:
    return hashlib.sha256(query.options.get("$filter", "").encode()).hexdigest()[:16]


def _token(start: int, query: Query) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, _digest(query)]).encode()).decode()


def _start(query: Query, entity: EntityType) -> int:
    if entity.outlook:
        return query.number("$skip") or 0
    if "$skip" in query.options:
        raise bad_request("'$skip' is not supported by the service.")
    token = query.options.get("$skiptoken")
    if token is None:
        return 0
    try:
        start, digest = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        start, digest = 0, None
    if digest != _digest(query):
        text = "The specified page token value has expired and can no longer be included in your request."
        raise GraphError(400, "Directory_ExpiredPageToken", text)
    return int(start)
