"""`chronosctl execution`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from app.cli.changes import (
    Body,
    DryRun,
    Headers,
    Method,
    Timeout,
    Url,
    change_of,
    difference_lines,
)
from app.cli.output import Form, Output, duration_words, fields, rows, show, write
from app.cli.session import connected

app = typer.Typer(help="Executions: what ran, and how it went.", no_args_is_help=True)

COLUMNS: Final = (
    *("id", "namespace", "job_name", "status", "trigger"),
    *("scheduled_time", "took", "attempts", "node_id"),
)
_ELSEWHERE: Final = frozenset({"attempts_detail", "response"})

Id = Annotated[str, typer.Argument(help="The execution's id.")]


@app.command("list")
def list_executions(
    context: typer.Context,
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    status: Annotated[str | None, typer.Option(help="One or several, with commas.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339, e.g. 2027-01-01T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339; before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    output: Form = Output.TABLE,
) -> None:
    """List executions, newest first."""
    with connected(context) as client:
        page = client.executions(
            job_id=job,
            status=status,
            namespace=namespace,
            since=since,
            until=until,
            limit=limit,
        )
    found = page["executions"]
    table = [{**row, "took": duration_words(row["duration"])} for row in found]
    show(found, output, rows(table, COLUMNS))


@app.command()
def get(context: typer.Context, identity: Id, output: Form = Output.TABLE) -> None:
    """Show an execution with its attempts and their recorded steps."""
    with connected(context) as client:
        execution = client.execution(identity)
    show(execution, output, _lines(execution))


def _lines(execution: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in execution.items() if key not in _ELSEWHERE}
    plain["duration"] = duration_words(execution["duration"])
    yield from fields(plain)
    for attempt in execution.get("attempts_detail") or []:
        yield ""
        code = attempt["status_code"] or "no status"
        outcome = f"{attempt['outcome']} ({code}) {attempt['error']}"
        yield f"attempt {attempt['attempt']}: {outcome}".rstrip()
        for step in attempt["steps"]:
            moment = f"  {step['offset_ms']:>10.3f} ms  {step['kind']:<10}"
            yield f"{moment}  {step['detail'] or ''}".rstrip()
    if execution.get("response"):
        yield ""
        yield "response:"
        yield execution["response"]


@app.command()
def cancel(context: typer.Context, identity: Id) -> None:
    """End an open execution."""
    with connected(context) as client:
        execution = client.cancel_execution(identity)
    write(f"{execution['id']} {execution['status']}")


@app.command()
def replay(
    context: typer.Context,
    identity: Id,
    url: Url = None,
    method: Method = None,
    headers: Headers = None,
    body: Body = None,
    timeout: Timeout = None,
    dry_run: DryRun = False,
) -> None:
    """Run a finished execution's job again, as it is or with a change for this run only."""
    with connected(context) as client:
        change = change_of(url, method, headers, body, timeout)
        job = client.execution(identity)["job_id"]
        data = client.replay_execution(job, identity, change=change, dry_run=dry_run)
    write(data["message"])
    if dry_run:
        for line in difference_lines(data["differences"]):
            write(line)
