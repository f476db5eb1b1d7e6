"""What all JSON of the service has in common: camelCase names, and times exact to the nanosecond."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """Base of all models that are read from or written as JSON: snake_case in Python, camelCase in JSON."""

    # A ValidationError without its input: what it quotes may be part of a mail, and errors are logged.
    # The text below a field is its description in OpenAPI.
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,  # a response has every field
    )

    def wire(self) -> dict[str, Any]:
        """The value as types that json.dumps takes, with camelCase names."""
        return self.model_dump(mode="json", by_alias=True)


_INSTANT = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-5][0-9]|60)"
    r"(?:\.(?P<fraction>[0-9]{1,18}))?(?P<offset>[Zz]|[+-][0-9]{2}:[0-5][0-9])"
)


_EPOCH = datetime(1970, 1, 1)  # in UTC; naive, so that isoformat() writes no offset
_YEAR_1, _YEAR_10000 = -62135596800, 253402300800


def epoch_ns(text: str) -> int:
    """An RFC 3339 time as nanoseconds since 1970-01-01T00:00Z (negative before it). ValueError if it is not one."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-11-20T10:11:12Z")
    try:
        year, month, day, hour, minutes = map(int, match.group("year", "month", "day", "hour", "minute"))
        since = datetime(year, month, day, hour, minutes) - _EPOCH
    except ValueError:
        raise ValueError("has a day or an hour that does not exist") from None
    seconds = since.days * 86400 + since.seconds + int(match["second"])
    if match["offset"] not in "Zz":
        hours, minutes = match["offset"][1:].split(":")
        if int(hours) > 23:
            raise ValueError("has an offset that does not exist")
        ahead = int(hours) * 3600 + int(minutes) * 60
        seconds += ahead if match["offset"][0] == "-" else -ahead
    if not _YEAR_1 <= seconds < _YEAR_10000:
        raise ValueError("must be between the years 1 and 9999")
    return seconds * 1_000_000_000 + int((match["fraction"] or "").ljust(9, "0")[:9])


def from_epoch_ns(nanoseconds: int) -> str:
    """The one spelling of a time: UTC, `Z`, and the shortest fraction. The inverse of `epoch_ns`."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{text}Z"


Instant = Annotated[
    str,
    AfterValidator(lambda text: from_epoch_ns(epoch_ns(text))),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An RFC 3339 time in UTC and in one spelling, so that equal times are equal strings."""

# For OpenAPI: what the service writes there is known to be one.
Guid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]


def now() -> str:
    """The current time, to the millisecond."""
    return from_epoch_ns(time.time_ns() // 1_000_000 * 1_000_000)


def as_datetime(text: str) -> datetime:
    """An RFC 3339 time as a datetime in UTC, to the microsecond."""
    nanoseconds = epoch_ns(text)
    return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).replace(tzinfo=UTC)


def from_datetime(moment: datetime) -> str:
    """A datetime with a time zone as an RFC 3339 time, to the second."""
    return from_epoch_ns(int(moment.timestamp()) * 1_000_000_000)


def newest_first(nanoseconds: int) -> str:
    """A time (nanoseconds since 1970) as a key that sorts the newest first.

    The key is the number of nanoseconds until the year 10000, in 21 digits.
    """
    return f"{_YEAR_10000 * 1_000_000_000 - nanoseconds:021d}"


def from_newest_first(key: str) -> int:
    """The time (nanoseconds since 1970) of a key that `newest_first` made."""
    return _YEAR_10000 * 1_000_000_000 - int(key)
