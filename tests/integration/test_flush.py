"""What was acknowledged was flushed before: the system calls of a real node say so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.kit.cluster import ROOT, free_ports, wait_for

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None,
    reason="strace is not installed; apt-get install strace",
)
CALLS = "openat,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync"


def test_the_journal_is_flushed_before_a_write_is_answered(tmp_path: Path) -> None:
    http, raft = (f"127.0.0.1:{port}" for port in free_ports(2))
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-s", "4096", "-o", str(trace), "-e", f"trace={CALLS}"]
    command += [sys.executable, "-m", "app.cli.serve", "--data-dir", str(tmp_path / "data")]
    command += ["--http", http, "--raft", raft]
    with (tmp_path / "node.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(lambda: _healthy(http))
        job = {"name": "flushed-1", "schedule": "@daily", "webhook": {"url": "http://h/"}}
        for number in range(5):
            job["name"] = f"flushed-{number}"
            assert httpx.post(f"http://{http}/api/v1/jobs", json=job).status_code == 201
    finally:
        for node in psutil.Process(process.pid).children():  # strace passes no signal on
            node.terminate()
        process.wait(60)
    lines = trace.read_text(errors="replace").splitlines()
    for number in range(5):
        _check(lines, f"flushed-{number}")


def _healthy(http: str) -> bool:
    try:
        return httpx.get(f"http://{http}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _check(lines: list[str], name: str) -> None:
    """The entry's write to the journal, then a flush of it that succeeded, then the answer."""
    written = _first(lines, 0, rf"write\w*\(\d+<[^>]*raft\.journal>.*{name}")
    flushed = _flush_after(lines, written)
    answered = _first(lines, 0, rf"(send\w*|write\w*)\(\d+<(socket|TCP)[^>]*>.*{name}")
    assert written < flushed < answered, (written, flushed, answered)


def _first(lines: list[str], start: int, pattern: str) -> int:
    found = re.compile(pattern)
    return next(place for place in range(start, len(lines)) if found.search(lines[place]))


def _flush_after(lines: list[str], written: int) -> int:
    """The line on which a flush that began after `written` returned 0."""
    began = _first(lines, written + 1, r"f(data)?sync\(\d+<[^>]*raft\.journal>")
    if "unfinished" not in lines[began]:
        assert lines[began].endswith("= 0")
        return began
    thread = lines[began].split()[0]
    return _first(lines, began, rf"^{thread} .*resumed.*\) += 0")
