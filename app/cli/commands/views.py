"""`chronosctl timeline` and `chronosctl calendar`: what the console draws, as rows."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from app.cli.output import Form, Output, rows, show
from app.cli.session import connected

LANES: Final = ("lane", "runs", "failed", "open", "planned", "next")
DAYS: Final = ("date", "runs", "failed", "skipped", "duration_p95_ms", "lateness_p95_ms")


def timeline(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="RFC 3339; else an hour before.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339; else now. May be ahead.")] = None,
    by: Annotated[str, typer.Option(help="job, namespace, or tag:KEY.")] = "job",
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key:value, or key.")] = None,
    text: Annotated[str | None, typer.Option("-q", help="In namespace/name.")] = None,
    status: Annotated[str | None, typer.Option(help="One or several, with commas.")] = None,
    output: Form = Output.TABLE,
) -> None:
    """Show a window by lane: what ran, what runs, and what comes; JSON has every mark."""
    with connected(context) as client:
        board = client.timeline(
            since=since, until=until, by=by, namespace=namespace, tag=tag, q=text, status=status
        )
    table = []
    for lane in board["lanes"]:
        coming = [mark["fire"] for mark in lane["marks"] if mark["kind"] == "planned"]
        table.append(
            {
                **lane,
                "lane": lane["label"],
                "open": sum(mark["kind"] == "open" for mark in lane["marks"]),
                "planned": f"{len(coming)}+" if lane["planned_more"] else len(coming),
                "next": min(coming, default=None),
            }
        )
    show(board, output, rows(table, LANES))


def calendar(
    context: typer.Context,
    year: Annotated[int | None, typer.Option(help="Else this one.")] = None,
    zone: Annotated[str, typer.Option(help="On whose clock days are.")] = "UTC",
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    output: Form = Output.TABLE,
) -> None:
    """Show a year by day; JSON has the hours of the week, too."""
    with connected(context) as client:
        found = client.calendar(year=year, zone=zone, job_id=job, namespace=namespace)
    show(found, output, rows(found["days"], DAYS))
