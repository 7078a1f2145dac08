"""`chronosctl search`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from app.cli.output import Form, Output, rows, show
from app.cli.session import connected

COLUMNS: Final = ("kind", "title", "detail", "id")


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Some words, or an execution's id.")],
    limit: Annotated[int, typer.Option(min=1, max=50)] = 20,
    output: Form = Output.TABLE,
) -> None:
    """Find jobs, runs, findings, templates, pages and actions by words, the best first."""
    with connected(context) as client:
        found = client.search(" ".join(words), limit)["results"]
    table = [{**one, "id": one["params"].get("id", "")} for one in found]
    show(found, output, rows(table, COLUMNS))
