"""Findings in the replicated state: reported once, judged by people, forgotten when old."""

from __future__ import annotations

from dataclasses import replace

from engine.model.finding import FindingState
from engine.state.messages import ChangeFinding, DeleteJob, RecordFindings
from engine.state.rules.findings import KEPT_US
from engine.state.snapshot import decode_state, encode_state
from tests.kit.jobs import Log, new_job
from tests.unit.engine.history.events import make_finding

FINDING = replace(make_finding(), job_id="job_backup")


def log() -> Log:
    return Log().with_jobs(new_job())


def test_a_finding_reported_twice_is_one_and_more_evidence_replaces_less() -> None:
    given = log()
    assert given.ok(RecordFindings(findings=(FINDING,))) == 1
    assert given.ok(RecordFindings(findings=(FINDING,))) == 0
    assert given.ok(RecordFindings(findings=(replace(FINDING, runs=5),))) == 1
    assert given.state.findings[FINDING.id].runs == 5


def test_a_growing_episode_is_told_when_it_has_doubled_and_not_with_each_run() -> None:
    given = log()
    given.ok(RecordFindings(findings=(FINDING,)))
    told = [
        given.ok(RecordFindings(findings=(replace(FINDING, runs=runs),))) for runs in range(2, 9)
    ]
    assert told == [0, 0, 1, 0, 0, 0, 1]


def test_what_a_person_decided_stays_while_evidence_grows() -> None:
    given = log()
    given.ok(RecordFindings(findings=(FINDING,)))
    given.ok(ChangeFinding(id=FINDING.id, state=FindingState.MUTED, note="known"))
    given.ok(RecordFindings(findings=(replace(FINDING, runs=9),)))
    found = given.state.findings[FINDING.id]
    assert (found.state, found.by, found.note, found.runs) == ("muted", "alice", "known", 9)


def test_an_episode_whose_first_runs_are_seen_no_more_is_the_same() -> None:
    given = log()
    long = replace(FINDING, first_us=1000, last_us=5000, runs=9)
    given.ok(RecordFindings(findings=(long,)))
    given.ok(ChangeFinding(id=FINDING.id, state=FindingState.ACKNOWLEDGED, note="seen"))
    later = replace(long, id="fin_later", first_us=3000, last_us=9000, runs=5, score=90.0)
    other = replace(later, id="fin_other", detector="level_shift")
    after = replace(later, id="fin_after", first_us=9001, last_us=9900)
    assert given.ok(RecordFindings(findings=(later, other, after))) == 3
    assert given.state.findings.keys() == {FINDING.id, "fin_other", "fin_after"}
    found = given.state.findings[FINDING.id]
    assert (found.first_us, found.last_us, found.runs) == (1000, 9000, 9)
    assert (found.state, found.note, found.score) == (FindingState.ACKNOWLEDGED, "seen", 90.0)


def test_a_resolved_finding_is_not_reported_anew() -> None:
    given = log()
    given.ok(RecordFindings(findings=(FINDING,)))
    given.ok(ChangeFinding(id=FINDING.id, state=FindingState.RESOLVED))
    assert given.ok(RecordFindings(findings=(replace(FINDING, runs=9),))) == 0


def test_an_episode_that_ended_is_resolved_whatever_people_made_of_it() -> None:
    given = log()
    given.ok(RecordFindings(findings=(FINDING,)))
    given.ok(ChangeFinding(id=FINDING.id, state=FindingState.MUTED))
    over = replace(FINDING, state=FindingState.RESOLVED, by="analyst", note="usual again")
    given.ok(RecordFindings(findings=(over,)))
    assert given.state.findings[FINDING.id].by == "analyst"


def test_a_finding_of_no_job_is_passed_over_and_goes_with_its_job() -> None:
    given = log()
    assert given.ok(RecordFindings(findings=(replace(FINDING, job_id="job_none"),))) == 0
    given.ok(RecordFindings(findings=(FINDING,)))
    given.ok(DeleteJob(id="job_backup"))
    assert given.state.findings == {}


IMPORTED = replace(FINDING, job_id="job_elsewhere", job_name="etl", namespace="default")


def test_a_finding_of_an_imported_job_is_recorded_and_judged_by_people() -> None:
    given = log()
    assert given.ok(RecordFindings(findings=(IMPORTED,))) == 1
    given.ok(ChangeFinding(id=IMPORTED.id, state=FindingState.MUTED, note="known"))
    found = given.state.findings[IMPORTED.id]
    assert (found.job_name, found.state, found.note) == ("etl", "muted", "known")


def test_a_judged_finding_of_years_ago_is_kept_from_the_day_it_was_recorded() -> None:
    given = log()
    given.now = IMPORTED.last_us + 10 * KEPT_US
    given.ok(RecordFindings(findings=(IMPORTED,)))
    given.ok(ChangeFinding(id=IMPORTED.id, state=FindingState.RESOLVED))
    given.now += KEPT_US
    given.ok(RecordFindings(findings=()))
    assert IMPORTED.id in given.state.findings
    given.now += 1
    given.ok(RecordFindings(findings=()))
    assert given.state.findings == {}


def test_what_is_long_over_is_forgotten() -> None:
    given = log()
    over = replace(FINDING, state=FindingState.RESOLVED)
    given.ok(RecordFindings(findings=(over,)))
    given.now = FINDING.last_us + KEPT_US
    given.ok(RecordFindings(findings=()))
    assert FINDING.id in given.state.findings
    given.now += 1
    given.ok(RecordFindings(findings=()))
    assert given.state.findings == {}


def test_an_unknown_finding_is_refused() -> None:
    refused = log().refused(ChangeFinding(id="fin_0", state=FindingState.MUTED))
    assert (refused.code, refused.field) == ("NOT_FOUND", "finding")


def test_findings_survive_a_snapshot() -> None:
    given = log()
    given.ok(RecordFindings(findings=(FINDING,)))
    assert decode_state(encode_state(given.state)).findings == {FINDING.id: FINDING}
