"""Jobs that fire every second while nodes come and go, and whether one fire was missed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from tests.kit.cluster import Arrival, Cluster, Node, job, wait_for

JOBS = 20
EVERY = {"concurrency": "allow", "missed_run_policy": "execute_all"}
"""However long this machine takes to elect, no fire time may be left out."""


def start_jobs(nodes: Cluster, url: str, jobs: int = JOBS) -> None:
    documents = [job(f"j{k}", f"{url}/{k}", **EVERY) for k in range(jobs)]
    nodes.leader().request("POST", "/api/v1/jobs/batch", json={"jobs": documents})


def stop_jobs(nodes: Cluster, jobs: int = JOBS) -> None:
    leader = nodes.leader()
    for k in range(jobs):
        leader.request("POST", f"/api/v1/jobs/default%2Fj{k}/disable")
    wait_for(lambda: leader.status()["running"] == 0, what="the last runs end")


def caught_up(nodes: Cluster, node: Node) -> None:
    """As the how-to says: it is healthy, and another node shows it connected with lag 0."""
    wait_for(node.healthy, what=f"{node.name} is back: {node.data_dir}")

    def shown() -> bool:
        rows = nodes.leader().status()["nodes"]
        return all(row["connected"] and not row["lag"] for row in rows)

    wait_for(shown, what=f"{node.name} has caught up")


def check_nothing_missed(arrivals: list[Arrival], jobs: int = JOBS) -> None:
    seconds: dict[str, set[int]] = defaultdict(set)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arrival in arrivals:
        seconds[arrival.path].add(int(datetime.fromisoformat(arrival.scheduled).timestamp()))
        keys[arrival.path, arrival.scheduled].add(arrival.key)
    assert len(seconds) == jobs
    for path, fired in seconds.items():
        missing = set(range(min(fired), max(fired) + 1)) - fired
        assert not missing, f"{path} missed {sorted(missing)}"
    doubles = {where: ids for where, ids in keys.items() if len(ids) > 1}
    assert not doubles, "one fire time, two execution ids"
