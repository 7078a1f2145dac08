"""`chronosctl job`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.documents import read_documents, reference
from app.cli.output import Form, Output, fields, rows, show, to_yaml, write
from app.cli.session import REFUSED, connected, refuse
from app.client.client import Client
from app.client.errors import ApiError
from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem

app = typer.Typer(help="Jobs: what runs, and when.", no_args_is_help=True)

COLUMNS: Final = (
    *("namespace", "name", "enabled", "schedule", "timezone"),
    *("next_run", "last_run", "last_status", "id"),
)
SET_BY_CHRONOS: Final = frozenset(
    {
        *("id", "version", "created_at", "updated_at", "updated_by"),
        *("next_run", "last_run", "last_status"),
        *("words", "next", "clock_change", "effect", "paused"),
    }
)

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK_COLUMNS: Final = (
    *("at", "runs", "failed", "duration_mean_ms", "duration_deviation_ms", "duration_max_ms"),
    *("lateness_mean_ms", "lateness_max_ms"),
)

ANOMALY_COLUMNS: Final = ("scheduled_time", "value", "expected", "low", "high", "execution_id")

Ref = Annotated[str, typer.Argument(help="The job's id, or namespace/name.")]
File = Annotated[Path, typer.Option("-f", "--file", help="YAML or JSON; - is standard input.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check, and change nothing.")]


@app.command("list")
def list_jobs(
    context: typer.Context,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    enabled: Annotated[bool | None, typer.Option("--enabled/--disabled")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key:value; all must hold.")] = None,
    q: Annotated[str | None, typer.Option("-q", help="Text to find.")] = None,
    sort: str = "name",
    limit: Annotated[int, typer.Option(help="0 lists all.")] = 0,
    output: Form = Output.TABLE,
) -> None:
    """List jobs."""
    with connected(context) as client:
        found = _all_jobs(
            client, limit, namespace=namespace, enabled=enabled, tag=tag, q=q, sort=sort
        )
    show(found, output, rows(found, COLUMNS))


def _all_jobs(client: Client, limit: int, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client.jobs(
            limit=min(limit - len(found), 1000) if limit else 1000, cursor=cursor, **filters
        )
        found += page["jobs"]
        cursor = page["next_cursor"]
        if cursor is None or (limit and len(found) >= limit):
            return found


@app.command()
def get(context: typer.Context, ref: Ref, output: Form = Output.YAML) -> None:
    """Show a job as the document that one can edit and apply."""
    with connected(context) as client:
        job = client.job(ref)
    show(job, output, fields(job))


@app.command()
def create(
    context: typer.Context, file: File, dry_run: DryRun = False, output: Form = Output.TABLE
) -> None:
    """Create the jobs of a file, all or none."""
    with connected(context) as client:
        documents = read_documents(file)
        if dry_run:
            checked = [client.create_job(document, dry_run=True) for document in documents]
            show(checked, output, (f"{reference(job)} would be created" for job in checked))
            return
        if len(documents) == 1:
            jobs = [client.create_job(documents[0])]
        else:
            ids = client.create_jobs(documents)["ids"]
            jobs = [client.job(identity) for identity in ids]
    show(jobs, output, (f"{reference(job)} created ({job['id']})" for job in jobs))


@app.command()
def apply(
    context: typer.Context, file: File, dry_run: DryRun = False, output: Form = Output.TABLE
) -> None:
    """Create the jobs of a file or bring them to it; what is equal stays untouched."""
    with connected(context) as client:
        documents = read_documents(file)
        _refuse_twins(documents)
        # All are checked before any is written.
        plans = [_plan(client, document) for document in documents]
        results = []
        for document, (action, live, _) in zip(documents, plans, strict=True):
            done = action
            if dry_run:
                done = action if action == "unchanged" else f"would be {action}"
            elif live is None:
                client.create_job(document)
            elif action == "updated":
                client.update_job(live["id"], document, if_match=f'"{live["version"]}"')
            results.append({"job": reference(document), "result": done})
    show(results, output, (f"{row['job']} {row['result']}" for row in results))


@app.command()
def diff(context: typer.Context, file: File) -> None:
    """Show what `apply` would change; exit code 1 when there is anything."""
    differs = False
    with connected(context) as client:
        documents = read_documents(file)
        _refuse_twins(documents)
        for document in documents:
            action, live, wanted = _plan(client, document)
            if action == "unchanged":
                continue
            differs = True
            for line in _difference(reference(document), live, wanted):
                write(line)
            if effect := wanted.get("effect"):
                write(f"{effect['words']}.")
    if differs:
        raise typer.Exit(REFUSED)


def _refuse_twins(documents: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for document in documents:
        name = reference(document)
        if name in seen:
            problem = Problem("name", f"{name} stands twice in the file", "keep one of them")
            raise InvalidDocument([problem])
        seen.add(name)


def _plan(
    client: Client, document: dict[str, Any]
) -> tuple[str, dict[str, Any] | None, dict[str, Any]]:
    """What `apply` would do with a document, the job as it is now, and as it would be."""
    live = None
    if isinstance(document.get("name"), str):
        try:
            live = client.job(reference(document))
        except ApiError as error:
            if error.code != "NOT_FOUND":
                raise
    if live is None:
        return "created", None, client.create_job(document, dry_run=True)
    # The node compares, for it knows the secrets that both sides show as "***".
    wanted = client.update_job(live["id"], document, dry_run=True)
    return ("unchanged" if wanted["version"] == live["version"] else "updated"), live, wanted


def _difference(name: str, live: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> list[str]:
    before = _written(live) if live is not None else []
    lines = list(
        difflib.unified_diff(
            before, _written(wanted), f"{name} (now)", f"{name} (file)", lineterm=""
        )
    )
    return lines or [f"{name}: a secret differs"]


def _written(job: Mapping[str, Any]) -> list[str]:
    """The lines of a job's document, without what Chronos sets."""
    return to_yaml({k: v for k, v in job.items() if k not in SET_BY_CHRONOS}).splitlines()


