"""Who goes first, and who waits for whom."""

from __future__ import annotations

import random

from engine.dispatch.dispatcher import Request
from engine.dispatch.prepared import target_of
from engine.dispatch.waiting import Taken, Waiting
from engine.model.execution import Execution, Status, Trigger
from tests.kit.jobs import known, spec


def request(
    execution: str, job: str = "a", host: str = "one", scheduled_us: int = 1
) -> tuple[Request, str]:
    """A request and the target that it names."""
    made = Request(
        execution=Execution(
            id=execution,
            job_id=job,
            job_version=1,
            trigger=Trigger.SCHEDULE,
            scheduled_us=scheduled_us,
            status=Status.RUNNING,
        ),
        job=known(job, spec(job, webhook={"url": f"http://{host}/"})),
    )
    return made, host


def taken(waiting: Waiting) -> list[Taken]:
    found = []
    while (one := waiting.take()) is not None:
        found.append(one)
    return found


def ids(requests: list[Taken]) -> list[str]:
    return [one.request.execution.id for one in requests]


def test_the_soonest_fire_time_goes_first_and_then_who_came_first() -> None:
    waiting = Waiting(per_job_max=0, per_target_max=0)
    for name, at in (("late", 9), ("early", 2), ("second", 2)):
        waiting.add(*request(name, scheduled_us=at))
    assert ids(taken(waiting)) == ["early", "second", "late"]


def test_a_full_target_lets_others_pass() -> None:
    waiting = Waiting(per_job_max=0, per_target_max=1)
    for k in range(3):
        waiting.add(*request(f"one{k}", job=f"j{k}"))
    waiting.add(*request("two", job="b", host="two", scheduled_us=5))
    first = taken(waiting)
    assert ids(first) == ["one0", "two"]
    assert (len(waiting), waiting.ready) == (2, False)
    waiting.done(first[0])
    assert ids(taken(waiting)) == ["one1"]


def test_what_is_dropped_while_parked_gives_its_place_to_the_next() -> None:
    waiting = Waiting(per_job_max=1, per_target_max=0)
    for k in range(4):
        waiting.add(*request(f"e{k}", scheduled_us=k))
    first = taken(waiting)
    waiting.drop("e1")
    waiting.done(first[0])
    waiting.drop("e2")
    assert ids(taken(waiting)) == ["e3"]
    assert len(waiting) == 0


def test_a_newer_attempt_takes_the_place_of_an_older_one() -> None:
    waiting = Waiting(per_job_max=0, per_target_max=0)
    waiting.add(*request("e"))
    waiting.add(*request("e"))
    assert ids(taken(waiting)) == ["e"]


def test_what_runs_still_counts_after_all_that_waits_is_forgotten() -> None:
    waiting = Waiting(per_job_max=1, per_target_max=0)
    waiting.add(*request("e0"))
    first = taken(waiting)
    waiting.add(*request("e1"))
    waiting.clear()
    waiting.add(*request("e2"))
    assert ids(taken(waiting)) == []
    waiting.done(first[0])
    assert ids(taken(waiting)) == ["e2"]


def test_whatever_is_dropped_and_ends_all_else_runs_once_within_the_bounds() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        waiting = Waiting(per_job_max=chance.randint(0, 2), per_target_max=chance.randint(0, 3))
        wanted: set[str] = set()
        ran: list[str] = []
        running: list[Taken] = []
        for k in range(60):
            name = f"e{k}"
            host = chance.choice("xyz")
            waiting.add(*request(name, chance.choice("abc"), host, chance.randint(0, 9)))
            wanted.add(name)
            if chance.random() < 0.3:
                lost = f"e{chance.randint(0, k)}"
                waiting.drop(lost)
                if lost not in ran:
                    wanted.discard(lost)
            if chance.random() < 0.5:
                running += (new := taken(waiting))
                ran += ids(new)
            if running and chance.random() < 0.5:
                waiting.done(running.pop(chance.randrange(len(running))))
        for _ in range(200):
            running += (new := taken(waiting))
            ran += ids(new)
            if running:
                waiting.done(running.pop(0))
        assert len(waiting) == 0, seed
        assert sorted(ran) == sorted(wanted), seed


def test_a_target_is_a_host_and_port() -> None:
    assert target_of("http://a/1") == target_of("http://u:p@A:80/2") != target_of("https://a/1")
    assert target_of("http://[::1") == "http://[::1"
