"""What a node counts, in a registry of its own, so that two nodes can live in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
GAUGES: Final = {
    "chronos_jobs": "Jobs that the cluster knows.",
    "chronos_jobs_enabled": "Jobs that fire by their schedule.",
    "chronos_executions_open": "Executions that are not over.",
    "chronos_executions_running": "Executions with an attempt under way.",
    "chronos_dispatch_in_flight": "Attempts that this node is making.",
    "chronos_dispatch_queued": "Attempts that wait for a place on this node.",
    "chronos_raft_applied_index": "Index of the last log entry applied on this node.",
    "chronos_history_lag_entries": "Log entries applied here and not yet in the history.",
    "chronos_leader": "1 while this node leads.",
    "chronos_uptime_seconds": "Seconds since this node started.",
    "chronos_clock_offset_seconds": "How far this node's clock is ahead of the cluster's time.",
}
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters that the program moves, and gauges read from `probe` when somebody scrapes.

    Args:
        probe: gives values by the names in `GAUGES`; names it leaves out are not shown.
    """

    def __init__(self, probe: Callable[[], Mapping[str, float]]):
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "chronos_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "chronos_http_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Gauges(probe))

    def count_request(self, method: str, route: str, status: int, duration_us: int) -> None:
        """Count one answer; `route` is the template, so that ids make no new series."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(duration_us / 1e6)

    def render(self) -> bytes:
        """Everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    def __init__(self, probe: Callable[[], Mapping[str, float]]):
        self._probe = probe

    def collect(self) -> Iterator[GaugeMetricFamily]:
        values = self._probe()
        for name, words in GAUGES.items():
            if name in values:
                yield GaugeMetricFamily(name, words, value=values[name])

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing, so that registering does not ask the node before it runs."""
        return iter(())
