"""What a `$filter` finds: the tree that `filters.py` parsed, against a collection of entities.

Strings compare without case, as in the directory, except for the properties that the type lists as case-sensitive
(`internetMessageId`). Equality on an indexed property is a lookup, so a tenant can have many thousands of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from sandbox.tenant.errors import GraphError, bad_request, unsupported_query
from sandbox.tenant.odata.filters import CALLS, COMPARE, AnyOf, Compare, FunctionCall, Junction, Node, Not
from sandbox.tenant.odata.schema import EntityType

Entity = dict[str, Any]


class Collection:
    """Entities of one type: in order, by id, and by the values of the indexed properties (lower case)."""

    def __init__(self, entity: EntityType, indexed: Iterable[str] = ()):
        self.entity = entity
        self.items: list[Entity] = []
        self.by_id: dict[str, Entity] = {}
        self.index: dict[str, dict[str, list[Entity]]] = {name: {} for name in indexed}

    @classmethod
    def of(cls, entity: EntityType, items: Iterable[Entity], indexed: Iterable[str] = ()) -> Collection:
        collection = cls(entity, indexed)
        for item in items:
            collection.add(item)
        return collection

    def add(self, item: Entity) -> None:
        self.items.append(item)
        self.by_id[item["id"].lower()] = item
        for name, values in self.index.items():
            found = item.get(name) or []
            for value in {text.lower() for text in (found if isinstance(found, list) else [found])}:
                values.setdefault(value, []).append(item)

    def lookup(self, name: str, value: str) -> list[Entity]:
        return self.index[name].get(value.lower(), [])

    def filter(self, node: Node) -> list[Entity]:
        """The entities that match. Those from an index come in no particular order, as in Graph."""
        test = predicate(node, self.entity)
        found = self._candidates(node)
        if found is None:
            return [item for item in self.items if test(item)]
        return [item for item in found if test(item)]

    def _candidates(self, node: Node) -> list[Entity] | None:
        """A superset of what matches, from the indexes; None if only a scan can tell."""
        if isinstance(node, Junction):
            parts = [self._candidates(part) for part in node.parts]
            if node.op == "and":
                return min((part for part in parts if part is not None), key=len, default=None)
            if any(part is None for part in parts):
                return None
            merged = {id(item): item for part in parts for item in part or []}
            return list(merged.values())
        if isinstance(node, AnyOf):
            inner = node.inner
            leaves = inner.parts if isinstance(inner, Junction) and inner.op == "or" else (inner,)
            return self._union(node.path, [leaf if isinstance(leaf, Compare) else None for leaf in leaves])
        if isinstance(node, Compare):
            return self._union(node.path, [node])
        return None

    def _union(self, path: str, leaves: list[Compare | None]) -> list[Entity] | None:
        merged: dict[int, Entity] = {}
        for leaf in leaves:
            if leaf is None or leaf.op != "eq" or not isinstance(leaf.value, str):
                return None
            if path == "id":
                found = [self.by_id[leaf.value.lower()]] if leaf.value.lower() in self.by_id else []
            elif path in self.index and (leaf.path == path or "/" not in leaf.path):
                found = self.lookup(path, leaf.value)
            else:
                return None
            merged.update({id(item): item for item in found})
        return list(merged.values())


def predicate(node: Node, entity: EntityType) -> Callable[[Entity], bool]:
    """A test of one entity."""
    return lambda item: _matches(node, item, entity.case_sensitive, {})


def _matches(node: Node, item: Entity, exact: frozenset[str], bound: dict[str, Any]) -> bool:
    if isinstance(node, Junction):
        parts = (_matches(part, item, exact, bound) for part in node.parts)
        return all(parts) if node.op == "and" else any(parts)
    if isinstance(node, Not):
        return not _matches(node.part, item, exact, bound)
    if isinstance(node, AnyOf):
        values = _value(node.path, item, bound) or []
        return any(_matches(node.inner, item, exact, {node.variable: value}) for value in values)
    value = _value(node.path, item, bound)
    if isinstance(node, FunctionCall):
        if not isinstance(value, str):
            return False
        if node.path in exact:
            return CALLS[node.name](value, node.value)
        return CALLS[node.name](value.casefold(), node.value.casefold())
    return _compare(node, value, node.path in exact)


def _value(path: str, item: Entity, bound: dict[str, Any]) -> Any:
    head, *rest = path.split("/")
    value = bound[head] if head in bound else item.get(head)
    for name in rest:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _compare(node: Compare, value: Any, exact: bool) -> bool:
    wanted = node.value
    if isinstance(wanted, datetime) and isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(wanted, str) and isinstance(value, str) and not exact:
        value, wanted = value.casefold(), wanted.casefold()
    elif isinstance(wanted, bool) != isinstance(value, bool) and value is not None and wanted is not None:
        return node.op == "ne"
    try:
        return COMPARE[node.op](value, wanted)
    except TypeError:
        return False


def leaves(node: Node) -> Iterator[Compare | FunctionCall | AnyOf]:
    if isinstance(node, Junction):
        for part in node.parts:
            yield from leaves(part)
    elif isinstance(node, Not):
        yield from leaves(node.part)
    else:
        yield node


def is_advanced(node: Node) -> bool:
    """Needs `ConsistencyLevel: eventual` and `$count=true` on directory objects: ne, not, endsWith."""
    if isinstance(node, Junction):
        return any(is_advanced(part) for part in node.parts)
    if isinstance(node, AnyOf):
        return is_advanced(node.inner)
    if isinstance(node, Compare):
        return node.op == "ne"
    return isinstance(node, Not) or node.name == "endswith"


def check(node: Node, entity: EntityType) -> None:
    """400 for a property that the type does not have, or that does not support this filter."""
    for leaf in leaves(node):
        name = leaf.path.split("/")[0]
        if name not in entity.properties:
            text = f"Invalid filter clause: Could not find a property named '{name}' on type '{entity.name}'."
            raise bad_request(text)
        is_list = isinstance(entity.properties[name], list)
        if is_list != isinstance(leaf, AnyOf):
            raise bad_request(f"Invalid filter clause: '{leaf.path}' cannot be compared in this way.")
        if isinstance(leaf, AnyOf):
            _check_inner(leaf)
        if entity.outlook:
            if name not in entity.filterable:
                text = "The query filter contains one or more invalid nodes."
                raise GraphError(400, "ErrorInvalidUrlQueryFilter", text)
            continue
        call = leaf.name if isinstance(leaf, FunctionCall) else ""
        if name not in entity.filterable or call == "contains" or (call == "endswith" and name not in entity.ends_with):
            kind = entity.name.rsplit(".", 1)[-1]
            text = f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{kind}'."
            raise unsupported_query(text)


def _check_inner(leaf: AnyOf) -> None:
    for inner in leaves(leaf.inner):
        if inner.path.split("/")[0] != leaf.variable:
            text = f"Invalid filter clause: Could not find a property named '{inner.path}' in the lambda."
            raise bad_request(text)
