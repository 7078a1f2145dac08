"""Two requests beside each other: a field, what it was, what it is now."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

LINES_AROUND: Final = 2
TITLES: Final = {
    "url": "URL",
    "method": "Method",
    "headers": "Headers",
    "body": "Body",
    "timeout": "Timeout",
}


def differences_table(found: Sequence[Mapping[str, Any]]) -> None:
    """Each field that differs, as removed and added lines."""
    for one in found:
        st.markdown(f"**{TITLES.get(one['field'], one['field'])}**")
        st.code(changed_lines(one["before"], one["after"]), language="diff", wrap_lines=True)


def changed_lines(before: Any, after: Any) -> str:
    """Lines of two values that differ, with a few around them.

    >>> print(changed_lines("GET", "POST"))
    - GET
    + POST
    """
    old, new = _lines(before), _lines(after)
    shown = list(difflib.unified_diff(old, new, n=LINES_AROUND, lineterm=""))[2:]
    return "\n".join(
        f"{line[0]} {line[1:]}" if not line.startswith("@@") else "…"
        for place, line in enumerate(shown)
        if place or not line.startswith("@@")
    )


def _lines(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [f"{name}: {one}" for name, one in value.items()]
    try:
        read = json.loads(str(value))
    except (ValueError, RecursionError):
        return str(value).splitlines()
    # A body of one long line would differ as a whole; indented, only its members do.
    return (
        json.dumps(read, indent=2, ensure_ascii=False).splitlines()
        if isinstance(read, dict | list)
        else str(value).splitlines()
    )
