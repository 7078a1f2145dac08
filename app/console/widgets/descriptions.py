"""What a chart shows, in a sentence, for whoever cannot see it. Pure: data in, text out.

Streamlit gives it to screen readers as the chart's name (`alt`). It tells the main numbers and
where they are, as a person would who looks at the picture for somebody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from app.console.widgets.format import counted, milliseconds, percent, zoned

Json = Mapping[str, Any]


def timeline(bars: Sequence[Json]) -> str:
    """The busiest jobs' executions, a row a job."""
    begun = [bar for bar in bars if bar["started_at"]]
    jobs = counted(len({bar["job_name"] for bar in begun}), "job")
    return f"{counted(len(begun), 'execution')} of {jobs} over time: {_by_status(begun)}"


def board(board: Json, span: str) -> str:
    """The Gantt of a window."""
    lanes = board["lanes"]
    runs, failed = (sum(lane[name] for lane in lanes) for name in ("runs", "failed"))
    where = f"{counted(len(lanes), 'lane')}, {span}"
    return (
        f"{counted(runs, 'run')}, {failed:,} failed, in {where}; the same stands below as a table"
    )


def throughput(series: Sequence[Json], window: str) -> str:
    """Ended runs by outcome."""
    totals = {name: sum(one[name] for one in series) for name in ("success", "failed", "other")}
    most = max((sum(one[name] for name in totals) for one in series), default=0)
    said = ", ".join(f"{count:,} {name}" for name, count in totals.items())
    return f"Runs that ended in the last {window}: {said}; at most {most:,} in one bar"


def durations(series: Sequence[Json], zone: str) -> str:
    """A job's runs by how long they took."""
    took = [run["duration_ms"] for run in series]
    between = f"{milliseconds(min(took))} to {milliseconds(max(took))}"
    runs = f"{counted(len(series), 'run')}, {_by_status(series)}"
    last = max(series, key=_due)
    latest = f"the latest {milliseconds(last['duration_ms'])} at {zoned(_due(last), zone)}"
    return f"Durations of {runs}: from {between}, {latest}"


def failure_rates(points: Sequence[Json], zone: str) -> str:
    """The share of failures among the twenty runs up to each."""
    last, worst = points[-1], max(points, key=itemgetter("failure_rate"))
    return (
        f"Failure rate of the twenty runs up to each: {percent(last['failure_rate'])} at last, "
        f"at most {percent(worst['failure_rate'])} at {zoned(_due(worst), zone)}"
    )


def judged(data: Json, title: str, zone: str) -> str:
    """A job's runs over the band in which a detector expected them."""
    unusual = [run for run in data["runs"] if run["flagged"]]
    said = f"{data['job_name']}, {title}: {data['verdict']['words']}"
    if unusual:
        last = max(unusual, key=_due)
        said += f"; the last of them at {zoned(_due(last), zone)}, {_measured(last, data['unit'])}"
    return said


def _measured(run: Json, unit: str) -> str:
    said = [_in(unit, run["value"])]
    if run["low"] is not None and run["high"] is not None:
        said.append(f"expected {_in(unit, run['low'])} to {_in(unit, run['high'])}")
    return ", ".join(said)


def _in(unit: str, value: float | None) -> str:
    if unit == "ms":
        return milliseconds(value)
    return "–" if value is None else f"{value:.4g} {unit}"


def load(measure: Json, zone: str) -> str:
    """Hours that were and hours to come."""
    said = []
    sides = (("history", "value", "past hour"), ("points", "mean", "coming hour"))
    for name, field, hour in sides:
        if rows := measure[name]:
            most = max(rows, key=itemgetter(field))
            hours = counted(len(rows), hour)
            said.append(f"{hours}, at most {most[field]:,.1f} at {_at(most, zone)}")
    return f"Load in {measure['unit']}: {'; '.join(said)}"


