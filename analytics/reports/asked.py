"""What a report is asked about: its span, clock, filters and parameters."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.core.clock import rfc3339
from engine.core.ids import Instant
from engine.history.walls import wall_segments

SLO_DEFAULT: Final = 0.99
FORMS: Final = ("json", "html", "pdf", "xlsx", "csv", "parquet")
"""What a report can be rendered as; `forms.py` does it, whose libraries a node need not load."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a report.

    Args:
        since_us, until_us: the span [since, until), microseconds since the epoch.
        zone: the IANA zone on whose clock days and hours are.
        namespace, job: only these runs; a job by id or `namespace/name`.
        tags: key and value that runs' jobs had; the value None stands for any.
        slo: the share of runs that should succeed, above 0 and below 1.
        upto: the newest entry of the log whose executions are in it; the same entry gives the same
            report on every node, as long as the history keeps its runs.
    """

    since_us: Instant
    until_us: Instant
    zone: str = "UTC"
    namespace: str | None = None
    job: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()
    slo: float = SLO_DEFAULT
    upto: int | None = None

    def selection(self) -> dict[str, Any]:
        """The values of `report_runs.sql`: the span, and as much before it to compare with.

        Raises:
            InvalidDocument: there is no such zone.
        """
        before = max(0, 2 * self.since_us - self.until_us)
        pairs = {key: value for key, value in self.tags if value is not None}
        return {
            "before": before,
            "since": self.since_us,
            "until": self.until_us,
            "namespace": self.namespace,
            "job": self.job,
            "tags": msgspec.json.encode(pairs).decode(),
            "upto": self.upto,
            "keys": [key for key, value in self.tags if value is None] or None,
            **wall_segments(self.zone, before, self.until_us),
        }

    def heading(self) -> dict[str, Any]:
        """What the document says of the parameters: since, until, zone, entry, filters."""
        tags = ", ".join(key if value is None else f"{key}:{value}" for key, value in self.tags)
        given = {"namespace": self.namespace, "job": self.job, "tag": tags}
        return {
            "since": rfc3339(self.since_us),
            "until": rfc3339(self.until_us),
            "zone": self.zone,
            "upto": self.upto,
            "filters": {name: value for name, value in given.items() if value},
        }
