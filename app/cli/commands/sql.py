"""`chronosctl sql` and `chronosctl query`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from app.cli.output import Form, Output, cell, columns_of, rows, show, to_yaml, write
from app.cli.session import connected, refuse, say
from app.client.client import Client
from app.client.errors import ApiError
from app.client.sql import MEDIA
from app.workbench.source import read_yaml
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import new_query_id
from engine.model.job import Document

app = typer.Typer(help="Saved queries, and those that run.", no_args_is_help=True)

COLUMNS: Final = ("name", "version", "title", "owner", "description")
T = TypeVar("T")
NOT_THERE: Final = 404
INTERRUPTED: Final = 130

Name = Annotated[str, typer.Argument(help="The query's name.")]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", help="name=value for $name, or name:type=value, as day:date=..."),
]
Limit = Annotated[int, typer.Option(min=1, max=100_000)]
File = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="Write the rows there: .csv, .arrow or .parquet."),
]
Explain = Annotated[bool, typer.Option("--explain", help="Show the plan; run nothing.")]
Analyze = Annotated[bool, typer.Option("--analyze", help="Run it, and show where time went.")]


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="One SELECT; - reads standard input.")],
    limit: Limit = 1000,
    param: Param = None,
    explain: Explain = False,
    analyze: Analyze = False,
    file: File = None,
    output: Form = Output.TABLE,
) -> None:
    """Ask the history in read-only SQL; Ctrl+C cancels the query on the node."""
    text = sys.stdin.read() if statement == "-" else statement
    how: Document = {"limit": limit, "explain": explain, "analyze": analyze}
    with connected(context) as client:
        how["parameters"] = parameters_of(param)
        if file is not None:
            _write_rows(client, text, how, file)
            return
        _show(_cancellable(client, lambda key: client.sql(text, id=key, **how)), output)


@app.command("list")
def list_queries(
    context: typer.Context,
    q: Annotated[str | None, typer.Option("-q", help="Words to look for.")] = None,
    output: Form = Output.TABLE,
) -> None:
    """List saved queries: the cluster's own, then the built-in ones."""
    with connected(context) as client:
        found = client.saved_queries(q)["queries"]
    show(found, output, rows(found, COLUMNS))


@app.command("show")
def show_query(context: typer.Context, name: Name, output: Form = Output.YAML) -> None:
    """Show a saved query, fit to be edited and saved again."""
    with connected(context) as client:
        data = client.saved_query(name)
    show(data, output, to_yaml(data).splitlines())


@app.command()
def save(
    context: typer.Context,
    file: Annotated[Path, typer.Option("-f", "--file", help="YAML; - is standard input.")],
) -> None:
    """Save a query, new or edited; `version` in the file guards against the edits of others."""
    with connected(context) as client:
        for document in read_yaml(_text(file), str(file)):
            if not isinstance(document, dict):
                raise InvalidDocument([Problem(str(file), "is not an object", "name: ...")])
            data = _save(client, document)
            write(f"{data['name']} saved, version {data['version']}")


@app.command()
def run(
    context: typer.Context,
    name: Name,
    limit: Limit = 1000,
    param: Param = None,
    explain: Explain = False,
    analyze: Analyze = False,
    file: File = None,
    output: Form = Output.TABLE,
) -> None:
    """Run a saved query; Ctrl+C cancels it on the node."""
    how: Document = {"limit": limit, "explain": explain, "analyze": analyze}
    with connected(context) as client:
        how["parameters"] = parameters_of(param)
        if file is not None:
            _write_rows(client, client.saved_query(name)["sql"], how, file)
            return
        _show(_cancellable(client, lambda key: client.run_query(name, id=key, **how)), output)


@app.command()
def delete(context: typer.Context, name: Name) -> None:
    """Delete a saved query."""
    with connected(context) as client:
        client.delete_query(name)
    write(f"{name} deleted")


@app.command()
def running(context: typer.Context, output: Form = Output.TABLE) -> None:
    """List the queries that the node is answering."""
    with connected(context) as client:
        found = client.sql_running()["queries"]
    show(found, output, rows(found, ("id", "started_at", "sql")))


@app.command()
def cancel(
    context: typer.Context, identity: Annotated[str, typer.Argument(help="The running query's id.")]
) -> None:
    """Cancel a running query."""
    with connected(context) as client:
        client.cancel_sql(identity)
    write(f"{identity} cancelled")


def parameters_of(pairs: list[str] | None) -> Document:
    """Values by name, of `name=value` and `name:type=value`.

    >>> parameters_of(["n=3", "job:text=7"])
    {'n': 3, 'job': {'type': 'text', 'value': '7'}}
    """
    found: Document = {}
    for pair in pairs or ():
        left, mark, value = pair.partition("=")
        name, _, kind = left.partition(":")
        if not mark or not name:
            raise InvalidDocument([Problem("--param", "is not name=value", "--param days=30")])
        found[name] = {"type": kind, "value": value} if kind else _plain(value)
    return found


def _plain(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


def _cancellable(client: Client, ask: Callable[[str], T]) -> T:
    """The answer; Ctrl+C ends the query where it runs, not only the waiting for it."""
    key = new_query_id()
    try:
        return ask(key)
    except KeyboardInterrupt:
        try:
            client.cancel_sql(key)
        except ApiError:
            refuse("it was over already", INTERRUPTED)
        refuse("cancelled", INTERRUPTED)


def _write_rows(client: Client, text: str, how: Document, file: Path) -> None:
    form = file.suffix.removeprefix(".")
    if form not in MEDIA or how["explain"] or how["analyze"]:
        hint = "a name that ends in .csv, .arrow or .parquet, without --explain and --analyze"
        raise InvalidDocument([Problem("--file", f"{file.name} cannot hold this", hint)])
    limit, parameters = how["limit"], how["parameters"]
    found = _cancellable(
        client, lambda key: client.sql_bytes(text, limit, form, id=key, parameters=parameters)
    )
    try:
        file.write_bytes(found.data)
    except OSError as error:
        reason = error.strerror or "cannot be written"
        raise InvalidDocument([Problem(str(file), reason, "name a file in a folder")]) from None
    say(f"{len(found.data):,} bytes in {file}")
    if found.truncated:
        _say_cut(limit)


def _show(data: Document, output: Output) -> None:
    if data["plan"] is not None:
        show(data["plan"], output, data["plan"]["text"].splitlines())
        return
    head = [column["name"] for column in data["columns"]]
    lines = columns_of([head, *([cell(value) for value in row] for row in data["rows"])])
    records = [dict(zip(head, row, strict=True)) for row in data["rows"]]
    show(records, output, lines)
    if data["truncated"]:
        _say_cut(len(records))


def _say_cut(count: int) -> None:
    say(f"there are more than {count} rows; raise --limit or ask for less")


def _save(client: Client, document: Document) -> Document:
    if document.get("version"):
        return client.update_query(document)
    try:
        client.saved_query(str(document.get("name", "")) or "?")
    except ApiError as error:
        if error.status == NOT_THERE:
            return client.create_query(document)
        raise
    return client.update_query(document)


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if path == Path("-") else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        hint = "name a readable file, or - for standard input"
        raise InvalidDocument([Problem(str(path), reason, hint)]) from None
