"""Stands in for the Azure CLI: the part of Microsoft Graph that the scripts ask, on a state kept in a file.

What it does not know it refuses, so a script that asks for anything else fails its test.
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jmespath

NEW = {"createdDateTime": "2026-11-20T10:00:00Z", "tags": [], "passwordCredentials": [], "keyCredentials": []}
STATE = Path(os.environ["FAKE_AZ_STATE"])


def main(arguments: list[str]) -> int:
    state = json.loads(STATE.read_text())
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
        raise SystemExit(f"fake az: {arguments}")
    STATE.write_text(json.dumps(state))
    if code:
        sys.stderr.write(f"ERROR: {answer}\n")
        return code
    write(answer, options.get("--query"), options.get("--output", "json"))
    return 0


def write(answer: Any, query: str | None, output: str) -> None:
    """As az writes: tsv has a line for each row, `None` for a null, nothing for an empty list."""
    if query:
        answer = jmespath.search(query, answer)
    if output == "tsv":
        for row in answer if isinstance(answer, list) else [answer]:
            sys.stdout.write("\t".join(str(cell) for cell in (row if isinstance(row, list) else [row])) + "\n")
    elif output != "none":
        sys.stdout.write(json.dumps(answer) + "\n")


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
    collection = state[parts[0]]
    if len(parts) == 1 and method == "GET":
        condition = re.fullmatch(r"(\w+|tags/any\(t:t) eq '((?:[^']|'')*)'\)?", query["$filter"][0])
        assert condition, query
        field, value = condition[1], condition[2].replace("''", "'")
        if field == "tags/any(t:t":
            return 0, {"value": [one for one in collection.values() if value in one["tags"]]}
        return 0, {"value": [one for one in collection.values() if one[field] == value]}
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
            owner |= body
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
