"""Stands in for Application Insights on loopback: it receives and keeps what Azure Monitor's exporters send."""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "10000000-2000-4000-8000-300000000000"
KINDS = {"MetricData": "metrics", "RemoteDependencyData": "spans", "MessageData": "logs", "ExceptionData": "exceptions"}


class Ingestion:
    """`sent`: each body, decompressed, with its headers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.connection_string = f"InstrumentationKey={KEY};IngestionEndpoint={address}/;LiveEndpoint={address}/"
        self.sent: list[str] = []

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The telemetry of a kind: metrics, spans, logs, exceptions."""
        envelopes = [one for body in list(self.sent) for line in body.splitlines()[1:] for one in _envelopes(line)]
        return [one for one in envelopes if KINDS.get(one["data"]["baseType"]) == kind]

    def spans(self, name: str) -> list[dict[str, Any]]:
        """Spans of a name: id, parent, trace, links and what was noted."""
        return [
            {
                "id": item["data"]["baseData"]["id"],
                "trace": item["tags"]["ai.operation.id"],
                "parent": item["tags"].get("ai.operation.parentId"),
                "success": item["data"]["baseData"]["success"],
                **item["data"]["baseData"].get("properties", {}),
            }
            for item in self.items("spans")
            if item["data"]["baseData"]["name"] == name
        ]

    def totals(self, name: str, *attributes: str) -> Counter[tuple[str, ...]]:
        """A metric's sum for each combination of its attributes, which are to be these and no others."""
        totals: Counter[tuple[str, ...]] = Counter()
        for item in self.items("metrics"):
            data = item["data"]["baseData"]
            for point in data["metrics"]:
                if point["name"] == name:
                    assert set(data.get("properties") or {}) == set(attributes), data
                    totals[tuple(data["properties"][attribute] for attribute in attributes)] += point["value"]
        return totals

    def names(self) -> set[str]:
        """The names of all metrics."""
        return {point["name"] for item in self.items("metrics") for point in item["data"]["baseData"]["metrics"]}


def _envelopes(line: str) -> list[dict[str, Any]]:
    found: Any = json.loads(line)
    return found if isinstance(found, list) else [found]


@contextmanager
def ingestion() -> Iterator[Ingestion]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            text = (gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).decode()
            taken.sent.append(f"{self.path} {dict(self.headers)!r}\n{text}")
            count = sum(len(_envelopes(line)) for line in text.splitlines())
            answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken = Ingestion(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join(5)
