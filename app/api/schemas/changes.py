"""What a replay sends otherwise than its job."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class ChangeDocument(Shape):
    """Only what is set is changed; `headers` is the whole set that is sent."""

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = Field(None, description="`***` keeps a stored secret.")
    body: str | None = None
    timeout: str | None = Field(None, description="Such as 30s.")


class ReplayRequest(Shape):
    """The body of a replay; without one the job runs as it is."""

    change: ChangeDocument | None = None


class FieldChanged(Shape):
    """A field of the original and of its replay, secrets hidden."""

    field: Literal["url", "method", "headers", "body", "timeout"]
    before: Any
    after: Any


class ReplayLink(Shape):
    """A replay of an execution."""

    id: str
    status: str
    scheduled_time: str
