"""Headers, cards and the states that are not the happy one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.session import Console
from app.console.widgets.format import plain

DEMO_HISTORY: Final = "90d"


@contextmanager
def header(title: str, caption: str = "") -> Iterator[None]:
    """A page's title with its caption; what is drawn inside stands at the right."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        with st.container(width="stretch", gap=None):
            st.markdown(f"### {plain(title)}")
            if caption:
                st.caption(plain(caption))
        with st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center"
        ):
            yield


@contextmanager
def card(title: str, caption: str = "", *, key: str) -> Iterator[None]:
    """A bordered box with a bold title and a grey caption on one line."""
    with st.container(border=True, key=f"card_{key}", gap="xsmall"):
        grey = f" &nbsp; :gray[{caption}]" if caption else ""
        st.markdown(f"**{title}**{grey}")
        yield


def empty_state(title: str, text: str, *, key: str) -> None:
    """Nothing here yet, said kindly."""
    with st.container(border=True, key=f"empty_{key}", horizontal_alignment="center"):
        st.markdown(f"**{title}**", text_alignment="center")
        st.caption(text, text_alignment="center")


def first_job(console: Console) -> None:
    """The way to a first job, in ten seconds."""
    empty_state(
        "No jobs yet",
        "Create one now, or look around with the demo workspace: "
        "real jobs that call this node's own echo endpoint, labelled demo, "
        "and 90 days of synthetic history.",
        key="first_job",
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Create your first job", type="primary", icon=":material/add:"):
            console.go("editor")
        if st.button("Load the demo workspace", icon=":material/science:"):
            with st.spinner("Loading jobs and 90 days of history"):
                load = partial(console.client.load_demo, history=DEMO_HISTORY)
                loaded = console.attempt(load, "Demo workspace loaded")
            if loaded is not None:
                st.rerun()


def confirmed(
    label: str, name: str, effect: str, action: Callable[[], None], icon: str = ":material/check:"
) -> None:
    """A button that says what it will do, and asks before it does."""
    with st.popover(label, icon=icon, key=f"confirm_{name}"):
        st.markdown(effect)
        if st.button(f"{label} now", type="primary", key=f"now_{name}"):
            action()


def unreachable(error: Unreachable) -> None:
    """The node does not answer: a calm card, and the page tries again by itself."""
    with st.container(border=True, key="unreachable"):
        st.markdown(":material/cloud_off: **The node does not answer**")
        st.caption(f"{error.url}: {error.reason}. Trying again every few seconds.")
    _retry()


def no_key(error: ApiError) -> None:
    """The node does not know this console: what to do about it."""
    with st.container(border=True, key="no_key"):
        st.markdown(f":material/lock: **{plain(error.message)}**")
        st.caption(
            "The console asks with the key in the environment variable CHRONOS_API_KEY: set it to "
            "one of the keys under `auth` in the node's configuration, and start the console again."
        )


@st.fragment(run_every="3s")
def _retry() -> None:
    if st.session_state.pop("_retry_armed", False):
        st.rerun()
    st.session_state["_retry_armed"] = True
