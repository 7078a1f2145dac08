from __future__ import annotations

import pytest

from engine.scheduler.ahead import AHEAD_US, Ahead
from engine.scheduler.planner import Plan
from engine.state.messages import (
    Accepted,
    CalendarDeleted,
    Committed,
    Event,
    FindingsForgotten,
    StartExecutions,
)

AT = 10 * AHEAD_US
PLAN = Plan(StartExecutions(epoch=1))


def committed(*events: Event) -> Committed:
    return Committed(
        index=1, at=0, actor="", kind="", target="", events=events, result=Accepted(value=None)
    )


@pytest.fixture
def ahead() -> Ahead:
    made = Ahead()
    made.add(AT, ["job_1"], PLAN)
    return made


def test_only_what_is_near_is_planned_and_one_moment_at_a_time(ahead: Ahead) -> None:
    assert not Ahead().takes(AT, AT - AHEAD_US - 1)
    assert Ahead().takes(AT, AT - AHEAD_US)
    assert not Ahead().takes(AT, AT)
    assert ahead.takes(AT, AT - 1)
    assert not ahead.takes(AT + 1, AT - 1)


def test_a_plan_is_handed_out_once_when_its_moment_has_come(ahead: Ahead) -> None:
    assert ahead.pop(AT - 1) == []
    assert ahead.pop(AT) == [(["job_1"], PLAN)]
    assert ahead.pop(AT) == []
    assert ahead.at is None


def test_a_change_of_what_a_plan_rests_on_ends_it(ahead: Ahead) -> None:
    assert not ahead.is_changed_by(committed(FindingsForgotten(before_us=1)))
    assert ahead.is_changed_by(committed(CalendarDeleted(name="bank")))
    ahead.drop()
    assert not ahead.takes(AT, AT - 1), "or edits one after the other would have it planned anew"
    assert ahead.takes(AT + 1, AT - 1)
