"""Damaged files: kept for whoever wants to look, out of the way of what takes their place."""

from __future__ import annotations

from pathlib import Path

from engine.core.clock import to_datetime
from engine.core.ids import Instant

_MARK = ".corrupt-"


def set_aside(folder: Path, pattern: str, now_us: Instant) -> list[str]:
    """Rename the files that match, but for those set aside before; their new paths.

    The name tells the time: `raft.journal.corrupt-20261127T175900Z`.
    """
    stamp = to_datetime(now_us).strftime("%Y%m%dT%H%M%SZ")
    moved = []
    for path in sorted(folder.glob(pattern)):
        if _MARK in path.name:
            continue
        target = path.with_name(f"{path.name}{_MARK}{stamp}")
        if target.exists():  # twice within a second
            target = path.with_name(f"{path.name}{_MARK}{stamp}-{now_us}")
        path.rename(target)
        moved.append(str(target))
    return moved
