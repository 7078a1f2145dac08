"""On whose clock times are shown."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from app.console.session import Console

    console = Console(None, {})  # type: ignore[arg-type]  # nothing is asked of a node
    console.zone = "Europe/Berlin"
    console.choose_zone()
    st.text(f"{console.zone} {console.zone_of({'timezone': 'Asia/Tokyo'})}")
    moment = "2026-11-25T14:30:00Z"
    st.text(console.time_of({"timezone": "Asia/Tokyo"}, moment))
    st.text(console.time_of({"timezone": ""}, moment))
    st.text(console.times)


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (None, "Europe/Berlin Europe/Berlin"),
        ("UTC", "UTC UTC"),
        ("job", "Europe/Berlin Asia/Tokyo"),
        ("nonsense", "Europe/Berlin Europe/Berlin"),
    ],
)
def test_a_viewer_chooses_a_clock_and_the_address_keeps_it(chosen: str | None, shown: str) -> None:
    at = AppTest.from_function(_script)
    if chosen:
        at.query_params["zone"] = chosen
    at.run(timeout=30)
    assert not at.exception
    assert at.text[0].value == shown


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ("mine", ["2026-11-25 15:30:00", "2026-11-25 15:30:00", "times in Europe/Berlin"]),
        ("UTC", ["2026-11-25 14:30:00", "2026-11-25 14:30:00", "times in UTC"]),
        (
            "job",
            [
                "2026-11-25 23:30:00 Asia/Tokyo",
                "2026-11-25 15:30:00 Europe/Berlin",
                "times in each job's zone",
            ],
        ),
    ],
)
def test_each_row_stands_in_its_own_jobs_zone_and_names_it(chosen: str, shown: list[str]) -> None:
    at = AppTest.from_function(_script)
    at.query_params["zone"] = chosen
    at.run(timeout=120)
    assert [text.value for text in at.text[1:]] == shown
