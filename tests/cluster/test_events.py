"""Events over three real nodes: the same places everywhere, so that a reader outlives its node."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.client.client import Client
from tests.kit.cluster import cluster, job, target, wait_for

pytestmark = pytest.mark.cluster


def test_a_reader_goes_on_at_another_node_when_its_own_dies(tmp_path: Path) -> None:
    with target() as called, cluster(tmp_path, 3) as nodes:
        leader, follower = nodes.leader(), nodes.followers()[0]
        leader.request("POST", "/api/v1/jobs", json=job("beat", called.url))
        first = Client(leader.url)
        following = first.follow_events("0-0", kind="claimed,ended")
        heard = [next(following) for _ in range(6)]
        following.close()
        first.close()
        leader.kill()

        second = Client(follower.url)
        following = second.follow_events(heard[-1]["id"], kind="claimed,ended,leader")
        after = [next(following) for _ in range(8)]
        following.close()
        assert [event["kind"] for event in heard + after].count("gap") == 0
        assert "leader" in [event["kind"] for event in after]
        places = [tuple(map(int, event["id"].split("-"))) for event in heard + after]
        assert places == sorted(set(places)), "each once, in the order of the log"
        remembered = second.recent_events(limit=1000, kind="claimed,ended")["events"]
        assert list(reversed(remembered))[: len(heard)] == heard
        second.close()

        leader.start()
        wait_for(leader.healthy)
        again = Client(leader.url)
        wait_for(lambda: again.recent_events(after[-1]["id"])["events"], what="it catches up")
        again.close()
