"""How much began, failed and took how long, all jobs together: sums of years, kept by the hour."""

from __future__ import annotations

from typing import Final

from engine.history.derived import Derived

LOAD_QUARTERS: Final = Derived(
    table="load_quarters",
    united="""
        SELECT quarter, sum(runs)::BIGINT AS runs, sum(failed)::BIGINT AS failed,
            sum(skipped)::BIGINT AS skipped
        FROM load_quarters GROUP BY quarter ORDER BY quarter""",
)
LOAD_HOURS: Final = Derived(
    table="load_hours",
    united="""
        SELECT hour, bucket, sum(durations)::BIGINT AS durations,
            sum(latenesses)::BIGINT AS latenesses
        FROM load_hours GROUP BY hour, bucket ORDER BY hour, bucket""",
)
