"""Settings that are JSON arrays and hold secrets: what is wrong is said with its place, and with nothing of its text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from pydantic import SecretStr, ValidationError

from triage.settings.endpoint import https_or_loopback
from triage.wire import Wire

_Entry = TypeVar("_Entry", bound=Wire)


def secret_entries(value: str, things: str, example: str) -> list[object]:
    """What the text of a setting lists, not yet checked. ValueError if it isn't a JSON array."""
    if not value.strip():
        return []
    if value.startswith("@Microsoft.KeyVault("):
        raise ValueError(
            "is a Key Vault reference that the platform could not resolve. Check the secret's address, and that the "
            "app's identity has the role Key Vault Secrets User"
        )
    try:
        entries = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(entries, list):
        raise ValueError(f"must be a JSON array of {things}, such as {example}")
    return cast("list[object]", entries)


def secret_entry(model: type[_Entry], index: int, entry: object, name: Callable[[dict[str, Any]], str]) -> _Entry:
    """An entry as its model. ValueError says at which place what is wrong; `name` says what people call the entry."""
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        problem: Any = error.errors(include_input=False, include_url=False)[0]
    named = name(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else ""
    place = "/".join(map(str, problem["loc"]))
    text = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing":
        text = "is missing"
    raise ValueError(f"at /{index}{named and f' ({named})'}: {f'{place}: ' if place else ''}{text}")


def secret_url(text: str) -> str:
    """The URL without a final slash. ValueError, which doesn't quote it, if it is neither https nor on loopback."""
    try:
        return https_or_loopback(text)
    except ValueError:
        raise ValueError("must be an https address (http only on loopback)") from None


def header_value(secret: SecretStr) -> SecretStr:
    """ValueError if the secret can't be sent in a header: the HTTP client's own error would quote it."""
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be the value without spaces or line breaks, as it was shown when it was created")
    return secret
