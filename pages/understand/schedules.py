"""Smart schedules: better hours for a job, and a day without herds; applied, and taken back."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets import advice, descriptions
from app.console.widgets.format import clock, counted, milliseconds, percent, plain
from app.console.widgets.layout import card, confirmed, empty_state, first_job, header

PAGE = Page("Smart schedules", ":material/schedule:", 1, "Understand")
VIEWS = ["One job", "The herd"]
JOBS_MAX = 1000
APPLIED = "advice: "
"""How the comment of a version begins that followed the advice."""


def render(console: Console) -> None:
    with header("Smart schedules", "what the past advises, tested on runs it was not learned from"):
        pass
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], key="schedules_view", bind="query-params", required=True
    )
    if view == VIEWS[1]:
        _herd(console)
        return
    jobs = console.client.jobs(limit=JOBS_MAX, sort="name")["jobs"]
    if not jobs:
        first_job(console)
        return
    _one(console, _chosen(jobs))


def _chosen(jobs: list[dict[str, Any]]) -> str:
    """The job of the deep link, or the one picked; an unknown one is told by the node."""
    linked = st.query_params.get("job", "")
    names = {job["id"]: f"{job['namespace']}/{job['name']}" for job in jobs}
    found = next((one for one, name in names.items() if linked in (one, name)), None)
    if linked and found is None:
        return linked
    ids = list(names)
    picked: str = st.selectbox(
        "Job",
        ids,
        ids.index(found) if found else 0,
        format_func=lambda one: names[one],
        key=f"schedules_job_{found}",
        width=420,
    )
    if picked != found:
        st.query_params["job"] = picked
    return picked


def _one(console: Console, ref: str) -> None:
    try:
        found = console.client.recommendations(ref)
    except ApiError as error:
        show_error(error)
        return
    _undo(console, found["job_id"])
    if not found["enough"]:
        empty_state("Not enough data", plain(found["why"]), key="no_data")
    left, right = st.columns([2, 1])
    with left:
        if found["optimal_time_slots"]:
            _slots(found)
        if found["suggested_schedule"]:
            _what_if(console.client.preview_recommendations(found["job_id"]), found["timezone"])
    with right:
        if found["enough"]:
            _suggestion(console, found)
            _insights(found)
            _retries(console, found)


def _slots(found: dict[str, Any]) -> None:
    best = found["optimal_time_slots"][0]
    words = f"hours in {found['timezone']} · the higher, the better"
    with card("How the job fares by hour of the day", words, key="slots"):
        st.vega_lite_chart(
            advice.slots(found),
            key=f"slots_{found['job_id']}",
            width="stretch",
            alt=descriptions.slots(found),
        )
        st.caption(
            f"{best['hour']:02}:00 scores best: {percent(best['success_rate'])} succeeded, a run "
            f"takes {milliseconds(best['duration_ms'])} and starts "
            f"{milliseconds(best['lateness_ms'])} late."
        )


def _suggestion(console: Console, found: dict[str, Any]) -> None:
    with card("Schedule", key="suggestion"):
        st.markdown(f"Today &nbsp; `{found['schedule']}`")
        suggested = found["suggested_schedule"]
        st.markdown(f"Suggested &nbsp; `{suggested}`" if suggested else "No other is suggested")
        st.caption(plain(_sentence(found["why"])))
        _verdict(found["backtest"])
        if not suggested:
            return
        times = {
            name: [clock(fire["utc"], found["timezone"]) for fire in found[key]]
            for name, key in (("next today", "next_today"), ("next suggested", "next_suggested"))
        }
        st.dataframe(
            pd.DataFrame(times),
            hide_index=True,
            key="schedules_next",
            row_height=30,
            height=190,
            alt="The next fire times by today's schedule and by the suggested one",
        )
        confirmed(
            "Apply",
            f"{found['job_id']}_schedule",
            f"A new version of the job will run by `{suggested}`. It can be undone.",
            partial(_apply, console, found, "schedule"),
        )


def _verdict(test: dict[str, Any] | None) -> None:
    if test is None:
        return
    if not test["holds"]:
        st.markdown(":orange-badge[:material/rule: did not hold on later runs]")
        return
    st.markdown(":green-badge[:material/verified: held on later runs]")
    st.caption(
        f"Learned on {test['learned']} runs, judged on {test['judged']} later ones: "
        f"{percent(test['time_saved'])} less time from fire time to end, "
        f"{percent(test['failures_saved'])} fewer failures. It beat today's schedule in "
        f"{percent(test['agreement'])} of resamples."
    )


def _insights(found: dict[str, Any]) -> None:
    caption = f"confidence {found['confidence']:.2f} · {found['runs']} runs"
    with card("What stands out", caption, key="insights"):
        for text in found["insights"]:
            st.markdown(f"* {plain(text)}")


def _retries(console: Console, found: dict[str, Any]) -> None:
    retry = found["retry"]
    with card("Retries", key="retries"):
        st.caption(plain(_sentence(retry["why"])))
        policy = retry["suggested"]
        if not policy:
            return
        st.markdown(
            f"{policy['max_attempts']} attempts, the first wait {policy['initial_interval']}"
        )
        confirmed(
            "Apply",
            f"{found['job_id']}_retry",
            f"A new version of the job will make up to {policy['max_attempts']} attempts.",
            partial(_apply, console, found, "retry"),
        )


def _what_if(found: dict[str, Any], zone: str) -> None:
    if found["suggested"] is None:
        return
    today, after = found["today"], found["suggested"]
    with card("What if, over the last 30 days", key="what_if"):
        st.vega_lite_chart(
            advice.what_if(found),
            key="what_if_chart",
            width="stretch",
            alt=descriptions.what_if(found),
        )
        st.dataframe(
            pd.DataFrame(
                {
                    "": ["today", "suggested"],
                    "schedule": [today["schedule"], after["schedule"]],
                    "fires": [today["fires"], after["fires"]],
                    "expected to fail": [percent(one["failing"]) for one in (today, after)],
                    "from fire time to end": [
                        milliseconds(one["turnaround_ms"]) for one in (today, after)
                    ],
                }
            ),
            hide_index=True,
            key="what_if_table",
            alt="Today's schedule and the suggested one: fires, failures and time from fire to end",
        )
        with st.expander(
            f"{len(found['gone'])} fires would go, {len(found['added'])} would come",
            key="what_if_fires",
        ):
            fires = [(at, "goes") for at in found["gone"]] + [
                (at, "comes") for at in found["added"]
            ]
            moves = {
                f"fire, {zone}": [clock(at, zone) for at, _ in sorted(fires)],
                "": [change for _, change in sorted(fires)],
            }
            st.dataframe(
                pd.DataFrame(moves),
                hide_index=True,
                key="what_if_moves",
                height=240,
                alt="The fires that would go and come, in time order",
            )


def _apply(console: Console, found: dict[str, Any], part: str) -> None:
    done = console.carry_out(
        f"advice_{found['job_id']}_{part}_{found['version']}",
        lambda key: console.client.apply_recommendations(
            found["job_id"], part, if_match=f'"{found["version"]}"', idempotency_key=key
        ),
        "The job has a new version",
    )
    if done is not None:
        st.rerun()


def _undo(console: Console, job_id: str) -> None:
    """The way back, as long as the newest version is one that followed the advice."""
    versions = console.client.job_versions(job_id)["versions"]
    if len(versions) < 2 or not versions[0]["comment"].startswith(APPLIED):
        return
    newest, before = (one["version"] for one in versions[:2])
    with st.container(horizontal=True, vertical_alignment="center", key="schedules_undo"):
        st.markdown(f":material/check: Version {newest} follows the advice.")
        if st.button("Undo", icon=":material/undo:"):
            back = console.carry_out(
                f"advice_undo_{job_id}_{newest}",
                lambda key: console.client.rollback_job(job_id, before, idempotency_key=key),
                f"Back to version {before}",
            )
            if back is not None:
                st.rerun()


def _herd(console: Console) -> None:
    switched_off = st.toggle(
        "Count jobs that are switched off, too", key="schedules_off", bind="query-params"
    )
    plan = console.client.balance(switched_off=switched_off)
    _batches(console, plan)
    if not plan["jobs"]:
        empty_state("No jobs", "No job is switched on, so none starts.", key="herd")
        return
    before, after = plan["before"], plan["after"]
    numbers = st.columns(4)
    numbers[0].metric("Fullest minute", f"{before['starts']} starts", border=True)
    numbers[1].metric("After the moves", f"{after['starts']} starts", border=True)
    numbers[2].metric("Most under way", f"{before['load']} → {after['load']}", border=True)
    numbers[3].metric("Jobs with a window", f"{plan['windows']} of {plan['jobs']}", border=True)
    steady = plan["steady_per_minute"]
    words = f"{clock(plan['day'], 'UTC')} UTC, the day of the fullest minute"
    with card("Starts per minute", words, key="herd_chart"):
        st.vega_lite_chart(
            advice.herd(plan), key="herd", width="stretch", alt=descriptions.herd(plan)
        )
        if steady:
            st.caption(
                f"Without the {steady:.3g} starts a minute of jobs that run at least every minute."
            )
    if plan["moves"]:
        _moves(console, plan, switched_off)
    else:
        empty_state("Nothing to move", plain(_sentence(plan["why"])), key="no_moves")


def _moves(console: Console, plan: dict[str, Any], switched_off: bool) -> None:
    moves = plan["moves"]
    table = pd.DataFrame(
        {
            "job": [one["job_name"] for one in moves],
            "namespace": [one["namespace"] for one in moves],
            "later by": [f"{one['minutes']} min" for one in moves],
            "today": [one["schedule"] for one in moves],
            "suggested": [one["new_schedule"] for one in moves],
            "window": [one["window"] for one in moves],
            "window left": [one["new_window"] for one in moves],
        }
    )
    with card("Moves", f"{len(moves)} · each stays within its owner's window", key="moves"):
        versions = [{"id": one["job_id"], "version": one["version"]} for one in moves]
        event = st.dataframe(
            table,
            key=f"moves_{hash(str(versions))}",
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            row_height=32,
            alt=f"{counted(len(moves), 'job')} and by how much each would start later",
        )
        picked = [versions[row] for row in event["selection"]["rows"] if row < len(versions)]
        chosen = picked or versions
        told = f"{len(chosen)} jobs get a new version, and can be taken back together."
        confirmed(
            f"Move {len(chosen)} jobs",
            "herd",
            told,
            partial(_move, console, chosen, switched_off),
        )


def _move(console: Console, chosen: list[dict[str, Any]], switched_off: bool) -> None:
    done = console.carry_out(
        f"balance_{hash(str(chosen))}",
        lambda key: console.client.apply_balance(
            chosen, switched_off=switched_off, idempotency_key=key
        ),
    )
    if done is not None:
        _tell(console, done, "moved")


def _batches(console: Console, plan: dict[str, Any]) -> None:
    for batch in plan["batches"]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/check: {batch['undoable']} jobs moved by {plain(batch['by'])} "
                f":gray[{clock(batch['at'], console.zone)}]"
            )
            name = batch["batch"]
            if st.button("Undo", icon=":material/undo:", key=f"undo_{name}"):
                _take_back(console, name)


def _take_back(console: Console, batch: str) -> None:
    done = console.carry_out(
        f"balance_undo_{batch}",
        lambda key: console.client.undo_balance(batch, idempotency_key=key),
    )
    if done is not None:
        _tell(console, done, "taken back")


def _tell(console: Console, done: dict[str, Any], what: str) -> None:
    text = f"{len(done['changed'])} jobs {what}"
    if done["skipped"]:
        first = done["skipped"][0]
        text += f"; {len(done['skipped'])} left alone: {first['job']}: {first['reason']}"
    console.flash(text)
    st.rerun()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
