"""Entity group transactions: built and parsed here, and sent by the pipeline of the SDK's client.

The SDK builds and parses them with the standard library's mail package, which took two thirds of the CPU for a finding.
The pipeline (sign-in, retries, the connection) is the SDK's. Format:
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

_INT32 = 2**31
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_ETAG = re.compile(rb"^etag: *(\S.*?)\r?$", re.IGNORECASE | re.MULTILINE)
_METHODS = {"create": "POST", "upsert": "PUT", "update": "PUT", "delete": "DELETE"}
_PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_HEADERS = (
    "Content-Type: application/json\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n"
)
_ACCEPTED, _TOO_LARGE, _FAILED = 202, 413, 400


async def submit(table: Any, operations: Iterable[tuple[Any, ...]]) -> list[dict[str, str]]:
    """Stores all operations of one partition, or none. Returns the `etag` of each (empty for a deletion).

    An operation is `(kind, entity)` or `(kind, entity, options)`, as for TableClient.submit_transaction. `update` and
    `upsert` replace. The entity of an `update` or `delete` must have the ETag in the options, if there is one. Raises
    azure.core's errors; TableTransactionError has the `index` of the operation that failed.
    """
    from azure.core.rest import HttpRequest

    base = f"{table.scheme}://{table._primary_hostname}"
    batch, changes = f"batch_{uuid4()}", f"changeset_{uuid4()}"
    parts = "".join(f"--{changes}\r\n{_part(f'{base}/{table.table_name}', *operation)}" for operation in operations)
    if not parts:
        return []
    body = (
        f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n{parts}--{changes}--\r\n--{batch}--\r\n"
    )
    headers = {
        "x-ms-version": table.api_version,
        "DataServiceVersion": "3.0",
        "MaxDataServiceVersion": "3.0;NetFx",
        "Content-Type": f"multipart/mixed; boundary={batch}",
        "Accept": "application/json",
    }
    request = HttpRequest("POST", f"{base}/$batch", headers=headers, content=body.encode())
    response = await table._client.send_request(request, stream=True)
    return _results(response, await response.read())


def _part(url: str, kind: str, entity: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> str:
    """One operation, as an HTTP request in the body."""
    etag = (options or {}).get("etag")
    if kind != "create":
        url += f"(PartitionKey='{_key(entity['PartitionKey'])}',RowKey='{_key(entity['RowKey'])}')"
    head = f"{_PART}{_METHODS[kind]} {url} HTTP/1.1\r\n{_HEADERS}"
    if kind == "create":
        head += "Prefer: return-no-content\r\n"
    elif kind != "upsert":
        head += f"If-Match: {etag or '*'}\r\n"
    return f"{head}\r\n\r\n" if kind == "delete" else f"{head}\r\n{_json(entity)}\r\n"


def _key(value: str) -> str:
    return quote(value.replace("'", "''"), safe="")


def _json(entity: Mapping[str, Any]) -> str:
    """An entity in JSON. A type is named only if JSON doesn't show it."""
    properties: dict[str, Any] = {}
    for name, value in entity.items():
        if value is None:
            continue
        if isinstance(value, bytes):
            properties[name], properties[f"{name}@odata.type"] = b64encode(value).decode(), "Edm.Binary"
        elif isinstance(value, float):
            properties[name], properties[f"{name}@odata.type"] = value, "Edm.Double"
        elif isinstance(value, str | bool) or (isinstance(value, int) and -_INT32 <= value < _INT32):
            properties[name] = value
        else:
            raise TypeError(f"{name} is no text, binary or number that a table entity can have")
    return json.dumps(properties, separators=(",", ":"))


def _results(response: Any, body: bytes) -> list[dict[str, str]]:
    """The ETags in an answer. Raises the error of the answer or of an operation."""
    from azure.core.exceptions import HttpResponseError
    from azure.data.tables import RequestTooLargeError, TableTransactionError

    if response.status_code == _TOO_LARGE:
        raise RequestTooLargeError(message="The transaction is too large.", response=response)
    if response.status_code != _ACCEPTED:
        raise HttpResponseError(message="The transaction was refused.", response=response)
    results: list[dict[str, str]] = []
    for start, end in _spans(body):
        status = int(body[start + 9 : start + 12])
        head, _, rest = body[start:end].partition(b"\r\n\r\n")
        if status >= _FAILED:
            kind = RequestTooLargeError if status == _TOO_LARGE else TableTransactionError
            error = kind(message=_reason(rest), response=response)
            error.status_code = status
            raise error
        etag = _ETAG.search(head)
        results.append({"etag": etag[1].decode() if etag else ""})
    if not results:
        raise HttpResponseError(message="The answer to the transaction can't be read.", response=response)
    return results


def _spans(body: bytes) -> Sequence[tuple[int, int]]:
    """The start and end of the answer to each operation."""
    starts = [match.start() for match in _STATUS.finditer(body)]
    return list(zip(starts, [*starts[1:], len(body)], strict=True))


def _reason(body: bytes) -> str:
    """The message of an error, which begins with the index of its operation."""
    try:
        error, _ = json.JSONDecoder().raw_decode(body.decode(errors="replace").lstrip())
        return str(error["odata.error"]["message"]["value"])
    except (ValueError, KeyError, TypeError):
        return ""
