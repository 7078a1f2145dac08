"""Business calendars: what they close, which jobs observe them, and how to write one."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_failure
from app.console.widgets.format import clock, counted, plain
from app.console.widgets.layout import card, confirmed, empty_state, header
from engine.core.clock import SystemClock, to_datetime

PAGE = Page(
    "Business days", ":material/event_busy:", 4, "Build", keywords="calendars holidays weekend ics"
)
WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
BLANK: Final[dict[str, Any]] = {
    "name": "",
    "description": "",
    "weekend": ["SAT", "SUN"],
    "country": "",
    "subdivision": "",
    "dates": [],
    "open_dates": [],
    "ics": "",
}
NEW: Final = "new calendar"
_SAVED: Final = "_calendar_saved"


def render(console: Console) -> None:
    calendars = console.client.business_calendars()["calendars"]
    names = [one["name"] for one in calendars]
    if saved := st.session_state.pop(_SAVED, None):
        st.session_state["calendar_name"] = saved  # before the list is drawn, or it is too late
    with header("Business days", "calendars: when the jobs that observe them must not run"):
        chosen = st.selectbox(
            "Calendar",
            [*names, NEW],
            key="calendar_name",
            bind="query-params",
            label_visibility="collapsed",
        )
    if not names:
        empty_state(
            "No calendar yet",
            "Close weekends, public holidays, single dates and the events of an iCalendar file. "
            "A job that observes the calendar skips them, or runs on the next or last open day.",
            key="calendars",
        )
    stored = None if chosen == NEW else console.client.business_calendar(chosen)
    left, right = st.columns([1, 1])
    with left:
        _form(console, stored)
    with right:
        if stored:
            _closures(console, stored)
            _observers(console, stored)


def _closures(console: Console, calendar: dict[str, Any]) -> None:
    told = f"beside {', '.join(calendar['weekend']) or 'no weekend'}, known through "
    with card("Closed", f"{told}{calendar['through']}", key="closed"):
        years = sorted({one["from"][:4] for one in calendar["closed"] + calendar["spans"]})
        years = sorted({*years, *(text[:4] for text in calendar["dates"])})
        if not years:
            st.caption("Nothing else.")
            return
        now = _today()[:4]
        year = st.selectbox(
            "Year", years, years.index(now) if now in years else 0, key="calendar_year"
        )
        rows = [
            (one["from"], one["to"], one["label"])
            for one in calendar["closed"]
            if one["from"].startswith(year)
        ]
        rows += [(text, text, "a date") for text in calendar["dates"] if text.startswith(year)]
        rows += [
            (clock(one["from"], console.zone), clock(one["until"], console.zone), one["label"])
            for one in calendar["spans"]
            if one["from"].startswith(year)
        ]
        table = pd.DataFrame(sorted(rows), columns=["from", "to", "what"])
        told = f"{counted(len(table), 'closure')} of {calendar['name']} in {year}"
        st.dataframe(table, hide_index=True, key="closures_table", alt=told)


def _today() -> str:
    """The present day in UTC, for which year to show first; nothing is decided by it."""
    return f"{to_datetime(SystemClock().now_us()):%Y-%m-%d}"


def _observers(console: Console, calendar: dict[str, Any]) -> None:
    with card("Observed by", key="observers"):
        if not calendar["jobs"]:
            st.caption("No job. Choose it in the editor of a job, or name it in its document.")

            def delete() -> None:
                done = console.carry_out(
                    f"delete_calendar_{calendar['name']}",
                    lambda key: console.client.delete_business_calendar(
                        calendar["name"], idempotency_key=key
                    ),
                    "Deleted",
                )
                if done is not None:
                    st.session_state[_SAVED] = NEW
                    st.rerun()

            effect = f"**{plain(calendar['name'])}** is forgotten."
            confirmed("Delete", f"calendar_{calendar['name']}", effect, delete, ":material/delete:")
            return
        st.markdown(" · ".join(plain(name) for name in calendar["jobs"][:50]))


def _form(console: Console, stored: dict[str, Any] | None) -> None:
    base = stored or BLANK
    version = f"{base['name']}_{base.get('version', 0)}"
    with card("What is closed", key="calendar_form"):
        document = _fields(console, base, version)
        save, check = st.columns(2)
        if check.button("Preview", icon=":material/visibility:", width="stretch"):
            _preview(console, document)
        if save.button("Save", type="primary", icon=":material/check:", width="stretch"):
            _save(console, stored, document)


def _fields(console: Console, base: dict[str, Any], version: str) -> dict[str, Any]:
    name = base["name"] or st.text_input("Name", placeholder="munich", key=f"cal_name_{version}")
    description = st.text_input("Description", base["description"], key=f"cal_about_{version}")
    weekend = st.pills(
        "Closed each week",
        WEEKDAYS,
        default=base["weekend"],
        selection_mode="multi",
        key=f"cal_week_{version}",
    )
    countries = {one["code"]: one for one in console.client.countries()["countries"]}
    row = st.columns(2)
    codes = ["", *countries]
    country = row[0].selectbox(
        "Public holidays of",
        codes,
        codes.index(base["country"]) if base["country"] in codes else 0,
        format_func=lambda code: countries[code]["name"] if code else "no country",
        key=f"cal_country_{version}",
    )
    parts = ["", *(countries[country]["subdivisions"] if country else [])]
    subdivision = row[1].selectbox(
        "And of its part",
        parts,
        parts.index(base["subdivision"]) if base["subdivision"] in parts else 0,
        format_func=lambda code: code or "the whole",
        key=f"cal_part_{version}_{country}",
    )
    row = st.columns(2)
    dates = row[0].text_area(
        "Closed dates", "\n".join(base["dates"]), placeholder="2026-12-24", key=f"cal_d_{version}"
    )
    open_dates = row[1].text_area(
        "Open all the same",
        "\n".join(base["open_dates"]),
        placeholder="2026-12-19",
        key=f"cal_o_{version}",
    )
    file = st.file_uploader("Events in iCalendar", type=["ics"], key=f"cal_ics_{version}")
    ics = file.getvalue().decode("utf-8", "replace") if file else base["ics"]
    if (
        base["ics"]
        and not file
        and st.checkbox("Without the events that it has", key=f"cal_no_ics_{version}")
    ):
        ics = ""
    return {
        "name": name,
        "description": description,
        "weekend": list(weekend),
        "country": country,
        "subdivision": subdivision,
        "dates": dates.split(),
        "open_dates": open_dates.split(),
        "ics": ics,
    }


def _preview(console: Console, document: dict[str, Any]) -> None:
    try:
        shown = console.client.create_business_calendar(document, dry_run=True)
    except ApiError as error:
        show_failure(error)
        return
    coming = [one for one in shown["closed"] if one["to"] >= _today()][:8]
    lines = [f"- {one['from']} {plain(one['label'])}" for one in coming]
    st.markdown("\n".join(["It would close next:", "", *lines]) if lines else "Nothing more.")


def _save(console: Console, stored: dict[str, Any] | None, document: dict[str, Any]) -> None:
    def write(key: str) -> dict[str, Any]:
        if stored is None:
            saved: dict[str, Any] = console.client.create_business_calendar(
                document, idempotency_key=key
            )
            return saved
        version = f'"{stored["version"]}"'
        changed: dict[str, Any] = console.client.update_business_calendar(
            stored["name"], document, if_match=version, idempotency_key=key
        )
        return changed

    saved = console.carry_out(f"calendar_{sorted(map(str, document.items()))}", write, "Saved")
    if saved is not None:
        st.session_state[_SAVED] = saved["name"]
        st.rerun()
