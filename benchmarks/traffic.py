"""Counts what the storage client sends to tables: requests, the entities in them, and the bytes of their bodies."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline.transport import AioHttpTransport

# The operations of a transaction are HTTP requests in its body.
_OPERATION = re.compile(rb"^(PUT|PATCH|POST|DELETE) http", re.MULTILINE)


@dataclass
class Traffic:
    """What was sent since the last reset. A read counts as a request; its answer counts nowhere else."""

    counts: Counter[str] = field(default_factory=Counter[str])

    def install(self) -> None:
        """Counts from now on, in this process."""
        send = AioHttpTransport.send

        async def counted(transport: Any, request: Any, **options: Any) -> Any:
            self._count(request)
            return await send(transport, request, **options)

        AioHttpTransport.send = counted  # type: ignore[method-assign]

    def _count(self, request: Any) -> None:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        self.counts["bytes"] += len(body)
        self.counts["requests"] += 1
        if request.url.endswith("$batch"):
            self.counts["transactions"] += 1
            methods = _OPERATION.findall(body)
        else:
            methods = [request.method.encode()]
        for method in methods:
            self.counts["reads" if method == b"GET" else "deleted" if method == b"DELETE" else "written"] += 1
