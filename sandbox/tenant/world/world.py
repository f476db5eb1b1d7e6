"""The world that the sandbox serves: tenants, each built from a few lines of the data file.

`World.load()` reads `tenants.yaml` or another file in its format. `World.merge()` changes the world while it runs:
a mapping is merged key by key, a null removes a key, anything else replaces. A tenant that changed is built again from
its lines. Ids follow from names, so they stay the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.tenant.odata.matching import Entity
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.tenant import Tenant
from sandbox.tenant.world.texts import read_yaml

SHIPPED = Path(__file__).with_name("tenants.yaml")
Spec = Mapping[str, Any]
ETD_APP_ID = "e7d00000-0000-4000-8000-000000000001"


class World:
    """All tenants, and the domains of other tenants that are known only by name (`elsewhere`)."""

    def __init__(self, spec: Spec, now: datetime | None = None):
        self.spec: dict[str, Any] = {"etdAppId": ETD_APP_ID, "elsewhere": {}, "tenants": {}} | dict(spec)
        self.now = now or datetime.now(UTC)
        self.random = random.Random(0)
        self.tenants: dict[str, Tenant] = {}
        self.by_id: dict[str, Tenant] = {}
        self._build(self.spec, self.spec["tenants"])

    @classmethod
    def load(cls, path: Path | str | None = None, now: datetime | None = None) -> World:
        """The world of a YAML or JSON file; by default the shipped one."""
        return cls(read_yaml(Path(path or SHIPPED).read_text(encoding="utf-8")), now)

    def _build(self, spec: dict[str, Any], keys: Iterable[str]) -> None:
        """Use a new spec, in which these tenants changed. If one of them is invalid, nothing changes."""
        etd_app_id = spec["etdAppId"]
        built = {key: Tenant(key, spec["tenants"][key], self.now, etd_app_id) for key in keys if key in spec["tenants"]}
        self.spec = spec
        self.tenants = {key: (self.tenants | built)[key] for key in spec["tenants"]}
        self.by_id = {tenant.id.lower(): tenant for tenant in self.tenants.values()}

    def tenant(self, name: str) -> Tenant | None:
        """By id, or by its key in the data file."""
        return self.by_id.get(name.lower()) or self.tenants.get(name)

    def merge(self, change: Spec) -> None:
        """Merge `{"tenants": {key: {...}}, "elsewhere": {...}}` into the world; tenants by key or id."""
        self.now = datetime.now(UTC)
        named = self._by_key(change)
        self._build(merge(self.spec, dict(change) | {"tenants": named}), named)

    def replace(self, change: Spec) -> None:
        """As `merge`, but each tenant in the change is replaced; only its id stays."""
        self.now = datetime.now(UTC)
        named = self._by_key(change)
        kept = {key: {"id": self.tenants[key].id} | dict(spec) if key in self.tenants else spec
                for key, spec in named.items()}  # fmt: skip
        others = merge(self.spec, {"tenants": dict.fromkeys(named)})
        self._build(merge(others, dict(change) | {"tenants": kept}), kept)

    def _by_key(self, change: Spec) -> dict[str, Any]:
        return {
            (found.key if (found := self.tenant(name)) else name): spec
            for name, spec in (change.get("tenants") or {}).items()
        }

    def owner(self, domain: str) -> Entity | None:
        """The tenant that has verified a domain: tenantId, displayName, defaultDomainName; None if there is none."""
        name = domain.lower()
        for tenant in self.tenants.values():
            if name in tenant.domains:
                return {
                    "tenantId": tenant.id,
                    "displayName": tenant.name,
                    "defaultDomainName": tenant.domains[0],
                    "federationBrandName": None,
                }
        found = self.spec["elsewhere"].get(name)
        if found is None:
            return None
        default = found.get("defaultDomain", name)
        return {
            "tenantId": found.get("tenantId") or guid(default, "elsewhere"),
            "displayName": found["name"],
            "defaultDomainName": default,
            "federationBrandName": None,
        }

    def triage_tenants(self) -> list[dict[str, Any]]:
        """The service's setting TRIAGE_TENANTS for this world."""
        return [
            {"tenantId": tenant.id, "etdAppId": tenant.etd_app_id, "domains": tenant.domains}
            | ({"mode": tenant.spec["mode"]} if "mode" in tenant.spec else {})
            for tenant in self.tenants.values()
            if tenant.spec.get("configured", True)
        ]


def merge(base: Any, change: Any) -> Any:
    """`base` with `change` merged in. Neither is changed."""
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
