"""A running ETD, as a test uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.etd.clock import Clock
from sandbox.etd.engine import Etd
from sandbox.etd.faults import FIELDS
from sandbox.etd.mail import Mail
from sandbox.etd.switches import Switches
from sandbox.faults import Faults


@dataclass
class Served:
    """`url`: its root without a trailing slash, the `endpoint` of ETD_APIS. `stats`: answers by path and by status."""

    etd: Etd
    url: str = ""
    faults: Faults = field(default_factory=lambda: Faults(FIELDS))
    stats: Counter[str] = field(default_factory=Counter)

    @property
    def clock(self) -> Clock:
        return self.etd.clock

    @property
    def switches(self) -> Switches:
        return self.etd.switches

    def apis(self, client: int = 0) -> list[dict[str, str]]:
        """The service's setting ETD_APIS. `client` 1: another program with the same limits."""
        return [business.api(self.url, client) for business in self.etd.businesses.values()]

    async def convict(self, specs: Sequence[Mapping[str, Any]], tenant_id: str | None = None) -> list[Mail]:
        return await self.etd.convict(specs, tenant_id)

    async def judge(self, etd_id: str, change: Mapping[str, Any], tenant_id: str | None = None) -> None:
        await self.etd.judge(etd_id, change, tenant_id)

    async def advance(self, **time: float) -> None:
        await self.etd.advance(**time)

    def statistics(self) -> dict[str, Any]:
        businesses = self.etd.businesses.items()
        return {
            "requests": dict(sorted(self.stats.items())),
            "today": {tenant_id: one.limiter.today for tenant_id, one in businesses},
            "throttled": {tenant_id: one.limiter.refused for tenant_id, one in businesses},
        }


SERVED = web.AppKey("served", Served)
