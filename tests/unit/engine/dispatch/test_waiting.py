"""Who goes first, and who waits for whom."""

from __future__ import annotations

import random

import pytest
from msgspec import structs

from engine.dispatch.dispatcher import Request
from engine.dispatch.prepared import prepare_once, target_of, target_once
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


class PlainLook:
    """The same by a look at all that waits."""

    def __init__(self, *, per_job_max: int, per_target_max: int):
        self.bounds = (per_job_max, per_target_max)
        self.waiting: dict[str, tuple[int, int, str, str]] = {}
        self.running: list[tuple[str, str]] = []
        self.order = 0

    def add(self, name: str, job: str, host: str, at: int) -> None:
        self.order += 1
        self.waiting[name] = (at, self.order, job, host)

    def fits(self, job: str, host: str) -> bool:
        counts = (sum(one[k] == name for one in self.running) for k, name in enumerate((job, host)))
        pairs = zip(counts, self.bounds, strict=True)
        return all(bound == 0 or count < bound for count, bound in pairs)

    def take(self) -> str | None:
        for name, (_, _, job, host) in sorted(self.waiting.items(), key=lambda item: item[1]):
            if self.fits(job, host):
                del self.waiting[name]
                self.running.append((job, host))
                return name
        return None


def test_who_goes_is_whom_a_look_at_all_would_find() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        bounds = {"per_job_max": chance.randint(0, 2), "per_target_max": chance.randint(0, 3)}
        waiting, plain = Waiting(**bounds), PlainLook(**bounds)
        running: list[Taken] = []
        for k in range(80):
            what = chance.random()
            if what < 0.5:
                name = f"e{chance.randint(0, k)}"
                job, host, at = chance.choice("abc"), chance.choice("xyz"), chance.randint(0, 5)
                waiting.add(*request(name, job, host, at))
                plain.add(name, job, host, at)
            elif what < 0.6:
                name = f"e{chance.randint(0, k)}"
                waiting.drop(name)
                plain.waiting.pop(name, None)
            elif what < 0.62:
                waiting.clear()
                plain.waiting.clear()
            elif what < 0.8 or not running:
                one = waiting.take()
                assert plain.take() == (one and one.request.execution.id), seed
                running += [one] if one else []
            else:
                ended = chance.randrange(len(running))
                waiting.done(running.pop(ended))
                del plain.running[ended]
            assert len(waiting) == len(plain.waiting)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a/1", "a:80"),
        ("http://u:p@A:80/2", "a:80"),
        ("http://A.B-c:080?x=1", "a.b-c:80"),
        ("https://a/1", "a:443"),
        ("http://a:0/", "a:80"),
        ("http://a:99999/", "http://a:99999/"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_target_is_a_host_and_port(url: str, target: str) -> None:
    assert target_of(url) == target
    job = known("job_a", spec("a", webhook={"url": "http://first/"}))
    assert target_once(job) == "first:80"
    prepare_once(job)
    job = structs.replace(
        job, spec=structs.replace(job.spec, webhook=structs.replace(job.spec.webhook, url=url))
    )
    assert target_once(job) == target, "one execution may be sent elsewhere"
    prepare_once(job)
    assert target_once(job) == target
