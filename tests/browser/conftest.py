"""A real node, a real console, a real Chromium; started once for all browser tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.kit.cluster import ROOT, Cluster, Node, free_ports, wait_for

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    cluster = Cluster(tmp_path_factory.mktemp("browser"), 1).start()
    yield cluster.nodes[0]
    cluster.nodes[0].stop()


@pytest.fixture(scope="session")
def console(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app", "--server.port", str(port)]
    log_file: Path = tmp_path_factory.mktemp("console") / "console.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "CHRONOS_URL": node.url}, stdout=log, stderr=log
        )

    def up() -> bool:
        try:
            return httpx.get(f"{url}/_stcore/health", timeout=2).text == "ok"
        except httpx.HTTPError:
            return False

    try:
        wait_for(up, what=f"the console: {log_file}")
        yield url
    finally:
        process.terminate()
        process.wait(30)


# Not for the whole session: while it lives, Playwright's loop runs in this thread, and tests that
# want a loop of their own could not start one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        color_scheme=request.param,
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        viewport={"width": 1440, "height": 1000},
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        reduced_motion="reduce", viewport={"width": 1440, "height": 1000}
    )
    yield context.new_page()
    context.close()
