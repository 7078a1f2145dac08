"""A real node takes a file's past in, is killed, and takes nothing twice."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from engine.core.clock import rfc3339
from tests.kit.cluster import ROOT, Node, cluster, wait_for

ROWS = 5_300
FIRST_US = 1_769_850_000_000_000
MINUTE_US = 60_000_000


def chronosctl(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli.main", "--url", node.url, *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )


def write(path: Path, rows: int) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["job", "started_at", "duration_ms", "exit_code", "message"])
        for number in range(rows):
            at = FIRST_US + number * MINUTE_US
            failed = number % 10 == 0
            writer.writerow(
                [f"old-{number % 7}", rfc3339(at), 1500, int(failed), "boom, é" if failed else ""]
            )
    return str(path)


def imported(node: Node) -> int:
    total: int = node.request("GET", "/api/v1/executions?limit=1&status=failed,success")["total"]
    return total


def test_a_past_survives_a_kill_and_the_same_file_adds_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "old.csv", ROWS)
    with cluster(tmp_path / "nodes", 1) as nodes:
        node = nodes.leader()
        first = chronosctl(node, "import", "history", file, "--label", "cron")
        assert first.returncode == 0, first.stderr
        assert f"{ROWS} imported" in first.stderr
        node.kill()
        node.start()
        wait_for(node.healthy, what="the node is back")
        wait_for(lambda: imported(node) == ROWS, what="every row is there")
        again = chronosctl(node, "import", "history", file, "--label", "cron")
        assert again.returncode == 0, again.stderr
        assert f"0 imported, {ROWS} there already" in again.stderr
        grown = write(tmp_path / "old.csv", ROWS + 11)
        more = chronosctl(node, "import", "history", grown, "--label", "cron")
        assert "11 imported" in more.stderr
        wait_for(lambda: imported(node) == ROWS + 11, what="eleven more")
        newest = node.request("GET", "/api/v1/executions?limit=1")["executions"][0]
        assert newest["scheduled_time"] == rfc3339(FIRST_US + (ROWS + 10) * MINUTE_US)
        assert newest["node_id"] == "import:cron"
