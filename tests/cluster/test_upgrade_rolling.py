"""Two older nodes beside a new one, then one upgraded after the other, while jobs fire."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.version import LEVEL
from tests.cluster.jobs_at_work import caught_up, check_nothing_missed, start_jobs, stop_jobs
from tests.kit.cluster import Cluster, cluster, target, wait_for

pytestmark = pytest.mark.cluster

OLDER = ("tests.cluster.older_node",)


def levels(nodes: Cluster) -> tuple[list[int], set[int]]:
    """What each says of itself, and what all say of the cluster."""
    marks = [node.status() for node in nodes.nodes]
    return [mark["level"] for mark in marks], {mark["cluster_level"] for mark in marks}


def test_nodes_of_two_builds_run_together_and_are_upgraded_one_by_one(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3, OLDER) as nodes:
        assert levels(nodes) == ([LEVEL - 1] * 3, {LEVEL - 1})
        start_jobs(nodes, sink.url)
        this = nodes.nodes[0].program = ("app.cli.serve",)
        for done, node in enumerate(nodes.nodes, start=1):
            assert node.stop() == 0
            node.program = this
            node.start()
            caught_up(nodes, node)
            own = [LEVEL] * done + [LEVEL - 1] * (3 - done)
            least = LEVEL if done == 3 else LEVEL - 1
            wait_for(lambda own=own, least=least: levels(nodes) == (own, {least}))  # type: ignore[misc]  # bound at once
            begun = len(sink.arrivals)
            wait_for(lambda begun=begun: len(sink.arrivals) > begun, what="jobs fire")  # type: ignore[misc]  # as above
        stop_jobs(nodes)
        check_nothing_missed(sink.arrivals)
        wait_for(nodes.settled, what="all at one index")
        first, *others = [node.executions() for node in nodes.nodes]
        assert all(other == first for other in others)
