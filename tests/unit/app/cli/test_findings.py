"""`chronosctl finding` against a real server."""

from __future__ import annotations

import json
from dataclasses import replace

from engine.state.messages import RecordFindings
from tests.kit.door import Door
from tests.unit.app.cli.conftest import Run
from tests.unit.engine.history.events import make_finding

JOB = "{name: a, schedule: '@hourly', webhook: {url: 'http://127.0.0.1:9/'}}"


def test_a_finding_is_shown_by_its_id(run: Run, door: Door) -> None:
    run("job", "create", "-f", "-", stdin=JOB)
    (job,) = json.loads(run("job", "list", "-o", "json").stdout)
    made = replace(make_finding(), job_id=job["id"])
    door.store.apply(RecordFindings(findings=(made,)))
    shown = run("finding", "show", made.id)
    assert shown.exit_code == 0, shown.output
    assert f"id: {made.id}" in shown.stdout
    assert json.loads(run("finding", "show", made.id, "-o", "json").stdout)["state"] == "open"
    assert "state: open" in run("finding", "show", made.id, "-o", "table").stdout


def test_a_finding_that_is_not_there_is_named(run: Run) -> None:
    gone = run("finding", "show", "fin_0")
    assert gone.exit_code == 1
    assert "fin_0" in gone.output
