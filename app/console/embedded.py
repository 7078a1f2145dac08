"""The embedded node: a child process that lives as long as the console.

A process and not a thread, so that page reruns never cost a fire its punctuality.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

HTTP = "127.0.0.1:8080"
DATA_DIR = Path("data/var/chronos-1")
HEALTHY_S = 30.0
STOP_S = 20.0
_PR_SET_PDEATHSIG = 1


class EmbeddedNode:
    """A node that this console started, or the one that was there already."""

    def __init__(self, root: Path):
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node and wait until it is healthy; one that answers already is used."""
        if answers():
            return
        command = [sys.executable, "-m", "app.cli.serve"]
        command += ["--data-dir", str(self._root / DATA_DIR), "--http", HTTP]
        log_file = self._root / DATA_DIR / "node.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._root,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509  # one prctl call, no lock taken
            )
        end = time.monotonic() + HEALTHY_S
        while time.monotonic() < end and self._process.poll() is None:
            if answers():
                return
            time.sleep(0.1)

    def stop(self) -> None:
        """End the node that this console started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers() -> bool:
    """Whether a healthy Chronos node, not just any server, is at the embedded node's address."""
    try:
        answer = httpx.get(f"http://{HTTP}/health", timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False
    data = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(data, dict) and data.get("status") == "healthy" and "node_id" in data


def _die_with(parent: int) -> None:
    """Have the kernel end this process when its parent's thread of start ends (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGTERM)
