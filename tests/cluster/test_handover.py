"""Leadership is handed over by whichever node is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.cluster import cluster, wait_for

pytestmark = pytest.mark.cluster


def test_a_follower_that_is_asked_to_lead_has_the_leader_hand_over(tmp_path: Path) -> None:
    with cluster(tmp_path, 3) as nodes:
        former = nodes.leader()
        next_leader, asked = nodes.followers()

        def registered() -> bool:
            return next_leader.name in [one["node_id"] for one in asked.status()["nodes"]]

        wait_for(registered, what=f"{asked.name} knows {next_leader.name} by its name")

        def handed_over() -> bool:
            # Best effort: refused while the successor lacks the newest entry, so ask again.
            asked.request("POST", "/api/v1/cluster/transfer", json={"to": next_leader.name})
            return nodes.leader() is not former

        wait_for(handed_over, what=f"{former.name} hands over")
        wait_for(lambda: nodes.leader() is next_leader, what=f"{next_leader.name} leads")
