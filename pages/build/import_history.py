"""Import history: a file of executions that ended elsewhere, looked at and then taken in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.client.history_import import Account, import_lines, label_of
from app.client.past_runs import IGNORED, Plan, Reading, make_plan, to_document, zone_of
from app.client.sheets import Sheet, form_of
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.format import clock, counted, plain
from app.console.widgets.layout import card, empty_state, header
from engine.core.errors import InvalidDocument

PAGE = Page("Import history", ":material/upload_file:", 30, "Build")
ENDINGS: Final = ["csv", "tsv", "txt", "parquet", "jsonl", "ndjson", "json"]
PREVIEW_ROWS: Final = 8
REFUSALS_SHOWN: Final = 200
FIELDS: Final = {
    "job_name": "Job",
    "scheduled_time": "Due",
    "started_at": "Started",
    "completed_at": "Ended",
    "duration": "Duration, text or s",
    "duration_s": "Duration, s",
    "duration_ms": "Duration, ms",
    "duration_us": "Duration, µs",
    "status": "Status",
    "exit_code": "Exit code",
    "status_code": "HTTP status",
    "error": "Error",
    "attempts": "Attempts",
    "trigger": "Trigger",
    "namespace": "Namespace",
    "job_id": "Job id",
}
"""In the order in which people think of them."""
NOT_READ: Final = "not read"


WIDTHS: Final = {
    "line": st.column_config.NumberColumn(width=70, format="%d"),
    "fault": st.column_config.TextColumn(width="large"),
    "reason": st.column_config.TextColumn(width="large"),
}
RESULT: Final = "import_result"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file, and how a person wants it read."""

    identity: str
    label: str
    sheet: Sheet
    plan: Plan
    reading: Reading


def render(console: Console) -> None:
    with header("Import history", "executions that ended elsewhere, each taken once"):
        pass
    file = st.file_uploader("A file of executions", type=ENDINGS, key="import_file")
    if file is None:
        empty_state(
            "CSV, Parquet or JSON lines",
            "One row an execution: its job, when it started, when it ended or how long it took, "
            "and how. Nothing is written before you say so.",
            key="import",
        )
        return
    identity = str(file.file_id)
    try:
        sheet = Sheet(file, form_of(file.name))
        reading, label = _options(file.name, identity)
        said = _mapping(sheet, identity)
        plan = make_plan(sheet.columns, said, job=reading.job)
    except InvalidDocument as error:
        _show_problems(error)
        return
    for note in plan.notes:
        st.caption(f":material/info: {plain(note)}")
    chosen = Chosen(identity, label.strip(), sheet, plan, reading)
    _preview(console, chosen)
    _act(console, chosen)
    _result(console, chosen)


