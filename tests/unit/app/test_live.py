"""The ring of events: bounded, in the order of the log, and honest about what it lost."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Iterator

import pytest

from app import live
from app.live import KINDS, LiveHub, Place, describe
from engine.model.job import Job
from engine.state.messages import (
    AttemptBegun,
    Committed,
    JobCreated,
    JobSwitched,
    LeadershipClaimed,
    NodeRegistered,
)
from tests.kit.cluster import wait_for
from tests.unit.engine.history.events import committed, make_job, story


def find_job(identity: str) -> Job | None:
    job = make_job()
    return job if job.id == identity else None


@pytest.fixture
def hub() -> Iterator[LiveHub]:
    hub = LiveHub(find_job, ring=5)
    hub.start()
    yield hub
    hub.stop()


def created(index: int, count: int = 1) -> Committed:
    facts = [JobCreated(job=make_job(number), next_us=None) for number in range(1, count + 1)]
    return committed(index, "CreateJobs", *facts)


def told(hub: LiveHub, index: int) -> bool:
    return hub.newest.entry == index


def test_every_fact_of_a_story_has_words_of_a_known_kind() -> None:
    entries = [
        *story(),
        committed(90, "ClaimLeadership", LeadershipClaimed(node="n2", epoch=90)),
        committed(
            91,
            "RegisterNode",
            NodeRegistered(node="n2", raft_address="a:1", http_address="a:2", version="1"),
        ),
        committed(92, "EnableJob", JobSwitched(job=make_job(), next_us=None)),
        committed(93, "DisableJob", JobSwitched(job=make_job(enabled=False), next_us=None)),
    ]
    documents = [one.document for entry in entries for one in describe(entry, find_job)]
    kinds = {document["kind"] for document in documents}
    assert kinds <= set(KINDS)
    assert {"claimed", "ended", "skipped", "job_created", "leader", "node"} <= kinds
    assert {"job_enabled", "job_disabled"} <= kinds
    assert len({document["id"] for document in documents}) == len(documents)


def test_an_execution_of_a_job_that_is_gone_is_told_by_its_id() -> None:
    (begun,) = (
        entry for entry in story()[:4] if any(isinstance(e, AttemptBegun) for e in entry.events)
    )
    document = next(describe(begun, lambda _: None)).document
    assert document["job_id"] == "job_1"
    assert document["job_name"] == ""


def test_the_ring_keeps_the_newest_and_says_what_is_gone(hub: LiveHub) -> None:
    for index in range(1, 10):
        hub.take(created(index))
    wait_for(lambda: told(hub, 9))
    happenings, missed = hub.after(Place(2, 0))
    assert [one.place.entry for one in happenings] == [5, 6, 7, 8, 9]
    assert missed
    assert hub.after(Place(4, 0)) == (happenings, False)
    happenings, missed = hub.after(Place(8, 0))
    assert [str(one.place) for one in happenings] == ["9-0"]
    assert not missed


def test_an_entry_larger_than_the_ring_is_a_gap(hub: LiveHub) -> None:
    hub.take(created(1))
    hub.take(created(2, 8))
    wait_for(lambda: told(hub, 2))
    happenings, missed = hub.after(Place(1, 0))
    assert [str(one.place) for one in happenings] == [f"2-{number}" for number in range(3, 8)]
    assert missed


def test_what_a_snapshot_stands_for_is_a_gap_once(hub: LiveHub) -> None:
    hub.restored(40)
    assert hub.after(Place(12, 0)) == ([], True)
    assert hub.newest == hub.horizon
    assert hub.after(hub.horizon) == ([], False)
    hub.take(created(41))
    wait_for(lambda: told(hub, 41))
    happenings, missed = hub.after(hub.horizon)
    assert [one.place.entry for one in happenings] == [41]
    assert not missed
    assert not hub.after(Place(41, 0))[1]


def test_entries_that_changed_nothing_are_no_events(hub: LiveHub) -> None:
    hub.take(committed(1, "Barrier"))
    hub.take(created(2))
    wait_for(lambda: told(hub, 2))
    assert [one.place.entry for one in hub.after(Place(0, 0))[0]] == [2]


async def test_a_follower_wakes_when_something_happens_and_only_then(hub: LiveHub) -> None:
    with hub.follower() as follower:
        assert hub.followers == 1
        assert not await follower.wait(0.01)
        waiting = asyncio.create_task(follower.wait(30))
        hub.take(created(1))
        assert await waiting
        assert hub.newest == Place(1, 0)
    assert hub.followers == 0


async def test_a_stopped_hub_wakes_who_waits() -> None:
    hub = LiveHub(find_job)
    hub.start()
    with hub.follower() as follower:
        hub.stop()
        assert await follower.wait(30)
    assert hub.stopped


@pytest.mark.parametrize("text", ["", "7", "a-b", "7-0-1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Place.parse(text)


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(live).failed == 0
