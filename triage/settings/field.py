"""A field of a settings model: the setting that fills it, its default and its meaning."""

from __future__ import annotations

from typing import Any

from pydantic import Field


def setting(name: str, default: Any, meaning: str, *, example: str | None = None) -> Any:
    """A field that an application setting fills. `default` is `...` for a required setting, which needs an `example`."""
    return Field(
        default, alias=name, description=meaning, examples=[example] if example else None, validate_default=True
    )
