"""`chronosctl export` and `chronosctl report`: reports as files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import Form, Output, rows, show, write
from app.cli.session import connected, say

app = typer.Typer(help="Reports that jobs write, and the kinds there are.", no_args_is_help=True)


def export(
    context: typer.Context,
    report: Annotated[str, typer.Argument(help="weekly, reliability, failures or capacity.")],
    form: Annotated[
        str, typer.Option("--format", help="json, html, pdf, xlsx, csv or parquet.")
    ] = "html",
    since: Annotated[
        str | None, typer.Option("--from", help="RFC 3339; else seven days before --to.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="RFC 3339; else now.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; else standard output.")
    ] = None,
    zone: Annotated[str, typer.Option(help="On whose clock days are.")] = "UTC",
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key:value, or key.")] = None,
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    slo: Annotated[float | None, typer.Option(help="Share that should succeed; 0.99.")] = None,
    table: Annotated[str | None, typer.Option(help="For csv and parquet: one table.")] = None,
) -> None:
    """Write a report over the history."""
    params = {
        "from": since,
        "to": until,
        "zone": zone,
        "namespace": namespace,
        "tag": tag,
        "job": job,
        "slo": slo,
        "table": table,
    }
    with connected(context) as client:
        if form == "json":
            data = json.dumps(client.report(report, params), indent=2).encode() + b"\n"
        else:
            data = client.report_bytes(report, params, form)
    _deliver(data, output)


@app.command("kinds")
def kinds(context: typer.Context, output: Form = Output.TABLE) -> None:
    """The kinds of reports."""
    with connected(context) as client:
        found = client.reports()["reports"]
    show(found, output, rows(found, ("kind", "title", "explanation")))


@app.command("written")
def written(
    context: typer.Context,
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    limit: Annotated[int, typer.Option(help="1 to 100.")] = 20,
    output: Form = Output.TABLE,
) -> None:
    """The reports that jobs wrote on schedule, newest first."""
    with connected(context) as client:
        found = client.written_reports(job, limit)["reports"]
    show(found, output, rows(found, ("execution_id", "job", "kind", "until", "summary")))


@app.command("get")
def get(
    context: typer.Context,
    execution: Annotated[str, typer.Argument(help="As `chronosctl report written` lists it.")],
    form: Annotated[
        str, typer.Option("--format", help="json, html, pdf, xlsx, csv or parquet.")
    ] = "html",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; else standard output.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="For csv and parquet: one table.")] = None,
) -> None:
    """A report that a job wrote, in any format."""
    with connected(context) as client:
        data = client.written_report(execution, form, table)
    _deliver(data, output)


def _deliver(data: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        say(f"{output} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None
    write(f"{len(data)} bytes written to {output}")
