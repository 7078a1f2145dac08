"""A year of ten million runs of 2,000 jobs on one node, looked at while 200 fires a second go on.

`CHRONOS_ROWS` plants fewer. The clock of a page starts with its address and stops when its heading
is there ("first content") or when its script is over ("whole"); an interaction is a click until the
script is over. Warm: each page was opened once before.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.bench.planted import plant
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import Node, cluster, job, wait_for
from tests.kit.console import CHROMIUM, FLAGS, RAN, Console, console_of

JOBS: Final = 2_000
EVERY_S: Final = 10
ROWS: Final = int(os.environ.get("CHRONOS_ROWS", "10000000"))
CALM_S: Final = 15
"""Fires of the first seconds after a start are left out."""
WINDOW_S: Final = 60
DAY_US: Final = 86_400_000_000
_LISTEN: Final = """() => {
    const app = document.querySelector('[data-testid=stApp]')
    window.scriptRan = new Promise(done => {
        let began = false
        const watch = new MutationObserver(() => {
            if (app.dataset.testScriptState !== 'notRunning') began = true
            else if (began) { watch.disconnect(); requestAnimationFrame(() => done()) }
        })
        watch.observe(app, {attributes: true})
    })
}"""
"""Before a click the script is over, too: only what begins after this counts."""

ANSWERS: Final = {
    "overview of an hour": "/api/v1/overview?window=1h",
    "overview of a day": "/api/v1/overview?window=24h",
    "overview of 31 days": "/api/v1/overview?window=31d",
    "executions, newest": "/api/v1/executions?limit=50",
    "executions that failed": "/api/v1/executions?limit=50&status=failed",
    "executions of a job": "/api/v1/jobs/{job}/executions?limit=50",
    "an execution of half a year ago": "/api/v1/executions/{old}",
    "statistics of a job": "/api/v1/jobs/{job}/statistics",
    "a job's last 31 days": "/api/v1/jobs/{job}/stats?window=31d",
    "anomalies of a job": "/api/v1/jobs/{job}/anomalies",
    "calendar of a year": "/api/v1/calendar",
    "calendar of a year, a job": "/api/v1/calendar?job_id={job}",
    "timeline of a day": "/api/v1/timeline?since={day_ago}",
    "jobs": "/api/v1/jobs?limit=100",
    "findings": "/api/v1/findings",
    "smart schedule of a job": "/api/v1/jobs/{job}/recommendations",
    "the herd": "/api/v1/balance",
    "forecast of the load": "/api/v1/forecasts/load",
    "risks": "/api/v1/risks",
    "weekly report": "/api/v1/reports/weekly",
    "search": "/api/v1/search?q=job-0001",
}
QUERIES: Final = {
    "SQL, runs of a year by month": "SELECT date_trunc('month', scheduled_time) AS month, "
    "count(*), avg(duration_ms) FROM executions GROUP BY month ORDER BY month",
    "SQL, failures of a week by job": "SELECT job_name, count(*) FROM executions "
    "WHERE d >= current_date - 7 AND status = 'failed' GROUP BY job_name ORDER BY 2 DESC LIMIT 20",
}
PAGES: Final = {
    "Overview": "/",
    "Jobs": "/jobs",
    "Job": "/job?id={job}",
    "Executions": "/executions",
    "Execution": "/execution?id={old}",
    "Timeline": "/timeline",
    "Calendar": "/calendar",
    "Live": "/live",
    "Anomalies": "/anomalies",
    "Forecasts": "/forecasts",
    "Smart schedules": "/schedules",
    "Reports": "/reports",
    "Editor": "/editor?id={job}",
    "Replay": "/replay?id={old}",
    "SQL": "/sql",
    "Marketplace": "/marketplace",
    "Import history": "/import_history",
    "Cluster": "/cluster",
}
INTERACTIONS: Final = {
    "Overview: another window": ("/", "6h"),
    "Jobs: those enabled": ("/jobs", "enabled"),
    "Job: its statistics": ("/job?id={job}", "Statistics"),
    "Executions: older ones": ("/executions", "Older"),
    "Timeline: earlier": ("/timeline", "Earlier"),
    "Calendar: another measure": ("/calendar", "Failures"),
    "Replay: a step": ("/replay?id={old}", "Forward"),
    "SQL: run a query": ("/sql?query=lateness-by-hour", "Run"),
}


def scale() -> Iterator[Row]:
    """Fires before and after the history is there, then answers and pages while they go on."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Sink() as sink,
        cluster(Path(folder), 1) as nodes,
    ):
        (node,) = nodes.nodes
        jobs = _create_jobs(node, sink.url)
        empty = _lateness(node)
        node.stop()
        plant(node.data_dir, jobs, ROWS, time.time_ns() // 1000)
        node.start()
        wait_for(node.healthy, 600)
        names = _names(node, str(jobs[0]["id"]))
        _wait_until_derived(node, names)
        full = _lateness(node)
        what = f"{ROWS / 1e6:.0f} million runs, {JOBS // EVERY_S} fires a second"
        yield Row(
            f"{what}: lateness p50 / p99, empty history",
            f"{empty['p50']:.1f} / {empty['p99']:.1f} ms",
        )
        yield Row(
            f"{what}: lateness p50 / p99, full history; p99 against empty",
            f"{full['p50']:.1f} / {full['p99']:.1f} ms; {full['p99'] / empty['p99']:.2f}",
        )
        yield Row(f"{what}: resident memory of the node, at first", f"{_rss_mib(node):,} MiB")
        for name, path in ANSWERS.items():
            took = _median(partial(node.request, "GET", path.format(**names)))
            yield Row(f"{what}: {name}", f"{took * 1000:,.0f} ms")
        for name, query in QUERIES.items():
            took = _median(partial(node.request, "POST", "/api/v1/sql", json={"sql": query}))
            yield Row(f"{what}: {name}", f"{took * 1000:,.0f} ms")
        with console_of(node, Path(folder)) as console:
            yield from _pages(console, names, what)
            looked = node.request("GET", f"/api/v1/overview?window={WINDOW_S}s")["lateness_ms"]
            yield Row(
                f"{what}: lateness p50 / p99 while pages were opened",
                f"{looked['p50']:.1f} / {looked['p99']:.1f} ms",
            )
            rss = [_rss_mib(node), _rss_mib(console)]
        yield Row(
            f"{what}: resident memory of node / console, at the end",
            f"{rss[0]:,} / {rss[1]:,} MiB",
        )


def _create_jobs(node: Node, url: str) -> list[dict[str, Any]]:
    documents = [
        job(
            f"job-{number:04d}",
            f"{url}/{number}",
            schedule=f"{number % EVERY_S}/{EVERY_S} * * * * *",
            namespace=f"team-{number % 20}",
        )
        for number in range(JOBS)
    ]
    ids = node.request("POST", "/api/v1/jobs/batch", json={"jobs": documents})["ids"]
    return [{**document, "id": job_id} for document, job_id in zip(documents, ids, strict=True)]


def _lateness(node: Node, calm_s: int = CALM_S) -> dict[str, float]:
    """Quantiles of lateness in milliseconds, over a minute that is waited for."""
    time.sleep(calm_s + WINDOW_S)
    overview = node.request("GET", f"/api/v1/overview?window={WINDOW_S}s")
    found: dict[str, float] = overview["lateness_ms"]
    return found


def _names(node: Node, job_id: str) -> dict[str, str]:
    half = time.time_ns() // 1000 - 180 * DAY_US
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(half / 1e6))
    page = node.request("GET", f"/api/v1/executions?limit=1&until={until}")
    day_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    return {"job": job_id, "old": page["executions"][0]["id"], "day_ago": day_ago}


