"""SQL: ask the history anything; read-only, bounded, seconds behind."""

from __future__ import annotations

from threading import Thread
from typing import Any, Final

import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.answers import answer_card
from app.console.widgets.format import counted, plain
from app.console.widgets.layout import card, header
from engine.core.ids import new_query_id
from engine.model.parameter import names_in

PAGE = Page("SQL", ":material/database:", 10, "Build")
ROWS_MAX: Final = 500
RECENT_MAX: Final = 20
FIRST: Final = "SELECT status, count(*) AS runs\nFROM executions\nGROUP BY ALL ORDER BY runs DESC"
TYPES: Final = ["auto", "text", "integer", "double", "boolean", "timestamp", "date"]
TEXT: Final = "sql_text"
LINK: Final = "sql"
LINKED: Final = "sql_linked"
"""The text of the address that was taken over, so that it is taken over once."""
LINK_MAX: Final = 2_000
"""Characters of a query that an address still carries."""


def render(console: Console) -> None:
    saved = {query["name"]: query for query in console.client.saved_queries()["queries"]}
    with header("SQL", "read-only over this node's history, DuckDB dialect, times in UTC"):
        name = st.selectbox(
            "Saved query",
            list(saved),
            index=None,
            key="query",
            bind="query-params",
            on_change=_forget_link,
            placeholder="Saved queries",
            label_visibility="collapsed",
            width=280,
        )
    query = saved.get(name or "")
    _fill(query)
    left, right = st.columns([3, 1])
    with left:
        if query:
            st.caption(plain(f"{query['title']}. {query['description']}"))
        sql = st.text_area("Query", key=TEXT, height=200, persist_state="session")
        values = _parameters(sql, query)
        _buttons(console, sql, values, query)
        _progress(console)
        _outcome(console)
    with right:
        _recent()
        _schema(console)


def _fill(query: dict[str, Any] | None) -> None:
    """The text of the saved query that was just chosen, else of a new link, else a first one."""
    if query and st.session_state.get("sql_filled_with") != query["name"]:
        st.session_state["sql_filled_with"] = query["name"]
        st.session_state[TEXT] = query["sql"]
    linked = st.query_params.get(LINK)
    if linked and st.session_state.get(LINKED) != linked:
        st.session_state[LINKED] = st.session_state[TEXT] = linked
    st.session_state.setdefault(TEXT, FIRST)


def _link(sql: str, query: dict[str, Any] | None) -> None:
    """Let the address lead to what was run; a saved query's name does where the text is its own."""
    if (query and query["sql"] == sql) or len(sql) > LINK_MAX:
        _forget_link()
    else:
        st.session_state[LINKED] = st.query_params[LINK] = sql


def _forget_link() -> None:
    st.session_state.pop(LINKED, None)
    st.query_params.pop(LINK, None)


def _parameters(sql: str, query: dict[str, Any] | None) -> dict[str, Any]:
    """An input for each `$name` of the text, with the saved type and default where there is one."""
    names = names_in(sql)
    said = {one["name"]: one for one in (query or {}).get("parameters", [])}
    values: dict[str, Any] = {}
    for name in names:
        known = said.get(name, {})
        default = "" if known.get("default") is None else str(known["default"])
        value_side, type_side = st.columns([3, 1], vertical_alignment="bottom")
        text = value_side.text_input(
            f"${name}",
            default,
            key=f"p_{name}",
            bind="query-params",
            help=known.get("description") or None,
        )
        place = TYPES.index(known["type"]) if known else 0
        kind = type_side.selectbox("Type", TYPES, index=place, key=f"t_{name}", bind="query-params")
        values[name] = _guess(text) if kind == "auto" else {"type": kind, "value": text}
    return values


