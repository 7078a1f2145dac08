"""Reports over the history, written beside the node: JSON, HTML, PDF, XLSX, CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.asked import FORMS, SLO_DEFAULT, Asked
from analytics.reports.registry import kinds
from app.api.deps import Cursor, Limit, confirm_read, find_job, instant, services_of
from app.api.paging import decode_cursor, encode_cursor
from app.api.problems import answer, fetched, invalid, not_found
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.reports import ReportDocument, ReportKinds, WrittenReports
from app.operate.report_dispatch import record_of
from app.operate.tasks import Wanted
from engine.core.clock import SECOND_US, rfc3339, to_datetime
from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.history.written import NEWEST, WrittenReport, reports_written
from engine.model.job import Document
from engine.timing.zones import find_zone

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1", tags=["reports"], dependencies=[Depends(confirm_read)])

WEEK_US: Final = parse_duration("7d")
SPAN_MAX_US: Final = parse_duration("366d")
PARAMETERS: Final = {
    "from": "RFC 3339; else seven days before `to`.",
    "to": "RFC 3339; else now.",
    "zone": "IANA zone on whose clock days and hours are; UTC by default.",
    "namespace": "Only runs of this namespace.",
    "tag": "`key:value`, or `key`; all must hold.",
    "job": "Only runs of this job, by id or `namespace/name`.",
    "slo": f"Share of runs that should succeed, above 0 and below 1; {SLO_DEFAULT} by default.",
    "format": "json by default.",
    "table": "For csv and parquet: this table alone; else a zip of all.",
}
ACTIVE: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"
}
"""An HTML report that is opened from here may not act as the console."""


@router.get("/reports", responses=documents(200, Envelope[ReportKinds]))
async def list_reports(request: Request) -> Response:
    """List the kinds of reports, the formats, and the parameters."""
    found = [
        {"kind": name, "title": kinds.get(name).title, "explanation": kinds.get(name).explanation}
        for name in kinds.names()
    ]
    parameters = [{"name": name, "description": words} for name, words in PARAMETERS.items()]
    return fetched(request, {"reports": found, "formats": list(FORMS), "parameters": parameters})


@router.get("/reports/written", responses=documents(200, Envelope[WrittenReports], 404))
async def list_written_reports(
    request: Request,
    job: Annotated[str | None, Query(description="Only of this report job.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """List the reports that jobs wrote on schedule, newest first."""
    services = services_of(request)
    if job:
        jobs = [find_job(services, job).id]
    else:
        jobs = [one.id for one in services.view.jobs() if one.spec.report]
    before = decode_cursor(cursor, (int, str)) if cursor else NEWEST
    total, found = await run_in_threadpool(
        reports_written, services.history, jobs, before, limit + 1
    )
    page, more = found[:limit], len(found) > limit
    return fetched(
        request,
        {
            "reports": [_written(one) for one in page],
            "total": total,
            "next_cursor": encode_cursor(*page[-1].place) if more else None,
        },
    )


@router.get("/reports/{kind}", responses=documents(200, Envelope[ReportDocument], 400, 404))
async def write_report(
    request: Request,
    kind: str,
    format: Annotated[str, Query(description="One of `formats`.")] = "json",  # the API's word
    since: Annotated[str | None, Query(alias="from", description=PARAMETERS["from"])] = None,
    until: Annotated[str | None, Query(alias="to", description=PARAMETERS["to"])] = None,
    zone: Annotated[str, Query(description=PARAMETERS["zone"])] = "UTC",
    namespace: str | None = None,
    tag: Annotated[list[str] | None, Query(description=PARAMETERS["tag"])] = None,
    job: Annotated[str | None, Query(description=PARAMETERS["job"])] = None,
    slo: Annotated[float, Query(description=PARAMETERS["slo"])] = SLO_DEFAULT,
    table: Annotated[str | None, Query(description=PARAMETERS["table"])] = None,
) -> Response:
    """Write one report over this node's history, some seconds behind it at most."""
    services = services_of(request)
    if kind not in kinds.names():
        raise not_found("report", kind, "one of " + ", ".join(kinds.names()))
    _check_format(format)
    if not 0 < slo < 1:
        raise invalid("slo", f"{slo:g} is not a share", "above 0 and below 1, such as 0.99")
    until_us = instant(until, "to") if until else _whole_second(services.clock.now_us())
    since_us = instant(since, "from") if since else until_us - WEEK_US
    if not 0 < until_us - since_us <= SPAN_MAX_US:
        raise invalid("from", "is not before to, or more than a year", "a span up to 366d")
    _check_zone(zone)
    asked = Asked(
        since_us=since_us,
        until_us=until_us,
        zone=zone,
        namespace=namespace,
        job=job,
        tags=tuple(_tags(tag or [])),
        slo=slo,
    )
    return await _rendered(services, Wanted(kind=kind, asked=asked, form=format, table=table))


@router.get(
    "/executions/{execution_id}/report",
    responses=documents(200, Envelope[ReportDocument], 400, 404),
)
async def download_written_report(
    request: Request,
    execution_id: str,
    format: Annotated[str, Query(description="One of `formats`.")] = "json",
    table: Annotated[str | None, Query(description=PARAMETERS["table"])] = None,
) -> Response:
    """The report that an execution wrote, in any format: of the same runs, on every node."""
    services = services_of(request)
    _check_format(format)
    execution = await run_in_threadpool(services.queries.execution, execution_id)
    record = record_of(execution["response"]) if execution else None
    if record is None or execution is None or execution["request"]["method"] != "WRITE":
        raise not_found("report", execution_id, "an execution that GET /reports/written lists")
    wanted = Wanted(kind=record.kind, asked=record.asked, form=format, table=table)
    return await _rendered(services, wanted)


def _written(one: WrittenReport) -> Document:
    record = record_of(one.response)
    return {
        "execution_id": one.execution_id,
        "job_id": one.job_id,
        "job": one.job,
        "scheduled_time": rfc3339(one.scheduled_us),
        "completed_at": rfc3339(one.completed_us),
        "kind": record.kind if record else "",
        "title": record.title if record else "",
        "summary": record.summary if record else "",
        "since": rfc3339(record.asked.since_us) if record else None,
        "until": rfc3339(record.asked.until_us) if record else None,
    }


async def _rendered(services: Services, wanted: Wanted) -> Response:
    written = await run_in_threadpool(services.reporter.write, wanted)
    if wanted.form == "json":
        return answer(orjson.loads(written.data))
    name = f"chronos-{wanted.kind}-{to_datetime(wanted.asked.until_us).date()}.{written.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written.data, headers={**headers, **ACTIVE}, media_type=written.media)


def _check_format(form: str) -> None:
    if form not in FORMS:
        raise invalid("format", f"{form[:60]!r} is not a format", "one of " + ", ".join(FORMS))


def _whole_second(at_us: Instant) -> Instant:
    return at_us - at_us % SECOND_US


def _check_zone(zone: str) -> None:
    try:
        find_zone(zone)
    except InvalidDocument as error:
        faults = [Problem("zone", fault.reason, fault.hint) for fault in error.problems]
        raise InvalidDocument(faults) from None


def _tags(given: list[str]) -> Iterator[tuple[str, str | None]]:
    for text in given:
        key, colon, value = text.partition(":")
        if not key:
            raise invalid("tag", "has no key", "tag=team:payments, or tag=team for any value")
        yield key, value if colon else None
