"""Cluster: who leads, how far everybody is, and whether the history keeps up."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import clock, counted, plain
from app.console.widgets.layout import card, header, unreachable

PAGE = Page("Cluster", ":material/hub:", 40, "Operate")
MOST_CURRENT = "the most current node"
HANDOVER_LOOKS = 12
HANDOVER_LOOK_S = 0.25


def render(console: Console) -> None:
    status = console.client.cluster_status()
    with header("Cluster", "nodes, log and history of this group"):
        if len(status["nodes"]) > 1:
            _offer_handover(console, status)
    _live(console)


def _offer_handover(console: Console, status: dict[str, Any]) -> None:
    """The way to another leader, as long as there are a leader and somebody to take over."""
    leader = status["leader"]
    successors = [
        node["node_id"]
        for node in status["nodes"]
        if node["connected"] and node["node_id"] != leader
    ]
    if st.button(
        "Hand over leadership",
        icon=":material/swap_horiz:",
        disabled=not (leader and successors),
        help=None if leader and successors else "There is no leader, or no other node is reachable",
    ):
        st.dialog("Hand over leadership?")(hand_over)(console, leader, successors)


def hand_over(console: Console, leader: str, successors: list[str]) -> None:
    """Ask, and see whether it came to be: a successor that lags is refused without a word."""
    to = st.selectbox("To", [MOST_CURRENT, *successors], key="handover_to")
    st.caption(
        f"The other node schedules instead of {plain(leader)}, and skips no fire time. "
        "Calls that are under way now are made a second time, with the same Idempotency-Key."
    )
    if not st.button("Hand over", type="primary", icon=":material/swap_horiz:"):
        return
    wanted = None if to == MOST_CURRENT else to
    if console.attempt(lambda: console.client.transfer(wanted)) is None:
        return
    with st.spinner("Handing over"):
        newest = _leader_after(console, leader)
    if newest == leader:
        st.warning(
            f"{plain(leader)} still leads: the other node may lack the newest entries. Try again.",
            icon=":material/info:",
        )
        return
    console.flash(f"{newest} leads now", ":material/hub:")
    st.rerun()


def _leader_after(console: Console, former: str) -> str:
    """Who leads as soon as it is another than `former`; `former` if it stays so."""
    for _ in range(HANDOVER_LOOKS):
        with contextlib.suppress(Unreachable):
            leader = console.client.cluster_status()["leader"]
            if leader and leader != former:
                return str(leader)
        time.sleep(HANDOVER_LOOK_S)
    return former


@st.fragment(run_every="2s", key="cluster_live")
def _live(console: Console) -> None:
    try:
        status = console.client.cluster_status()
    except Unreachable as error:
        unreachable(error)
        return
    history = status["history"]
    for alarm in status.get("alarms", []):
        st.error(f"**{plain(status['node_id'])}**: {plain(alarm)}", icon=":material/error:")
    for fault in status.get("planning_faults", []):
        st.error(
            f"A job cannot be planned, and is tried again each minute: `{fault['job_id']}`, "
            f"{plain(fault['error'])}. The others go on.",
            icon=":material/error:",
        )
    for step in status.get("clock_steps", [])[-1:]:
        st.warning(
            f"The time was set by {step['seconds']:+g} s while this node led, at "
            f"{clock(step['at'], console.zone)}. What it leaps over is treated as missed; what it "
            "repeats is not run again.",
            icon=":material/schedule:",
        )
    dispatch = status.get("dispatch", {})
    if dispatch.get("queued"):
        st.warning(
            f"{counted(dispatch['queued'], 'attempt')} of this node wait for a place, one of "
            f"them for {dispatch['longest_wait_s']:g} s; {dispatch['in_flight']} of at most "
            f"{dispatch['in_flight_max']} are at their targets. Nothing is lost: the soonest fire "
            "time goes first.",
            icon=":material/hourglass_top:",
        )
    row = st.columns(4)
    row[0].metric("Leader", status["leader"] or "none", border=True, height="stretch")
    row[1].metric("Term", status["term"], border=True, height="stretch")
    row[2].metric(
        "Log index",
        status["applied_index"],
        f"{status['log_entries']} entries kept",
        delta_color="gray",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    row[3].metric(
        "History",
        f"{history['rows']} rows",
        f"{history['lag_entries']} entries behind",
        delta_color="orange" if history["lag_entries"] > 1000 else "gray",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    if history["fault"]:
        st.error(
            f"**This node's history is not being written.** {plain(history['fault'])}  \n"
            "Jobs run on, and nothing is lost: it is written once the disk takes it again.",
            icon=":material/database_off:",
        )
    with card("Nodes", "as this node sees them", key="nodes"):
        nodes = status["nodes"]
        table = pd.DataFrame(
            {
                "node": [node["node_id"] for node in nodes],
                "role": [[node["role"]] for node in nodes],
                "raft address": [node["address"] for node in nodes],
                "REST address": [node["http_address"] or "–" for node in nodes],
                "log index": [node["match_index"] for node in nodes],
                "lag": [node["lag"] for node in nodes],
                "clock": [_offset(node) for node in nodes],
            }
        )
        st.dataframe(
            table,
            key="cluster_nodes",
            alt=f"{counted(len(nodes), 'node')} of the cluster",
            hide_index=True,
            row_height=36,
            placeholder="–",
            column_config={
                "role": st.column_config.MultiselectColumn(
                    options=["leader", "follower", "unreachable"],
                    color=["violet", "gray", "red"],
                )
            },
        )
    if len(status["nodes"]) == 1:
        st.markdown(
            "One node: there is nobody to hand leadership over to, and no failover. "
            "`make cluster` starts three on this machine."
        )


def _offset(node: dict[str, Any]) -> str:
    """How far a node's clock is ahead of the cluster's time."""
    offset_us = node.get("clock_offset_us")
    return "–" if offset_us is None else f"{offset_us / 1e6:+z.3f} s"
