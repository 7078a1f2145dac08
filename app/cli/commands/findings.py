"""`chronosctl finding`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from app.cli.output import Form, Output, rows, show, write
from app.cli.session import connected

app = typer.Typer(help="Findings: what is unusual about the runs of jobs.", no_args_is_help=True)

COLUMNS: Final = ("id", "state", "namespace", "job_name", "title", "last_at", "evidence")

Id = Annotated[str, typer.Argument(help="The finding's id.")]
Note = Annotated[str, typer.Option(help="Why; kept with the finding.")]


@app.command("list")
def list_findings(
    context: typer.Context,
    state: Annotated[
        str | None, typer.Option(help="open, acknowledged, muted or resolved; with commas.")
    ] = "open,acknowledged",
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    output: Form = Output.TABLE,
) -> None:
    """List findings, the latest first."""
    with connected(context) as client:
        found = client.findings(state=state, job_id=job, limit=limit)["findings"]
    show(found, output, rows(found, COLUMNS))


@app.command("show")
def show_finding(context: typer.Context, identity: Id, output: Form = Output.YAML) -> None:
    """Show one finding: what was seen, since when, and what people made of it."""
    with connected(context) as client:
        finding = client.finding(identity)
    show(finding, output, (f"{name}: {value}" for name, value in finding.items()))


@app.command()
def acknowledge(context: typer.Context, identity: Id, note: Note = "") -> None:
    """Say that somebody knows of it."""
    _judge(context, identity, "acknowledge", note)


@app.command()
def mute(context: typer.Context, identity: Id, note: Note = "") -> None:
    """Keep it out of the way until it ends."""
    _judge(context, identity, "mute", note)


@app.command()
def resolve(context: typer.Context, identity: Id, note: Note = "") -> None:
    """Say that it is over; it is not reported anew."""
    _judge(context, identity, "resolve", note)


@app.command()
def reopen(context: typer.Context, identity: Id, note: Note = "") -> None:
    """Take back what was said."""
    _judge(context, identity, "reopen", note)


def _judge(context: typer.Context, identity: str, action: str, note: str) -> None:
    with connected(context) as client:
        finding = client.judge_finding(identity, action, note)
    name = f"{finding['namespace']}/{finding['job_name']}"
    write(f"{finding['title']} of {name} is {finding['state']}")
