"""SQL: ask the history anything; read-only, bounded, seconds behind."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.format import clock
from app.console.widgets.layout import card, header

PAGE = Page("SQL", ":material/database:", 10, "Build")
ROWS_MAX = 1000
DOWNLOAD_ROWS_MAX = 100_000
EXAMPLES = {
    "Outcomes by job, last day": """SELECT job_name, status, count(*) AS runs
FROM executions
WHERE scheduled_time > now()::TIMESTAMP - INTERVAL 1 DAY
GROUP BY ALL ORDER BY runs DESC""",
    "Slowest jobs": """SELECT job_name, count(*) AS runs,
       quantile_cont(duration_ms, 0.95) AS p95_ms
FROM executions WHERE status = 'success'
GROUP BY ALL ORDER BY p95_ms DESC LIMIT 20""",
    "Lateness by minute": """SELECT date_trunc('minute', scheduled_time) AS minute,
       max(lateness_ms) AS worst_ms
FROM executions WHERE lateness_ms IS NOT NULL
GROUP BY ALL ORDER BY minute""",
    "Failures and why": """SELECT scheduled_time, job_name, reason
FROM executions WHERE status = 'failed'
ORDER BY scheduled_time DESC LIMIT 100""",
}


def render(console: Console) -> None:
    with header("SQL", "read-only over this node's history, DuckDB dialect, times in UTC"):
        example = st.selectbox(
            "Example",
            list(EXAMPLES),
            index=None,
            key="sql_example",
            bind="query-params",
            placeholder="Examples",
            label_visibility="collapsed",
            width=260,
        )
    if example and st.session_state.get("sql_filled_with") != example:
        st.session_state["sql_filled_with"] = example
        st.session_state["sql_text"] = EXAMPLES[example]
    st.session_state.setdefault("sql_text", next(iter(EXAMPLES.values())))
    left, right = st.columns([3, 1])
    with left:
        sql = st.text_area("Query", key="sql_text", height=180, persist_state="session")
        with st.container(horizontal=True, vertical_alignment="center"):
            run = st.button(
                "Run", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter"
            )
        if run:
            _run(console, sql)
        _result(console)
    with right:
        _schema(console)


def _run(console: Console, sql: str) -> None:
    st.session_state.pop("sql_result", None)
    try:
        result = console.client.sql(sql, limit=ROWS_MAX)
    except ApiError as error:
        show_error(error)
        return
    st.session_state["sql_result"] = {"sql": sql, **result}


def _result(console: Console) -> None:
    result = st.session_state.get("sql_result")
    if result is None:
        return
    names = [column["name"] for column in result["columns"]]
    table = pd.DataFrame(result["rows"], columns=names)
    count = result["row_count"]
    rows = f"{count} {'row' if count == 1 else 'rows'}"
    cut = f", cut at {ROWS_MAX}" if result["truncated"] else ""
    with card("Result", f"{rows}{cut} in {result['elapsed_ms']:.0f} ms", key="r"):
        st.dataframe(table, key="sql_table", hide_index=True)
        st.caption(_freshness(result["as_of"], console.zone))
        _chart(table)
        _downloads(console, result["sql"])


def _freshness(as_of: str | None, zone: str) -> str:
    if as_of is None:
        return "The node has not exported any history yet. Run it again in a few seconds."
    return f"The history as of {clock(as_of, zone)} {zone}. What ended later shows up in seconds."


def _chart(table: pd.DataFrame) -> None:
    numbers = [str(name) for name in table.select_dtypes("number").columns]
    if not numbers or table.shape[1] < 2 or table.empty:
        return
    others = [str(name) for name in table.columns]
    with st.expander("Chart", icon=":material/bar_chart:"):
        row = st.columns(3)
        kind = row[0].selectbox("Kind", ["bar", "line"], key="sql_kind")
        across = row[1].selectbox("Across", others, key="sql_x")
        up = row[2].selectbox("Up", numbers, key="sql_y")
        draw = st.bar_chart if kind == "bar" else st.line_chart
        draw(table, x=across, y=up, height=260)


def _downloads(console: Console, sql: str) -> None:
    def fetch(form: str) -> Any:
        return lambda: console.client.sql_bytes(sql, DOWNLOAD_ROWS_MAX, form)

    with st.container(horizontal=True):
        for form, label in (("csv", "CSV"), ("parquet", "Parquet")):
            st.download_button(
                label, fetch(form), f"chronos.{form}", icon=":material/download:", key=f"d_{form}"
            )


def _schema(console: Console) -> None:
    with card("Tables", key="schema"):
        for table in console.client.sql_schema()["tables"]:
            with st.expander(table["name"]):
                st.caption(table["description"])
                rows = {
                    f"`{column['name']}`": f":gray[{column['type'].lower()}]"
                    for column in table["columns"]
                }
                st.table(rows, border="horizontal")
