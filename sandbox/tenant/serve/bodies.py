"""The JSON body of an answer: one entity, or one page of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.tenant.odata import query
from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.schema import EntityType
from sandbox.tenant.serve.call import Call
from sandbox.tenant.serve.paths import Body

NONE: frozenset[str] = frozenset()


def context(call: Call, entity: EntityType, single: bool = False) -> str:
    chosen = call.query.options.get("$select")
    names = f"({chosen})" if chosen else ""
    return f"{call.base}/$metadata#{entity.collection}{names}{'/$entity' if single else ''}"


def selected(call: Call, entity: EntityType) -> tuple[str, ...]:
    """The properties to serve: those of `$select` or the default ones, as far as this tenant's cloud has them."""
    return query.selected(call.query, call.tenant.in_its_cloud(entity))


def one(call: Call, item: Entity, entity: EntityType, hidden: frozenset[str] = NONE) -> Body:
    """`hidden`: properties that the caller may not see."""
    served = query.shape(item, selected(call, entity), entity, hidden)
    return {"@odata.context": context(call, entity, single=True)} | served


def many(
    call: Call,
    collection: Collection,
    hidden: frozenset[str] = NONE,
    serve: Callable[[Entity, Iterable[str]], Entity] | None = None,
) -> Body:
    """What `$filter` finds, as one page. `serve`: how to shape an item, where that differs from the usual."""
    entity = collection.entity
    names = selected(call, entity)
    readable = frozenset(entity.properties) - hidden if hidden else None
    found = query.find(collection, call.query, readable)
    items, about = query.page(found, call.query, entity, call.base + call.path, call.tenant.page_size)
    shaped = [serve(item, names) if serve else query.shape(item, names, entity, hidden) for item in items]
    return {"@odata.context": context(call, entity)} | about | {"value": shaped}


def unpaged(call: Call, items: Iterable[Entity], entity: EntityType) -> Body:
    """All of a short list, which Graph neither filters nor pages."""
    names = selected(call, entity)
    return {"@odata.context": context(call, entity), "value": [query.shape(item, names, entity) for item in items]}
