"""Statistics of one job over REST, on the demo's planted facts."""

from __future__ import annotations

import httpx
import pytest

from tests.kit.door import Door


@pytest.fixture
async def past(door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/demo?history=30d")
    assert door.history.wait_for(door.store.index, 120)


@pytest.mark.usefixtures("past")
async def test_the_week_of_a_job_shows_its_best_and_its_worst_hour(
    door: Door, client: httpx.AsyncClient
) -> None:
    path = "/api/v1/jobs/demo/report-build/statistics"
    found = (await client.get(path)).json()["data"]
    assert (found["runs"], len(found["week"])) == (30 * 24, 168)
    by_hour = {(cell["weekday"], cell["hour"]): cell for cell in found["week"]}
    for day in range(7):
        assert by_hour[day, 5]["failed"] == 0
        assert by_hour[day, 5]["duration_mean_ms"] == pytest.approx(20_000, rel=0.25)
        assert by_hour[day, 14]["duration_mean_ms"] > 180_000
    assert found["duration_ms"]["p50"] == pytest.approx(60_000, rel=0.25)
    assert found["duration_ms"]["p99"] <= found["duration_ms"]["max"]
    assert len(found["failure_rates"]) == 500 - 19
    door.history.deriving.run_once()
    again = (await client.get(path)).json()["data"]
    for kept, counted in zip(again["week"], found["week"], strict=True):
        assert kept == pytest.approx(counted), "the same from kept sums as from the rows"


@pytest.mark.usefixtures("past")
async def test_a_drift_is_told_in_words_and_a_steady_job_has_none(
    client: httpx.AsyncClient,
) -> None:
    steady = (await client.get("/api/v1/jobs/demo/cache-warm/statistics")).json()["data"]
    assert not steady["drift"]["significant"]
    assert "No trend" in steady["drift_words"]


async def test_a_job_that_never_ran_has_empty_statistics(client: httpx.AsyncClient) -> None:
    body = {"name": "a", "schedule": "@every 1h", "webhook": {"url": "http://127.0.0.1:9/"}}
    await client.post("/api/v1/jobs", json=body)
    found = (await client.get("/api/v1/jobs/default/a/statistics")).json()["data"]
    assert (found["runs"], found["week"], found["drift"]) == (0, [], None)
    assert found["duration_ms"]["mean"] is None
    assert "Too few" in found["drift_words"]
    assert (await client.get("/api/v1/jobs/default/b/statistics")).status_code == 404
