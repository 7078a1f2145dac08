"""Disks that fail: a running node's system calls are made to fail, or to take long, and let go."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.cluster import wait_for

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed; apt-get install strace"
)


@contextlib.contextmanager
def failing(pid: int, calls: str, fault: str, *, path: Path | None = None) -> Iterator[None]:
    """Within the block these calls of the process meet the fault, on one file if it is named.

    Args:
        pid: of a process that runs; it goes on as before behind the block.
        calls: names of system calls with commas between.
        fault: as strace says it: `error=EIO`, `delay_enter=900ms`.
        path: only calls on this file.
    """
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid)]
    command += ["-e", f"trace={calls}", "-e", f"inject={calls}:{fault}"]
    if path is not None:
        command += ["-P", str(path)]
    tracer = subprocess.Popen(command)
    try:
        wait_for(lambda: _traced(pid, tracer), what="strace is attached")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def _traced(pid: int, tracer: subprocess.Popen[bytes]) -> bool:
    assert tracer.poll() is None, "strace may not attach to a process here"
    status = Path(f"/proc/{pid}/status").read_text()
    return f"TracerPid:\t{tracer.pid}\n" in status
