"""What a node asks of the processes beside it; apart from them, so that a node need not load them.

Statistics and models take seconds and some hundred MiB to import: only the processes pay for it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from analytics.reports.asked import Asked
from engine.core.ids import Instant, JobId

KNOWN_FOR_US: Final = 14 * 86_400_000_000
"""The cluster's load is that of jobs that have run for two weeks; younger ones have no habits."""


class Round(msgspec.Struct):
    """Look for anomalies: the time, the zones of jobs not in UTC, the names and targets of all."""

    now_us: Instant
    zones: dict[JobId, str]
    names: dict[JobId, str]
    hosts: dict[JobId, str]


class Training(msgspec.Struct):
    """Train models: the time, the jobs that exist with the zones of those not in UTC.

    `only` names the jobs that are wanted; where it is empty, the cluster and all jobs are.
    """

    now_us: Instant
    jobs: list[JobId]
    zones: dict[JobId, str]
    only: list[JobId]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Write a report: its kind, parameters and form, and for CSV and Parquet perhaps one table.

    `shows_us`: the segments must show at least this moment, microseconds UTC.
    """

    kind: str
    asked: Asked
    form: str
    table: str | None = None
    shows_us: Instant = 0


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What precedes a report's bytes; `problems` are (field, reason, hint) and leave no bytes."""

    media: str = ""
    suffix: str = ""
    problems: list[tuple[str, str, str]] = msgspec.field(default_factory=list)


def since_known_us(now_us: Instant) -> Instant:
    """Jobs that ran by then are in the cluster's load."""
    return now_us - KNOWN_FOR_US
