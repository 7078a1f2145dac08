"""Where a walk stands and what this tab keeps of it; the node computes the rest at each move."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.client.client import Client
from app.client.errors import ApiError, Unreachable
from app.console.replay.standing import Standing, standing_of
from app.console.session import Console, show_failure

T = TypeVar("T")

_REFUSED: Final = "replay_refused"
IN_URL: Final = {"breakpoints": "breakpoint", "watches": "watch"}
"""What the URL calls them, once for each; as the exports do."""

AROUND: Final = 60
"""So many steps are drawn around the cursor."""


class Source(Protocol):
    """What is walked through."""

    def ask(self, client: Client, question: Mapping[str, Any]) -> dict[str, Any]:
        """The node's answer to a question about it."""
        ...


@dataclass(frozen=True, slots=True)
class OfExecution:
    """What was recorded of an execution."""

    identity: str

    def ask(self, client: Client, question: Mapping[str, Any]) -> dict[str, Any]:
        """The node's answer to a question about it."""
        return client.evaluate_replay(execution_id=self.identity, **question)


@dataclass(frozen=True, slots=True)
class OfFile:
    """A session that was exported: sent once, and then asked about by the name it was given."""

    file: UploadedFile

    def ask(self, client: Client, question: Mapping[str, Any]) -> dict[str, Any]:
        """The node's answer to a question about it."""
        if name := st.session_state.get(self._key):
            try:
                return client.evaluate_replay(recording=name, **question)
            except ApiError as error:
                # A node forgets what it was sent when it restarts, or was sent much since.
                if error.code != "NOT_FOUND":
                    raise
        place = client.evaluate_replay(session=self.session(), **question)
        st.session_state[self._key] = place["recording"]
        return place

    def session(self) -> Any:
        """The file as JSON.

        Raises:
            ValueError, RecursionError: it is none.
        """
        return json.loads(self.file.getvalue())

    @property
    def is_new(self) -> bool:
        """Whether the node was not asked yet."""
        return self._key not in st.session_state

    @property
    def _key(self) -> str:
        return f"replay_sent_{self.file.file_id}"


@dataclass(frozen=True, slots=True)
class Walk:
    """What is walked through, and what this tab keeps of it.

    Attributes:
        console: of this run.
        name: under which this tab keeps where it stands.
        source: what is walked through.
    """

    console: Console
    name: str
    source: Source

    @property
    def standing(self) -> Standing:
        """Where it stands, as this tab and the URL say."""
        return standing_of(self.name)

    def kept(self, what: str) -> list[str]:
        """The breakpoints or the watches, as the URL says: whoever opens it has them."""
        return st.query_params.get_all(IN_URL[what])

    def keep(self, what: str, texts: Sequence[str]) -> None:
        """Put breakpoints or watches in the place of those in the URL."""
        if texts:
            st.query_params[IN_URL[what]] = list(texts)
        else:
            st.query_params.pop(IN_URL[what], None)

    def remove(self, what: str, number: int) -> None:
        """Forget a breakpoint or a watch."""
        kept = self.kept(what)
        self.keep(what, kept[:number] + kept[number + 1 :])

    def ask(self, **how: Any) -> dict[str, Any]:
        """Where it stands, after a move if one is given."""
        question = {
            "cursor": self.standing.cursor,
            "breakpoints": self.kept("breakpoints"),
            "watches": self.kept("watches"),
            **how,
        }
        return self.source.ask(self.console.client, question)

    def facts(self) -> dict[str, Any]:
        """Of the execution: the job, how it ended."""
        facts: dict[str, Any] = self.source.ask(self.console.client, {})["execution"]
        return facts

    def attempt(self, action: Callable[[], T], place: str = "controls") -> T | None:
        """Carry something out; a refusal gives None, and is shown where `place` is drawn next."""
        try:
            return action()
        except (ApiError, Unreachable) as error:
            # A callback has no place of its own on the page to say it.
            st.session_state[f"{_REFUSED}_{place}"] = error
            return None

    def show_refusal(self, place: str = "controls") -> None:
        """Say why what was asked for last did not happen."""
        if error := st.session_state.pop(f"{_REFUSED}_{place}", None):
            show_failure(error)

    def look(self) -> dict[str, Any]:
        """Where it stands, with the steps around; a link beyond the end leads to the end."""
        try:
            place = self.ask(around=AROUND)
        except ApiError as error:
            if all(detail.get("field") != "cursor" for detail in error.details):
                raise
            self.standing.put(self.ask(cursor=0)["total"])
            place = self.ask(around=AROUND)
        self.standing.total = place["total"]
        return place

    def move(self, move: str) -> None:
        """Go on by a move, from where it is; what played is at rest then."""
        place = self.attempt(lambda: self.ask(move=move))
        self.standing.put(place["cursor"] if place is not None else self.standing.cursor)
