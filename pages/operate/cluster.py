"""Cluster: who leads, how far everybody is, and whether the history keeps up."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import plain
from app.console.widgets.layout import card, header, unreachable

PAGE = Page("Cluster", ":material/hub:", 40, "Operate")


def render(console: Console) -> None:
    with header("Cluster", "nodes, log and history of this group"):
        pass
    _live(console)


@st.fragment(run_every="2s", key="cluster_live")
def _live(console: Console) -> None:
    try:
        status = console.client.cluster_status()
    except Unreachable as error:
        unreachable(error)
        return
    history = status["history"]
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
            }
        )
        st.dataframe(
            table,
            key="cluster_nodes",
            hide_index=True,
            row_height=36,
            column_config={
                "role": st.column_config.MultiselectColumn(
                    options=["leader", "follower", "unreachable"],
                    color=["violet", "gray", "red"],
                )
            },
        )
    if len(status["nodes"]) == 1:
        st.markdown("One node: no failover. `make cluster` starts three on this machine.")
