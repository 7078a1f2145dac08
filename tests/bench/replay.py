"""A session of 100,000 steps through every door: how long it takes to open, and to jump in it.

Jumps go to random places, one step on, one back, to the first and to the last, and each figure is
what the caller waits. "Scan" continues on a condition that never holds, so that every step is
looked at: from the start to the end.
"""

from __future__ import annotations

import gc
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.export import STEPS_MAX, read_session, session_document, session_html
from analytics.replay.recording import recording_of
from analytics.replay.session import Move, Session
from app.cli.stepper import Stepper
from app.client.client import Client
from tests.bench.table import Row
from tests.kit.cluster import Node, cluster, job
from tests.kit.console import CHROMIUM, FLAGS, RAN, console_of
from tests.kit.recordings import execution, failed, step

WALKED: Final = 1000
CLICKED: Final = 40
"""In a browser, where each takes a fraction of a second to draw."""
SCANS: Final = 5
NEVER: Final = ("detail.status == 999", "state.failures > 1000000")
"""The first asks for the step alone, the second for what all steps until there add up to."""
WHAT: Final = f"{STEPS_MAX:,} steps"


def replay(walked: int = WALKED, clicked: int = CLICKED) -> Iterator[Row]:
    """The walk itself, REST, the terminal, the HTML file, the console's page."""
    document = _document()
    text = json.dumps(document)
    yield Row(f"{WHAT}: the file", f"{len(text) / 1e6:.1f} MB")
    session, opened_ms = _timed(lambda: _ready(json.loads(text)))
    yield Row(f"{WHAT}, session: opened", f"{opened_ms:,.0f} ms")
    yield from _walk(session, walked)
    yield from _terminal(session, walked)
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), 1) as nodes:
        (node,) = nodes.nodes
        yield from _rest(node, document, walked)
        yield from _longest_recorded(node, walked)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield from _html(browser, session, Path(folder), clicked)
            yield from _page(browser, node, text, Path(folder), clicked)
            browser.close()


