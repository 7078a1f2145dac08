"""Names of the exported files, and which of them count.

`export/<table>/d=YYYY-MM-DD/seg-<from>-<to>.parquet` holds the rows of the entries from..to (both
included) of one table and day. Where a compaction was cut short, its sources still lie beside the
merged file: a segment whose range lies within another's does not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"seg-([0-9]+)-([0-9]+)\.parquet\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """One exported file: rows of entries `first` to `last`, both included."""

    path: Path
    first: int
    last: int


def segment_path(export_dir: Path, table: str, day: str, first: int, last: int) -> Path:
    """Where the rows of entries `first` to `last` of one day lie; names sort in log order."""
    return export_dir / table / f"d={day}" / f"seg-{first:012d}-{last:012d}.parquet"


def days(export_dir: Path, table: str) -> list[Path]:
    """The folders of a table, one a day, oldest first."""
    return sorted((export_dir / table).glob("d=*"))


def read_day(folder: Path) -> tuple[list[Segment], list[Segment]]:
    """The segments of one day that count, in log order, and those that a wider one supersedes."""
    found = [
        Segment(path, int(name[1]), int(name[2]))
        for path in folder.glob("seg-*.parquet")
        if (name := _NAME.match(path.name))
    ]
    found.sort(key=lambda segment: (segment.first, -segment.last))
    live: list[Segment] = []
    superseded: list[Segment] = []
    for segment in found:
        covered = bool(live) and segment.last <= live[-1].last
        (superseded if covered else live).append(segment)
    return live, superseded


def live_paths(export_dir: Path, table: str) -> list[Path]:
    """The files of a table that count, in log order."""
    return [segment.path for day in days(export_dir, table) for segment in read_day(day)[0]]
