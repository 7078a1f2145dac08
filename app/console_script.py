"""The console's script: theme, navigation, and the page that the URL names."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.navigation import SECTIONS, Found, find_pages
from app.console.session import Console, connect, show_error
from app.console.widgets.format import plain
from app.console.widgets.layout import no_key, unreachable
from app.console.widgets.palette import palette

UNKNOWN_CALLER = 401
CSS = """<style>
[data-testid=stMainBlockContainer]{padding-inline:2.25rem}
[data-selected=true] p{color:light-dark(#4338CA,#C7CBFF)}
[class*=st-key-number_] [data-testid=stPageLink]{position:relative;left:-.5rem}
code{font-variant-ligatures:none!important}
button kbd,button kbd *{opacity:1!important;color:inherit!important}
[data-testid=stCode] .token{color:light-dark(#4B5563,#9AA4B2)}
[data-testid=stCode] .token.property{color:light-dark(#1D4ED8,#7DB4FF)}
[data-testid=stCode] :is(.token.string,.token.inserted.line){color:light-dark(#15703F,#3ECF8E)}
[data-testid=stCode] :is(.token.number,.token.boolean){color:light-dark(#6D28D9,#B79BFF)}
[data-testid=stCode] .token.deleted.line{color:light-dark(#B4232A,#FF8589)}
</style>"""


def main() -> None:
    """Draw one page."""
    st.set_page_config(page_title="Chronos", page_icon="⏱️", layout="wide")
    st.logo("app/static/logo.svg", size="large")
    found = find_pages()
    targets: dict[str, Any] = {}
    console = Console(connect(), targets)
    menu: dict[str, list[Any]] = {section: [] for section in SECTIONS}
    for one in found:
        page = st.Page(
            functools.partial(draw, one, console),
            title=one.page.title,
            icon=one.page.icon,
            url_path=one.path,
            default=one.path == "overview",
            visibility="hidden" if one.page.hidden else "visible",
        )
        targets[one.path] = page
        menu[one.page.section].append(page)
    sections: dict[str, Any] = {section: pages for section, pages in menu.items() if pages}
    chosen = st.navigation(sections, expanded=True)
    with st.sidebar:
        palette(console)
        console.choose_zone()
        foot(console)
    st.html(CSS)
    console.show_flash()
    chosen.run()


def draw(one: Found, console: Console) -> None:
    """A page, or why it cannot be shown."""
    try:
        one.render(console)
    except Unreachable as error:
        unreachable(error)
    except ApiError as error:
        if error.status == UNKNOWN_CALLER:
            no_key(error)
        else:
            show_error(error)


@st.fragment(run_every="15s", key="foot")
def foot(console: Console) -> None:
    """Which node this is, and who leads; a heartbeat that every page has.

    A browser that lost the console's server and found it again draws nothing by itself; this does.
    """
    st.space("xsmall")
    try:
        status = console.client.cluster_status()
    except Unreachable:
        st.markdown(":red-badge[:material/cloud_off: not reachable]")
        return
    except ApiError as error:
        st.markdown(f":red-badge[:material/error: {error.code.replace('_', ' ').lower()}]")
        st.caption(plain(error.message))
        return
    size = len(status["nodes"])
    kind = "single node" if size == 1 else f"{size} nodes"
    leader = status["leader"] or "no leader"
    st.markdown(f":green-badge[:material/bolt: {kind}] :gray-badge[leader {leader}]")
    st.caption(f"term {status['term']} · {status['node_id']} · v{status['version']}")


main()
