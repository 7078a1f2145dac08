"""Backfills: past fire times that are run now; and what was missed."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, rows, show
from app.cli.session import connected

app = typer.Typer(help="Run past fire times of a job.", no_args_is_help=True)

COLUMNS: Final = (
    *("id", "job_name", "state", "from", "until", "total", "begun", "succeeded", "failed"),
    *("parallel", "by", "note", "reason"),
)
MISSED: Final = ("namespace", "job_name", "fires", "first", "last", "reason")
Identity = Annotated[str, typer.Argument(metavar="BACKFILL", help="The id of a backfill.")]


@app.command()
def start(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="JOB", help="An id, or namespace/name.")],
    since: Annotated[str, typer.Option("--from", help="RFC 3339; the first moment.")],
    until: Annotated[str, typer.Option(help="RFC 3339, excluded; else now.")] = "",
    which: Annotated[str, typer.Option(help="undone, skipped, failed or all.")] = "undone",
    parallel: Annotated[int, typer.Option(help="Runs at once.")] = 1,
    note: str = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it means.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """Run past fire times, a few at a time, within the job's concurrency."""
    document: dict[str, Any] = {"from": since, "which": which, "parallel": parallel, "note": note}
    document |= {"until": until} if until else {}
    with connected(context) as client:
        data = client.start_backfill(ref, document, dry_run=dry_run)
    if not dry_run:
        show(data, output, rows([data], COLUMNS))
        return
    lasts = f"about {data['lasts']}" if data["lasts"] else "a time that nobody knows"
    words = f"{data['total']:,} fire times in {data['stretches']} stretches, in {lasts}"
    show(data, output, [words, *data["first"], *(["..."] if data["total"] > 20 else [])])


@app.command("list")
def list_backfills(
    context: typer.Context,
    job: Annotated[str, typer.Option(help="Of one job.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """List backfills, the newest first."""
    with connected(context) as client:
        data = client.backfills(job)
    show(data, output, rows(data["backfills"], COLUMNS))


@app.command()
def get(context: typer.Context, identity: Identity, output: Form = Output.TABLE) -> None:
    """Show how far a backfill is."""
    with connected(context) as client:
        data = client.backfill(identity)
    show(data, output, rows([data], COLUMNS))


@app.command()
def cancel(context: typer.Context, identity: Identity, output: Form = Output.TABLE) -> None:
    """Begin no more of a backfill; what runs goes on."""
    with connected(context) as client:
        data = client.cancel_backfill(identity)
    show(data, output, rows([data], COLUMNS))


def missed(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="RFC 3339; a week ago.")] = "",
    job: Annotated[str, typer.Option(help="Of one job.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """List the fire times that nobody could decide in time and that were not made up for."""
    with connected(context) as client:
        data = client.missed(since, job)
    show(data, output, rows(data["missed"], MISSED))
