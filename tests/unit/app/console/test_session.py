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
