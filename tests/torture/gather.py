"""From every node, what its history says: through the same door that people ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.kit.cluster import wait_for
from tests.torture.nodes import Node
from tests.torture.records import Attempt, Change, History, Run

PAGE = 50_000
EXECUTIONS = """
    SELECT raft_index, raft_pos, epoch_us(recorded_at), id, job_id, job_name, status, reason,
        "trigger", epoch_us(scheduled_time), epoch_us(scheduled_until), epoch_us(started_at),
        epoch_us(completed_at), fires
    FROM executions"""
ATTEMPTS = "SELECT raft_index, raft_pos, execution_id, attempt, outcome FROM attempts"
CHANGES = """
    SELECT raft_index, raft_pos, epoch_us(recorded_at), job_id, job_name, version, change, config
    FROM job_versions"""


def history_of(node: Node) -> History:
    """The whole history of a node that has written down all that it applied.

    Its SQL reads what was last exported, so this waits until that happened again, twice.
    """
    _wait_for_an_export(node)
    _wait_for_an_export(node)
    return History(
        runs=[Run(*row) for row in _rows(node, EXECUTIONS)],
        attempts=[Attempt(*row) for row in _rows(node, ATTEMPTS)],
        changes=[Change(*[*row[:-1], _config(row[-1])]) for row in _rows(node, CHANGES)],
    )


def _wait_for_an_export(node: Node) -> None:
    before = _as_of(node)
    wait_for(lambda: _as_of(node) != before, what=f"{node.name} exports")


def _as_of(node: Node) -> str:
    return str(node.ask("POST", "/api/v1/sql", json={"sql": "SELECT 1"}, seconds=60)["as_of"])


def _rows(node: Node, select: str) -> Iterator[list[Any]]:
    place = (-1, -1)
    while True:
        where = f"WHERE (raft_index, raft_pos) > {place} ORDER BY raft_index, raft_pos"
        question = {"sql": f"{select} {where}", "limit": PAGE}
        page = node.ask("POST", "/api/v1/sql", json=question, seconds=120)["rows"]
        yield from page
        if len(page) < PAGE:
            return
        place = (page[-1][0], page[-1][1])


def _config(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found