def _guess(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _buttons(
    console: Console, sql: str, values: dict[str, Any], query: dict[str, Any] | None
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        run = st.button("Run", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter")
        plan = st.button("Plan", icon=":material/account_tree:", help="How DuckDB would answer it")
        analyze = st.button("Analyze", icon=":material/timer:", help="Run it, and show its plan")
        if st.button("Save", icon=":material/save:"):
            _save(console, sql, values, query)
        if query and not query["built_in"] and st.button("Delete", icon=":material/delete:"):
            _delete(console, query["name"])
    if run or plan or analyze:
        _link(sql, query)
        how = {"parameters": values, "explain": plan, "analyze": analyze}
        _start(console, sql, how, query["chart"] if query else None)


def _start(console: Console, sql: str, how: dict[str, Any], chart: dict[str, Any] | None) -> None:
    """Ask beside the page, so that it stays able to cancel."""
    asked = {"id": new_query_id(), "sql": sql, "parameters": how["parameters"], "chart": chart}
    recent = [sql, *(text for text in st.session_state.get("sql_recent", []) if text != sql)]
    st.session_state["sql_recent"] = recent[:RECENT_MAX]
    client = console.client

    def ask() -> None:
        try:
            asked["answer"] = client.sql(sql, limit=ROWS_MAX, id=asked["id"], **how)
        except (ApiError, Unreachable) as error:
            asked["error"] = error

    st.session_state["sql_asked"] = asked
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(0.3)


def _over(asked: dict[str, Any]) -> bool:
    return "answer" in asked or "error" in asked


def _progress(console: Console) -> None:
    asked = st.session_state.get("sql_asked")
    if asked is not None and not _over(asked):
        _running(console)


@st.fragment(run_every="1s")
def _running(console: Console) -> None:
    asked = st.session_state["sql_asked"]
    if _over(asked):
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="running"):
        st.markdown(":material/hourglass_top: Running", width="stretch")
        if st.button("Cancel", icon=":material/stop:", key="sql_cancel"):
            console.attempt(lambda: console.client.cancel_sql(asked["id"]))


def _outcome(console: Console) -> None:
    asked = st.session_state.get("sql_asked")
    if asked is None or not _over(asked):
        return
    error = asked.get("error")
    if isinstance(error, ApiError):
        _mistake(error)
    elif error is not None:
        raise error
    elif asked["answer"].get("plan"):
        with card("Plan", key="plan"):
            st.code(asked["answer"]["plan"]["text"], language=None)
            with st.expander("As a tree"):
                st.json(asked["answer"]["plan"]["tree"])
    else:
        answer_card(console, asked)


def _mistake(error: ApiError) -> None:
    """A refusal; where it names a line, the line with its caret in a fixed width."""
    reason = error.details[0].get("reason", "") if error.details else ""
    said, mark, place = reason.partition("LINE ")
    if not mark:
        show_error(error)
        return
    st.error(plain(said.strip()), icon=":material/error:")
    st.code(mark + place, language=None)


@st.dialog("Save the query")
def _save(console: Console, sql: str, values: dict[str, Any], query: dict[str, Any] | None) -> None:
    own = query if query and not query["built_in"] else None
    name = st.text_input("Name", own["name"] if own else "", help="lower case, digits, _ and -")
    title = st.text_input("Title", own["title"] if own else "")
    description = st.text_area("What it answers", own["description"] if own else "", height=80)
    if not st.button("Save", type="primary", key="save_it"):
        return
    parameters = [
        {"name": key, "type": value["type"], "default": value["value"] or None}
        if isinstance(value, dict)
        else {"name": key, "default": None if value == "" else value}
        for key, value in values.items()
    ]
    texts = {"title": title, "description": description}
    document = {"name": name, "sql": sql, "parameters": parameters, **texts}
    if own and own["name"] == name:
        document |= {"version": own["version"], "chart": own["chart"]}
        write = console.client.update_query
    else:
        write = console.client.create_query
    saved = console.carry_out(
        "save_query", lambda key: write(document, idempotency_key=key), f"{name} saved"
    )
    if saved is not None:
        st.rerun()


@st.dialog("Delete the query?")
def _delete(console: Console, name: str) -> None:
    st.markdown(f"**{plain(name)}** is gone for everybody then; no history is lost.")
    if st.button("Delete", type="primary", key="delete_it"):
        gone = console.carry_out(
            "delete_query",
            lambda key: console.client.delete_query(name, idempotency_key=key),
            f"{name} deleted",
        )
        if gone is not None:
            st.rerun()


def _insert(key: str) -> None:
    """Append the name that was chosen to the query, and empty the choice."""
    name = st.session_state[key]
    if name:
        st.session_state[TEXT] = f"{st.session_state.get(TEXT, '').rstrip()} {name}"
        st.session_state[key] = None


def _recall(text: str) -> None:
    st.session_state[TEXT] = text


def _recent() -> None:
    recent = st.session_state.get("sql_recent", [])
    if recent:
        with card("Recent", key="recent"):
            for place, text in enumerate(recent[:5]):
                label = " ".join(text.split())[:40]
                st.button(
                    plain(label),
                    key=f"recent_{place}",
                    on_click=_recall,
                    args=(text,),
                    type="tertiary",
                )


def _schema(console: Console) -> None:
    with card("Tables", key="schema"):
        for table in _facts(console):
            with st.expander(table["name"]):
                st.caption(table["description"])
                if table.get("rows") is not None:
                    st.caption(f"{table['rows']} rows, {table['first_at']} to {table['last_at']}")
                key = f"insert_{table['name']}"
                st.selectbox(
                    "Insert a name",
                    [table["name"], *(column["name"] for column in table["columns"])],
                    index=None,
                    key=key,
                    on_change=_insert,
                    args=(key,),
                    placeholder="Insert a name",
                    label_visibility="collapsed",
                )
                rows = {f"`{one['name']}`": _meaning(one) for one in table["columns"]}
                told = f"The {counted(len(rows), 'column')} of {table['name']}"
                st.table(rows, border="horizontal", alt=told)


def _meaning(column: dict[str, Any]) -> str:
    """The column's type, its meaning and a few of its values, as text."""
    samples = ", ".join(map(str, column.get("samples") or []))
    said = plain(f"{column['description']}{': ' if samples else ''}{samples}")
    return f":gray[{column['type'].lower()}] {said}"


def _facts(console: Console) -> list[dict[str, Any]]:
    """The tables with what stands in them, asked once a session."""
    if "sql_facts" not in st.session_state:
        st.session_state["sql_facts"] = console.client.sql_schema(facts=True)["tables"]
    found: list[dict[str, Any]] = st.session_state["sql_facts"]
    return found
