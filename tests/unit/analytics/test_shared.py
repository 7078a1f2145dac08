"""Jobs that fail together are one finding; those that fail by themselves are none."""

from __future__ import annotations

import numpy as np

from analytics.demo import facts
from analytics.demo.story import DAY_US, MINUTE_US
from analytics.shared import BIN_US, Failure, shared_failures
from tests.kit.demo import demo_failures

END = 20_783 * DAY_US  # 2026-11-26T00:00:00Z
DAYS = 30


def test_the_outage_of_the_ledger_is_one_finding_that_names_it_and_both_jobs() -> None:
    failures, rates, names = demo_failures(END, DAYS)
    ((finding, jobs),) = shared_failures(failures, rates, names, END)
    assert jobs == {facts.CAUSE.name, facts.DEPENDENT.name}
    assert finding.evidence.startswith("ledger.internal: ledger-sync and payments-sync failed")
    day, minute, length = facts.OUTAGES[-1]
    assert finding.first_us == END - (facts.DAYS - day) * DAY_US + minute * MINUTE_US
    assert finding.runs == 2 * length // 15


def test_jobs_that_fail_by_themselves_share_nothing() -> None:
    names = {f"job_{number}": f"job-{number}" for number in range(10)}
    rates = dict.fromkeys(names, 0.02)
    for seed in range(50):
        chance = np.random.default_rng(seed)
        failures = [
            Failure(job, f"exe_{job}_{place}", int(place) * BIN_US, "HTTP 500", "target.example")
            for job in names
            for place in np.flatnonzero(chance.random(1000) < rates[job])
        ]
        assert list(shared_failures(failures, rates, names, END)) == []


def test_a_job_that_always_fails_proves_nothing() -> None:
    names = {"job_a": "a", "job_b": "b"}
    failures = [
        Failure(job, f"exe_{job}_{place}", place * BIN_US, "HTTP 500", "target.example")
        for job in names
        for place in range(100)
    ]
    assert list(shared_failures(failures, dict.fromkeys(names, 1.0), names, END)) == []


def test_jobs_of_one_host_that_goes_down_are_named_with_the_host() -> None:
    names = {"job_a": "a", "job_b": "b", "job_c": "c"}
    failures = [
        Failure(job, f"exe_{job}_{place}", place * BIN_US, "HTTP 503", "shop.example")
        for job in names
        for place in range(100, 104)
    ]
    ((finding, _),) = shared_failures(failures, dict.fromkeys(names, 0.01), names, 104 * BIN_US)
    assert finding.evidence == "shop.example: a, b and c failed together, 12 runs in 60.0 min"
    assert finding.state == "open"
