"""What a person typed into a form and did not save: kept until the tab is closed or reloaded.

Streamlit itself keeps the fields while other pages are shown (`persist_state`); a draft says which
they are, what they showed at first, and from which document they began. Of a stored secret it knows
the `***` that the node tells; in clear it has only what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypedDict

import streamlit as st

from engine.core.ids import new_request_id

_DRAFT: Final = "_draft_"


class Kept(TypedDict):
    """How a field is named and kept."""

    key: str
    persist_state: Literal["session"]


@dataclass(slots=True)
class Draft:
    """What one form holds.

    Attributes:
        name: what is edited.
        base: the document that the form began from; a `version` in it tells it from later ones.
        faults: what the server said of it: field and reason.
        returned: whether its page was left and is shown again.
    """

    name: str
    base: Mapping[str, Any]
    faults: list[tuple[str, str]] = field(default_factory=list)
    returned: bool = False
    _form: str = field(default_factory=new_request_id)
    _first: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> int | None:
        """The version that the form began from; None of what was never stored."""
        return self.base.get("version")

    @property
    def here(self) -> str:
        """The key of the form's button; Streamlit forgets it as soon as the page is left."""
        return f"here_{self._form}"

    def field(self, name: str) -> Kept:
        """Arguments of a field: `st.text_input("Name", **draft.field("name"))`."""
        return {"key": f"{self._form}_{name}", "persist_state": "session"}

    @property
    def changed(self) -> bool:
        """Whether a field differs from what it showed at first."""
        return any(st.session_state.get(key, first) != first for key, first in self._first.items())

    def drawn(self) -> None:
        """Note what the fields show that were not on the page before."""
        for key in self._keys():
            self._first.setdefault(key, st.session_state[key])

    def discard(self) -> None:
        """Forget all that was typed."""
        for key in self._keys():
            del st.session_state[key]
        st.session_state.pop(_DRAFT + self.name, None)

    def _keys(self) -> list[str]:
        return [str(key) for key in st.session_state if str(key).startswith(self._form)]


def draft_of(name: str, stored: Mapping[str, Any]) -> Draft:
    """The draft of what is edited; without changes it begins anew from what is stored now."""
    draft: Draft | None = st.session_state.get(_DRAFT + name)
    arrived = draft is None or draft.here not in st.session_state
    if draft and not draft.changed and (arrived or draft.version != stored.get("version")):
        draft.discard()
        draft = None
    if draft is None:
        draft = st.session_state[_DRAFT + name] = Draft(name, stored)
    if arrived:
        draft.returned = draft.changed
    return draft
