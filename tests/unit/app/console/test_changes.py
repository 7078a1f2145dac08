"""The console hears from its node that something happened, and says what it may not see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.config import load_config
from app.console.changes import relayed
from app.console.session import shared_client
from engine.state.messages import RegisterNode
from tests.kit.cluster import ROOT, wait_for
from tests.kit.served import Served

SCRIPT = ROOT / "app" / "console_script.py"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Served]:
    """A node that asks for a key."""
    keys = [{"name": "ci", "key": "k" * 32}]
    given = {"cluster": {"data_dir": str(tmp_path)}, "auth": {"type": "api_key", "keys": keys}}
    served = Served(tmp_path, load_config(None, given))
    yield served
    shared_client(served.url, None).close()
    shared_client.clear()
    served.stop()


async def test_an_event_of_the_node_is_a_change_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = Served(tmp_path)
    monkeypatch.setenv("CHRONOS_URL", served.url)
    stream = relayed("kind=node")
    assert (await anext(stream)).startswith(b"retry:")
    told = asyncio.create_task(anext(stream))
    await asyncio.to_thread(wait_for, lambda: served.door.live.followers, what="it follows")
    registered = RegisterNode(
        node="chronos-2", raft_address="127.0.0.1:2", http_address="127.0.0.1:1", version="1"
    )
    served.door.store.apply(registered)
    assert await told == b"data: changed\n\n"
    await stream.aclose()
    served.stop()


async def test_a_node_that_is_gone_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHRONOS_URL", "http://127.0.0.1:9")
    assert [part async for part in relayed("")][1:] == [b"data: changed\n\n"]


def test_a_console_without_a_key_says_how_to_give_it_one(
    guarded: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHRONOS_URL", guarded.url)
    monkeypatch.delenv("CHRONOS_API_KEY", raising=False)
    page = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
    assert any("Authorization names no key" in one.value for one in page.markdown)
    assert any("CHRONOS_API_KEY" in one.value for one in page.caption)
    assert any("unauthenticated" in one.value for one in page.sidebar.markdown)
