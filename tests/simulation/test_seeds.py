"""The simulator over many seeds. A failure names the seed and the line that repeats it."""

from __future__ import annotations

import os

import pytest

from engine.state.rules import executions
from tests.simulation.world import World

COUNT = int(os.environ.get("CHRONOS_SEEDS", "60"))
ONE = os.environ.get("CHRONOS_SEED")
SEEDS = [int(ONE)] if ONE else range(COUNT)

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fire_time_is_decided_once_whatever_fails(seed: int) -> None:
    world = World(seed)
    world.run()
    assert any(world.sent), "nothing ran at all"


def test_without_the_compare_and_set_of_a_claim_the_simulator_finds_double_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def always(state: executions.State, job_id: str, _generation: int, _at: int) -> object:
        return state.jobs.get(job_id)

    monkeypatch.setattr(executions, "claimable", always)
    with pytest.raises(AssertionError, match="CHRONOS_SEED="):
        _run_seeds(40)


def _run_seeds(count: int) -> None:
    for seed in range(count):
        World(seed).run()
