"""What a page needs: the client, the viewer's zone, where to go, and writes that tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app.client.client import Client
from app.client.errors import ApiError, Unreachable
from app.config import client_environment
from app.console.widgets.format import clock, plain
from engine.core.ids import new_request_id

T = TypeVar("T")

CLOCKS = ("mine", "job", "UTC")
"""On whose clock times are shown."""
_FLASH = "_flash"
_INTENT = "_intent_"
SERVER_FAULT = 500
"""From this HTTP status on, a write may or may not have happened."""


class Console:
    """One run of one page.

    Args:
        client: the REST API that everything comes from.
        pages: the st.Page of every page, by URL path.
    """

    def __init__(self, client: Client, pages: dict[str, Any]):
        self.client = client
        self.zone = viewer_zone()
        self.by_job = False
        self._pages = pages

    def choose_zone(self) -> None:
        """Let the viewer say on whose clock times are shown; the URL and the session keep it."""
        choice = st.segmented_control(
            "Times",
            CLOCKS,
            default="mine",
            key="zone",
            bind="query-params",
            required=True,
            help="Your clock, that of each job where one is shown, or UTC",
        )
        self.by_job = choice == "job"
        if choice == "UTC":
            self.zone = "UTC"

    def zone_of(self, job: Mapping[str, Any]) -> str:
        """The zone for the times of one job, or of what belongs to one: a run, a finding.

        Its own, where the viewer wants that; the viewer's where its zone is not known, such as
        that of an imported run's job.
        """
        return str(job.get("timezone") or self.zone) if self.by_job else self.zone

    def time_of(self, job: Mapping[str, Any], text: str | None) -> str:
        """A moment of one of several jobs; each in its own job's zone then names it."""
        shown = clock(text, self.zone_of(job))
        return f"{shown} {self.zone_of(job)}" if self.by_job and text else shown

    def times_of(self, job: Mapping[str, Any]) -> str:
        """On whose clock one job, or what belongs to one, stands, in words."""
        return f"times in {self.zone_of(job)}"

    @property
    def times(self) -> str:
        """On whose clock the rows of several jobs stand, in words."""
        return "times in each job's zone" if self.by_job else f"times in {self.zone}"

    def times_on_one_line(self) -> str:
        """On whose clock an axis that several jobs share stands, in words."""
        return f"one axis, in {self.zone}" if self.by_job else f"times in {self.zone}"

    def go(self, page: str, **params: str) -> None:
        """Leave for another page, with its parameters in the URL."""
        st.switch_page(self._pages[page], query_params=params)

    def link(self, label: str, page: str, **params: str) -> None:
        """A link to another page, with its parameters in the URL."""
        st.page_link(
            self._pages[page],
            label=label,
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=params,
        )

    def flash(self, text: str, icon: str = ":material/check:") -> None:
        """Say it after the rerun that follows."""
        st.session_state[_FLASH] = (text, icon)

    def show_flash(self) -> None:
        """Show what was flashed before this run."""
        if flash := st.session_state.pop(_FLASH, None):
            st.toast(flash[0], icon=flash[1])

    def intent(self, key: str) -> str:
        """The idempotency key of an intention: a second click is the same request."""
        name = _INTENT + key
        if name not in st.session_state:
            st.session_state[name] = new_request_id()
        return str(st.session_state[name])

    def done(self, key: str) -> None:
        """The intention was carried out; the next one is another."""
        st.session_state.pop(_INTENT + key, None)

    def carry_out(self, name: str, action: Callable[[str], T], success: str = "") -> T | None:
        """Attempt a write with the idempotency key of the intention `name`.

        The key is kept only while the outcome is unknown, so that a repeated click is the same
        request then, and a new one once the node has accepted or refused.
        """
        key = self.intent(name)

        def write() -> T:
            try:
                return action(key)
            except ApiError as error:
                if error.status < SERVER_FAULT:
                    self.done(name)
                raise

        result = self.attempt(write, success)
        if result is not None:
            self.done(name)
        return result

    def attempt(self, action: Callable[[], T], success: str = "") -> T | None:
        """Carry out a write; a refusal is shown with its fields and hints and returns None."""
        try:
            result = action()
        except (ApiError, Unreachable) as error:
            show_failure(error)
            return None
        if success:
            self.flash(success)
        return result


def show_failure(error: ApiError | Unreachable) -> None:
    """Why something did not happen: it was refused, or nobody answered."""
    if isinstance(error, ApiError):
        show_error(error)
    else:
        st.error(f"**No answer from the node.** {error.reason}", icon=":material/cloud_off:")


def show_error(error: ApiError) -> None:
    """A refusal, with every field at fault and what would be right."""
    lines = [f"**{plain(error.message)}**", ""]
    for detail in error.details:
        field, reason = detail.get("field", ""), detail.get("reason", "")
        if len(error.details) == 1 and f"{field}: {reason}" in error.message:
            break  # the message is this fault, in words
        said = [f"`{field}`" if field else "", plain(reason), plain(_bracketed(detail))]
        lines.append(f"- {' '.join(filter(None, said))}")
    st.error("\n".join(lines), icon=":material/error:")


def _bracketed(detail: Mapping[str, Any]) -> str:
    return f"({detail['hint']})" if detail.get("hint") else ""


def viewer_zone() -> str:
    """The browser's IANA zone; UTC where it does not tell a known one."""
    name = getattr(st.context, "timezone", None) or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return str(name)


@st.cache_resource
def shared_client(url: str, api_key: str | None) -> Client:
    """One client for all sessions; httpx's is safe to share between threads."""
    return Client(url, api_key)


def connect() -> Client:
    """The client of the node that the environment names, or of the embedded one."""
    return shared_client(*client_environment())
