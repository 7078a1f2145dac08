"""Forecasts: the load and the risks to come, when the batch is over, and how good all that is."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets import descriptions, forecast_charts
from app.console.widgets.choice import choosing
from app.console.widgets.format import clock, counted, percent, plain
from app.console.widgets.layout import card, empty_state, header

PAGE = Page("Forecasts", ":material/online_prediction:", 1, "Understand")
HORIZONS: Final = ["24h", "48h", "168h"]
MEASURES: Final = {"busy seconds": "load_busy", "runs": "load_runs"}
KINDS: Final = {
    "load_runs": "runs an hour",
    "load_busy": "busy seconds an hour",
    "duration": "duration of a run",
    "fails": "risk to fail",
    "slow": "risk to be slow or late",
}
VERDICTS: Final = ["shown", "baseline", "not_shown", "not_enough_data"]
VERDICT_COLORS: Final = ["green", "blue", "orange", "gray"]
OUTCOMES: Final = {"fails": "fails", "slow": "slow or late"}
RISK, MODEL = "forecast_risk", "model"
EVENING: Final = 18
MORNING: Final = 8


def render(console: Console) -> None:
    caption = f"tested on what came, and shown where they beat their floor · {console.times}"
    with header("Forecasts", caption):
        if st.button("Train now", icon=":material/model_training:", help="Beside the leader"):
            _train(console, st.query_params.get("job"))
    models = console.client.models(limit=1000)
    if models["training"]:
        since = clock(models["training"][0]["requested_at"], console.zone)
        st.info(f"A training was asked for at {since}.", icon=":material/hourglass_top:")
    if job := st.query_params.get("job", ""):
        _job(console, job)
    else:
        _load(console)
        _batch(console)
        _risks(console)
    shown = [one for one in models["models"] if not job or job in _names(one)]
    _models(console, shown)


def _names(one: dict[str, Any]) -> tuple[str, str]:
    return one["job_id"], f"{one['namespace']}/{one['job_name']}"


def _train(console: Console, job: str | None) -> None:
    ask = partial(console.client.train_models, job or None)
    done = console.carry_out(
        f"train_{job}", lambda key: ask(idempotency_key=key), "Asked the leader to train"
    )
    if done is not None:
        st.rerun()


def _load(console: Console) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Load",
            list(MEASURES),
            default="busy seconds",
            key="forecast_measure",
            bind="query-params",
            required=True,
        )
        horizon = st.segmented_control(
            "Horizon",
            HORIZONS,
            default="48h",
            key="forecast_horizon",
            bind="query-params",
            required=True,
        )
    found = console.client.load_forecast(horizon)
    one = next(one for one in found["measures"] if one["kind"] == MEASURES[measure])
    young = f" · {found['young']} younger jobs have no habits yet" if found["young"] else ""
    said = f"{found['jobs']} jobs{young} · {console.times_on_one_line()}"
    with card("Load of the coming hours", said, key="load"):
        _load_chart(one, console.zone, f"load_{measure}_{horizon}")


def _load_chart(measure: dict[str, Any], zone: str, key: str) -> None:
    if not measure["points"]:
        _silence(measure["card"])
    if measure["points"] or measure["history"]:
        st.vega_lite_chart(
            forecast_charts.load(measure, zone),
            key=key,
            width="stretch",
            alt=descriptions.load(measure, zone),
        )
    if measure["points"]:
        st.caption(_tested(measure["card"]))


def _silence(of: dict[str, Any] | None) -> None:
    """Why nothing is foretold."""
    why = of["why"] if of else "the first training begins a minute after the leader's start"
    st.caption(f":material/hourglass_empty: Nothing is foretold: {plain(why)}.")


def _tested(of: dict[str, Any]) -> str:
    coverage = percent(of["metrics"]["coverage"])
    tested = int(of["metrics"]["tested"])
    said = f"{of['why']}. The 90% band held {coverage} of {tested} values that nobody had seen."
    return plain(said[0].upper() + said[1:])


def tonight(now: datetime) -> tuple[datetime, datetime]:
    """From this evening, or now in it, until the morning that follows."""
    evening = now.replace(hour=EVENING, minute=0, second=0, microsecond=0)
    morning = now.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if now < morning:
        return now, morning
    return max(now, evening), morning + timedelta(days=1)


def _batch(console: Console) -> None:
    now = datetime.now(ZoneInfo(console.zone))  # noqa: TID251  # the viewer's clock, to say what tonight is
    begin, end = tonight(now)
    said = f"fires from {begin:%H:%M} to {end:%H:%M} in {console.zone}"
    with card("Tonight's batch", said, key="batch"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tag = st.text_input(
                "Tag", key="batch_tag", bind="query-params", placeholder="fact:herd", width=180
            )
            namespace = st.text_input(
                "Namespace", key="batch_namespace", bind="query-params", width=160
            )
            by = st.text_input(
                "Over by", key="batch_by", bind="query-params", placeholder="06:00", width=100
            )
        span: dict[str, Any] = {
            "tag": tag or None,
            "namespace": namespace or None,
            "since": begin.isoformat(timespec="seconds"),
            "until": end.isoformat(timespec="seconds"),
            "by": _deadline(by, begin),
        }
        try:
            found = console.client.batch_forecast(**span)
            if not found["jobs"] and found["switched_off"]:
                found = console.client.batch_forecast(**span, disabled=True)
                st.caption("These jobs are switched off: this is the night as if they were on.")
        except ApiError as error:
            show_error(error)
            return
        _finish(console, found)


def _deadline(text: str, begin: datetime) -> str | None:
    """The next time of day after the beginning; what is no time is left for the node to refuse."""
    if not text:
        return None
    try:
        at = datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007
    except ValueError:
        return text
    due = begin.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (due if due > begin else due + timedelta(days=1)).isoformat()


def _finish(console: Console, found: dict[str, Any]) -> None:
    if found["p50"] is None:
        st.caption(plain(f"{found['why'][0].upper()}{found['why'][1:]}."))
        return
    decider = found["deciders"][0]
    with st.container(horizontal=True):
        st.metric("Over in half of the nights", clock(found["p50"], console.zone)[11:])
        st.metric("in nine of ten", clock(found["p90"], console.zone)[11:])
        if found["by_share"] is not None:
            due = clock(found["by"], console.zone)[11:16]
            st.metric(f"Over by {due}", percent(found["by_share"]))
        often = f"Ends last in {percent(decider['share'])} of the nights"
        st.metric(often, decider["job_name"] or decider["job_id"])
    others = ", ".join(
        f"{one['job_name']} {percent(one['share'])}" for one in found["deciders"][1:]
    )
    rest = f" Else {others}." if others else ""
    unknown = f" {len(found['unknown'])} jobs have run too seldom." if found["unknown"] else ""
    st.caption(plain(f"{found['jobs']} jobs, {found['why']}.{rest}{unknown}"))


def _risks(console: Console) -> None:
    found = console.client.risks(limit=200)
    said = f"{found['total']} are told · {found['silent']} models claim nothing"
    with card("Risks of the next runs", f"{said} · choose one", key="risks"):
        if not found["risks"]:
            st.caption("No model beats its base rate: nothing is claimed about any next run.")
            return
        names = [f"{one['job_id']}:{one['outcome']}" for one in found["risks"]]
        st.dataframe(
            _risk_table(console, found["risks"]),
            **choosing(RISK, names, f"risks_{hash(str(names))}"),
            hide_index=True,
            row_height=34,
            height=min(38 + 34 * len(found["risks"]), 380),
            alt=f"{counted(len(found['risks']), 'risk')} of next runs, the highest first",
            column_config={
                "risk": st.column_config.ProgressColumn(
                    format="percent", min_value=0.0, max_value=1.0, width=130
                ),
                "usual": st.column_config.NumberColumn(format="percent", width=70),
                "why": st.column_config.TextColumn(width="large"),
            },
        )
    chosen = st.query_params.get(RISK, "")
    _risk(console, found["risks"][names.index(chosen) if chosen in names else 0])


def _risk_table(console: Console, risks: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "risk": [one["probability"] for one in risks],
            "usual": [one["base_rate"] for one in risks],
            "of being": [OUTCOMES[one["outcome"]] for one in risks],
            "job": [one["job_name"] + ("" if one["enabled"] else " (off)") for one in risks],
            "next run": [console.time_of(one, one["next_run"]) for one in risks],
            "why": ["; ".join(why["text"] for why in one["reasons"]) for one in risks],
        }
    )


def _risk(console: Console, risk: dict[str, Any]) -> None:
    """One risk: its reasons at the left, how right its model was at the right."""
    numbers = console.client.model(risk["card"]["id"])["numbers"]
    name = f"{plain(risk['job_name'])}: {OUTCOMES[risk['outcome']]}"
    with st.container(horizontal=True):
        with card(name, f"{percent(risk['probability'])} of the next run", key="reasons"):
            for reason in risk["reasons"]:
                icon = "trending_up" if reason["weight"] > 0 else "trending_down"
                color = "red" if reason["weight"] > 0 else "green"
                st.markdown(f":{color}[:material/{icon}:] {plain(reason['text'])}")
            if not risk["reasons"]:
                st.caption("Nothing speaks for or against it more than for any run of the job.")
            st.caption(plain(f"{risk['why']}."))
            if st.button("The job", icon=":material/work:", key="risk_job"):
                console.go("forecasts", job=risk["job_id"])
        with card("Calibration", "on runs that nobody had seen", key="calibration"):
            st.vega_lite_chart(
                forecast_charts.reliability(numbers),
                key="reliability",
                width="stretch",
                alt=descriptions.reliability(numbers),
            )
            st.caption("On the dashed line, what was said is what came; larger is more runs.")


def _job(console: Console, identity: str) -> None:
    found = console.client.job_forecast(identity, "48h")
    with st.container(horizontal=True, vertical_alignment="center"):
        name = f"**{plain(found['job_name'])}** :gray[{plain(found['namespace'])}]"
        st.markdown(name, width="stretch")
        if st.button("All forecasts", icon=":material/arrow_back:"):
            console.go("forecasts")
        if st.button("The job", icon=":material/work:", key="forecast_job"):
            console.go("job", id=found["job_id"])
    zone, times = console.zone_of(found), console.times_of(found)
    with card("How long the coming runs take", f"48 hours · {times}", key="durations"):
        if found["runs"]:
            st.vega_lite_chart(
                forecast_charts.durations(found["runs"], zone),
                key="durations",
                width="stretch",
                alt=descriptions.coming(found["runs"], zone),
            )
            st.caption(_tested(found["duration_card"]))
        else:
            _silence(found["duration_card"])
    with card("Load of the coming hours", f"busy seconds · {times}", key="job_load"):
        _load_chart(found["load"], zone, "job_load")
    for risk in console.client.job_risk(identity)["risks"]:
        if risk["probability"] is not None:
            _risk(console, risk)
            return
    with card("Risks of the next run", key="job_risks"):
        for risk in console.client.job_risk(identity)["risks"]:
            st.caption(plain(f"{OUTCOMES[risk['outcome']]}: nothing is claimed, {risk['why']}."))


def _models(console: Console, models: list[dict[str, Any]]) -> None:
    if not models:
        empty_state(
            "No models yet",
            "The leader trains a minute after it began, and every six hours from then on.",
            key="models",
        )
        return
    told = sum(one["verdict"] in ("shown", "baseline") for one in models)
    said = f"{len(models)} · {told} are shown, or their floor is · times in {console.zone}"
    with card("Models", said, key="models"):
        table = pd.DataFrame(
            {
                "verdict": [[one["verdict"]] for one in models],
                "foretells": [KINDS[one["kind"]] for one in models],
                "job": [one["job_name"] or "all jobs" for one in models],
                "version": [one["version"] for one in models],
                "trained": [clock(one["trained_at"], console.zone) for one in models],
                "why": [one["why"] for one in models],
            }
        )
        identities = [one["id"] for one in models]
        st.dataframe(
            table,
            **choosing(MODEL, identities, f"models_{hash(''.join(identities))}"),
            hide_index=True,
            row_height=34,
            height=min(38 + 34 * len(models), 380),
            alt=f"{counted(len(models), 'model')} and what became of each",
            column_config={
                "verdict": st.column_config.MultiselectColumn(
                    options=VERDICTS, color=VERDICT_COLORS, width=140
                ),
                "version": st.column_config.NumberColumn(width=70),
                "why": st.column_config.TextColumn(width="large"),
            },
        )
    if identity := st.query_params.get(MODEL, ""):
        _model(console, identity)


def _model(console: Console, identity: str) -> None:
    try:
        whole = console.client.model(identity)
    except ApiError as error:
        show_error(error)
        return
    name = f"{KINDS[whole['kind']]} of {whole['job_name'] or 'all jobs'}"
    with card(f"Model card: {plain(name)}", f"`{whole['id']}`", key="model_card"):
        st.markdown(plain(f"{whole['why'][0].upper()}{whole['why'][1:]}."))
        data = " to ".join(
            clock(whole[side], console.zone) for side in ("data_since", "data_until")
        )
        by = whole["algorithm"] or "no algorithm"
        st.caption(plain(f"{by} · {whole['rows']:,} rows · data from {data}"))
        versions = pd.DataFrame(
            {
                "version": [one["version"] for one in whole["versions"]],
                "trained": [clock(one["trained_at"], console.zone) for one in whole["versions"]],
                "verdict": [one["verdict"] for one in whole["versions"]],
                **{
                    name: [one["metrics"].get(name) for one in whole["versions"]]
                    for name in whole["metrics"]
                },
            }
        )
        told = f"{counted(len(versions), 'version')} of this model, the newest first"
        st.dataframe(versions, hide_index=True, key="model_versions", alt=told)
        if whole["job_id"] and st.button("The job's forecasts", icon=":material/work:"):
            console.go("forecasts", job=whole["job_id"])
