"""Pauses: what does not run for now, since when, until when, why, and who said so."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import clock, counted, plain
from app.console.widgets.layout import card, confirmed, empty_state, header
from app.console.widgets.pauses import OPEN_END, carry_out_end, length_and_note, pause_jobs

PAGE = Page(
    "Pauses", ":material/pause_circle:", 13, "Operate", keywords="freeze blackout maintenance hold"
)
SCOPES: Final = {"job": "Job", "tag": "Tag", "namespace": "Namespace", "all": "All jobs"}
EXAMPLES: Final = {"job": "default/nightly-backup", "tag": "team=data", "namespace": "default"}
COLORS: Final = {"active": "orange", "planned": "blue", "over": "gray"}


def render(console: Console) -> None:
    with header("Pauses", f"jobs that are held back, and why · {console.times}"):
        past = st.toggle("Those that are over", key="pauses_past", bind="query-params")
    found = console.client.pauses(past=past)["pauses"]
    left, right = st.columns([2, 1])
    with left:
        if not found:
            empty_state(
                "Nothing is paused",
                "Pause a job, a tag or a namespace here: its fire times are then decided as "
                "skipped, with your note as the reason.",
                key="pauses",
            )
        else:
            _table(console, found)
            for pause in found:
                if pause["state"] != "over":
                    _ending(console, pause)
    with right:
        _form(console)


def _table(console: Console, found: list[dict[str, Any]]) -> None:
    states = list(COLORS)
    table = pd.DataFrame(
        {
            "state": [[pause["state"]] for pause in found],
            "what": [pause["job_name"] or pause["scope"] for pause in found],
            "from": [clock(pause["from"], console.zone) for pause in found],
            "until": [
                clock(pause["until"], console.zone) if pause["until"] else OPEN_END
                for pause in found
            ],
            "by": [pause["by"] for pause in found],
            "note": [pause["note"] for pause in found],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="pauses_table",
        row_height=36,
        alt=f"{counted(len(found), 'pause')}, the latest first",
        column_config={
            "state": st.column_config.MultiselectColumn(
                options=states, color=[COLORS[state] for state in states]
            )
        },
    )


def _ending(console: Console, pause: dict[str, Any]) -> None:
    what = plain(pause["job_name"] or pause["scope"])
    verb = "Resume" if pause["state"] == "active" else "Take back"

    effect = f"**{what}** runs again from now on. Fire times that passed stay skipped."
    confirmed(
        f"{verb} {what}",
        f"resume_{pause['id']}",
        effect,
        lambda: carry_out_end(console, pause),
        ":material/play_arrow:",
    )


def _form(console: Console) -> None:
    with card("Pause jobs", key="pause_form"):
        kind = st.selectbox("What", list(SCOPES), format_func=SCOPES.__getitem__, key="pause_kind")
        value = ""
        if kind != "all":
            value = st.text_input(SCOPES[kind], placeholder=EXAMPLES[kind], key=f"pause_{kind}")
        start = st.text_input("From", placeholder="now, or 2027-01-01T22:00:00Z", key="pause_from")
        document = length_and_note("pause")
        document |= {"from": start} if start else {}
        if st.button("Pause", type="primary", icon=":material/pause:"):
            scope = f"{kind}:{value.strip()}" if kind != "all" else kind
            pause_jobs(console, {"scope": scope, **document})
