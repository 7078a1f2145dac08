"""Pauses, and why a job ran or did not."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, rows, show
from app.cli.session import connected

COLUMNS: Final = ("id", "state", "scope", "job_name", "from", "until", "by", "note")
_KINDS: Final = ("job:", "tag:", "namespace:", "all")


def pause(
    context: typer.Context,
    scope: Annotated[
        str,
        typer.Argument(help="A job, tag:KEY=VALUE, namespace:NAME, or all."),
    ],
    length: Annotated[str, typer.Option("--for", help="Such as 2h; else until resumed.")] = "",
    until: Annotated[str, typer.Option(help="RFC 3339.")] = "",
    start: Annotated[str, typer.Option("--from", help="RFC 3339; else now.")] = "",
    note: Annotated[str, typer.Option(help="Why; everybody reads it.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """Hold back jobs: their fire times are decided as not run, and say so."""
    written = {"for": length, "until": until, "from": start, "note": note}
    document: dict[str, Any] = {name: text for name, text in written.items() if text}
    document["scope"] = scope if scope.startswith(_KINDS) else f"job:{scope}"
    with connected(context) as client:
        data = client.pause_jobs(document)
    show(data, output, rows([data], COLUMNS))


def resume(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="PAUSE", help="The id of a pause.")],
    output: Form = Output.TABLE,
) -> None:
    """End a pause now; one that has not begun is taken back."""
    with connected(context) as client:
        data = client.resume_jobs(identity)
    show(data, output, [f"{data['id']} ({data['scope']}) is over"])


def pauses(
    context: typer.Context,
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """List pauses, the latest first."""
    with connected(context) as client:
        data = client.pauses(past=past)
    show(data, output, rows(data["pauses"], COLUMNS))


def why(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="JOB", help="An id, or namespace/name.")],
    at: Annotated[str, typer.Argument(help="RFC 3339; else the latest fire time.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """Tell why a job ran at a moment or did not, from recorded facts; or whether it will."""
    with connected(context) as client:
        data = client.job_why(ref, at)
    lines = [f"{data['at']}: {data['words']}"]
    lines += [f"  {fact['at']}  {fact['words']}" for fact in data["facts"]]
    around = [data["before"] or "none", data["after"] or "none"]
    lines.append(f"fire times around it: {around[0]} before, {around[1]} after")
    show(data, output, lines)
