"""A real node, a real console, a real Chromium; started once for each module.

Not for the whole session: they would take CPU from all the tests that come later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.kit.cluster import Cluster, Node
from tests.kit.console import CHROMIUM, FLAGS, console_of

PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    cluster = Cluster(tmp_path_factory.mktemp("browser"), 1).start()
    yield cluster.nodes[0]
    cluster.nodes[0].stop()


@pytest.fixture(scope="module")
def console(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with console_of(node, tmp_path_factory.mktemp("console")) as console:
        yield console.url


@pytest.fixture(scope="module")
def ended(node: Node) -> dict[str, str]:
    """A job with one execution that failed, and that execution."""
    document = {
        "name": "browser-failing",
        "schedule": "@yearly",
        "webhook": {"url": f"{node.url}/echo?status=503"},
        "retry_policy": {"max_attempts": 1},
    }
    job = node.request("POST", "/api/v1/jobs", json=document)
    execution = node.request("POST", f"/api/v1/jobs/{job['id']}/trigger", params={"wait": "30s"})
    return {"job": job["id"], "execution": execution["id"]}


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


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with opened(chromium) as page:
        yield page


@pytest.fixture(scope="module")
def looked_at(chromium: Browser) -> Iterator[Page]:
    """One page for all that only look, as a browser that knows the console's scripts is fast."""
    with opened(chromium) as page:
        yield page


@contextmanager
def opened(chromium: Browser) -> Iterator[Page]:
    """A page in a profile of its own, in Berlin."""
    context = chromium.new_context(
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        viewport={"width": 1440, "height": 1000},
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
