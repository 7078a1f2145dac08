"""`chronosctl replay`: step through what was recorded of an execution, compare, export."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.export import read_session
from analytics.replay.session import Session
from app.cli.output import Form, Output, cell, columns_of, show, write
from app.cli.session import REFUSED, connected, refuse, say
from app.cli.stepper import Stepper
from engine.core.errors import InvalidDocument, Problem

app = typer.Typer(help="Step through what was recorded.", no_args_is_help=True)

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
TOLD_MAX: Final = 2
VALUE_WIDTH: Final = 28

Id = Annotated[str, typer.Argument(help="The execution's id.")]
Breaks = Annotated[
    list[str] | None,
    typer.Option("-b", "--break", help="5, 'kind response', error, or a condition; repeatable."),
]
Watches = Annotated[
    list[str] | None, typer.Option("-w", "--watch", help="An expression; repeatable.")
]


class Kind(StrEnum):
    """The forms of an export."""

    HTML = "html"
    JSON = "json"


@app.command()
def step(
    context: typer.Context, identity: Id, breaks: Breaks = None, watches: Watches = None
) -> None:
    """Step through an execution: n on, b back, c continue, g N go to, r restart, q quit.

    Commands are read from standard input, one a line; `help` lists them all.
    """
    with connected(context) as client:
        session = read_session(json.loads(client.export_replay(identity, "json")))
        stepper = Stepper(_with(session, breaks, watches), write)
    stepper.run(sys.stdin, prompt=sys.stdin.isatty())


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A JSON file of replay export; - is standard input.")
    ],
    breaks: Breaks = None,
    watches: Watches = None,
) -> None:
    """Step through an exported file; no node is asked."""
    with connected(context):
        session = _with(read_session(_document(file)), breaks, watches)
    if str(file) == "-":
        Stepper(session, write).show_all()
        return
    Stepper(session, write).run(sys.stdin, prompt=sys.stdin.isatty())


@app.command()
def compare(
    context: typer.Context,
    left: Annotated[str, typer.Argument(help="An execution's id.")],
    right: Annotated[str, typer.Argument(help="Another's.")],
    output: Form = Output.TABLE,
) -> None:
    """Show two executions side by side; exit code 1 when they did not do the same."""
    with connected(context) as client:
        data = client.compare_executions(left, right)
    show(data, output, _compared(data))
    if data["first_difference"] is not None:
        raise typer.Exit(REFUSED)


@app.command()
def export(
    context: typer.Context,
    identity: Id,
    form: Annotated[Kind, typer.Option("--format", help="html to look at, json to import.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="A file; else standard output.")
    ] = None,
    breaks: Breaks = None,
    watches: Watches = None,
) -> None:
    """Write an execution as one file that can be handed on; secrets are hidden."""
    with connected(context) as client:
        data = client.export_replay(
            identity, form.value, breakpoints=breaks or [], watches=watches or []
        )
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        refuse(f"{output} cannot be written: {error.strerror}")
    say(f"wrote {output}, {len(data)} bytes")


def _with(session: Session, breaks: list[str] | None, watches: list[str] | None) -> Session:
    """The session with what the options add to it."""
    found = [
        parse_breakpoint(text, f"-b {place}") for place, text in enumerate(breaks or [], start=1)
    ]
    return Session(
        session.recording,
        session.cursor,
        (*session.breakpoints, *found),
        (*session.watches, *(watches or [])),
    )


def _document(file: Path) -> Any:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        problem = Problem(str(file), f"cannot be read: {error.strerror}", "name a file, or -")
        raise InvalidDocument([problem]) from None
    if len(data) > FILE_BYTES_MAX:
        raise InvalidDocument([Problem(str(file), "is too large", "at most 256 MB")])
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        hint = "a file of chronosctl replay export --format json"
        raise InvalidDocument([Problem(str(file), f"is not JSON: {error}", hint)]) from None


def _compared(data: Mapping[str, Any]) -> Iterator[str]:
    sides = [data["left"], data["right"]]
    yield "   ".join(f"{side['id']} ({side['status']})" for side in sides)
    yield ""
    head = ["", "ATTEMPT", "STEP", "LEFT", "RIGHT", "SLOWER", "DIFFERENCE"]
    first = data["first_difference"]
    place = first["row"] if first is not None else None
    lines = [
        [">" if number == place else "", *_row(row)] for number, row in enumerate(data["rows"])
    ]
    yield from columns_of([head, *lines])
    yield ""
    yield f"first difference: {first['words']}" if first else "both did the same"


def _row(row: Mapping[str, Any]) -> list[str]:
    slower, found = row["slower_ms"], row["differences"]
    told = [f"{one['field']}: {_short(one['left'])} / {_short(one['right'])}" for one in found]
    if len(told) > TOLD_MAX:
        told[TOLD_MAX:] = [f"and {len(told) - TOLD_MAX} more"]
    if row["left"] is None or row["right"] is None:
        told = told if row["kind"] == "outcome" else ["on one side only"]
    return [
        str(row["attempt"]),
        row["kind"],
        cell(row["left"]),
        cell(row["right"]),
        f"{slower:+.1f}ms" if slower is not None else "-",
        "; ".join(told) or "-",
    ]


def _short(value: Any) -> str:
    text = cell(value)
    return text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…"
