from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.replay.export import session_document
from analytics.replay.recording import recording_of
from analytics.replay.session import Session
from app.workbench.recordings import RecentRecordings
from engine.core.errors import InvalidDocument
from tests.kit.recordings import execution, retried


def session(**fields: Any) -> dict[str, Any]:
    return session_document(Session(recording_of(retried(**fields))))


async def taken(recordings: RecentRecordings, document: Any) -> str:
    _, name = await recordings.take_session(document, field="session")
    assert name is not None
    return name


async def test_what_was_sent_is_found_by_its_name_and_read_once() -> None:
    recordings = RecentRecordings()
    first, name = await recordings.take_session(session(), field="session")
    again, same = await recordings.take_session(session(), field="session")
    assert again is first
    assert same == name
    assert recordings.of_name(str(name)) is first
    assert recordings.of_execution(str(name)) is None


async def test_the_longest_unused_goes_first_when_there_is_no_room() -> None:
    recordings = RecentRecordings(bytes_max=5 * len(json.dumps(session())) // 2)
    first, second = [await taken(recordings, session(id=identity)) for identity in "ab"]
    assert recordings.of_name(first)
    third = await taken(recordings, session(id="c"))
    kept = [recordings.of_name(name) is not None for name in (first, second, third)]
    assert kept == [True, False, True]


async def test_the_newest_stays_however_large_it_is() -> None:
    recordings = RecentRecordings(bytes_max=1)
    first = await taken(recordings, session(id="a"))
    second = await taken(recordings, session(id="b"))
    assert recordings.of_name(first) is None
    assert recordings.of_name(second) is not None


async def test_what_is_at_fault_is_refused_each_time() -> None:
    recordings = RecentRecordings()
    for _ in range(2):
        with pytest.raises(InvalidDocument):
            await recordings.take_session({**session(), "version": 9}, field="session")


async def test_what_is_nested_too_deep_to_be_named_is_walked_all_the_same() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    recording, name = await RecentRecordings().take_session(
        {**session(), "remark": deep}, field="session"
    )
    assert (len(recording), name) == (11, None)


def test_only_an_execution_that_is_over_is_kept() -> None:
    recordings = RecentRecordings()
    recordings.take_execution(retried(id="exe_open", completed_at=None))
    recordings.take_execution(execution(id="exe_over"))
    assert recordings.of_execution("exe_open") is None
    assert recordings.of_execution("exe_over") is not None
