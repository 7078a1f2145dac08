"""`chronosctl events`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, cell, columns_of, show, write
from app.cli.session import connected

WIDTHS: Final = (27, 12, 28, 9)
_HEAD: Final = ("AT", "KIND", "JOB", "STATUS", "WHAT")


def events(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until interrupted.")
    ] = False,
    kind: Annotated[
        str | None, typer.Option(help="One or several, with commas: ended,retrying.")
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    text: Annotated[str | None, typer.Option("-q", help="In the job's name or the text.")] = None,
    after: Annotated[str | None, typer.Option(help="An event's id: only what follows it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    output: Form = Output.TABLE,
) -> None:
    """Show the newest events, and with --follow all that come, oldest first."""
    filters = {"kind": kind, "namespace": namespace, "q": text}
    with connected(context) as client:
        page = client.recent_events(after, limit=limit, **filters)
        found = list(reversed(page["events"]))
        if not follow:
            show(found, output, columns_of([_HEAD, *(_cells(event) for event in found)]))
            return
        with suppress(KeyboardInterrupt):
            for event in chain(found, client.follow_events(page["newest"], **filters)):
                write(_line(event, output))
                sys.stdout.flush()  # the next one may be long in coming


def _line(event: Mapping[str, Any], output: Output) -> str:
    """One event on one line: for programs JSON, which is YAML too."""
    if output is not Output.TABLE:
        return json.dumps(event, ensure_ascii=False)
    *cells, what = _cells(event)
    padded = [text.ljust(width) for text, width in zip(cells, WIDTHS, strict=True)]
    return "  ".join([*padded, what]).rstrip()


def _cells(event: Mapping[str, Any]) -> tuple[str, ...]:
    namespace, name = event.get("namespace"), event.get("job_name") or event.get("job_id")
    job = f"{namespace}/{name}" if namespace else name
    values = (event.get("at"), event["kind"], job, event.get("status"), event.get("text"))
    return tuple(cell(value) for value in values)
