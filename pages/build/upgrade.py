"""The upgrade of a job to a later version of its template: three sides, field by field."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from app.console.drafts import draft_of
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import plain
from app.console.widgets.layout import card, empty_state, header
from app.console.widgets.variables import Form

PAGE = Page("Upgrade", ":material/upgrade:", 7, "Build", hidden=True)
SIDES = {"mine": "Keep mine", "theirs": "Take the template's"}
KINDS = {
    "conflict": ":red-badge[:material/call_split: conflict]",
    "updated": ":green-badge[updated]",
    "kept": ":blue-badge[yours, kept]",
    "agreed": ":gray-badge[the same on both sides]",
}
HEADS = {"base": "As installed", "mine": "Yours now", "theirs": "New version"}


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    if not identity:
        empty_state("No job chosen", "Open one from the Marketplace.", key="upgrade")
        console.link("Installed jobs", "marketplace", market_view="Installed")
        return
    job = console.client.job(identity)
    first = console.client.upgrade_job(identity, dry_run=True)
    draft = draft_of(f"upgrade_{identity}", job)
    form = Form(draft)
    span = f"{first['template']} · {first['from_version']} → {first['to_version']}"
    with header(f"Upgrade {job['name']}", span):
        place = st.empty()
    _news(first)
    note = st.empty()
    if first["needs"]:
        with card("Values that are needed", "secrets are not kept to be read", key="needs"):
            for one in first["needs"]:
                form.ask({one["name"]: one})
                st.caption(plain(one["reason"]))
    plan = console.client.upgrade_job(identity, form.values, dry_run=True) if form.values else first
    decided = _changes(plan)
    draft.drawn()
    open_ones = [name for name in plan["conflicts"] if name not in decided]
    waits = bool(plan["needs"] or open_ones)
    moves = plan["from_version"] != plan["to_version"] or bool(form.values)
    if why := _why_not(plan, open_ones):
        note.caption(f":material/info: {why}")
    pressed = place.button(
        "Upgrade",
        type="primary",
        icon=":material/upgrade:",
        disabled=waits or not moves,
        key=draft.here,
    )
    console.link(f"Job {plain(job['name'])}", "job", id=identity)
    if pressed:
        done = console.carry_out(
            f"upgrade_{identity}_{job['version']}_{hash(str((form.values, decided)))}",
            lambda key: console.client.upgrade_job(
                identity, form.values, resolve=decided, idempotency_key=key
            ),
            f"Upgraded to {plan['to_version']}",
        )
        if done is not None:
            draft.discard()
            console.go("job", id=identity)


def _why_not(plan: dict[str, Any], open_ones: list[str]) -> str:
    if plan["needs"]:
        return "The upgrade waits for the values below."
    names = ", ".join(f"`{name}`" for name in open_ones)
    return f"Both you and the template changed {names}: choose a side." if open_ones else ""


def _news(plan: dict[str, Any]) -> None:
    for one in plan["news"]:
        if one["changes"]:
            st.markdown(f":violet-badge[{one['version']}] &nbsp;{plain(one['changes'])}")


def _changes(plan: dict[str, Any]) -> dict[str, str]:
    """The fields that differ; conflicts first, each with the choice of a side."""
    if plan["needs"]:
        return {}
    if not plan["changes"]:
        empty_state("Nothing differs", "The job is as this version makes it.", key="no_changes")
        return {}
    decided: dict[str, str] = {}
    order = list(KINDS)
    for change in sorted(plan["changes"], key=lambda one: order.index(one["kind"])):
        field, kind = change["field"], change["kind"]
        with st.container(border=True, gap="xsmall", key=f"change_{field}"):
            st.markdown(f"`{field}` &nbsp;{KINDS[kind]}")
            for column, (side, head) in zip(st.columns(3), HEADS.items(), strict=True):
                column.caption(head)
                column.code(_value(change[side]), language=None, wrap_lines=True)
            if kind == "conflict":
                chosen = st.segmented_control(
                    f"Which one for {field}?",
                    list(SIDES),
                    format_func=SIDES.__getitem__,
                    key=f"side_{field}",
                )
                if chosen:
                    decided[field] = chosen
    return decided


def _value(value: Any) -> str:
    if value is None:
        return "(nothing)"
    if isinstance(value, str):
        try:
            return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
        except ValueError:
            return value or "(empty)"
    return json.dumps(value, indent=2, ensure_ascii=False)