@app.command()
def delete(context: typer.Context, ref: Ref) -> None:
    """Delete a job and cancel what it has open; its history stays."""
    with connected(context) as client:
        job = client.delete_job(ref)
    write(f"{reference(job)} deleted")


@app.command()
def enable(context: typer.Context, ref: Ref) -> None:
    """Let a job fire by its schedule."""
    with connected(context) as client:
        job = client.enable_job(ref)
    write(f"{reference(job)} enabled, next run {job['next_run'] or 'never'}")


@app.command()
def disable(context: typer.Context, ref: Ref) -> None:
    """Stop a job from firing; what it has open goes on."""
    with connected(context) as client:
        job = client.disable_job(ref)
    write(f"{reference(job)} disabled")


@app.command()
def trigger(
    context: typer.Context,
    ref: Ref,
    wait: Annotated[str | None, typer.Option(help="Wait for the end, e.g. 30s.")] = None,
    output: Form = Output.TABLE,
) -> None:
    """Run a job now; with --wait exit code 1 unless it succeeded by then."""
    with connected(context, patience_s=_patience_s(wait)) as client:
        execution = client.trigger_job(ref, wait=wait)
    show(execution, output, [f"{execution['id']} {execution['status']}"])
    if wait is not None and execution["status"] != "success":
        refuse(f"the run is {execution['status']}: {execution['error'] or execution['reason']}")


def _patience_s(wait: str | None) -> float:
    """How long the answer may take; what is wrong with `wait` is for the node to say."""
    try:
        return parse_duration(wait) / 1e6 if wait else 0.0
    except InvalidDocument:
        return 0.0


@app.command("next")
def next_runs(
    context: typer.Context, ref: Ref, count: int = 10, output: Form = Output.TABLE
) -> None:
    """Tell the coming fire times of a job, in UTC and in its zone."""
    with connected(context) as client:
        data = client.job_next(ref, count)
    show(data, output, _timing(data))


