"""A span in one row: what the figures of every report are taken from."""

from __future__ import annotations

from typing import NamedTuple

from analytics.reports.wording import share
from engine.history.reader import Ask


class Totals(NamedTuple):
    """The columns of `report_totals.sql` after the first; quantiles are in milliseconds."""

    runs: int = 0
    success: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    skipped: int = 0
    retried: int = 0
    jobs: int = 0
    duration_p50_ms: float | None = None
    duration_p95_ms: float | None = None
    lateness_p95_ms: float | None = None

    @property
    def bad(self) -> int:
        """Runs that failed, and those whose end nobody knows."""
        return self.failed + self.unknown

    @property
    def judged(self) -> int:
        """Runs that tell whether a job works: cancelled ones do not."""
        return self.success + self.bad

    @property
    def success_share(self) -> float | None:
        """Successes among the judged; None where there are none."""
        return share(self.success, self.judged)


def totals(ask: Ask) -> tuple[Totals, Totals]:
    """The span, and the one of equal length before it."""
    found = {row[0]: Totals(*row[1:]) for row in ask("report_totals")}
    return found.get(True, Totals()), found.get(False, Totals())
