"""Stands in for the Azure CLI: the part of Microsoft Graph that the scripts ask, on a state kept in a file.

What it does not know it refuses, so a script that asks for anything else fails its test. The program `az` is a few lines
of bash that ask a server in this process: the scripts call it a thousand times, and each start of Python takes long.
"""

from __future__ import annotations

import json
import re
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jmespath

NEW = {"createdDateTime": "2026-11-20T10:00:00Z", "tags": [], "passwordCredentials": [], "keyCredentials": []}
# Sends the arguments, each ended by a NUL; gets the exit code, what is for standard error, and what is for standard output.
PROGRAM = """#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "$FAKE_AZ_STATE" "$#" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' error <&3
printf %s "$error" >&2
cat <&3
exit "${{code:-70}}"
"""


class Calls(StreamRequestHandler):
    def handle(self) -> None:
        state = Path(self._text())
        arguments = [self._text() for _ in range(int(self._text()))]
        try:
            code, output, error = call(state, arguments)
        except Exception:
            code, output, error = 70, "", traceback.format_exc()
        self.wfile.write(f"{code}\0{error}\0{output}".encode())

    def _text(self) -> str:
        read = bytearray()
        while (byte := self.rfile.read(1)) not in (b"\0", b""):
            read += byte
        return read.decode()


@contextmanager
def fake_az() -> Iterator[str]:
    """The text of the program `az`, which works as long as this context. FAKE_AZ_STATE names the file with the state."""
    with ThreadingTCPServer(("127.0.0.1", 0), Calls) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield PROGRAM.format(port=server.server_address[1])
        server.shutdown()


def call(path: Path, arguments: list[str]) -> tuple[int, str, str]:
    """The exit code, and what is written to standard output and standard error."""
    state = json.loads(path.read_text())
    state["calls"].append(arguments)
    command = [argument for argument in arguments if not argument.startswith("-")]
    options = {
        name: value for name, value in zip(arguments, [*arguments[1:], ""], strict=True) if name.startswith("--")
    }
    answer: Any = None
    code = 0
    if command[:2] == ["account", "show"]:
        answer = {"tenantId": state["tenant"], "user": {"name": state["user"]}}
        code, answer = (0, answer) if state["signed_in"] else (1, None)
    elif command[:2] == ["cloud", "show"]:
        answer = {"endpoints": state["endpoints"]}
    elif command[0] == "rest":
        code, answer = rest(state, options["--method"], options["--url"], json.loads(options.get("--body") or "null"))
    else:
        raise ValueError(f"fake az: {arguments}")
    path.write_text(json.dumps(state))
    if code:
        return code, "", f"ERROR: {answer}\n"
    return 0, written(answer, options.get("--query"), options.get("--output", "json")), ""


def written(answer: Any, query: str | None, output: str) -> str:
    """As az writes: tsv has a line for each row, `None` for a null, nothing for an empty list."""
    if query:
        answer = jmespath.search(query, answer)
    if output == "tsv":
        rows = answer if isinstance(answer, list) else [answer]
        return "".join(
            "\t".join(str(cell) for cell in (row if isinstance(row, list) else [row])) + "\n" for row in rows
        )
    return "" if output == "none" else json.dumps(answer) + "\n"


def rest(state: dict[str, Any], method: str, url: str, body: Any) -> tuple[int, Any]:
    split = urlsplit(url)
    root = f"{split.scheme}://{split.netloc}/"
    if root.rstrip("/") != state["endpoints"]["microsoftGraphResourceId"].rstrip("/"):
        return 1, f"no token for {root}"
    if method != "GET":
        state["changes"].append([method, split.path, body])
    if state["forbidden"] and re.search(state["forbidden"], f"{method} {split.path}"):
        return 1, "Forbidden({...Authorization_RequestDenied...})"
    parts = unquote(split.path).strip("/").split("/")[1:]
    query = parse_qs(split.query)
    if parts == ["me"]:
        return (
            (0, {"id": state["me"]}) if state["me"] else (1, "Bad Request(/me request is only valid with delegated...)")
        )
    collection = state.get(parts[0], {})
    if len(parts) == 1 and method == "GET":
        condition = re.fullmatch(r"(\w+|tags/any\(t:t) eq '((?:[^']|'')*)'\)?", query["$filter"][0])
        assert condition, query
        field, value = condition[1], condition[2].replace("''", "'")
        if field == "tags/any(t:t":
            return 0, {"value": [one for one in collection.values() if value in one["tags"]]}
        return 0, {"value": [one for one in collection.values() if one[field] == value]}
    if parts == ["oauth2PermissionGrants"] and method == "POST":
        grants = state["servicePrincipals"][body["clientId"]]["children"].setdefault("oauth2PermissionGrants", [])
        grants.append({"id": f"grant-{len(state['changes'])}", **body})
        return 0, grants[-1]
    if len(parts) == 1 and method == "POST":
        made = {"id": str(uuid.uuid4()), "appId": str(uuid.uuid4()), "children": {}} | NEW | body
        collection[made["id"]] = made
        return 0, made
    owner = collection.get(parts[1])
    if owner is None:
        return 3, "Not Found({...Request_ResourceNotFound...})"
    if len(parts) == 2:
        if method == "DELETE":
            del collection[parts[1]]
        elif method == "PATCH":
            for field, value in body.items():  # Graph merges the fields of a complex type
                known = owner.get(field)
                owner[field] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
        return 0, owner
    if method == "GET":
        return 0, {"value": owner["children"].get(parts[2], [])}
    children = owner["children"].setdefault(parts[2], [])
    if method == "POST":
        if any(all(child.get(key) == value for key, value in body.items()) for child in children):
            return 1, "Bad Request(Permission being assigned already exists on the object)"
        children.append({"id": f"child-{len(state['changes'])}", **body})
        return 0, children[-1]
    owner["children"][parts[2]] = [child for child in children if child["id"] != parts[3]]
    return (0, None) if len(owner["children"][parts[2]]) < len(children) else (3, "Not Found")
