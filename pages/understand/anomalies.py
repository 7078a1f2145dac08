"""Anomalies: what is unusual about the runs of jobs, why, and what people made of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets import charts, descriptions
from app.console.widgets.choice import choosing
from app.console.widgets.format import counted, percent, plain
from app.console.widgets.layout import card, empty_state, header

PAGE = Page("Anomalies", ":material/troubleshoot:", 0, "Understand")
STATES = ["open", "acknowledged", "muted", "resolved"]
COLORS = ["red", "orange", "gray", "green"]
SHOWN_AT_FIRST = ["open", "acknowledged"]
CHOSEN, DETECTOR = "anomalies_finding", "detector"
ACTIONS = {
    "acknowledge": (":material/visibility:", "acknowledged", "Somebody knows of it."),
    "mute": (":material/notifications_off:", "muted", "Out of the way until it ends."),
    "resolve": (":material/check_circle:", "resolved", "Over; it is not reported anew."),
    "reopen": (":material/undo:", "open", "Back among the open ones."),
}


def render(console: Console) -> None:
    with header("Anomalies", f"the leader looks at every job's runs · {console.times}"):
        pass
    identity = st.query_params.get("job", "")
    if identity:
        _job(console, identity)
        return
    if linked := st.query_params.get("finding", ""):
        _linked(console, linked)
        return
    states = st.pills(
        "State",
        STATES,
        default=SHOWN_AT_FIRST,
        selection_mode="multi",
        key="anomalies_state",
        bind="query-params",
    )
    page = console.client.findings(state=",".join(states) or None, limit=200)
    if page["findings"]:
        _list(console, page["findings"], page["total"])
    else:
        _nothing(console, states)
    if chosen := st.query_params.get(CHOSEN, ""):  # shown even once its state is not listed
        _look(console, chosen)


def _nothing(console: Console, states: list[str]) -> None:
    """Nothing to show; and that there is more, where only the states hide it."""
    hidden = console.client.findings(limit=1)["total"] if states else 0
    if not hidden:
        empty_state(
            "Nothing unusual",
            "Every job runs as it usually does. A job is judged once it has run some twenty times.",
            key="anomalies",
        )
        return
    empty_state(
        f"Nothing that is {' or '.join(states)}",
        f"{counted(hidden, 'finding')} in other states: what was usual again for twenty runs is "
        "resolved by itself.",
        key="anomalies",
    )
    st.button("Show all", icon=":material/filter_alt_off:", on_click=_show_all_states)


def _show_all_states() -> None:
    st.session_state["anomalies_state"] = STATES


def _list(console: Console, found: list[dict[str, Any]], total: int) -> None:
    table = pd.DataFrame(
        {
            "state": [[one["state"]] for one in found],
            "job": [one["job_name"] for one in found],
            "namespace": [one["namespace"] for one in found],
            "what": [one["title"] for one in found],
            "evidence": [one["evidence"] for one in found],
            "runs": [one["runs"] for one in found],
            "latest": [console.time_of(one, one["last_at"]) for one in found],
        }
    )
    identities = [one["id"] for one in found]
    with card("Findings", f"{total} · choose one to see its chart", key="findings"):
        st.dataframe(
            table,
            **choosing(CHOSEN, identities, f"findings_{hash(''.join(identities))}", DETECTOR),
            hide_index=True,
            row_height=36,
            alt=f"{counted(len(found), 'finding')} of {total:,}, the latest first",
            column_config={
                "state": st.column_config.MultiselectColumn(options=STATES, color=COLORS),
                "evidence": st.column_config.TextColumn(width="large"),
            },
        )


def _linked(console: Console, identity: str) -> None:
    """One finding by its id: what a link leads to."""
    if st.button("All findings", icon=":material/arrow_back:"):
        console.go("anomalies")
    _look(console, identity)


def _look(console: Console, identity: str) -> None:
    """A finding, and the runs that it is about."""
    try:
        finding = console.client.finding(identity)
    except ApiError as error:
        show_error(error)
        return
    _finding(console, finding)
    _chart(console, finding["job_id"], _drawn_by(finding))


def _drawn_by(finding: dict[str, Any]) -> str:
    """The detector whose chart shows it: what several jobs share is drawn for the first."""
    return "failure_spike" if finding["detector"] == "shared_failure" else str(finding["detector"])


def _finding(console: Console, finding: dict[str, Any]) -> None:
    name = f"{plain(finding['job_name'])}: {finding['title'].lower()}"
    with card(name, finding["explanation"], key="finding"):
        st.markdown(plain(finding["evidence"]))
        said = f"{finding['state']} by {finding['by']}" if finding["by"] else finding["state"]
        why = f" · {finding['note']}" if finding["note"] else ""
        first, last = (console.time_of(finding, finding[name]) for name in ("first_at", "last_at"))
        st.caption(plain(f"{first} to {last} · {said}{why}"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            note = st.text_input("Note", key=f"note_{finding['id']}", placeholder="Why", width=320)
            for action, (icon, state, effect) in ACTIONS.items():
                if state != finding["state"] and st.button(
                    action.capitalize(), icon=icon, help=effect, key=f"{action}_{finding['id']}"
                ):
                    _judge(console, finding["id"], action, note)
            if st.button("The run", icon=":material/receipt_long:", key="finding_run"):
                console.go("execution", id=finding["execution_id"])
            if finding["imported"]:
                st.caption("Imported: this cluster has no such job.")
            elif st.button("The job", icon=":material/work:", key="finding_job"):
                console.go("job", id=finding["job_id"])
            if st.button("Link", icon=":material/link:", key="finding_link"):
                console.go("anomalies", finding=finding["id"])


def _judge(console: Console, identity: str, action: str, note: str) -> None:
    act = partial(console.client.judge_finding, identity, action, note)
    done = console.carry_out(
        f"{action}_{identity}_{note}",
        lambda key: act(idempotency_key=key),
        f"{ACTIONS[action][1].capitalize()}",
    )
    if done is not None:
        st.rerun()


def _job(console: Console, identity: str) -> None:
    try:
        job = console.client.anomalies(identity, runs=1)
    except ApiError as error:
        show_error(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(job['job_name'])}** :gray[{plain(job['namespace'])}]", width="stretch"
        )
        if st.button("All findings", icon=":material/arrow_back:"):
            console.go("anomalies")
        if not job["imported"] and st.button(
            "The job", icon=":material/work:", key="anomalies_job"
        ):
            console.go("job", id=job["job_id"])
    _chart(console, job["job_id"])


def _chart(console: Console, job_id: str, usual: str | None = None) -> None:
    """A job's runs with the band, by the detector of the address, else by the usual one."""
    try:
        data = console.client.anomalies(job_id, st.query_params.get(DETECTOR) or usual)
    except ApiError as error:
        show_error(error)
        return
    _choose_detector(data)
    words = next(one for one in data["detectors"] if one["name"] == data["detector"])
    said = f"{words['explanation']} · {console.times_of(data)}"
    with card(words["title"], said, key="judged"):
        if not data["enough"]:
            st.caption(
                f"Not enough data: it needs {data['least']} runs, there are {len(data['runs'])}."
            )
            return
        st.markdown(f"{_badge(data['verdict'])} :gray[{data['verdict']['words']}]")
        event = st.vega_lite_chart(
            charts.judged(data, console.zone_of(data)),
            key=f"judged_{job_id}_{data['detector']}",
            width="stretch",
            on_select="rerun",
            alt=descriptions.judged(data, words["title"], console.zone_of(data)),
        )
        if picked := event["selection"].get("chosen"):
            console.go("execution", id=picked[0]["id"])
        st.caption(
            "Grey is the band, red what left it, a dashed line a new version of the job. Click a "
            "run to open it."
        )
    _back_tests(data)


