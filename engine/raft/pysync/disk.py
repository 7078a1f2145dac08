"""What "durable" means, in one place, so that a simulation can lose power between the lines."""

from __future__ import annotations

import os
from pathlib import Path


def flush(fd: int) -> None:
    """Wait until the file's bytes are on the disk."""
    os.fdatasync(fd)


def flush_folder(folder: Path) -> None:
    """Wait until the folder's names are on the disk: a rename is not durable before that."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replace(source: Path, target: Path) -> None:
    """Give `source` (already flushed) the name of `target`, durably and atomically."""
    source.replace(target)
    flush_folder(target.parent)
