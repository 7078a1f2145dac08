"""Step through what was recorded of an execution, forth and back, or beside another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.client.errors import ApiError, Unreachable
from app.console.page import Page
from app.console.replay.comparing import compare
from app.console.replay.looking import panes
from app.console.replay.moving import controls, strip
from app.console.replay.playing import Pace, Player
from app.console.replay.walk import IN_URL, OfExecution, OfFile, Walk
from app.console.session import Console, show_error
from app.console.widgets.format import plain
from app.console.widgets.layout import card, empty_state, header, unreachable

PAGE = Page("Replay", ":material/slow_motion_video:", 22, "Operate", hidden=True)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    walk = Walk(console, identity, OfExecution(identity)) if identity else _of_file(console)
    if walk is None:
        return
    facts = walk.facts()
    player = Player(walk)
    pace = player.pace
    # How often a fragment runs is fixed where it is made: here, again when the pace changed.
    every = pace.every_s if pace is not None else None
    st.fragment(run_every=every, key="replay_walk")(_walk)(player, pace)
    if identity:
        compare(console, identity, facts)


def _walk(player: Player, drawn: Pace | None) -> None:
    """All that a move changes, drawn again without the rest of the page."""
    if player.pace == drawn:
        player.tick()
    if player.pace != drawn:
        st.rerun()
    try:
        place = player.look()
    except ApiError as error:
        show_error(error)
        _offer_without(player.walk, error)
    except Unreachable as error:
        unreachable(error)
    else:
        _drawn(player, place)


def _offer_without(walk: Walk, error: ApiError) -> None:
    """A link may name breakpoints that mean nothing here, or too many: the way on without them."""
    fields = [str(detail.get("field", "")) for detail in error.details]
    for what in IN_URL:
        if any(field.startswith(what) for field in fields):
            st.button(
                f"Go on without its {what}",
                icon=":material/close:",
                key=f"replay_without_{what}",
                on_click=walk.keep,
                args=(what, ()),
            )


def _drawn(player: Player, place: Mapping[str, Any]) -> None:
    walk, facts = player.walk, place["execution"]
    of_file = isinstance(walk.source, OfFile)
    origin = f"from a file · execution {facts['id']}" if of_file else f"execution {facts['id']}"
    with header(f"Replay of {facts['job_name'] or facts['job_id'] or 'an execution'}", origin):
        if not of_file:
            _leave_and_take(walk, facts)
    walk.show_refusal()
    if place["total"]:
        controls(player, place)
        strip(walk, place)
        panes(walk, place)
    else:
        empty_state(
            "No steps were recorded",
            "It was skipped, ended before its first attempt, or its attempt was lost.",
            key="steps",
        )


def _of_file(console: Console) -> Walk | None:
    """A session that was exported, here or elsewhere."""
    with header("Replay", "step through what was recorded of an execution"):
        console.link("Executions", "executions")
    with card("Open an exported session", "or open an execution and press Replay", key="file"):
        file = st.file_uploader(
            "Session", type="json", key="replay_file", label_visibility="collapsed"
        )
    if file is None:
        return None
    walk = Walk(console, file.file_id, source := OfFile(file))
    if source.is_new and not _opened(walk, source, file):
        return None
    return walk


def _opened(walk: Walk, source: OfFile, file: UploadedFile) -> bool:
    """Send the session to the node, which judges it, and take over what stops and watches."""
    try:
        session = source.session()
        with st.spinner("Reading the session"):
            source.ask(walk.console.client, {})
    except ApiError as error:
        show_error(error)
        return False
    except (ValueError, RecursionError) as error:
        st.error(
            f"**{plain(file.name)} is not JSON.** {plain(str(error))}", icon=":material/error:"
        )
        return False
    for what in ("breakpoints", "watches"):
        walk.keep(what, session.get(what, []))
    return True


def _leave_and_take(walk: Walk, facts: Mapping[str, Any]) -> None:
    """Back to the execution, and the session as a file."""
    console = walk.console
    if st.button("Execution", icon=":material/receipt_long:", key="open_execution"):
        console.go("execution", id=walk.name)
    if facts.get("completed_at") and st.button(
        "With a change", icon=":material/edit:", key="again_changed", help="Run it again otherwise."
    ):
        console.go("again", id=walk.name)
    for form, mime, icon in (
        ("html", "text/html", ":material/html:"),
        ("json", "application/json", ":material/data_object:"),
    ):
        st.download_button(
            form.upper(),
            _exported(walk, form, walk.standing.cursor),
            file_name=f"replay-{walk.name}.{form}",
            mime=mime,
            icon=icon,
            on_click="ignore",
            key=f"export_{form}",
            help=f"The session as one {form.upper()} file, secrets hidden.",
        )


def _exported(walk: Walk, form: str, cursor: int) -> Callable[[], bytes]:
    """Asks for the file when it is wanted, not before."""
    breakpoints, watches = list(walk.kept("breakpoints")), list(walk.kept("watches"))
    return lambda: walk.console.client.export_replay(
        walk.name, form, cursor=cursor, breakpoints=breakpoints, watches=watches
    )
