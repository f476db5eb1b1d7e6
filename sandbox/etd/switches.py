"""Switches for what nobody outside Cisco knows for sure: a client has to work with each of them in every position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass
class Switches:
    """In JSON, the names are these in camelCase. The defaults are the most likely behavior."""

    # Log Export
    end_hour_included: bool = True  # the second hour of `timeRange` belongs to the range
    update_has_mailboxes: bool = True
    create_has_action_time: bool = True
    gzip: bool = False
    duplicate_event: bool = False  # an event is also in a second file of its hour
    broken_line: Literal["off", "extra", "once"] = (
        "off"  # one more line that is cut; or a real one, at the first download
    )
    error_page: Literal["off", "first", "later"] = (
        "off"  # a file is an error page at its first download, or at later ones
    )
    empty_links: Literal["list", "null", "missing"] = "list"  # a type of log without files
    # Verdicts and actions
    failed_shows_action: bool = True  # an action that failed for everyone looks like one that worked
    action_times: Literal["equal", "truncated", "rounded"] = "truncated"  # between the interfaces
    # Message Search
    search_order: Literal["newest", "oldest"] = "newest"
    search_end_minutes: float = 5  # how far from now a search has to end
    page_token_survives: bool = True  # when the client gets a new access token
    # Status
    status_failure: str = "failed"  # or failure, error, partially_succeeded, any word
    status_reason: bool = False
    status_automatic: bool = True  # automatic actions are among the states
    # Limits and tokens
    retry_after: bool = False
    quota_wording: Literal["apart", "alike"] = "apart"  # the 429 of the rate and that of the day
    expires_in: bool = True  # in the answer with a token
    # Settings of the customer or of a test
    log_export: bool = True  # Administration > Business > Export Log Preferences; from the moment it is switched on
    file_late_minutes: float = 20  # how long after its end the last file of an hour appears
    rows_per_file: int = 1000
    rate_limit: bool = True
    requests_per_second: float = 2
    burst: int = 4
    requests_per_day: int = 10_000

    def change(self, values: Mapping[str, Any]) -> None:
        """Sets all of them, by their names in JSON, or none. ValueError names what is invalid."""
        changed = {}
        for name, value in values.items():
            attribute, expected = NAMES.get(name, (None, None))
            if attribute is None:
                raise ValueError(f"there is no switch {name}")
            if not _fits(value, expected):
                raise ValueError(f"{name} cannot be {value!r}")
            changed[attribute] = value
        for attribute, value in changed.items():
            setattr(self, attribute, value)

    def wire(self) -> dict[str, Any]:
        return {name: getattr(self, attribute) for name, (attribute, _) in NAMES.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


NAMES = {_camel(name): (name, kind) for name, kind in get_type_hints(Switches).items()}


def _fits(value: Any, expected: Any) -> bool:
    if get_origin(expected) is Literal:
        return value in get_args(expected)
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is expected
