"""Has reports written in processes beside the node: few at once, in bounded time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from app.operate.tasks import Answered, Wanted
from engine.core.errors import ChronosError, InvalidDocument, Problem

AT_ONCE_MAX: Final = 2
SECONDS_MAX: Final = 60.0
ASK_LESS: Final = "a shorter span, a namespace or a job"


class ReportFailed(ChronosError):
    """A report's process ended without an answer; its last words are in the message."""


class Written(NamedTuple):
    """A report as bytes, with its media type and the ending of its name."""

    data: bytes
    media: str
    suffix: str


class Reporter:
    """See the module; may be called from any thread.

    Args:
        export_dir: the history's exported segments, all that is read.
    """

    def __init__(self, export_dir: Path):
        self._export_dir = export_dir
        self._places = threading.BoundedSemaphore(AT_ONCE_MAX)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def write(self, wanted: Wanted, seconds_max: float = SECONDS_MAX) -> Written:
        """One report in one form, within so many seconds, waiting for a place included.

        Raises:
            InvalidDocument: a parameter is at fault, or it took too long.
            ReportFailed: the process broke.
        """
        end = time.monotonic() + seconds_max
        if not self._places.acquire(timeout=seconds_max):
            raise _late(seconds_max)
        try:
            return self._ask(wanted, end - time.monotonic())
        except subprocess.TimeoutExpired:
            raise _late(seconds_max) from None
        finally:
            self._places.release()

    def close(self) -> None:
        """End what is being written."""
        self._closed = True
        for process in tuple(self._running):
            process.kill()

    def _ask(self, wanted: Wanted, seconds: float) -> Written:
        with subprocess.Popen(
            [sys.executable, "-m", "app.operate.report_worker", str(self._export_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            self._running.add(process)
            try:
                if self._closed:
                    raise ReportFailed("the node is shutting down")
                out, err = process.communicate(msgspec.json.encode(wanted), timeout=seconds)
            finally:
                process.kill()  # nothing, where it has ended
                self._running.discard(process)
        if process.returncode:
            raise ReportFailed(f"the report's process ended: {err.decode()[-300:].strip()}")
        head, _, data = out.partition(b"\n")
        answered = msgspec.json.decode(head, type=Answered)
        if answered.problems:
            raise InvalidDocument([Problem(*one) for one in answered.problems])
        return Written(data, answered.media, answered.suffix)


def _late(seconds: float) -> InvalidDocument:
    reason = f"made the report take longer than {seconds:g} s"
    return InvalidDocument([Problem("from", reason, ASK_LESS)])
