"""What a schedule means, before anybody saves it."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import services_of
from app.api.problems import fetched
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.jobs import Preview
from engine.core.clock import rfc3339, to_datetime
from engine.core.ids import Instant
from engine.timing.explain import explain
from engine.timing.schedule import parse_schedule

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])


@router.get("/preview", responses=documents(200, Envelope[Preview], 400))
async def preview(
    request: Request,
    schedule: str,
    timezone: str = "UTC",
    count: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> Response:
    """Put a schedule into words and tell its coming fire times."""
    now = services_of(request).clock.now_us()
    fires = preview_fires(schedule, timezone, "", now, count)
    data = {
        "schedule": schedule,
        "timezone": timezone,
        "words": explain(schedule, timezone),
        "next": fires,
    }
    return fetched(request, data)


def preview_fires(
    schedule: str, timezone: str, key: str, after_us: Instant, count: int
) -> list[dict[str, str | None]]:
    """The next `count` fires after an instant, each in UTC and on the clock of the zone.

    Args:
        schedule: as people write it.
        timezone: an IANA name.
        key: the job's id, from which `H` draws its values.
        after_us: microseconds UTC.
        count: how many; fewer come back when the schedule ends.

    Raises:
        InvalidDocument: the schedule or the zone is at fault.
    """
    parsed = parse_schedule(schedule, timezone, key)
    zone = ZoneInfo(timezone)
    fires: list[dict[str, str | None]] = []
    at: Instant | None = after_us
    while at is not None and len(fires) < count:
        at = parsed.next_after(at)
        if at is not None:
            local = to_datetime(at).astimezone(zone).isoformat()
            fires.append({"utc": rfc3339(at), "local": local})
    return fires
