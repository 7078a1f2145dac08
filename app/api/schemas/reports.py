"""Reports over the history."""

from __future__ import annotations

from typing import Any

from app.api.schemas.envelope import Shape


class ReportKinds(Shape):
    """The kinds of reports, the forms they come in, and the parameters they take."""

    reports: list[dict[str, str]]
    formats: list[str]
    parameters: list[dict[str, str]]


class WrittenReports(Shape):
    """Reports that jobs wrote, newest first; `GET /executions/{execution_id}/report` gives one."""

    reports: list[dict[str, Any]]
    total: int
    next_cursor: str | None


class ReportDocument(Shape):
    """One report; a `share` is a part of one, `ms` are milliseconds."""

    kind: str
    title: str
    summary: str
    since: str
    until: str
    zone: str
    upto: int | None
    filters: dict[str, str]
    figures: list[dict[str, Any]]
    sections: list[dict[str, Any]]
