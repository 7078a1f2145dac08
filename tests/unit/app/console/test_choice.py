"""The chosen row of a table and the address say the same."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from app.console.widgets.choice import choosing

    arguments = choosing("row", ["a", "b"], "table", "detail")

    def choose(places: list[int]) -> None:  # as a click does, which AppTest cannot
        st.session_state["table"] = {"selection": {"rows": places}}
        arguments["on_select"]()

    chosen = st.dataframe({"name": ["a", "b"]}, **arguments)
    st.text(str(list(chosen["selection"]["rows"])))
    st.button("second", on_click=choose, args=([1],))
    st.button("none", on_click=choose, args=([],))


def opened(**params: str) -> AppTest:
    at = AppTest.from_function(_script)
    for name, value in params.items():
        at.query_params[name] = value
    return at.run(timeout=30)


def click(at: AppTest, label: str) -> AppTest:
    (button,) = (button for button in at.button if button.label == label)
    return button.click().run(timeout=30)


@pytest.mark.parametrize(("linked", "ticked"), [("a", "[0]"), ("b", "[1]"), ("gone", "[]")])
def test_a_linked_row_is_ticked(linked: str, ticked: str) -> None:
    assert opened(row=linked).text[0].value == ticked


def test_a_choice_is_written_and_what_belonged_to_another_is_forgotten() -> None:
    at = click(opened(row="a", detail="x", other="kept"), "second")
    assert dict(at.query_params) == {"row": "b", "other": "kept"}
    assert at.text[0].value == "[1]"


def test_a_row_that_is_ticked_no_more_leaves_the_address() -> None:
    at = click(opened(row="a", detail="x"), "none")
    assert dict(at.query_params) == {}


def test_the_tick_follows_the_address_back() -> None:
    at = click(opened(row="a"), "second")
    at.query_params["row"] = "a"
    assert at.run(timeout=30).text[0].value == "[0]"
