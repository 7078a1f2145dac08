"""What "durable" means, in one place, so that a simulation can lose power between the lines."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine.raft.pysync.library import DiskFault, now

SLOW_RUN = 3
"""So many flushes in a row must be slow before the disk is called so."""


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


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell a refusal of the disk as what it is.

    Raises:
        DiskFault: no write or flush within the block may be tried again on the same pages.
    """
    try:
        yield
    except OSError as fault:
        raise DiskFault(f"{path}: {fault.strerror or fault}") from fault


class Flushes:
    """How long the disk takes to flush; read by other threads.

    Attributes:
        slow_s: seconds from which a flush is slow.
        last_s: how long the last one took.
    """

    def __init__(self) -> None:
        self.slow_s = float("inf")
        self.last_s = 0.0
        self._began: float | None = None
        self._slow = 0

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Around a flush."""
        self._began = began = now()
        try:
            yield
        finally:
            self._began = None
            self.last_s = now() - began
            self._slow = self._slow + 1 if self.last_s > self.slow_s else 0

    @property
    def slow(self) -> bool:
        """Whether the last flushes were all slow."""
        return self._slow >= SLOW_RUN

    def waiting_s(self) -> float:
        """How long the disk has not answered the flush that is under way; 0 if there is none."""
        began = self._began
        return 0.0 if began is None else now() - began
