"""What is common to shapes: a page of a collection, and fields that can be left out."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ConfigDict

# A field of these that says nothing is left out.
MAY_LACK_FIELDS = ConfigDict(json_schema_serialization_defaults_required=False)


class Page(NamedTuple):
    """A page of a collection: `value`, and `nextLink` if there is more."""

    item: object
