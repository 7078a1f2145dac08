"""A real node finds what is unusual in its jobs' runs, and people's judgement survives its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.kit.cluster import Node, cluster, job, target, wait_for

pytestmark = pytest.mark.slow


def found(node: Node) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = node.request("GET", "/api/v1/findings")["findings"]
    return rows


def charted(node: Node) -> dict[str, Any]:
    path = "/api/v1/jobs/default%2Fbad/anomalies?detector=failure_spike"
    chart: dict[str, Any] = node.request("GET", path)
    return chart


def test_a_failing_job_is_found_judged_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHRONOS_ANALYTICS__INTERVAL", "1s")
    with target() as sink, cluster(tmp_path, 1) as nodes:
        node = nodes.leader()
        once = {"max_attempts": 1}
        bad = job("bad", "http://127.0.0.1:9/", retry_policy=once)
        node.request("POST", "/api/v1/jobs/batch", json={"jobs": [bad, job("good", sink.url)]})
        wait_for(lambda: found(node), what="a finding")
        (finding,) = found(node)
        assert (finding["job_name"], finding["detector"]) == ("bad", "failure_spike")
        assert finding["evidence"].startswith("100 %")
        node.request("POST", f"/api/v1/findings/{finding['id']}/mute?note=known")

        node.kill()
        node.start()
        wait_for(node.healthy)
        (again,) = found(node)
        assert (again["id"], again["state"], again["note"]) == (finding["id"], "muted", "known")
        wait_for(lambda: charted(node)["verdict"]["unusual"] > 1, what="a second failure")
        chart = charted(node)
        assert chart["runs"][-1]["flagged"]
        assert chart["verdict"]["latest"] == chart["verdict"]["unusual"]
        words = chart["verdict"]["words"]
        assert "runs left the band, the latest" in words
        asked = ("job", "anomalies", "default/bad", "--detector", "failure_spike")
        told_by_cli = CliRunner().invoke(app, ["--url", node.url, *asked]).stdout
        assert "Judged by failure_spike (" in told_by_cli
        assert chart["runs"][-1]["execution_id"] in told_by_cli

        def told() -> list[Any]:
            sql = "SELECT state, changed_by FROM findings ORDER BY raft_index DESC LIMIT 1"
            rows: list[Any] = node.request("POST", "/api/v1/sql", json={"sql": sql})["rows"]
            return rows

        wait_for(lambda: [row[0] for row in told()] == ["muted"], what="it is exported")
