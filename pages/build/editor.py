"""The editor of a job: every field, and what its schedule will do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.drafts import Draft, draft_of
from app.console.page import Page
from app.console.session import SERVER_FAULT, Console
from app.console.widgets.format import counted, fire_times, plain
from app.console.widgets.layout import card, header
from app.console.widgets.target import EMPTY_WEBHOOK, belongs, fault, tags_of, target

PAGE = Page("Job editor", ":material/edit:", 0, "Build", hidden=True)
ZONES = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo"]
TIMING = (
    *("schedule", "timezone", "dialect", "dst", "starts_at", "ends_at"),
    *("calendar", "on_closed", "window", "window_start"),
)
DIALECTS = ("debian", "quartz", "robfig", "kubernetes", "aws")
CLOCK_CHANGES = {
    "debian": "as Debian's cron",
    "skip": "leave out",
    "shift": "run later",
    "both": "follow the clock",
}
WINDOW_STARTS = {"drawn": "drawn each time", "fixed": "its fire time"}
GUARANTEES = {
    "at_least_once": "send again",
    "at_most_once": "never send again",
    "effect_once": "ask the target first",
}
CLOSED = {
    "skip": "does not run",
    "next": "runs on the next open day",
    "previous": "runs on the last open day before",
}
NEW: dict[str, Any] = {
    "name": "",
    "namespace": "default",
    "description": "",
    "schedule": "*/5 * * * *",
    "timezone": "UTC",
    "dialect": "debian",
    "dst": "debian",
    "starts_at": None,
    "ends_at": None,
    "calendar": "",
    "on_closed": "skip",
    "webhook": EMPTY_WEBHOOK,
    "retry_policy": {
        "max_attempts": 3,
        "initial_interval": "1s",
        "max_interval": "1m",
        "multiplier": 2.0,
    },
    "timeout": "5m",
    "concurrency": "forbid",
    "guarantee": "at_least_once",
    "missed_run_policy": "execute_one",
    "catch_up_window": None,
    "tags": {},
    "window": "0s",
    "window_start": "drawn",
    "enabled": True,
}
FIELDS = (
    "name",
    "namespace",
    "description",
    *TIMING,
    "webhook.url",
    "webhook.headers",
    "webhook.body",
    "webhook.success_codes",
    "webhook.status_url",
    "guarantee",
    "webhook.auth",
    "dispatch.report.kind",
    "dispatch.report.span",
    "dispatch.report.namespace",
    "dispatch.report.job",
    "dispatch.report.tags",
    "dispatch.report.slo",
    "catch_up_window",
    "timeout",
    "retry_policy",
    "tags",
)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    report = st.query_params.get("writes", "")
    stored = console.client.job(identity) if identity else _new(report, console.zone)
    draft = draft_of(f"job_{identity}{report}", stored)
    base = draft.base
    with header(f"Edit {base['name']}" if identity else "New job", "every field of the job"):
        save = st.button(
            "Save",
            type="primary",
            icon=":material/check:",
            shortcut="Ctrl+Enter",
            key=draft.here,
        )
    _kept_note(draft, stored)
    _unplaced(draft)
    left, right = st.columns([2, 1])
    with left:
        document = _what_and_when(console, draft)
        document |= target(console, draft)
        document |= _behaviour(draft)
    with right:
        _preview(console, {name: document[name] for name in TIMING}, identity)
    draft.drawn()
    if save:
        _save(console, identity, document, draft)


def _new(report: str, zone: str) -> dict[str, Any]:
    """A job as it begins; one that writes a report does so each Monday morning."""
    if not report:
        return NEW
    order = {"dispatch": {"type": "report", "report": {"kind": report}}}
    begun = {key: value for key, value in NEW.items() if key != "webhook"}
    return {
        **begun,
        **order,
        "name": f"{report}-report",
        "schedule": "0 7 * * MON",
        "timezone": zone,
    }


def _kept_note(draft: Draft, stored: Mapping[str, Any]) -> None:
    """Where what is shown comes from, if not from the job as it is stored."""
    newest = stored.get("version")
    if not draft.changed or not (draft.returned or draft.version != newest):
        return
    note = "Unsaved draft from before" if draft.returned else "Unsaved draft"
    if draft.version != newest:
        note += f" of version {draft.version}; version {newest} was saved meanwhile"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="draft"):
        st.markdown(f":orange-badge[:material/edit_note: {note}]", width="content")
        if st.button("Discard", type="tertiary", key="draft_discard"):
            draft.discard()
            st.rerun()


def _unplaced(draft: Draft) -> None:
    """What the server said of fields that this form does not show, and of the job as a whole."""
    for name, text in draft.faults:
        if not any(belongs(name, field) for field in FIELDS):
            st.error(plain(f"{name} {text}".strip()), icon=":material/error:")


def _what_and_when(console: Console, draft: Draft) -> dict[str, Any]:
    stored = draft.base
    with card("What and when", key="what"):
        row = st.columns([2, 1, 1])
        with row[0]:
            name = st.text_input("Name", stored["name"], **draft.field("name"))
            fault(draft, "name")
        with row[1]:
            namespace = st.text_input("Namespace", stored["namespace"], **draft.field("namespace"))
            fault(draft, "namespace")
        with row[2]:
            enabled = st.toggle("Enabled", stored["enabled"], **draft.field("enabled"))
        description = st.text_input("Description", stored["description"], **draft.field("about"))
        fault(draft, "description")
        row = st.columns([2, 1])
        with row[0]:
            schedule = st.text_input(
                "Schedule",
                stored["schedule"],
                **draft.field("schedule"),
                help="A cron expression of the dialect below, @daily, @every 90s, or "
                "@at 2027-01-01T09:00:00Z",
            )
            fault(draft, "schedule")
        with row[1]:
            zones = list(dict.fromkeys([stored["timezone"], *ZONES]))
            timezone = st.selectbox(
                "Time zone", zones, **draft.field("zone"), accept_new_options=True
            )
            fault(draft, "timezone")
        details = _timing_details(draft) | _observance(console, draft)
    return {
        "name": name,
        "namespace": namespace,
        "enabled": enabled,
        "description": description,
        "schedule": schedule,
        "timezone": timezone,
        **details,
    }


def _timing_details(draft: Draft) -> dict[str, Any]:
    """Whose cron, what at clock changes, within which bounds, and where in which window."""
    stored = draft.base
    row = st.columns(4)
    dialect = row[0].selectbox(
        "Dialect",
        DIALECTS,
        DIALECTS.index(stored["dialect"]),
        **draft.field("dialect"),
        help="Whose cron the expression is written for.",
    )
    policies = list(CLOCK_CHANGES)
    dst = row[1].selectbox(
        "When clocks change",
        policies,
        policies.index(stored["dst"]),
        **draft.field("dst"),
        format_func=CLOCK_CHANGES.__getitem__,
        help="What becomes of times that do not exist or come twice: the card beside tells.",
    )
    with row[2]:
        window = st.text_input(
            "Window",
            stored["window"],
            **draft.field("window"),
            help="The job may start up to so long after its fire time. 0s: it keeps its minute.",
        )
        fault(draft, "window")
    starts = list(WINDOW_STARTS)
    window_start = row[3].selectbox(
        "Start in the window",
        starts,
        starts.index(stored["window_start"]),
        **draft.field("window_start"),
        format_func=WINDOW_STARTS.__getitem__,
        help="Drawn: at a moment of its own for each fire time, so that many jobs spread. "
        "At its fire time: the balancer may move it.",
    )
    bounds = {}
    for column, name, label in zip(
        st.columns(2), ("starts_at", "ends_at"), ("Not before", "Not after"), strict=True
    ):
        with column:
            bounds[name] = st.text_input(
                label,
                stored[name] or "",
                **draft.field(name),
                placeholder="2027-01-01T00:00:00Z",
            )
            fault(draft, name)
    return {
        "dialect": dialect,
        "dst": dst,
        "window": window,
        "window_start": window_start,
        **{name: text or None for name, text in bounds.items()},
    }


def _observance(console: Console, draft: Draft) -> dict[str, Any]:
    """Which calendar the job observes, and what it does when that is closed."""
    stored = draft.base
    names = [one["name"] for one in console.client.business_calendars()["calendars"]]
    known = list(dict.fromkeys(["", *names, stored["calendar"]]))
    row = st.columns(2)
    with row[0]:
        calendar = st.selectbox(
            "Calendar",
            known,
            known.index(stored["calendar"]),
            **draft.field("calendar"),
            format_func=lambda name: name or "none",
            help="When the job must not run: see Business days.",
        )
        fault(draft, "calendar")
    if not calendar:
        return {"calendar": "", "on_closed": stored["on_closed"]}
    rules = list(CLOSED)
    on_closed = row[1].selectbox(
        "When it is closed, the job",
        rules,
        rules.index(stored["on_closed"]),
        **draft.field("on_closed"),
        format_func=CLOSED.__getitem__,
    )
    return {"calendar": calendar, "on_closed": on_closed}


def _behaviour(draft: Draft) -> dict[str, Any]:
    stored = draft.base
    policy = stored["retry_policy"]
    overlap = ["forbid", "allow", "replace"]
    missed = ["execute_one", "execute_all", "ignore"]
    with card("Behaviour", "overlap, missed runs, retries", key="behaviour"):
        doubts = st.columns(2)
        concurrency = doubts[0].selectbox(
            "Overlap", overlap, overlap.index(stored["concurrency"]), **draft.field("overlap")
        )
        guarantees = list(GUARANTEES)
        with doubts[1]:
            guarantee = st.selectbox(
                "In doubt whether a run took effect",
                guarantees,
                guarantees.index(stored["guarantee"]),
                **draft.field("guarantee"),
                format_func=GUARANTEES.__getitem__,
                help="After a lost attempt, a time-out or a broken connection.",
            )
            fault(draft, "guarantee")
        row = st.columns(3)
        missed_run_policy = row[0].selectbox(
            "Missed runs",
            missed,
            missed.index(stored["missed_run_policy"]),
            **draft.field("missed"),
        )
        with row[1]:
            catch_up = st.text_input(
                "Catch-up window",
                stored["catch_up_window"] or "",
                **draft.field("catch_up"),
                placeholder="no bound, or 6h",
                help="What was missed longer ago is not made up for.",
            )
            fault(draft, "catch_up_window")
        with row[2]:
            timeout = st.text_input("Timeout", stored["timeout"], **draft.field("timeout"))
            fault(draft, "timeout")
        waits = st.columns(4)
        attempts = waits[0].number_input(
            "Attempts", 1, 100, int(policy["max_attempts"]), **draft.field("attempts")
        )
        initial = waits[1].text_input(
            "First wait", policy["initial_interval"], **draft.field("initial")
        )
        longest = waits[2].text_input(
            "Longest wait", policy["max_interval"], **draft.field("longest")
        )
        multiplier = waits[3].number_input(
            "Multiplier", 1.0, 10.0, float(policy["multiplier"]), **draft.field("multiplier")
        )
        fault(draft, "retry_policy")
        tags = st.text_input(
            "Tags",
            ", ".join(f"{key}={value}" for key, value in stored["tags"].items()),
            **draft.field("tags"),
            placeholder="team=data, tier=1",
        )
        fault(draft, "tags")
    return {
        "concurrency": concurrency,
        "guarantee": guarantee,
        "missed_run_policy": missed_run_policy,
        "catch_up_window": catch_up or None,
        "timeout": timeout,
        "retry_policy": {
            "max_attempts": attempts,
            "initial_interval": initial,
            "max_interval": longest,
            "multiplier": multiplier,
        },
        "tags": tags_of(tags),
    }


def _preview(console: Console, timing: dict[str, Any], identity: str) -> None:
    with card("Schedule", key="preview"):
        try:
            preview = console.client.preview_schedule(timing, job=identity)
        except ApiError as error:
            for detail in error.details:
                st.markdown(f":red[{plain(detail['reason'])}]")
                st.caption(plain(detail.get("hint", "")))
            return
        except Unreachable:
            st.caption("The node does not answer.")
            return
        st.markdown(f"**{preview['words']}**")
        effect = preview.get("effect")
        if effect and (effect["removed"] or effect["added"]):
            st.markdown(f":orange-badge[:material/edit_calendar: {effect['words']}]")
        table = pd.DataFrame(fire_times(preview["next"], timing["timezone"], console.zone))
        told = f"The next {counted(len(table), 'fire time')}"
        st.dataframe(table, hide_index=True, key="editor_next", alt=told)
        if preview["clock_change"]:
            st.caption(f":material/schedule: {preview['clock_change']['words']}")


def _save(console: Console, identity: str, document: dict[str, Any], draft: Draft) -> None:
    name = f"save_{identity}_{draft.version}_{hash(str(document))}"
    key = console.intent(name)
    try:
        if identity:
            job = console.client.update_job(
                identity, document, if_match=f'"{draft.version}"', idempotency_key=key
            )
        else:
            job = console.client.create_job(document, idempotency_key=key)
    except ApiError as error:
        if error.status < SERVER_FAULT:
            console.done(name)
        draft.faults = [
            (detail["field"], " ".join(filter(None, (detail["reason"], _hinted(detail)))))
            for detail in error.details
        ] or [("", error.message)]
        console.flash("Not saved", ":material/error:")
        st.rerun()
    except Unreachable as error:
        draft.faults = [("", f"Not saved: {error.reason}. Save again when it answers.")]
        st.rerun()
    console.done(name)
    draft.discard()
    console.flash("Job saved")
    console.go("job", id=job["id"])


def _hinted(detail: Mapping[str, Any]) -> str:
    hint = detail.get("hint")
    return f"({hint})" if hint else ""
