"""A real console on a node, and the real browser that looks at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.kit.cluster import HTTP, PATIENCE_S, ROOT, Node, free_ports, wait_for

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RAN = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Matches once a page's script is over."""


@dataclass(frozen=True)
class Console:
    """A console that runs, and its process id."""

    url: str
    pid: int


@contextmanager
def console_of(node: Node, folder: Path) -> Iterator[Console]:
    """A console that shows a node; its log goes to `folder`."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app", "--server.port", str(port)]
    environment = {**os.environ, "CHRONOS_URL": node.url}
    log_file = folder / "console.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def up() -> bool:
        try:
            return HTTP.get(f"{url}/_stcore/health", timeout=10).text == "ok"
        except httpx.HTTPError:
            return False

    try:
        wait_for(up, what=f"the console: {log_file}")
        yield Console(url, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
