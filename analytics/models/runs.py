"""The finished runs of one job, as models see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Arrays of equal length, oldest first.

    Attributes:
        ids: execution ids.
        at_us: fire times, microseconds UTC.
        duration_ms: start to end, milliseconds; nan for a run that never started.
        lateness_ms: fire time to start, milliseconds; nan likewise.
        failed: whether it ended as failed or unknown.
        attempts: how many attempts it took.
        version: the version of the job that ran.
        timezone: the job's IANA zone.
    """

    ids: NDArray[np.str_]
    at_us: NDArray[np.int64]
    duration_ms: NDArray[np.float64]
    lateness_ms: NDArray[np.float64]
    failed: NDArray[np.bool_]
    attempts: NDArray[np.int64]
    version: NDArray[np.int64]
    timezone: str = "UTC"

    def __len__(self) -> int:
        return len(self.at_us)

    @classmethod
    def of_table(cls, table: pa.Table, timezone: str) -> Runs:
        """From the columns of the history's `job_runs`."""

        def column(name: str, kind: type) -> NDArray[Any]:
            values: NDArray[Any] = table.column(name).to_numpy().astype(kind)
            return values

        return cls(
            ids=np.array(table.column("id").to_pylist(), dtype=str),
            at_us=column("at_us", np.int64),
            duration_ms=column("duration_ms", np.float64),
            lateness_ms=column("lateness_ms", np.float64),
            failed=column("failed", np.bool_),
            attempts=column("attempts", np.int64),
            version=column("job_version", np.int64),
            timezone=timezone,
        )

    @classmethod
    def of_values(cls, at_us: NDArray[np.int64], values: NDArray[np.float64]) -> Runs:
        """Runs of which only a value at each instant is known, taken for the duration."""
        size = len(at_us)
        return cls(
            ids=np.arange(size).astype(str),
            at_us=at_us,
            duration_ms=values,
            lateness_ms=np.zeros(size),
            failed=np.zeros(size, dtype=bool),
            attempts=np.ones(size, dtype=np.int64),
            version=np.ones(size, dtype=np.int64),
        )
