"""`chronosctl import`."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from app.cli.crontab import IMPORTED, REFUSED, Options, Row, read_crontab
from app.cli.output import Form, Output, show
from app.cli.session import REFUSED as EXIT_REFUSED
from app.cli.session import connected, say
from app.client.client import Client
from app.client.errors import ApiError
from app.client.history_import import REFUSALS_MAX, Account, import_lines, label_of
from app.client.past_runs import Plan, Reading, make_plan, zone_of
from app.client.sheets import Sheet, form_named, form_of
from engine.core.errors import InvalidDocument, Problem

PROGRESS_LINES: Final = 20_000

app = typer.Typer(help="Bring jobs and their past over from elsewhere.", no_args_is_help=True)


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
    window: Annotated[
        str, typer.Option(help="How long after its time each job may start, e.g. 20m.")
    ] = "0s",
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
            window=window,
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


@app.command()
def history(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or JSON lines; - is standard input.")],
    form: Annotated[
        str | None, typer.Option("--format", help="csv, parquet or jsonl; else by the name.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="Repeatable; COLUMN=- leaves it out."),
    ] = None,
    label: Annotated[
        str, typer.Option(help="Names the import, else the file does; the same one adds nothing.")
    ] = "",
    job: Annotated[str, typer.Option(help="The job of every row, if no column names it.")] = "",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Of jobs that come without one.")
    ] = "",
    timezone: Annotated[str, typer.Option(help="Of times that come without one.")] = "UTC",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and write nothing.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """Take executions that ended elsewhere into the history; every bad row is told by its line.

    Exit code 1 when a row was refused.
    """
    with connected(context, patience_s=60) as client, _opened(file) as stream:
        sheet = Sheet(stream, form_named(form) if form else form_of(file.name))
        plan = make_plan(sheet.columns, _mapping(mapping or []), job=job)
        reading = Reading(zone=zone_of(timezone), job=job, namespace=namespace)
        label = label or label_of(file.name)
        _say_plan(plan)
        account, told = Account(), 0
        for account in import_lines(client, label, sheet.lines(), plan, reading, dry_run=dry_run):
            if account.lines - told >= PROGRESS_LINES:
                told = account.lines
                say(f"{told} rows read")
    report = {"label": label, "dry_run": dry_run, "columns": plan.columns} | asdict(account)
    show(report, output, _refusal_lines(account))
    verb = "would be imported" if dry_run else "imported"
    counts = f"{account.duplicates} there already, {account.refused} refused"
    say(f"{account.imported} {verb}, {counts}, of {account.lines} rows, under the label {label}")
    if account.refused:
        raise typer.Exit(EXIT_REFUSED)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise InvalidDocument([Problem(str(file), reason, "name a file, or -")]) from None
    with stream:
        yield stream


def _mapping(given: list[str]) -> dict[str, str]:
    said = {}
    for text in given:
        column, equals, target = text.rpartition("=")
        if not equals:
            problem = Problem(
                "map", f"{text!r} is not COLUMN=FIELD", "such as --map end=completed_at"
            )
            raise InvalidDocument([problem])
        said[column.strip()] = target.strip()
    return said


def _say_plan(plan: Plan) -> None:
    for target, column in plan.columns.items():
        say(f"  {column} -> {target}")
    if plan.unused:
        say(f"  not read: {', '.join(plan.unused)}")
    for note in plan.notes:
        say(f"  {note}")


def _refusal_lines(account: Account) -> list[str]:
    lines = []
    for refusal in account.refusals:
        hint = f" ({refusal.hint})" if refusal.hint else ""
        field = f"{refusal.field}: " if refusal.field else ""
        lines.append(f"{refusal.line:>5}  {REFUSED:<8}  {field}{refusal.reason}{hint}")
    if account.refused and len(account.refusals) >= REFUSALS_MAX:
        lines.append(f"       only the first {REFUSALS_MAX} reasons are shown")
    return lines
