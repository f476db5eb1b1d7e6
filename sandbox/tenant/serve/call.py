"""One request to the tenant, over HTTP or inside a batch, and the reply to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.tenant.errors import GraphError, envelope
from sandbox.tenant.odata.query import Query
from sandbox.tenant.world import World
from sandbox.tenant.world.tenant import Tenant

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass
class Call:
    """`path` starts below the version: `/users/x`. `headers` have lower-case names. `base`: `http://…/v1.0`."""

    world: World
    tenant: Tenant
    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    base: str
    in_batch: bool = False
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    query: Query = field(default_factory=lambda: Query({}))

    @property
    def client_request_id(self) -> str:
        return self.headers.get("client-request-id", self.request_id)

    @property
    def roles(self) -> frozenset[str]:
        return self.tenant.triage_roles

    @property
    def wants_immutable_ids(self) -> bool:
        return 'idtype="immutableid"' in self.headers.get("prefer", "").replace(" ", "").lower()


@dataclass
class Reply:
    """`body`: a value to send as JSON, text to send as it is (a broken answer), or None for an empty body."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # close the connection instead of answering

    @classmethod
    def error(cls, call: Call, error: GraphError) -> Reply:
        body = envelope(error.code, error.message, call.request_id, call.client_request_id)
        return cls(error.status, body, dict(error.headers))
