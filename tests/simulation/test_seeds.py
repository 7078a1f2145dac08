"""The simulator over many seeds. A failure names the seed and the line that repeats it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.kit.cluster import ROOT
from tests.simulation.many import broken_by, repeat
from tests.simulation.world import World

COUNT = int(os.environ.get("CHRONOS_SEEDS", "2000"))
TENTHS = 10

pytestmark = pytest.mark.simulation

REACHED = (
    *("JobCreated", "JobUpdated", "JobSwitched", "JobDeleted", "CalendarSaved"),
    *("JobsPaused", "JobsResumed", "BackfillStarted", "BackfillAdvanced", "BackfillEnded"),
    *("ExecutionAdded", "AttemptBegun", "RetryScheduled", "asks first", "repeated"),
    *("attempt success", "attempt failed", "attempt timeout", "attempt lost"),
    *("end success", "end failed", "end cancelled", "end unknown"),
    *("skip concurrency", "skip paused", "skip superseded", "skip missed"),
    *("NO_LEADER StartExecutions", "NO_LEADER RecoverExecutions", "NO_LEADER BeginBackfill"),
    *("LoseAttempts",),
    *("CONFLICT UpdateJob", "CONFLICT TriggerJob", "CONFLICT DisableJob", "CONFLICT StartBackfill"),
)
"""What some hundred worlds together must meet; else they prove less than they seem to."""


@pytest.mark.parametrize("tenth", range(TENTHS))
def test_every_promise_is_kept_whatever_fails(tenth: int) -> None:
    for seed, fault in broken_by("cluster", range(tenth, COUNT, TENTHS)):
        pytest.fail(f"{fault}\nrepeat with: {repeat('cluster', seed)}")


def test_the_worlds_together_meet_what_can_happen() -> None:
    met: Counter[str] = Counter()
    for seed in range(200):
        world = World(seed)
        world.run()
        met += world.referee.seen
        met["gap"] += sum(node.gaps for node in world.group.nodes)
        met["five nodes"] += world.count == 5
    assert [name for name in (*REACHED, "gap", "five nodes") if not met[name]] == []


CLUSTER = """
from tests.simulation.world import World
world = World(7)
world.run()
print(world.group.log)
"""
RAFT = """
import logging, sys
from pathlib import Path
from tests.simulation.raft_sim.world import simulated
logging.disable(logging.CRITICAL)
with simulated(7, Path(sys.argv[1])) as world:
    world.run()
    print(world.agreed, world.acked, world.crashes, world.clock)
"""


@pytest.mark.parametrize("program", [CLUSTER, RAFT], ids=["cluster", "raft"])
def test_one_seed_is_one_run_in_every_process(program: str, tmp_path: Path) -> None:
    said = set()
    for salt in ("1", "2"):
        command = [sys.executable, "-c", program, str(tmp_path / salt)]
        environment = os.environ | {"PYTHONHASHSEED": salt}
        said.add(subprocess.check_output(command, cwd=ROOT, env=environment))
    assert len(said) == 1, "one seed, and two runs"