@app.command()
def explain(
    context: typer.Context,
    schedule: Annotated[str, typer.Argument(help='Such as "25 2 * * 1-5" or "@every 90s".')],
    timezone: str = "UTC",
    dialect: Annotated[
        str, typer.Option(help="debian, quartz, robfig, kubernetes or aws.")
    ] = "debian",
    dst: Annotated[
        str, typer.Option(help="Where clocks change: debian, skip, shift or both.")
    ] = "debian",
    starts_at: Annotated[str, typer.Option(help="Nothing fires before it; RFC 3339.")] = "",
    ends_at: Annotated[str, typer.Option(help="Nothing fires at it or after.")] = "",
    calendar: Annotated[str, typer.Option(help="A calendar to keep to.")] = "",
    on_closed: Annotated[str, typer.Option(help="skip, next or previous.")] = "skip",
    window: Annotated[str, typer.Option(help="Start within so long after the fire time.")] = "0s",
    window_start: Annotated[
        str, typer.Option(help="Where in the window: drawn or fixed.")
    ] = "drawn",
    job: Annotated[str, typer.Option("--for", help="Tell what it would change for a job.")] = "",
    count: int = 5,
    output: Form = Output.TABLE,
) -> None:
    """Put a schedule into words: its coming fires, and what the next clock change does to it."""
    timing = {
        "schedule": schedule,
        "timezone": timezone,
        "dialect": dialect,
        "dst": dst,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "calendar": calendar,
        "on_closed": on_closed,
        "window": window,
        "window_start": window_start,
    }
    with connected(context) as client:
        data = client.preview_schedule(timing, count, job)
    show(data, output, _timing(data))


def _timing(data: Mapping[str, Any]) -> Iterator[str]:
    yield data["words"]
    drawn = any(fire["start"] not in (None, fire["utc"]) for fire in data["next"])
    yield from rows(data["next"], ("utc", "local", "start") if drawn else ("utc", "local"))
    if change := data["clock_change"]:
        yield change["words"]
    if effect := data.get("effect"):
        yield f"{effect['words']}."


@app.command()
def statistics(context: typer.Context, ref: Ref, output: Form = Output.TABLE) -> None:
    """Tell what the runs of a job came to, by hour of its week, and where it is going."""
    with connected(context) as client:
        data = client.job_statistics(ref)
    quantiles = [
        {"of": name, **data[field]}
        for name, field in (("duration, ms", "duration_ms"), ("lateness, ms", "lateness_ms"))
    ]
    week = [
        {"at": f"{WEEKDAYS[hour['weekday']]} {hour['hour']:02}", **hour} for hour in data["week"]
    ]
    show(
        data,
        output,
        [
            f"{data['runs']:,} scheduled runs, {data['failed']:,} failed. {data['drift_words']}",
            "",
            *rows(quantiles, ("of", "count", "mean", "deviation", "p50", "p95", "p99", "max")),
            "",
            f"By hour of the week, {data['timezone']}:",
            *rows(week, WEEK_COLUMNS),
        ],
    )


@app.command()
def anomalies(
    context: typer.Context,
    ref: Ref,
    detector: Annotated[
        str | None, typer.Option(help="The detector that judges; left out, the best for this job.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, max=2000, help="How many of the latest.")
    ] = None,
    output: Form = Output.TABLE,
) -> None:
    """Judge the latest runs of a job, and list those that left the band."""
    with connected(context) as client:
        data = client.anomalies(ref, detector, runs)
    title = next(one["title"] for one in data["detectors"] if one["name"] == data["detector"])
    judged = f"Judged by {data['detector']} ({title.lower()}), in {data['unit']}."
    if not data["enough"]:
        had = len(data["runs"])
        lines = [judged, f"Not enough data: it needs {data['least']} runs, not {had}."]
    else:
        left = [_rounded(run) for run in data["runs"] if run["flagged"]]
        lines = [f"{data['verdict']['words']}.", judged, "", *rows(left, ANOMALY_COLUMNS)]
    show(data, output, lines)


def _rounded(run: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(one, 1) if isinstance(one, float) else one for key, one in run.items()}


@app.command()
def history(context: typer.Context, ref: Ref, output: Form = Output.TABLE) -> None:
    """List the versions of a job; `execution list --job` lists its runs."""
    with connected(context) as client:
        versions = client.job_versions(ref)["versions"]
    columns = ("version", "created_at", "created_by", "comment")
    show(versions, output, rows(versions, columns))


@app.command()
def rollback(context: typer.Context, ref: Ref, version: int) -> None:
    """Make an earlier version the newest."""
    with connected(context) as client:
        data = client.rollback_job(ref, version)
    write(
        f"{reference(data['job'])} is now version {data['new_version']}, as version {version} was"
    )
