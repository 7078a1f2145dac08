"""What is to come, as models see it, and their cards."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class ModelCard(Shape):
    """One training of one model: how it was tested, and whether it is shown."""

    id: str
    kind: Literal["load_runs", "load_busy", "duration", "fails", "slow"]
    job_id: str
    job_name: str
    namespace: str
    version: int
    trained_at: str
    data_since: str | None
    data_until: str | None
    rows: int
    algorithm: str
    verdict: Literal["shown", "baseline", "not_shown", "not_enough_data"]
    why: str
    metrics: dict[str, float]


class ModelDetail(ModelCard):
    """A card with its numbers and the versions of its kind and job, newest first."""

    numbers: dict[str, list[float]]
    versions: list[ModelCard]


class Models(Shape):
    """The latest cards, and the trainings that wait."""

    models: list[ModelCard]
    total: int
    next_cursor: str | None
    training: list[dict[str, Any]]


class ForecastPoint(Shape):
    """A value at a time, with the interval that should hold it nine times of ten."""

    at: str
    mean: float
    low: float
    high: float


class Load(Shape):
    """Hours that were and hours to come; `card` is null before the first training."""

    kind: str
    unit: str
    card: ModelCard | None
    history: list[dict[str, Any]]
    points: list[ForecastPoint]


class LoadForecast(Shape):
    """The load of the jobs that have run for two weeks; `young` have not."""

    horizon: str
    jobs: int
    young: int
    measures: list[Load]


class JobForecast(Shape):
    """The load and the durations to come of one job."""

    job_id: str
    job_name: str
    namespace: str
    enabled: bool
    timezone: str
    horizon: str
    load: Load
    duration_card: ModelCard | None
    runs: list[ForecastPoint]


class RiskReason(Shape):
    """What speaks for (above 0) or against, on the log-odds."""

    text: str
    weight: float


class JobRisk(Shape):
    """How likely something happens to a job's next run; null where nothing is claimed."""

    outcome: Literal["fails", "slow"]
    job_id: str
    job_name: str
    namespace: str
    enabled: bool
    timezone: str
    next_run: str | None
    probability: float | None
    base_rate: float | None
    reasons: list[RiskReason]
    why: str
    card: ModelCard | None


class JobRisks(Shape):
    """Both risks of a job's next run."""

    job_id: str
    risks: list[JobRisk]


class Risks(Shape):
    """The next runs, the riskiest first; `silent` models claim nothing."""

    risks: list[JobRisk]
    total: int
    next_cursor: str | None
    silent: int


class BatchForecast(Shape):
    """When the batch is over; times are null where no job of it has both fires and runs."""

    since: str
    until: str
    by: str | None
    p50: str | None
    p90: str | None
    by_share: float | None
    jobs: int
    fires: int
    switched_off: int
    deciders: list[dict[str, Any]]
    unknown: list[dict[str, Any]]
    why: str


class Training(Shape):
    """What to train: a job's models, or all."""

    job: str | None = Field(None, description="Id, or namespace/name; leave out for all.")


class TrainingAsked(Shape):
    """A training that waits for the leader."""

    job_id: str
    requested_at: str
