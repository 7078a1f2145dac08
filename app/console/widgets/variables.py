"""A form drawn from a template's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.console.drafts import Draft
from app.console.widgets.format import plain

LONG: Final = 300
"""From this length on, a text gets an area of several lines."""
MUST: Final = " ∗"
"""Behind what must be given; not the asterisk of Markdown."""
TYPED: Final = "press Enter when it is typed"
"""Tab moves from a secret to its eye, and Streamlit does not count that as leaving the field."""
_MARKUP: Final = re.compile(r"[\[\]<>`*_~$\\|]")
"""Taken out of a title, not escaped: screen readers read a label as it is written."""
_HELP: Final = {
    "cron": "Cron with 5 or 6 fields, @daily, @every 90s",
    "duration": "Such as 30s, 5m or 1h30m",
}


class Form:
    """Fields of variables, each with a place beneath it for what the server says of it."""

    def __init__(self, draft: Draft):
        self._draft = draft
        self._places: dict[str, Any] = {}
        self.values: dict[str, Any] = {}

    def ask(self, variables: Mapping[str, Mapping[str, Any]]) -> None:
        """Draw a field for each variable and gather what they hold; empty ones are left out."""
        for name, variable in variables.items():
            value = _field(name, variable, self._draft)
            self._places[f"values.{name}"] = st.empty()
            if value not in (None, ""):
                self.values[name] = value

    def place(self, field: str) -> None:
        """A place for what is said of a field that is no variable."""
        self._places[field] = st.empty()

    def say(self, faults: Mapping[str, str], *, missing: bool) -> dict[str, str]:
        """Tell each fault beneath its field; return those that belong to no field.

        Args:
            faults: what the server said, by field.
            missing: whether to tell of fields that are still empty too.
        """
        rest = {}
        for field, text in faults.items():
            if field not in self._places:
                rest[field] = text
            elif missing or field.removeprefix("values.") in self.values:
                self._places[field].caption(f":red[:material/error: {plain(text)}]")
        return rest


def _field(name: str, variable: Mapping[str, Any], draft: Draft) -> Any:
    kind, default = variable["type"], variable.get("default")
    label = _MARKUP.sub("", variable["title"]) + (MUST if variable.get("required") else "")
    about = plain(variable.get("description") or "") or _HELP.get(kind)
    kept = draft.field(f"value_{name}")
    if kind == "boolean":
        return st.toggle(label, bool(default), help=about, **kept)
    if variable.get("choices"):
        choices = variable["choices"]
        index = choices.index(default) if default in choices else None
        return st.selectbox(label, choices, index, help=about, **kept)
    if kind == "integer":
        return st.number_input(
            label,
            variable.get("min"),
            variable.get("max"),
            default,
            1,
            placeholder=_example(variable),
            help=about,
            **kept,
        )
    text = "" if default is None else str(default)
    most = variable.get("max")
    if kind == "string" and ("\n" in text or (isinstance(most, int) and most >= LONG)):
        return st.text_area(
            label, text, height=100, placeholder=_example(variable), help=about, **kept
        )
    return st.text_input(
        label,
        text,
        type="password" if kind == "secret" else "default",
        autocomplete="new-password" if kind == "secret" else "off",
        placeholder=TYPED if kind == "secret" else _example(variable),
        help=about,
        **kept,
    )


def _example(variable: Mapping[str, Any]) -> str:
    example = variable.get("example")
    return f"e.g. {example}" if example not in (None, "") else ""