def _wait_until_derived(node: Node, names: dict[str, str]) -> None:
    """Until the kept sums answer, rather than all rows."""

    def quick() -> bool:
        begun = time.monotonic()
        node.request("GET", "/api/v1/calendar")
        return time.monotonic() - begun < 1.0

    wait_for(quick, 600, "the derived tables")
    node.request("GET", f"/api/v1/executions/{names['old']}")


def _median(ask: Callable[[], Any], times: int = 7) -> float:
    ask()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        took.append(time.perf_counter() - begun)
    return median(took)


def _pages(console: Console, names: dict[str, str], what: str) -> Iterator[Row]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        for name, path in PAGES.items():
            url = console.url + path.format(**names)
            _open(page, url)
            shots = [_open(page, url) for _ in range(3)]
            first, whole = (median(shot[at] for shot in shots) for at in (0, 1))
            yield Row(
                f"{what}: page {name}, first content / whole",
                f"{first * 1000:,.0f} / {whole * 1000:,.0f} ms",
            )
        for name, (path, label) in INTERACTIONS.items():
            took = []
            for _ in range(3):
                _open(page, console.url + path.format(**names))
                took.append(_click(page, label))
            yield Row(f"{what}: {name}", f"{median(took) * 1000:,.0f} ms")
        browser.close()


def _open(page: Page, url: str) -> tuple[float, float]:
    """Seconds until the heading is there, and until the script is over."""
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("[data-testid=stMain] h3", timeout=120_000)
    first = time.perf_counter() - begun
    page.wait_for_selector(RAN, timeout=120_000)
    return first, time.perf_counter() - begun


def _click(page: Page, label: str) -> float:
    page.wait_for_timeout(1_000)
    target = page.get_by_test_id("stMain").get_by_text(label, exact=True).first
    target.wait_for(timeout=120_000)
    page.evaluate(_LISTEN)
    begun = time.perf_counter()
    target.click()
    page.evaluate("() => window.scriptRan")
    return time.perf_counter() - begun


def _rss_mib(of: Node | Console) -> int:
    """Of a process and its children."""
    assert of.pid is not None
    root = psutil.Process(of.pid)
    return sum(one.memory_info().rss for one in (root, *root.children(recursive=True))) >> 20
