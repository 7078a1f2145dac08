"""The whole at a glance: health, cluster, overview, timeline, calendar, events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import httpx

from app.client.errors import Unreachable
from app.client.transport import Json, Transport

SILENCE_S: Final = 30.0
"""A stream of events that is silent for so long is broken: the node sends a sign of life."""
RECONNECT_S: Final = 1.0
RECONNECTS: Final = 30


class ViewCalls(Transport):
    """The whole at a glance: health, cluster, overview, timeline, calendar, events."""

    def health(self) -> Json:
        """Whether the node can serve."""
        return self._get("/health")

    def cluster_status(self) -> Json:
        """Nodes, leader, log and history."""
        return self._get("/api/v1/cluster/status")

    def transfer(self, to: str | None = None) -> Json:
        """Ask another node to lead."""
        return self._write("POST", "/api/v1/cluster/transfer", {"to": to})

    def overview(self, window: str = "1h") -> Json:
        """What the landing page shows."""
        return self._get("/api/v1/overview", {"window": window})

    def timeline(self, **window: Any) -> Json:
        """A window as lanes of marks; `since`, `until`, `by` and filters as in the contract."""
        return self._get("/api/v1/timeline", window)

    def calendar(self, **year: Any) -> Json:
        """A year by day and by hour of the week; `year`, `zone`, `job_id`, `namespace`."""
        return self._get("/api/v1/calendar", year)

    def recent_events(self, after: str | None = None, **filters: Any) -> Json:
        """The newest events, newest first: `{events, newest, missed}`."""
        return self._get("/api/v1/events/recent", {"after": after, **filters})

    def follow_events(self, after: str | None = None, **filters: Any) -> Iterator[Json]:
        """Events as they happen, for ever; a broken connection goes on where it broke.

        Where some were lost on the way, `{"kind": "gap", "text": ...}` stands in their place.
        """
        params = {key: value for key, value in filters.items() if value is not None}
        failures = 0
        while True:
            headers = {"Last-Event-ID": after} if after else {}
            try:
                with self._http.stream(
                    "GET", "/api/v1/events", params=params, headers=headers, timeout=SILENCE_S
                ) as answer:
                    if not answer.is_success:
                        answer.read()
                        raise self._refusal(answer)
                    for place, event in events_of(answer.iter_lines()):
                        failures = 0
                        after = place or after
                        if event is not None:
                            yield event
            except httpx.HTTPError as error:
                failures += 1
                if failures > RECONNECTS:
                    raise Unreachable(self.url, str(error) or type(error).__name__) from error
            time.sleep(RECONNECT_S)


def events_of(lines: Iterable[str]) -> Iterator[tuple[str, Json | None]]:
    """Server-sent events as (id, document); the document is None where only the id moved on.

    >>> list(events_of(["id: 7-0", 'data: {"kind": "ended"}', "", ": nothing new", "id: 9-0", ""]))
    [('7-0', {'kind': 'ended'}), ('9-0', None)]
    """
    name, place, data = "", "", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            place = value
        elif field == "event":
            name = value
        elif field == "data":
            data += value
        elif not line and (place or data):
            document = json.loads(data) if data else None
            yield place, {"kind": name, **document} if document and name else document
            name, place, data = "", "", ""
