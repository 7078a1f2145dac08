"""What `streamlit run app` runs: the launcher of the console and of the embedded node."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts this file's folder first, not the project's
    sys.path.insert(0, str(ROOT))

import anyio  # noqa: E402  # after the path is right
import streamlit as st  # noqa: E402  # as above
from starlette.routing import Route  # noqa: E402  # as above

from app.config import names_a_node  # noqa: E402  # as above
from app.console.changes import PATH, changes  # noqa: E402  # as above
from app.console.embedded import EmbeddedNode  # noqa: E402  # as above

node = EmbeddedNode(ROOT)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """The node runs while the console does, unless CHRONOS_URL names another."""
    if not names_a_node():
        node.start()  # here, in the main thread: the node's life is tied to the thread's
    yield
    await anyio.to_thread.run_sync(node.stop)


app = st.App(ROOT / "app" / "console_script.py", lifespan=lifespan, routes=[Route(PATH, changes)])
