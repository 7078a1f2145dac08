"""Three real nodes: leaders die while past fire times are run and jobs are held back."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.kit.cluster import Cluster, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

FIRES = 400


def test_a_backfill_and_a_pause_outlive_their_leaders(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        past = job("past", f"{sink.url}/past", schedule="* * * * * *", concurrency="allow")
        past |= {"enabled": False, "retry_policy": {"max_attempts": 1}}
        leader.request("POST", "/api/v1/jobs", json=past)
        held = job("held", f"{sink.url}/held", tags={"team": "data"})
        leader.request("POST", "/api/v1/jobs", json=held)
        pause = leader.request("POST", "/api/v1/pauses", json={"scope": "tag:team=data"})
        until = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # a test has a clock
        since = until - timedelta(seconds=FIRES)
        body = {"from": since.isoformat(), "until": until.isoformat(), "which": "all"}
        body |= {"parallel": 4}
        backfill = leader.request("POST", "/api/v1/jobs/default/past/backfill", json=body)
        assert backfill["total"] == FIRES
        for _ in range(2):
            begun = len(sink.arrivals)
            wait_for(lambda begun=begun: len(sink.arrivals) > begun + 20, what="runs of it")
            leader = nodes.leader()
            leader.kill()
            time.sleep(2)
            nodes.leader()
            leader.start()
            wait_for(leader.healthy, what=f"{leader.name} is back")
        done = wait_for(lambda: _done(nodes, backfill["id"]), what="the backfill's end")
        assert done["succeeded"] == FIRES
        keys: dict[str, set[str]] = defaultdict(set)
        for arrival in sink.arrivals:
            if arrival.path == "/past":
                keys[arrival.scheduled].add(arrival.key)
        assert len(keys) == FIRES
        assert all(len(ids) == 1 for ids in keys.values()), "one fire time, two execution ids"
        during = [one for one in sink.arrivals if one.path == "/held"]
        assert all(_moment(one.scheduled) < _moment(pause["from"]) for one in during)
        leader = nodes.leader()
        why = leader.request("GET", "/api/v1/jobs/default/held/why")
        assert why["verdict"] in ("skipped", "paused"), why
        leader.request("DELETE", f"/api/v1/pauses/{pause['id']}")
        wait_for(lambda: len([a for a in sink.arrivals if a.path == "/held"]) > len(during))


def _done(nodes: Cluster, identity: str) -> dict[str, object] | None:
    try:
        found: dict[str, object] = nodes.leader().request("GET", f"/api/v1/backfills/{identity}")
    except (httpx.HTTPError, AssertionError):
        return None
    return found if found["state"] == "done" else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
