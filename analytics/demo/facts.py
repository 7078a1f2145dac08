"""What is planted in the demo's history: every number of it, and nothing that is not told here.

`story.py` makes the history, `docs/explanation/demo-facts.md` tells people, and tests hold the
three together. Times are UTC; day 0 is the first day of the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NAMESPACE: Final = "demo"
SEED: Final = 20_260_131
DAYS: Final = 90
SPREAD: Final = 0.12
"""Of every duration: the deviation of its logarithm, so that some 12 % are usual."""
LATENESS_S: Final = 0.05
"""The mean lateness where nothing else is said."""
FAILURE_SHARE: Final = 0.005
"""Of runs that fail where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoJob:
    """A job of the synthetic history.

    Attributes:
        name: in the namespace `demo`.
        schedule: cron, UTC.
        duration_s: the usual one, the median.
        fact: what is planted in it; `noise` where nothing is.
        window: how long after its fire times it may start, as people write it.
        description: what people read; that it is synthetic is added to it.
    """

    name: str
    schedule: str
    duration_s: float
    fact: str
    description: str
    window: str = "0s"


BEST_HOUR: Final = DemoJob(
    name="report-build",
    schedule="0 * * * *",
    duration_s=60.0,
    fact="best-hour",
    description="Builds a report every hour: best at 05:00, worst at 14:00.",
)
GOOD_HOUR: Final = 5
GOOD_DURATION_S: Final = 20.0
GOOD_FAILURE_SHARE: Final = 0.0
BAD_HOUR: Final = 14
BAD_DURATION_S: Final = 240.0
BAD_FAILURE_SHARE: Final = 0.3

HERD_HOUR: Final = 2
HERD_WINDOW: Final = "45m"
HERD_OTHER_HOURS: Final = (3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16)
HERD_FACTOR: Final = 3.0
HERD_LATENESS_STEP_S: Final = 5.0
"""At the herd's hour the first job starts one step late, the second two, and so on."""
HERD: Final = tuple(
    DemoJob(
        name=f"export-{team}",
        schedule=f"0 {HERD_HOUR},{hour} * * *",
        duration_s=45.0,
        fact="herd",
        window=HERD_WINDOW,
        description=f"Exports {team} at 02:00 with eleven others, and alone at {hour:02}:00.",
    )
    for team, hour in zip(
        (
            *("billing", "catalog", "clicks", "customers", "inventory", "leads"),
            *("orders", "partners", "prices", "returns", "shipping", "tickets"),
        ),
        HERD_OTHER_HOURS,
        strict=True,
    )
)

DRIFT: Final = DemoJob(
    name="index-rebuild",
    schedule="20 */2 * * *",
    duration_s=120.0,
    fact="drift",
    description="Rebuilds an index that grows: from day 40 on it takes 1 % longer every day.",
)
DRIFT_FROM_DAY: Final = 40
DRIFT_A_DAY: Final = 0.01

CAUSE: Final = DemoJob(
    name="ledger-sync",
    schedule="*/15 * * * *",
    duration_s=8.0,
    fact="dependency",
    description="Reads the ledger; down in three outages, and payments-sync with it.",
)
DEPENDENT: Final = DemoJob(
    name="payments-sync",
    schedule="*/15 * * * *",
    duration_s=14.0,
    fact="dependency",
    description="Needs the ledger: it fails whenever ledger-sync is down.",
)
OUTAGES: Final = ((12, 9 * 60, 120), (37, 22 * 60, 180), (71, 13 * 60, 90))
"""(day, first minute of the day, length in minutes): every run due in them fails."""
CAUSE_ERROR: Final = "connection refused: ledger.internal"
DEPENDENT_ERROR: Final = "HTTP 502: the ledger does not answer"

WEEKEND: Final = DemoJob(
    name="traffic-rollup",
    schedule="10 * * * *",
    duration_s=90.0,
    fact="weekend",
    description="Rolls up web traffic: three times as fast on Saturdays and Sundays.",
)
WEEKEND_FACTOR: Final = 1 / 3

NOISE: Final = tuple(
    DemoJob(
        name=name,
        schedule=schedule,
        duration_s=duration_s,
        fact="noise",
        description="Nothing is planted here: whatever a tool finds in it is chance.",
    )
    for name, schedule, duration_s in (
        ("cache-warm", "5,35 * * * *", 4.0),
        ("feed-poll", "7,37 * * * *", 11.0),
        ("geo-refresh", "25 * * * *", 33.0),
        ("mail-digest", "12,42 * * * *", 6.0),
        ("stock-check", "18,48 * * * *", 19.0),
        ("thumbnail-sweep", "50 * * * *", 75.0),
    )
)

JOBS: Final = (BEST_HOUR, *HERD, DRIFT, CAUSE, DEPENDENT, WEEKEND, *NOISE)
SYNTHETIC: Final = "SYNTHETIC history of the demo, made by a seeded generator; it never ran. "
"""Stands before every description."""