def _document() -> dict[str, Any]:
    """An export of attempts that were each answered 503, with a retry after each."""
    again = step("retry", 31.0, next_attempt=2, wait_ms=969.0)
    attempts = [failed(number, again) for number in range(1, STEPS_MAX // 6 + 2)]
    document = session_document(Session(recording_of(execution(*attempts))))
    return document | {"steps": document["steps"][:STEPS_MAX]}


def _ready(document: dict[str, Any]) -> Session:
    session = read_session(document)
    session.recording.prepared()
    return session


# ---- doors --------------------------------------------------------------------------------------


def _walk(session: Session, times: int) -> Iterator[Row]:
    def jump(cursor: int, move: str, to: int) -> None:
        session.go_to(cursor).moved(Move(move), to).document()

    yield _figures(f"{WHAT}, session: a jump", _jumps(times, STEPS_MAX, jump))
    for condition in NEVER:
        watched = replace(session, breakpoints=(parse_breakpoint(condition),))
        yield _scan("session", condition, lambda one=watched: one.proceed().document())


def _terminal(session: Session, times: int) -> Iterator[Row]:
    stepper = Stepper(session, lambda _: None)

    def jump(cursor: int, move: str, to: int) -> None:
        stepper.do({"forward": "n", "back": "b", "goto": f"g {to}"}[move])

    yield _figures(f"{WHAT}, terminal: a jump", _jumps(times, STEPS_MAX, jump))


def _rest(node: Node, document: dict[str, Any], times: int) -> Iterator[Row]:
    client = Client(node.url)
    before = _rss_mib(node)
    place, sent_ms = _timed(lambda: client.evaluate_replay(session=document))
    # What this process holds is no part of the node: its collections would be counted as waiting.
    gc.collect()
    gc.freeze()
    yield Row(f"{WHAT}, REST: sent, read and hidden, once", f"{sent_ms:,.0f} ms")
    source = {"recording": place["recording"], "around": 60}
    figures = _jumps(times, STEPS_MAX, _asking(client, source))
    yield _figures(f"{WHAT}, REST: a jump", figures)
    for condition in NEVER:
        question = {**source, "breakpoints": [condition], "move": "continue"}
        yield _scan("REST", condition, lambda one=question: client.evaluate_replay(**one))
    yield Row(f"{WHAT}, REST: the node keeps", f"{_rss_mib(node) - before:,} MiB more")
    client.close()


def _longest_recorded(node: Node, times: int) -> Iterator[Row]:
    """Of an execution that the node itself recorded: no job may have more attempts."""
    retries = {"max_attempts": 100, "initial_interval": "1ms", "max_interval": "1ms"}
    document = job("replay-bench", f"{node.url}/echo?status=503") | {"retry_policy": retries}
    created = node.request("POST", "/api/v1/jobs", json=document)
    url = f"/api/v1/jobs/{created['id']}/trigger"
    identity = node.request("POST", url, params={"wait": "120s"})["id"]
    client = Client(node.url)
    place, first_ms = _timed(lambda: client.evaluate_replay(execution_id=identity))
    what = f"an execution of 100 attempts, {place['total']} steps, REST"
    yield Row(f"{what}: the first look", f"{first_ms:.0f} ms")
    jump = _asking(client, {"execution_id": identity, "around": 60})
    yield _figures(f"{what}: a jump", _jumps(times, place["total"], jump))
    client.close()


def _html(browser: Browser, session: Session, folder: Path, times: int) -> Iterator[Row]:
    file = folder / "replay.html"
    text, written_ms = _timed(lambda: session_html(session))
    file.write_text(text, encoding="utf-8")
    yield Row(f"{WHAT}, HTML: written", f"{written_ms:,.0f} ms, {len(text) / 1e6:.1f} MB")
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.context.set_offline(True)
    _, opened_ms = _timed(lambda: _open(page, file))
    yield Row(f"{WHAT}, HTML: opened offline in Chromium", f"{opened_ms:,.0f} ms")

    def jump(cursor: int, move: str, to: int) -> float:
        took: float = page.evaluate(_JUMP, {"move": move, "to": to})
        return took

    took = [jump(*one) for one in _places(times, STEPS_MAX)]
    yield _figures(f"{WHAT}, HTML: a jump, laid out", took)
    yield Row(f"{WHAT}, HTML: Continue to the end", f"{page.evaluate(_CONTINUE):.0f} ms")
    page.close()


def _page(browser: Browser, node: Node, text: str, folder: Path, times: int) -> Iterator[Row]:
    file = folder / "session.json"
    file.write_text(text, encoding="utf-8")
    with console_of(node, folder) as console:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(f"{console.url}/replay")
        page.wait_for_selector(RAN)
        begun = time.perf_counter()
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_text("Before the first step").wait_for()
        opened_ms = (time.perf_counter() - begun) * 1000
        yield Row(f"{WHAT}, page: a file opened, whole", f"{opened_ms:,.0f} ms")
        yield _figures(f"{WHAT}, page: a jump, click to drawn", list(_clicks(page, times)))
        page.close()


_JUMP: Final = """({ move, to }) => {
  const begun = performance.now();
  const box = document.getElementById("goto");
  if (move === "goto") { box.value = to; box.dispatchEvent(new Event("change")); }
  else document.getElementById(move).click();
  void document.body.offsetHeight;
  return performance.now() - begun;
}"""
_CONTINUE: Final = """() => {
  document.getElementById("restart").click();
  const begun = performance.now();
  document.getElementById("continue").click();
  void document.body.offsetHeight;
  return performance.now() - begun;
}"""


def _open(page: Page, file: Path) -> None:
    page.goto(file.as_uri(), timeout=120_000)
    page.locator("#where").filter(has_text=f"of {STEPS_MAX}").wait_for(timeout=120_000)


def _clicks(page: Page, times: int) -> Iterator[float]:
    """Milliseconds from the number until its step stands there."""
    box = page.get_by_label("Step", exact=True)
    for _ in range(times):
        to = random.randrange(1, STEPS_MAX)
        box.fill(str(to))
        begun = time.perf_counter()
        box.press("Enter")
        page.get_by_text(f"after step {to}", exact=True).wait_for()
        yield (time.perf_counter() - begun) * 1000


# ---- clocks -------------------------------------------------------------------------------------


Jump = Callable[[int, str, int], Any]


def _asking(client: Client, source: dict[str, Any]) -> Jump:
    def jump(cursor: int, move: str, to: int) -> None:
        client.evaluate_replay(**source, cursor=cursor, move=move, to=to)

    return jump


def _places(times: int, total: int) -> Iterator[tuple[int, str, int]]:
    """From where, how, and where to."""
    for number in range(times):
        here, there = random.randrange(1, total), random.randrange(1, total)
        match number % 5:
            case 0:
                yield here, "forward", 0
            case 1:
                yield here, "back", 0
            case 2:
                yield here, "goto", random.choice((0, 1, total))
            case _:
                yield here, "goto", there


def _jumps(times: int, total: int, jump: Jump) -> list[float]:
    """Milliseconds of each jump."""
    return [_timed(lambda one=one: jump(*one))[1] for one in _places(times, total)]  # type: ignore[misc]  # bound at once


def _scan(door: str, condition: str, go: Callable[[], Any]) -> Row:
    took = [_timed(go)[1] for _ in range(SCANS)]
    return _figures(f"{WHAT}, {door}: scan, `{condition}`", took)


def _timed(action: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    value = action()
    return value, (time.perf_counter() - begun) * 1000


def _figures(what: str, took: list[float]) -> Row:
    ordered = sorted(took)
    p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return Row(f"{what}, p50 / p99 / max", f"{p50:.1f} / {p99:.1f} / {ordered[-1]:.1f} ms")


def _rss_mib(node: Node) -> int:
    assert node.process is not None
    return int(psutil.Process(node.process.pid).memory_info().rss) >> 20
