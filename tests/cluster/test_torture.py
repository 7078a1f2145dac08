"""A minute of kills, hangs, cut links and wrong clocks; the long way is `make torture`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.torture import Options, torture

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_a_minute_of_faults_leaves_nothing_missed_doubled_or_unexplained(tmp_path: Path) -> None:
    verdict = torture(Options(seconds=60, nodes=3, seed=11, keep=tmp_path / "kept"))
    assert verdict.findings == [], f"{verdict.findings[:5]}; repeat: {verdict.repeat}"
    assert verdict.fires.decided > 1_000
    assert verdict.faults