def _options(file_name: str, identity: str) -> tuple[Reading, str]:
    """What the file leaves open."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.text_input(
            "Label",
            label_of(file_name),
            key=f"import_label_{identity}",
            help="Names this import: the same rows under the same label are taken once.",
            width=220,
        )
        job = st.text_input(
            "Job of every row",
            key="import_job",
            bind="query-params",
            placeholder="if no column says",
            width=220,
        )
        namespace = st.text_input(
            "Namespace",
            key="import_namespace",
            bind="query-params",
            placeholder="default",
            width=160,
        )
        zone = st.text_input(
            "Time zone",
            "UTC",
            key="import_timezone",
            bind="query-params",
            help="Of times that are written without one.",
            width=180,
        )
    return Reading(zone=zone_of(zone.strip() or "UTC"), job=job, namespace=namespace), label


def _mapping(sheet: Sheet, identity: str) -> dict[str, str]:
    """The field of each column, as guessed and as a person corrects it."""
    try:
        guessed = make_plan(sheet.columns, {}, job="any").columns
    except InvalidDocument:
        guessed = {}  # something must be said first; the names alone do not tell
    fields = [NOT_READ, *FIELDS]
    by_column = {column: target for target, column in guessed.items()}
    first = next(sheet.lines(), None)
    said = {}
    with card("Columns", "what each is read as", key="import_columns"):
        places = st.columns(4)
        for number, column in enumerate(sheet.columns):
            chosen = places[number % len(places)].selectbox(
                plain(column) or "(no name)",
                fields,
                index=fields.index(by_column.get(column, NOT_READ)),
                format_func=lambda target: FIELDS.get(target, "– not read"),
                key=f"import_map_{identity}_{column}",
                help=_example(first.values.get(column) if first else None),
            )
            said[column] = IGNORED if chosen == NOT_READ else chosen
    return said


def _example(value: Any) -> str:
    return f"First row: {plain(str(value)[:80]) or 'empty'}"


def _preview(console: Console, chosen: Chosen) -> None:
    rows = []
    for line in islice(chosen.sheet.lines(), PREVIEW_ROWS):
        fault, document = line.fault, dict[str, Any]()
        if fault is None:
            try:
                document = to_document(line.values, chosen.plan, chosen.reading)
            except InvalidDocument as error:
                fault = error.problems[0]
        rows.append(
            {
                "line": line.number,
                "fault": str(fault) if fault else "",
                "job": document.get("job_name") or document.get("job_id") or "",
                "due": _shown(document.get("scheduled_time"), console.zone),
                "started": _shown(document.get("started_at"), console.zone),
                "ended": _shown(document.get("completed_at"), console.zone),
                "status": document.get("status", ""),
                "error": document.get("error", ""),
            }
        )
    table = pd.DataFrame(rows)
    if not table.empty and not table["fault"].any():
        del table["fault"]
    caption = f"the first rows as they are read · times in {console.zone}"
    with card("Preview", caption, key="import_preview"):
        st.dataframe(
            table,
            hide_index=True,
            key="import_rows",
            column_config=WIDTHS,
            alt=f"The first {counted(len(table), 'row')} of the file as they are read",
        )


def _shown(text: str | None, zone: str) -> str:
    return clock(text, zone) if text else ""


def _act(console: Console, chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        imports = st.button("Import", type="primary", icon=":material/upload:")
        tries = st.button("Dry run", icon=":material/rule:")
        st.caption("Broken off, it can be begun again: what is there already is passed over.")
    if imports or tries:
        st.session_state.pop(RESULT, None)
        account = _run(console, chosen, dry_run=tries)
        if account is not None:
            st.session_state[RESULT] = (chosen.identity, chosen.label, tries, account)


def _run(console: Console, chosen: Chosen, *, dry_run: bool) -> Account | None:
    """Send every row and show how far it is; None when the node refused or was away."""
    total = max(1, sum(1 for _ in chosen.sheet.lines()))
    bar = st.progress(0.0, f"0 of {total} rows")
    account = None
    try:
        for account in import_lines(
            console.client,
            chosen.label,
            chosen.sheet.lines(),
            chosen.plan,
            chosen.reading,
            dry_run=dry_run,
        ):
            bar.progress(min(1.0, account.lines / total), f"{account.lines} of {total} rows")
    except ApiError as error:
        show_error(error)
        return None
    except Unreachable as error:
        st.error(
            f"**No answer from the node.** {plain(error.reason)} "
            "What came in stays; import the file again for the rest.",
            icon=":material/cloud_off:",
        )
        return None
    finally:
        bar.empty()
    return account


def _result(console: Console, chosen: Chosen) -> None:
    """What came of the last run over this file under this label."""
    identity, label, was_dry, account = st.session_state.get(RESULT, ("", "", False, None))
    if account is None or (identity, label) != (chosen.identity, chosen.label):
        return
    title = "Dry run: nothing was written" if was_dry else "Imported"
    with card(title, f"label {plain(label)} · {account.lines} rows", key="import_result"):
        counts = st.columns(3)
        counts[0].metric("Would be imported" if was_dry else "Imported", account.imported)
        counts[1].metric("There already", account.duplicates)
        counts[2].metric("Refused", account.refused)
        if account.refusals:
            _refusals(account)
        if not was_dry and account.imported:
            console.link("Executions", "executions")


def _refusals(account: Account) -> None:
    shown = account.refusals[:REFUSALS_SHOWN]
    if len(account.refusals) > len(shown):
        st.caption(f"The first {len(shown)} reasons.")
    st.dataframe(
        pd.DataFrame(
            {
                "line": [refusal.line for refusal in shown],
                "column": [refusal.field for refusal in shown],
                "reason": [refusal.reason for refusal in shown],
                "what would be right": [refusal.hint for refusal in shown],
            }
        ),
        hide_index=True,
        key="import_refusals",
        alt=f"{counted(len(shown), 'reason')} why lines were refused",
        column_config=WIDTHS,
    )


def _show_problems(error: InvalidDocument) -> None:
    lines = [
        f"- **{plain(problem.field)}** {plain(problem.reason)}"
        + (f" ({plain(problem.hint)})" if problem.hint else "")
        for problem in error.problems
    ]
    st.error("\n".join(lines), icon=":material/error:")
