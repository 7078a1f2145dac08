"""What is sent and stopped when an entry is applied; a whole node is simulated elsewhere."""

from __future__ import annotations

from typing import Any

from app.dispatch_feed import DispatchFeed
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import (
    ClaimLeadership,
    Command,
    Committed,
    CreateJobs,
    Fire,
    StartExecutions,
)
from tests.kit.jobs import SECOND, new_job


class Hands:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.told: list[str] = []

    def submit(self, requests: list[Any]) -> None:
        self.sent += [request.execution.id for request in requests]

    def cancel(self, execution_id: str) -> None:
        self.told.append(f"cancel {execution_id}")

    def forget(self) -> None:
        self.told.append("forget")


class Led:
    """A node's replica and hands, under the leadership of its first entry."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda _held, _through: None)
        hands: Any = self.hands
        self.replica.subscribe(DispatchFeed(self.replica.view, hands, lambda: 1).take)
        self.heard: list[Committed] = []
        self.replica.subscribe(self.heard.append)
        self.do(ClaimLeadership(node="n1", nonce="1"))

    def do(self, command: Command) -> Committed:
        entry = Entry(at=100 * SECOND, actor="n1", request_id="", command=command)
        self.replica.apply(len(self.heard) + 1, encode(entry))
        return self.heard[-1]


def test_what_is_replaced_in_the_entry_that_began_it_is_not_sent() -> None:
    led = Led()
    led.do(CreateJobs(jobs=(new_job(next_us=10 * SECOND, concurrency="replace"),)))
    fires = tuple(Fire("job_backup", 1, at * SECOND, (at + 10) * SECOND) for at in (10, 20, 30))
    begun = led.do(StartExecutions(epoch=1, fires=fires)).result.value
    assert len(begun) == 3
    assert led.hands.sent == begun[2:], "two were replaced by what came after them"


def test_what_waits_under_an_older_leadership_is_dropped_when_another_is_claimed() -> None:
    led = Led()
    led.hands.told.clear()
    led.do(ClaimLeadership(node="n2", nonce="2"))
    assert led.hands.told == ["forget"]
