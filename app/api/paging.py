"""Pages of lists that are in memory: a page begins behind the last item of the one before."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import orjson

from app.api.problems import invalid

T = TypeVar("T")
Part = str | int | float


def page_of(
    items: Iterable[T], key: Callable[[T], tuple[Part, ...]], limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """The items that follow a cursor by ascending key, and the cursor of those that follow them.

    Keys are unique. An item that came or went between two pages moves no other one.

    Raises:
        InvalidDocument: the cursor did not come from an earlier page of the same list.
    """
    rows = sorted(((key(item), item) for item in items), key=lambda row: row[0])
    keys = [row[0] for row in rows]
    begin = 0
    if cursor is not None:
        kinds = tuple(type(part) for part in keys[0]) if keys else None
        begin = bisect_right(keys, decode_cursor(cursor, kinds))
    page = rows[begin : begin + limit]
    more = begin + limit < len(rows)
    return [item for _, item in page], encode_cursor(*page[-1][0]) if more and page else None


def encode_cursor(*parts: Part) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(text: str, kinds: tuple[type, ...] | None) -> tuple[Any, ...]:
    """Read a cursor back; without `kinds` the list is empty, and any will do.

    Raises:
        InvalidDocument: it did not come from an earlier page of the same list.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or (
        kinds is not None and tuple(type(part) for part in parts) != kinds
    ):
        raise invalid("cursor", "is not a cursor of this list", "next_cursor of the page before")
    return tuple(parts)
