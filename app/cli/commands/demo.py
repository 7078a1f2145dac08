"""`chronosctl demo`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from app.cli.output import write
from app.cli.session import connected

HISTORY_PATIENCE_S: Final = 120.0

demo = typer.Typer(help="A workspace to look around in.", no_args_is_help=True)


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
