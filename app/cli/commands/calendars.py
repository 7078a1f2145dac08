"""Business calendars: when jobs must not run. The year of what ran is `chronosctl calendar`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.documents import read_documents
from app.cli.output import Form, Output, rows, show, write
from app.cli.session import connected
from app.client.errors import ApiError

app = typer.Typer(help="Business calendars: when jobs must not run.", no_args_is_help=True)

COLUMNS: Final = ("name", "weekend", "country", "subdivision", "through", "version", "jobs")
Name = Annotated[str, typer.Argument(metavar="CALENDAR")]


@app.command("list")
def list_calendars(context: typer.Context, output: Form = Output.TABLE) -> None:
    """List calendars, and which jobs observe them."""
    with connected(context) as client:
        data = client.business_calendars()
    lines = [
        one | {"weekend": " ".join(one["weekend"]), "jobs": len(one["jobs"])}
        for one in data["calendars"]
    ]
    show(data, output, rows(lines, COLUMNS))


@app.command()
def get(
    context: typer.Context,
    name: Name,
    year: Annotated[int | None, typer.Option(help="Only what it closes in this year.")] = None,
    output: Form = Output.TABLE,
) -> None:
    """Show a calendar and what it closes."""
    with connected(context) as client:
        data = client.business_calendar(name)
    closed = [
        {"from": one["from"], "to": one.get("to") or one["until"], "label": one["label"]}
        for one in [*data["closed"], *data["spans"]]
        if year is None or one["from"].startswith(f"{year:04}-")
    ]
    weekend = " ".join(data["weekend"]) or "none"
    head = f"{data['name']}: weekend {weekend}, known through {data['through']}"
    show(data, output, [head, *rows(sorted(closed, key=str), ("from", "to", "label"))])


@app.command()
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Option("--file", "-f", help="YAML or JSON; - reads input.")],
    ics: Annotated[Path | None, typer.Option(help="A file in iCalendar for its `ics`.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it.")] = False,
) -> None:
    """Create the calendars of a file, or bring them to it."""
    with connected(context) as client:
        for document in read_documents(file):
            if ics is not None:
                document["ics"] = ics.read_text(encoding="utf-8")
            if dry_run:
                shown = client.create_business_calendar(document, dry_run=True)
                write(f"{shown['name']} would close {len(shown['closed'])} stretches of days")
                continue
            try:
                known = client.business_calendar(str(document.get("name", "")) or "-")
            except ApiError as error:
                if error.code != "NOT_FOUND":
                    raise
                client.create_business_calendar(document)
                write(f"{document['name']} created")
            else:
                version = f'"{known["version"]}"'
                client.update_business_calendar(known["name"], document, if_match=version)
                write(f"{document['name']} updated; {len(known['jobs'])} jobs observe it")


@app.command()
def delete(context: typer.Context, name: Name) -> None:
    """Forget a calendar that no job observes."""
    with connected(context) as client:
        client.delete_business_calendar(name)
    write(f"{name} deleted")


@app.command()
def countries(
    context: typer.Context,
    q: Annotated[str, typer.Option("-q", help="Words of the name, or the code.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """List the countries whose public holidays are known, and the codes of their parts."""
    with connected(context) as client:
        data = client.countries()
    word = q.casefold()
    found = [
        one | {"subdivisions": " ".join(one["subdivisions"])}
        for one in data["countries"]
        if word in one["name"].casefold() or word == one["code"].casefold()
    ]
    show(data, output, rows(found, ("code", "name", "subdivisions")))