def _choose_detector(data: dict[str, Any]) -> None:
    """The detectors to choose from; the choice is kept by the address."""
    titles = {one["name"]: one["title"] for one in data["detectors"]}
    key = f"detector_{data['job_id']}"
    st.session_state[key] = data["detector"]
    st.selectbox(
        "Judged by",
        list(titles),
        format_func=lambda name: titles[name],
        key=key,
        on_change=lambda: st.query_params.update({DETECTOR: st.session_state[key]}),
        width=320,
    )


def _badge(verdict: dict[str, Any]) -> str:
    if verdict["latest"]:
        return ":red-badge[:material/warning: latest run unusual]"
    return ":green-badge[:material/check: latest run as usual]"


def _back_tests(data: dict[str, Any]) -> None:
    with card(
        "How the detector was chosen",
        "faults are planted into this job's own past and looked for",
        key="back_tests",
    ):
        if not data["back_tests"]:
            st.caption("Not enough runs to tell; the one with the fewest assumptions is used.")
            return
        titles = {one["name"]: one["title"] for one in data["detectors"]}
        table = pd.DataFrame(
            {
                "detector": [titles[test["detector"]] for test in data["back_tests"]],
                "planted faults found": [percent(test["found"]) for test in data["back_tests"]],
                "false alarms": [percent(test["false_alarms"]) for test in data["back_tests"]],
            }
        )
        told = f"How well {counted(len(table), 'detector')} found planted faults"
        st.dataframe(table, hide_index=True, key="back_tests_table", alt=told)