def coming(runs: Sequence[Json], zone: str) -> str:
    """How long the coming runs take."""
    means = [run["mean"] for run in runs]
    between = f"{milliseconds(min(means))} to {milliseconds(max(means))}"
    low, high = milliseconds(runs[0]["low"]), milliseconds(runs[0]["high"])
    first = f"the next at {_at(runs[0], zone)} {low} to {high} nine times of ten"
    return f"{counted(len(runs), 'coming run')}, expected to take {between}; {first}"


def reliability(numbers: Mapping[str, Sequence[float]]) -> str:
    """What a model said against what came."""
    said, came = numbers["reliability_predicted"], numbers["reliability_observed"]
    on = f"Calibration on {counted(int(sum(numbers['reliability_runs'])), 'run')}"
    if not said:
        return on
    worst = max(zip(said, came, strict=True), key=lambda pair: abs(pair[0] - pair[1]))
    groups = counted(len(said), "group")
    apart = f"{percent(worst[0])} was said and {percent(worst[1])} came"
    return f"{on} in {groups}: furthest apart, {apart}"


def reported(chart: Json) -> str:
    """A chart of a report: each series with its highest and its last value."""
    labels = chart["labels"]
    told = []
    for name, values in chart["series"].items():
        pairs = zip(values, labels, strict=True)
        known = [(value, label) for value, label in pairs if value is not None]
        if known:
            most, where = max(known, key=itemgetter(0))
            last = _value(known[-1][0], chart["unit"])
            told.append(f"{name} at most {_value(most, chart['unit'])} ({where}), at last {last}")
    return f"{chart['title']}, {labels[0]} to {labels[-1]}: {'; '.join(told) or 'nothing'}"


def _value(value: float, unit: str) -> str:
    if unit == "share":
        return percent(value)
    return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"


def answer(rows: Sequence[tuple[Any, float]], across: str, up: str, kind: str) -> str:
    """Two columns of a query's answer, drawn."""
    if not rows:
        return f"{up} by {across}, as {kind}: no number"
    (lowest, low), (highest, high) = (pick(rows, key=itemgetter(1)) for pick in (min, max))
    said = f"from {low:,.6g} ({lowest}) to {high:,.6g} ({highest})"
    return f"{up} by {across}, as {kind}, {counted(len(rows), 'row')}: {said}"


def slots(found: Json) -> str:
    """How a job fares by hour of the day, the best hour first in `optimal_time_slots`."""
    ranked = found["optimal_time_slots"]
    best, worst = ranked[0], ranked[-1]
    return (
        f"Score of {counted(len(ranked), 'hour')} of the day in {found['timezone']}: best "
        f"{best['hour']:02}:00 with {best['score']:.2f}, worst {worst['hour']:02}:00 with "
        f"{worst['score']:.2f}"
    )


def what_if(found: Json) -> str:
    """Fires by hour of the day, today and as suggested."""
    today, after = found["today"], found["suggested"]
    moved = [
        f"{hour:02}:00 {before} to {then}"
        for hour, (before, then) in enumerate(zip(today["by_hour"], after["by_hour"], strict=True))
        if before != then
    ]
    changes = f"; changed at {', '.join(moved)}" if moved else ""
    return f"Fires by hour, {today['fires']} today and {after['fires']} as suggested{changes}"


def herd(plan: Json) -> str:
    """Starts of each minute of a day, before the moves and after them."""
    (at, most), (then, fewer) = (
        max(enumerate(plan[side]["per_minute"]), key=itemgetter(1)) for side in ("before", "after")
    )
    return (
        f"Starts a minute over the day, UTC: at most {most} today, at {_of_day(at)}; "
        f"at most {fewer} as suggested, at {_of_day(then)}"
    )


def _of_day(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _due(run: Json) -> str:
    return str(run["scheduled_time"])


def _at(point: Json, zone: str) -> str:
    return zoned(point["at"], zone)


def _by_status(rows: Iterable[Json]) -> str:
    """How many there are of each status, the most frequent first."""
    counts = Counter(row["status"] for row in rows)
    return ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
