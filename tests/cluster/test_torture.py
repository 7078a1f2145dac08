"""A minute of kills, hangs, cut links and wrong clocks; the long way is `make torture`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.torture import Options, torture

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


WAITS = {"late", "settled late"}
"""Not asserted: this machine may be busy."""


def test_a_minute_of_faults_leaves_nothing_missed_doubled_or_unexplained(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    verdict = torture(Options(seconds=60, nodes=3, seed=11, keep=keep))
    found = [finding for finding in verdict.findings if finding.kind not in WAITS]
    assert found == [], f"{found[:5]}; repeat: {verdict.repeat}"
    assert verdict.fires.decided > 1_000
    assert verdict.faults
    assert len(verdict.operations) > 30
