"""Pauses of jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class PauseRequest(Shape):
    """What a person writes of a pause; `until` or `for` end it, or nothing does."""

    scope: str = Field(description="job:NAMESPACE/NAME, tag:KEY=VALUE, namespace:NAME or all")
    note: str = ""
    from_: str | None = Field(None, alias="from", description="RFC 3339; now if left out.")
    until: str | None = Field(None, description="RFC 3339.")
    for_: str | None = Field(None, alias="for", description='A duration such as "2h".')


class Pause(Shape):
    """Fire times in [from, until) are decided as not run."""

    id: str
    scope: str
    job_name: str
    from_: str = Field(alias="from")
    until: str | None
    note: str
    by: str
    state: Literal["planned", "active", "over"]


class Pauses(Shape):
    """Pauses, the latest first."""

    pauses: list[Pause]
    total: int
