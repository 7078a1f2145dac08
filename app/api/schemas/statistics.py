"""Statistics of one job: its whole past, its week, and where it is going."""

from __future__ import annotations

from app.api.schemas.envelope import Shape


class Summary(Shape):
    """Milliseconds over all scheduled runs that began; quantiles are exact."""

    count: int
    mean: float | None
    deviation: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None


class WeekHour(Shape):
    """The runs due in one hour of the job's week, on its clock; weekday 0 is Monday."""

    weekday: int
    hour: int
    runs: int
    failed: int
    failure_rate: float
    duration_mean_ms: float | None
    duration_deviation_ms: float | None
    duration_max_ms: float | None
    lateness_mean_ms: float | None
    lateness_max_ms: float | None


class RatePoint(Shape):
    """The share that failed of the twenty runs up to a fire time."""

    scheduled_time: str
    failure_rate: float


class Drift(Shape):
    """The trend of the durations of the latest successful runs; a 95 % interval."""

    ms_per_day: float
    low: float
    high: float
    p_value: float
    significant: bool


class JobStatistics(Shape):
    """What the scheduled runs of a job came to; `drift` is null when they are too few."""

    job_id: str
    timezone: str
    runs: int
    failed: int
    failure_rate: float | None
    duration_ms: Summary
    lateness_ms: Summary
    week: list[WeekHour]
    failure_rates: list[RatePoint]
    drift: Drift | None
    drift_words: str
