"""Nodes restarted one after the other, as an operator does: a leader hands over, none is missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.jobs_at_work import JOBS, caught_up, check_nothing_missed, start_jobs, stop_jobs
from tests.kit.cluster import cluster, target, wait_for

pytestmark = pytest.mark.cluster


def test_a_rolling_restart_misses_no_fire_time_and_repeats_none(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        start_jobs(nodes, sink.url)
        wait_for(lambda: len(sink.arrivals) > JOBS, what="the first fires")
        for node in [*nodes.followers(), nodes.leader()]:
            leads = node is nodes.leader()
            assert node.stop() == 0
            successor = nodes.leader()
            if leads:
                assert "leadership taken" in successor.log()
            node.start()
            caught_up(nodes, node)
        stop_jobs(nodes)
        check_nothing_missed(sink.arrivals)
        wait_for(nodes.settled, what="all at one index")
        first, *others = [node.executions() for node in nodes.nodes]
        assert all(other == first for other in others)
        again = [row for row in first if row["attempts"] > 1]
        assert len(again) <= len(first) // 50, "a hand-over sends little a second time"
