"""Timeline, Calendar and Live: what they ask for, and where a choice leads."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.pages.test_pages import press, texts

SINCE, UNTIL = "2026-11-25T14:00:00+00:00", "2026-11-25T15:00:00+00:00"
DAY = {"timeline_from": "2026-11-25T00:00:00+00:00", "timeline_to": "2026-11-26T00:00:00+00:00"}


def asked(client: Any, method: str) -> dict[str, Any]:
    kwargs: dict[str, Any] = client.called(method)[-1][1]
    return kwargs


def named(elements: Any, label: str) -> Any:
    (found,) = (element for element in elements if element.label == label)
    return found


def pick(at: AppTest, selection: dict[str, Any]) -> AppTest:
    """Select in the chart of the window from SINCE to UNTIL."""
    at.session_state[f"timeline_chart_{SINCE}_{UNTIL}_1:00:00"] = {"selection": selection}
    return at.run(timeout=30)


# ---- timeline -----------------------------------------------------------------------------------


def test_a_window_follows_now_and_shows_a_sixth_ahead(pages: Any, client: Any) -> None:
    pages.open("operate.timeline", timeline_window="6h")
    window = asked(client, "timeline")
    length = datetime.fromisoformat(window["until"]) - datetime.fromisoformat(window["since"])
    assert length == timedelta(hours=7)


def test_a_link_to_a_window_is_shown_as_it_says(pages: Any, client: Any) -> None:
    pages.open(
        "operate.timeline",
        timeline_from=SINCE,
        timeline_to=UNTIL,
        timeline_q="nightly",
        timeline_tag="team:data, owner",
        timeline_by="namespace",
        timeline_status="failed",
    )
    assert asked(client, "timeline") == {
        "since": SINCE,
        "until": UNTIL,
        "q": "nightly",
        "namespace": None,
        "tag": ["team:data", "owner"],
        "by": "namespace",
        "status": "failed",
    }


@pytest.mark.parametrize(
    ("since", "until"), [("yesterday", UNTIL), (UNTIL, SINCE), (SINCE, ""), ("2026-11-25", UNTIL)]
)
def test_a_window_that_means_nothing_follows_now(
    pages: Any, client: Any, since: str, until: str
) -> None:
    at = pages.open("operate.timeline", timeline_from=since, timeline_to=until)
    assert not at.exception
    assert asked(client, "timeline")["until"] != UNTIL


@pytest.mark.parametrize(
    ("label", "since", "until"),
    [
        ("Earlier", "2026-11-25T13:30:00+00:00", "2026-11-25T14:30:00+00:00"),
        ("Later", "2026-11-25T14:30:00+00:00", "2026-11-25T15:30:00+00:00"),
        ("Closer", "2026-11-25T14:15:00+00:00", "2026-11-25T14:45:00+00:00"),
        ("Wider", "2026-11-25T13:30:00+00:00", "2026-11-25T15:30:00+00:00"),
    ],
)
def test_a_window_is_moved_and_stretched(
    pages: Any, client: Any, label: str, since: str, until: str
) -> None:
    press(pages.open("operate.timeline", timeline_from=SINCE, timeline_to=UNTIL), label)
    window = asked(client, "timeline")
    assert (window["since"], window["until"]) == (since, until)


def test_now_follows_again(pages: Any, client: Any) -> None:
    at = press(pages.open("operate.timeline", timeline_from=SINCE, timeline_to=UNTIL), "Now")
    assert "timeline_from" not in at.query_params
    assert asked(client, "timeline")["until"] != UNTIL


@pytest.mark.parametrize(
    ("go", "page", "params"),
    [
        ("run:exe_a", "execution", {"id": "exe_a"}),
        ("job:job_a", "job", {"id": "job_a"}),
    ],
)
def test_a_click_opens_what_it_points_at(
    pages: Any, go: str, page: str, params: dict[str, str]
) -> None:
    at = pages.open("operate.timeline", timeline_from=SINCE, timeline_to=UNTIL)
    pick(at, {"chosen": [{"go": go}], "zoom": {}})
    assert pages.went == [(page, params)]


@pytest.mark.parametrize(
    "selection",
    [
        {"zoom": {"begin": [600_000, 1_200_000]}},
        {"chosen": [{"go": "zoom:650000:1150000"}]},
    ],
)
def test_a_drag_and_a_click_on_many_runs_look_closer(
    pages: Any, client: Any, selection: dict[str, Any]
) -> None:
    at = pages.open("operate.timeline", timeline_from=SINCE, timeline_to=UNTIL)
    pick(at, selection)
    window = asked(client, "timeline")
    assert window["since"] == "2026-11-25T14:10:00+00:00"
    assert window["until"] == "2026-11-25T14:20:00+00:00"


def test_an_empty_window_says_what_to_do(pages: Any, client: Any) -> None:
    client.answers["timeline"] = {**client.answers["timeline"], "lanes": [], "lanes_total": 0}
    assert "Nothing in this window" in texts(pages.open("operate.timeline"))


# ---- calendar -----------------------------------------------------------------------------------


def test_the_calendar_asks_for_the_year_and_the_zone(pages: Any, client: Any) -> None:
    pages.open("operate.calendar", calendar_zone="Asia/Tokyo", calendar_job="default/x")
    year = asked(client, "calendar")
    assert (year["zone"], year["job_id"], year["namespace"]) == ("Asia/Tokyo", "default/x", None)


def test_a_zone_that_is_none_is_named(pages: Any, client: Any) -> None:
    at = pages.open("operate.calendar", calendar_zone="Mars/Base")
    assert "Mars/Base" in at.warning[0].value
    assert not client.called("calendar")


def test_a_chosen_day_leads_to_its_timeline_and_its_executions(pages: Any) -> None:
    at = pages.open("operate.calendar")
    at = named(at.date_input, "Day").set_value(date(2026, 11, 25)).run(timeout=30)
    assert "3 runs, 1 failed" in texts(at)
    press(at, "Timeline of that day")
    at = pages.open("operate.calendar")
    at = named(at.date_input, "Day").set_value(date(2026, 11, 25)).run(timeout=30)
    press(at, "Executions that ended")
    ends = {key.replace("timeline_from", "since"): value for key, value in DAY.items()}
    assert pages.went == [
        ("timeline", DAY),
        (
            "executions",
            {
                "executions_since": ends["since"],
                "executions_until": ends["timeline_to"],
            },
        ),
    ]


def test_a_chosen_day_comes_from_the_address(pages: Any) -> None:
    assert "3 runs, 1 failed" in texts(pages.open("operate.calendar", calendar_day="2026-11-25"))
    elsewhere = pages.open("operate.calendar", calendar_day="2025-11-25")
    assert not elsewhere.exception
    assert named(elsewhere.date_input, "Day").value is None


def test_executions_of_a_stretch_are_asked_for_and_left_again(pages: Any, client: Any) -> None:
    at = pages.open("operate.executions", executions_since=SINCE, executions_until=UNTIL)
    assert asked(client, "executions")["until"] == UNTIL
    press(at, "All times")
    assert asked(client, "executions")["until"] is None


def test_a_year_without_runs_says_so(pages: Any, client: Any) -> None:
    client.answers["calendar"] = {**client.answers["calendar"], "days": [], "hours": []}
    assert "Nothing ran in 2026" in texts(pages.open("operate.calendar"))


# ---- live ---------------------------------------------------------------------------------------


def test_events_are_asked_for_from_where_one_was(pages: Any, client: Any) -> None:
    at = pages.open("operate.live", live_kind="ended", live_q="night")
    ((args, kwargs),) = client.called("recent_events")
    assert args == (None,)
    assert (kwargs["kind"], kwargs["q"]) == ("ended", "night")
    at.run(timeout=30)
    assert client.called("recent_events")[-1][0] == ("7-0",)
    (table,) = at.dataframe
    assert len(table.value) == 2


def test_a_pause_keeps_what_is_shown(pages: Any, client: Any) -> None:
    at = pages.open("operate.live", live_pause="true")
    at.run(timeout=30)
    assert len(client.called("recent_events")) == 1
    assert len(at.dataframe) == 1


def test_other_filters_begin_anew(pages: Any, client: Any) -> None:
    at = pages.open("operate.live")
    at = named(at.text_input, "Namespace").set_value("ops").run(timeout=30)
    args, kwargs = client.called("recent_events")[-1]
    assert (args, kwargs["namespace"]) == ((None,), "ops")


def test_the_row_that_was_chosen_is_opened_whatever_came_since(pages: Any, client: Any) -> None:
    at = pages.open("operate.live")
    event = client.answers["recent_events"]["events"][0]
    newer = {**event, "id": "8-0", "execution_id": "exe_b"}
    client.answers["recent_events"] = {"events": [newer], "newest": "8-0", "missed": False}
    at.session_state["live_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run(timeout=30)
    assert pages.went == [("execution", {"id": "exe_a"})]


def test_lost_events_and_silence_are_said(pages: Any, client: Any, silence: Exception) -> None:
    client.answers["recent_events"] = {"events": [], "newest": "9-0", "missed": True}
    at = pages.open("operate.live")
    assert "too many" in at.warning[0].value
    press(at, "Clear")
    client.refuse("recent_events", silence)
    assert "does not answer" in texts(pages.open("operate.live"))
