"""`chronosctl sql` and `chronosctl demo`."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from app.cli.output import Form, Output, cell, columns_of, show, write
from app.cli.session import connected, say

HISTORY_PATIENCE_S: Final = 120.0

demo = typer.Typer(help="A workspace to look around in.", no_args_is_help=True)


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="One SELECT; - reads standard input.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 1000,
    output: Form = Output.TABLE,
) -> None:
    """Ask the history in read-only SQL."""
    text = sys.stdin.read() if statement == "-" else statement
    with connected(context) as client:
        data = client.sql(text, limit=limit)
    head = [column["name"] for column in data["columns"]]
    lines = columns_of([head, *([cell(value) for value in row] for row in data["rows"])])
    records = [dict(zip(head, row, strict=True)) for row in data["rows"]]
    show(records, output, lines)
    if data["truncated"]:
        say(f"there are more than {len(records)} rows; raise --limit or ask for less")


@demo.command()
def load(
    context: typer.Context,
    history: Annotated[
        bool, typer.Option("--history", help="A synthetic past too, of --days days.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=90)] = 90,
) -> None:
    """Create the demo's jobs, in the namespace `demo`."""
    with connected(context, patience_s=HISTORY_PATIENCE_S) as client:
        data = client.load_demo(f"{days}d" if history else None)
    write(f"{data['created']} jobs created in namespace {data['namespace']}")
    if past := data["history"]:
        counts = f"{past['imported']} of {past['executions']} synthetic executions"
        write(f"{counts} of {past['days']} days imported under the label {past['label']}")


@demo.command()
def clear(context: typer.Context) -> None:
    """Delete the demo's jobs and nothing else; their history stays."""
    with connected(context) as client:
        data = client.clear_demo()
    write(f"{data['deleted']} jobs deleted; their history stays")
