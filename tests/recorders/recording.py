"""Writes and reads the recordings: gzip'd JSON lines that are the same bytes every time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def write(path: Path, header: dict[str, str], rows: Iterable[dict[str, Any]]) -> int:
    """Write the header and the rows; the number of rows."""
    count = 0
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(_line(header))
        for row in rows:
            packed.write(_line(row))
            count += 1
    return count


def expressions(path: Path) -> Iterator[str]:
    """The distinct real expressions of a file with one object a line."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["expr"]


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
