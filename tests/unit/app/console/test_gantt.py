"""The Gantt: where marks stand, what they lead to, and what the axis says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.console.widgets.gantt import LEVELS_MAX, gantt

SINCE = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR_MS = 3_600_000


def at(minutes: float) -> str:
    return (SINCE + timedelta(minutes=minutes)).isoformat()


def mark(begin: float | None, end: float | None, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "run",
        "runs": 1,
        "from": None if begin is None else at(begin),
        "to": None if end is None else at(end),
        "status": "success",
        "execution_id": "exe_a",
        "job_id": "job_a",
        "job_name": "a",
        "fire": None,
        "lateness_ms": None,
        "counts": {"success": 1},
        **fields,
    }


def drawn(*marks: dict[str, Any], label: str = "ns/a", **lane: Any) -> dict[str, Any]:
    row = {"label": label, "cell_s": 0.0, "planned_more": False, "marks": list(marks), **lane}
    board = {"since": at(0), "until": at(60), "now": at(50), "lanes": [row]}
    return gantt(board, "UTC")


def values(spec: dict[str, Any], layer: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["layer"][layer]["data"]["values"]
    return found


LEADS, BARS, MORE, PLANNED, NOW = range(5)


def test_what_overlaps_stands_stacked_and_what_does_not_stands_alike() -> None:
    apart = values(drawn(mark(1, 5), mark(6, 9)), BARS)
    assert apart[0]["y"] == apart[1]["y"]
    over = values(drawn(mark(1, 5), mark(3, 9), mark(6, 7)), BARS)
    first, second, third = over
    assert first["y2"] <= second["y"]
    assert third["y"] == first["y"]


def test_many_that_overlap_share_the_lane() -> None:
    bars = values(drawn(*(mark(1, 30) for _ in range(20))), BARS)
    assert len({bar["y"] for bar in bars}) == LEVELS_MAX
    assert all(0 < bar["y"] < bar["y2"] < 1 for bar in bars)


def test_a_bar_too_short_to_be_seen_is_drawn_wide_enough() -> None:
    (bar,) = values(drawn(mark(10, 10)), BARS)
    assert bar["end"] - bar["begin"] > HOUR_MS / 1000


def test_an_open_run_reaches_to_now_and_one_that_waits_has_a_lead() -> None:
    running = mark(20, None, kind="open", status="running")
    (bar,) = values(drawn(running), BARS)
    assert (bar["begin"], bar["end"]) == (20 * 60_000, 50 * 60_000)
    waiting = mark(None, None, kind="open", status="pending", fire=at(30))
    (lead,) = values(drawn(waiting), LEADS)
    assert (lead["begin"], lead["end"]) == (30 * 60_000, 50 * 60_000)


def test_a_late_start_has_a_lead_in_from_its_fire_time() -> None:
    (lead,) = values(drawn(mark(11, 12, fire=at(10))), LEADS)
    assert (lead["begin"], lead["end"]) == (10 * 60_000, 11 * 60_000)
    assert values(drawn(mark(10, 12, fire=at(10))), LEADS) == []
    assert values(drawn(mark(-5, 12, fire=at(-6))), LEADS) == []


def test_a_merged_bar_shows_each_outcome_and_leads_closer() -> None:
    counts = {"success": 998, "failed": 2, "skipped": 0}
    bars = values(drawn(mark(10, 12, runs=1000, status="failed", counts=counts), cell_s=60.0), BARS)
    assert [bar["status"] for bar in bars] == ["failed", "success"]
    assert bars[0]["y2"] - bars[0]["y"] > 0.05
    assert bars[0]["end"] == 11 * 60_000
    assert bars[0]["go"] == f"zoom:{10 * 60_000}:{12 * 60_000}"
    assert bars[0]["what"] == "1000 runs: 998 success, 2 failed"


def test_planned_fires_are_rings_until_they_are_too_many() -> None:
    fires = [mark(at_, at_, kind="planned", fire=at(at_)) for at_ in (51, 53, 55)]
    spec = drawn(*fires)
    assert [ring["go"] for ring in values(spec, PLANNED)] == ["job:job_a"] * 3
    assert values(spec, MORE) == []
    spec = drawn(*fires, planned_more=True)
    assert values(spec, MORE)[0]["end"] == HOUR_MS
    dense = [mark(at_, at_, kind="planned", fire=at(at_)) for at_ in (51, 51.1, 51.2)]
    spec = drawn(*dense)
    assert len(values(spec, PLANNED)) == 1
    assert values(spec, MORE)[0]["end"] == 51.2 * 60_000


def test_now_is_drawn_only_where_it_is_in_the_window() -> None:
    assert len(drawn(mark(1, 2))["layer"]) == 5
    past = {"since": at(0), "until": at(60), "now": at(90), "lanes": []}
    assert len(gantt(past, "UTC")["layer"]) == 4


def test_a_label_of_a_lane_is_text_whatever_it_says() -> None:
    evil = "'] + alert(1) + ['\"\u2028"
    axis = drawn(mark(1, 2), label=evil)["encoding"]["y"]["axis"]
    assert axis["labelExpr"].isascii()
    assert '\\"\\u2028"' in axis["labelExpr"]
    assert drawn(mark(1, 2), label="")["encoding"]["y"]["axis"]["labelExpr"].startswith('["none"]')
