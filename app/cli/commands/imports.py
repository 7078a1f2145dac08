"""`chronosctl import`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.crontab import IMPORTED, REFUSED, Options, Row, read_crontab
from app.cli.output import Form, Output, show
from app.cli.session import REFUSED as EXIT_REFUSED
from app.cli.session import connected, say
from app.client.client import Client
from app.client.errors import ApiError
from engine.core.errors import InvalidDocument, Problem

app = typer.Typer(help="Bring jobs over from elsewhere.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `crontab` a command of its own while it is the only one."""


@app.command()
def crontab(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A crontab; - is standard input.")],
    url_template: Annotated[
        str,
        typer.Option(help="E.g. 'http://host/run?cmd={command}'; also {name} {user} {line}."),
    ],
    system: Annotated[
        bool, typer.Option("--system", help="A user field, as in /etc/crontab and /etc/cron.d.")
    ] = False,
    namespace: Annotated[str, typer.Option("--namespace", "-n")] = "default",
    timezone: Annotated[str, typer.Option(help="Where the crontab's machine lives.")] = "UTC",
    method: Annotated[str, typer.Option(help="The HTTP method.")] = "GET",
    timeout: Annotated[str, typer.Option(help="Cron has none; a job needs one.")] = "5m",
    enable: Annotated[bool, typer.Option("--enable", help="Let the jobs fire at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and create nothing.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """Create one job for each line; every line is reported, none is changed in silence.

    Exit code 1 when a line was refused.
    """
    with connected(context) as client:
        options = Options(
            url_template=url_template,
            is_system=system,
            namespace=namespace,
            timezone=timezone,
            method=method,
            timeout=timeout,
            enabled=enable,
            source=file.name,
        )
        found = read_crontab(_read(file), options)
        report = [_line(row) for row in found]
        if not dry_run:
            _create(client, found, report)
    counts = Counter(line["outcome"] for line in report)
    show(report, output, (text for line in report for text in _lines(line)))
    total = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    say(f"{total or 'no lines'}{' (dry run: nothing was created)' if dry_run else ''}")
    if not enable and counts[IMPORTED] and not dry_run:
        say("the jobs are disabled: stop cron for them, then chronosctl job enable")
    if counts[REFUSED]:
        raise typer.Exit(EXIT_REFUSED)


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise InvalidDocument([Problem(str(file), reason, "name a crontab, or -")]) from None


def _line(row: Row) -> dict[str, Any]:
    return {
        "line": row.number,
        "text": row.text,
        "outcome": row.outcome,
        "reason": row.reason,
        "hint": row.hint,
        "notes": list(row.notes),
        "job": f"{row.document['namespace']}/{row.document['name']}" if row.document else None,
        "id": None,
    }


def _create(client: Client, found: list[Row], report: list[dict[str, Any]]) -> None:
    """Create what can be; a name that is taken refuses its line alone."""
    for row, line in zip(found, report, strict=True):
        if row.document is None:
            continue
        try:
            line["id"] = client.create_job(row.document)["id"]
        except ApiError as error:
            line["outcome"], line["reason"] = REFUSED, error.message
            line["hint"] = error.details[0].get("hint", "") if error.details else ""


def _lines(line: dict[str, Any]) -> list[str]:
    name = f"  -> {line['job']}" if line["outcome"] == IMPORTED else ""
    texts = [f"{line['line']:>5}  {line['outcome']:<8}  {line['text'].strip()}{name}"]
    if line["reason"]:
        hint = f" ({line['hint']})" if line["hint"] else ""
        texts.append(f"{'':>17}{line['reason']}{hint}")
    return texts + [f"{'':>17}{note}" for note in line["notes"]]
