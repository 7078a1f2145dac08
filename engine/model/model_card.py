"""A model card: what a trained model learned, how it was tested, and whether it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.ids import Instant, JobId

CARD_BYTES_MAX = 65_536


class ModelKind(StrEnum):
    """What a model foretells."""

    LOAD_RUNS = "load_runs"
    LOAD_BUSY = "load_busy"
    DURATION = "duration"
    FAILS = "fails"
    SLOW = "slow"


class Verdict(StrEnum):
    """What the test of a model led to; with `baseline` the floor is shown in the model's place."""

    SHOWN = "shown"
    BASELINE = "baseline"
    NOT_SHOWN = "not_shown"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One training of one model.

    Attributes:
        id: a hash of job, kind and time.
        job_id: whose runs it learned from; empty for the whole cluster.
        version: counts the trainings of this kind and job; the machine gives it.
        trained_at: microseconds UTC.
        since_us: where the data began; 0 where there was none.
        until_us: where the data ended.
        rows: how many hours, slots or runs it learned from.
        algorithm: the name of what is shown, or of what was not good enough.
        why: the verdict in words.
        metrics: of the test, by name.
        numbers: the coefficients; what they mean is the algorithm's own. Only the latest version
            of a kind and job keeps them.
    """

    id: str
    kind: ModelKind
    job_id: JobId
    trained_at: Instant
    since_us: Instant
    until_us: Instant
    rows: int
    algorithm: str
    verdict: Verdict
    why: str
    version: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is a version of."""
        return f"{self.job_id}/{self.kind.value}"

    @property
    def is_told(self) -> bool:
        """Whether people are shown what it foretells, or its floor."""
        return self.verdict in (Verdict.SHOWN, Verdict.BASELINE)
