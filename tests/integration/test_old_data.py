"""Data directories of older builds open, with their jobs, their past and their next fire times.

Each lies under `tests/data/nodes` as that build's own `chronos backup` wrote it, beside what that
build's REST API told before it ended: by an orderly stop at level 0, by SIGKILL at level 1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.datadir import restore
from engine.core.clock import SystemClock, rfc3339
from engine.timing.parse import parse_schedule
from tests.kit.cluster import ROOT, Node, cluster, wait_for

KEPT = ROOT / "tests" / "data" / "nodes"
LEVELS = sorted(path.stem for path in KEPT.glob("*.json"))

CHANGED = {"next_run", "webhook", "updated_at", "paused", "last_run", "last_status"}
"""Of a job: what time moves on, or what later levels put more into."""


def test_each_level_of_the_log_but_this_one_is_kept() -> None:
    assert LEVELS == ["level-0", "level-1"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_data_of_an_older_build_opens(tmp_path: Path, level: str) -> None:
    told: dict[str, Any] = json.loads((KEPT / f"{level}.json").read_text())
    restore(KEPT / f"{level}.tar.gz", tmp_path / "n1", replace=False)
    with cluster(tmp_path, 1) as nodes:
        (node,) = nodes.nodes
        status = node.status()
        assert status["applied_index"] > told["applied_index"]
        assert status["alarms"] == []
        jobs = {job["id"]: job for job in node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]}
        assert set(jobs) == {job["id"] for job in told["jobs"]}
        for old in told["jobs"]:
            new = jobs[old["id"]]
            assert {k: new[k] for k in old if k not in CHANGED} == {
                k: v for k, v in old.items() if k not in CHANGED
            }
            assert old["webhook"].items() <= new["webhook"].items()
            assert (new["next_run"] is None) == (old["next_run"] is None)
        wait_for(nodes.settled, what="the past is written down")
        runs = {run["id"]: run for run in node.executions()}
        for old in told["executions"]:
            assert old.items() <= runs[old["id"]].items()
        check_next(node, jobs)
        again(node)


def check_next(node: Node, jobs: dict[str, Any]) -> None:
    """The fire time that today's rules give for the yearly job."""
    yearly = next(job for job in jobs.values() if job["name"] == "yearly")
    schedule = parse_schedule(yearly["schedule"], yearly["timezone"])
    assert yearly["next_run"] == rfc3339(schedule.next_after(SystemClock().now_us()))


def again(node: Node) -> None:
    """It takes new work, and keeps both over a restart and a snapshot of its own."""
    before = len(node.executions())
    node.request("POST", "/api/v1/jobs/default%2Foff/trigger")
    wait_for(lambda: len(node.executions()) > before, what="a new run is told of")
    assert node.stop() == 0
    node.start()
    wait_for(node.healthy, what="it is back")
    assert len(node.executions()) > before
