"""What must hold of the records of a torture, as pure functions; each yields what does not.

A fire time is decided once: run, or skipped with a recorded reason. So from what a job was, entry
by entry of the log, follow the fire times that there are, and each must be found once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from engine.core.clock import rfc3339
from engine.core.ids import execution_id
from engine.model.document import document_timing
from engine.timing.schedule import Schedule
from tests.torture.records import PAUSE_S, Attempt, Change, Evidence, Finding, Run, Write

SECOND_US = 1_000_000
SWITCHED_OFF_US = 60 * SECOND_US
"""So soon after its end a torture has switched off the last job."""
LEFT_US = 3 * SECOND_US
"""In a healthy cluster a fire time is decided well within this."""
PAUSE_S_MAX = PAUSE_S + 1
"""So long a pause lasts at the most that nobody ends: it ends at a whole second."""
LATE_S = 45.0
"""No fault holds up a cluster for so long."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A job that stays enabled with one timing, from one write to another.

    Its fire times within `must_us` are decided, those within `may_us` can be. `edited` says whether
    a person ended it, and not the end of the torture.
    """

    generation: int
    schedule: Schedule
    must_us: tuple[int, int]
    may_us: tuple[int, int]
    edited: bool


@dataclass
class Fires:
    """How the fire times were decided."""

    decided: int = 0
    run: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def check(evidence: Evidence) -> tuple[Fires, list[Finding]]:
    """All that is checked."""
    fires = decided_once(evidence)
    findings = [
        *fires.findings,
        *histories_differ(evidence),
        *success_without_arrival(evidence),
        *strange_arrivals(evidence),
        *overlaps(evidence),
        *lost_writes(evidence),
        *unknown_ends(evidence),
        *pauses_that_do_not_hold(evidence),
        *late_arrivals(evidence),
        *negative_durations(evidence),
    ]
    return fires, findings


# ---- fire times ---------------------------------------------------------------------------------


def stretches(changes: list[Change], writes: list[Write], evidence: Evidence) -> list[Stretch]:
    """When one job was enabled, and by which timing; `changes` and `writes` are its own, in order.

    The log's clock is not asked: it stands still for as long as it once was ahead. A fire time must
    be decided when it comes after the answer to what enabled the job, and before the question
    that ended it.
    """
    found: list[Stretch] = []
    generation, timing, begun = 0, None, None
    told = _told(changes, writes)
    for change in changes:
        gone = change.change == "deleted"
        spec = document_timing(change.config)
        fresh = (spec.timing, spec.calendar, spec.on_closed if spec.calendar else None)
        moved, enabled = fresh != timing, bool(change.config["enabled"]) and not gone
        moments = told.get(change.index, (change.recorded_us, change.recorded_us))
        if begun is not None and (moved or not enabled):
            edited = change.index <= evidence.end_index
            found.append(_stretch(begun, moments if edited else None, evidence))
            begun = None
        if moved:
            generation, timing = generation + 1, fresh
        if enabled and begun is None:
            begun = (generation, spec.fires(change.job_id, None), moments)
    if begun is not None:
        found.append(_stretch(begun, None, evidence))
    return found


def _stretch(
    begun: tuple[int, Schedule, tuple[int, int]], ended: tuple[int, int] | None, evidence: Evidence
) -> Stretch:
    generation, schedule, (asked, acknowledged) = begun
    until = ended or (evidence.end_us, evidence.end_us + SWITCHED_OFF_US)
    may = (asked - evidence.skew_us, until[1] + evidence.skew_us)
    return Stretch(generation, schedule, (acknowledged, until[0]), may, ended is not None)


def _told(changes: list[Change], writes: list[Write]) -> dict[int, tuple[int, int]]:
    """When what an entry of the log applied was asked, and when it was acknowledged."""
    found: dict[int, tuple[int, int]] = {}
    rest = list(changes)
    for write in writes:
        for place, change in enumerate(rest):
            if _applies(change, write):
                spans = (write.asked, write.acknowledged)
                found[change.index] = (int(spans[0] * SECOND_US), int(spans[1] * SECOND_US))
                del rest[: place + 1]
                break
    return found


def _applies(change: Change, write: Write) -> bool:
    if write.kind in ("describe", "retime"):
        return change.config["description"] == write.proof["description"] and (
            change.change == "updated"
        )
    return change.change == f"{write.kind}d"


def decided_once(evidence: Evidence) -> Fires:
    """Every fire time of an enabled job is in the history once, as a run or within one skip."""
    result = Fires()
    history = evidence.agreed
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in history.runs:
        if run.trigger == "schedule":
            runs[run.job_id].append(run)
    writes: dict[str, list[Write]] = defaultdict(list)
    for write in evidence.writes:
        writes[write.job].append(write)
    for job_id, rows in groupby(sorted(history.changes, key=_by_job), key=lambda row: row.job_id):
        changes = list(rows)
        enabled = stretches(changes, writes[changes[0].job_name], evidence)
        _check_job(changes, enabled, runs.pop(job_id, []), result)
    for job_id, strays in runs.items():
        result.findings.append(Finding("unexplained", f"{len(strays)} runs of no job {job_id}"))
    return result


def _by_job(change: Change) -> tuple[str, int, int]:
    return change.job_id, change.index, change.position


def _check_job(
    changes: list[Change], enabled: list[Stretch], runs: list[Run], result: Fires
) -> None:
    name = changes[0].job_name
    schedules = {stretch.generation: stretch.schedule for stretch in enabled}
    ways: dict[int, list[tuple[int, Run]]] = defaultdict(list)
    for run in runs:
        generation = _generation(run, schedules)
        if generation is None:
            text = f"{name}: {run.id} at {rfc3339(run.scheduled_us)} is of no schedule of the job"
            result.findings.append(Finding("unexplained", text))
            continue
        schedule = schedules[generation]
        times = schedule.between(run.scheduled_us - 1, run.last_us)
        result.findings += _row_faults(name, run, times)
        for at in times:
            ways[at].append((generation, run))
        if run.status == "skipped":
            result.skipped[_reason(run)] += len(times)
        else:
            result.run += 1
    result.decided += len(ways)
    result.findings += _twice(name, ways)
    result.findings += _outside(name, enabled, ways)
    for stretch in enabled:
        _missed(name, stretch, ways, result)


def _generation(run: Run, schedules: dict[int, Schedule]) -> int | None:
    for generation in schedules:
        if execution_id(run.job_id, generation, run.scheduled_us) == run.id:
            return generation
    return None


def _reason(run: Run) -> str:
    """The kind of a skip: its first word, as in "concurrency: ..." or "paused by ..."."""
    return (run.reason.split() or ["no reason"])[0].rstrip(":")


def _row_faults(name: str, run: Run, times: list[int]) -> Iterator[Finding]:
    where = f"{name}: {run.id} at {rfc3339(run.scheduled_us)}"
    if not times or times[0] != run.scheduled_us or len(times) != run.fires:
        yield Finding("unexplained", f"{where} stands for {run.fires} fires, there are {times}")
    if run.status == "skipped" and not run.reason:
        yield Finding("unexplained", f"{where} is skipped without a reason")
    if run.status != "skipped" and run.until_us is not None:
        yield Finding("unexplained", f"{where} ran, but stands for a stretch")


def _twice(name: str, ways: dict[int, list[tuple[int, Run]]]) -> Iterator[Finding]:
    for at, decisions in ways.items():
        if len(decisions) < 2:
            continue
        told = ", ".join(
            f"{run.status} {run.id} (generation {generation}, entry {run.index}"
            f", recorded {rfc3339(run.recorded_us)})"
            for generation, run in decisions
        )
        ids = {run.id for _, run in decisions if run.status != "skipped"}
        kind = "two ids" if len(ids) > 1 else "doubly claimed"
        yield Finding(kind, f"{name} at {rfc3339(at)}: {told}")


def _outside(
    name: str, enabled: list[Stretch], ways: dict[int, list[tuple[int, Run]]]
) -> Iterator[Finding]:
    for at, decisions in ways.items():
        for generation, run in decisions:
            if not any(
                stretch.generation == generation and stretch.may_us[0] <= at <= stretch.may_us[1]
                for stretch in enabled
            ):
                text = f"{name} at {rfc3339(at)}: {run.status} {run.id}, but it was not enabled"
                yield Finding("unexplained", text)


def _missed(
    name: str, stretch: Stretch, ways: dict[int, list[tuple[int, Run]]], result: Fires
) -> None:
    expected = stretch.schedule.between(*stretch.must_us, 1_000_000)
    decided = [any(g == stretch.generation for g, _ in ways.get(at, ())) for at in expected]
    last = max((place for place, done in enumerate(decided) if done), default=-1)
    for place, at in enumerate(expected):
        if decided[place] or ways.get(at):
            continue
        # What is due when a person edits is superseded, which is a decision, too.
        if place < last or stretch.edited or stretch.must_us[1] - at > LEFT_US:
            text = f"{name} at {rfc3339(at)}, generation {stretch.generation}: not in the history"
            result.findings.append(Finding("missed", text))


# ---- nodes and arrivals -------------------------------------------------------------------------


def histories_differ(evidence: Evidence) -> Iterator[Finding]:
    """Once settled, all nodes say the same."""
    (first, one), *others = evidence.histories.items()
    for name, other in others:
        for table in ("runs", "attempts", "changes"):
            mine, theirs = getattr(one, table), getattr(other, table)
            if mine == theirs:
                continue
            ours = {(row.index, row.position): row for row in mine}
            its = {(row.index, row.position): row for row in theirs}
            apart = [at for at in sorted({*ours, *its}) if ours.get(at) != its.get(at)]
            told = "; ".join(f"{ours.get(at)} / {its.get(at)}" for at in apart[:3])
            extra = f"{len(mine)} / {len(theirs)} rows, {len(apart)} differ: {told}"
            yield Finding("histories differ", f"{table} of {first} / {name}: {extra}")


def success_without_arrival(evidence: Evidence) -> Iterator[Finding]:
    """A run that succeeded reached the target, and one that failed did so or has a reason."""
    arrived = {arrival.key for arrival in evidence.arrivals}
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in evidence.agreed.attempts:
        attempts[attempt.execution_id].append(attempt)
    for run in evidence.agreed.runs:
        if run.id in arrived or run.status not in ("success", "failed"):
            continue
        outcomes = {attempt.outcome for attempt in attempts[run.id]}
        if run.status == "success" or not outcomes & {"timeout", "lost", "failed"}:
            text = f"{run.job_name}: {run.id} is {run.status} after {sorted(outcomes)}"
            yield Finding("never arrived", text)


def strange_arrivals(evidence: Evidence) -> Iterator[Finding]:
    """What arrived is known to the history; a fire time has one id, an attempt is sent once."""
    keys: dict[tuple[str, int], set[str]] = defaultdict(set)
    sent: Counter[tuple[str, int]] = Counter()
    asked_for = {run.id for run in evidence.agreed.runs if run.trigger != "schedule"}
    for arrival in evidence.arrivals:
        if arrival.key not in asked_for:
            keys[arrival.job, arrival.scheduled_us].add(arrival.key)
        sent[arrival.key, arrival.attempt] += 1
    for (job, at), ids in keys.items():
        if len(ids) > 1:
            yield Finding("two ids", f"{job} at {rfc3339(at)} arrived as {sorted(ids)}")
    for (key, attempt), count in sent.items():
        if count > 1:
            yield Finding("sent twice", f"attempt {attempt} of {key} arrived {count} times")
    known = {run.id for run in evidence.agreed.runs}
    for key in sorted({arrival.key for arrival in evidence.arrivals} - known):
        one = next(arrival for arrival in evidence.arrivals if arrival.key == key)
        text = f"{one.job} at {rfc3339(one.scheduled_us)} arrived as {key}, which no history has"
        yield Finding("unexplained", text)


def overlaps(evidence: Evidence) -> Iterator[Finding]:
    """Of a job that forbids or replaces, one execution is open at a time, by the log's clock."""
    changes = evidence.agreed.changes
    alone = {c.job_id for c in changes if c.config.get("concurrency") in ("forbid", "replace")}
    runs = [
        run for run in evidence.agreed.runs if run.job_id in alone and run.started_us is not None
    ]
    runs.sort(key=lambda run: (run.job_id, run.started_us, run.index))
    for before, after in pairwise(runs):
        if before.job_id == after.job_id and (after.started_us or 0) < before.recorded_us:
            text = f"{after.job_name}: {after.id} began before {before.id} had ended"
            yield Finding("overlap", text)


def lost_writes(evidence: Evidence) -> Iterator[Finding]:
    """What was acknowledged is there."""
    changes: dict[str, list[Change]] = defaultdict(list)
    for change in evidence.agreed.changes:
        changes[change.job_name].append(change)
    runs = {run.id for run in evidence.agreed.runs}
    for write in evidence.writes:
        proof, rows = write.proof, changes[write.job]
        if write.kind in ("describe", "retime"):
            found = sum(row.config["description"] == proof["description"] for row in rows)
            versions = {
                row.version for row in rows if row.config["description"] == proof["description"]
            }
            if len(versions) != 1 or not found:
                yield Finding("lost write", f"{write}: found as versions {sorted(versions)}")
        elif write.kind == "trigger" and proof["execution"] not in runs:
            yield Finding("lost write", f"{write}: no such execution")
        elif write.kind == "pause" and proof["pause"] not in evidence.pauses:
            yield Finding("lost write", f"{write}: no such pause")
        elif write.kind == "create" and not rows:
            yield Finding("lost write", f"{write}: no such job")
    yield from _lost_switches(evidence, changes)


def _lost_switches(evidence: Evidence, changes: dict[str, list[Change]]) -> Iterator[Finding]:
    """Each acknowledged switch stands in the history, in its order."""
    asked: dict[str, list[str]] = defaultdict(list)
    for write in evidence.writes:
        if write.kind in ("enable", "disable"):
            asked[write.job].append(f"{write.kind}d")
    for job, switches in asked.items():
        rows = iter(row.change for row in changes[job])
        if lost := [switch for switch in switches if switch not in rows]:
            yield Finding("lost write", f"{job}: {lost[0]}, though it was acknowledged")


def unknown_ends(evidence: Evidence) -> Iterator[Finding]:
    """An execution is unknown after more than ten lost attempts; here are not so many."""
    for run in evidence.agreed.runs:
        if run.status == "unknown":
            yield Finding("unexplained", f"{run.job_name}: {run.id} ended as unknown: {run.reason}")


def _pauses(evidence: Evidence) -> Iterator[tuple[Write, Write]]:
    """Each pause that was acknowledged, with the acknowledged write that ended it."""
    ends = {write.proof["pause"]: write for write in evidence.writes if write.kind == "resume"}
    for write in evidence.writes:
        if write.kind == "pause" and write.proof["pause"] in ends:
            yield write, ends[write.proof["pause"]]


def _unended(evidence: Evidence) -> list[Write]:
    """The pauses whose end was not acknowledged: they hold as long as they were asked for."""
    ended = {pause.proof["pause"] for pause, _ in _pauses(evidence)}
    return [
        write
        for write in evidence.writes
        if write.kind == "pause" and write.proof["pause"] not in ended
    ]


def pauses_that_do_not_hold(evidence: Evidence) -> Iterator[Finding]:
    """In a pause nothing is run, and after it nothing is skipped for it."""
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in evidence.agreed.runs:
        if run.trigger == "schedule":
            runs[run.job_name].append(run)
    skew_s = evidence.skew_us / SECOND_US
    unended = _unended(evidence)
    for pause, end in _pauses(evidence):
        for run in runs[pause.job]:
            first, last = run.scheduled_us / SECOND_US, run.last_us / SECOND_US
            where = f"{pause.job} at {rfc3339(run.scheduled_us)}: {run.id}"
            until = min(end.asked, pause.asked + PAUSE_S)
            held = pause.acknowledged + skew_s < first < until - skew_s
            if run.status != "skipped" and held:
                yield Finding("ran in a pause", f"{where} in {pause}")
            over = last > end.acknowledged + skew_s and first < end.acknowledged
            other = any(
                one.job == pause.job and one.asked <= last <= one.acknowledged + PAUSE_S_MAX
                for one in unended
            )
            if _reason(run) == "paused" and over and not other:
                yield Finding("paused too long", f"{where} to {rfc3339(run.last_us)}, {end}")


def late_arrivals(evidence: Evidence) -> Iterator[Finding]:
    """A run arrives soon after it is due, or after it was asked for, or after its last attempt."""
    due = {write.proof.get("execution"): write.acknowledged for write in evidence.writes}
    for arrival in evidence.arrivals:
        since = due.get(arrival.key, arrival.scheduled_us / SECOND_US)
        waited = arrival.at - since
        if waited > LATE_S:
            text = f"{arrival.job}: attempt {arrival.attempt} of {arrival.key}"
            yield Finding(
                "late", f"{text} at {_clock(arrival.at)}, {waited:.0f} s after it was due"
            )
        due[arrival.key] = arrival.at


def _clock(seconds: float) -> str | None:
    return rfc3339(int(seconds * SECOND_US))


def negative_durations(evidence: Evidence) -> Iterator[Finding]:
    """What a history shows as duration is one: a run ends after it began."""
    runs = [run for run in evidence.agreed.runs if run.completed_us < (run.started_us or 0)]
    if runs:
        worst = max(runs, key=lambda run: (run.started_us or 0) - run.completed_us)
        lacks = ((worst.started_us or 0) - worst.completed_us) / SECOND_US
        text = f"{len(runs)} runs, {worst.job_name}: {worst.id} ended {lacks:.1f} s before it began"
        yield Finding("ends before it began", text)


# ---- figures ------------------------------------------------------------------------------------


def waits_after(evidence: Evidence, moments: list[float]) -> list[float]:
    """Seconds from each moment to the first arrival of a fire time that came after it."""
    waits = []
    times = [arrival.at for arrival in evidence.arrivals]
    for moment in moments:
        for arrival in evidence.arrivals[bisect_right(times, moment) :]:
            if arrival.scheduled_us >= moment * SECOND_US:
                waits.append(arrival.at - moment)
                break
    return waits


def repeated(evidence: Evidence) -> int:
    """How many arrivals were of a run that had arrived before: retries, and after failovers."""
    return len(evidence.arrivals) - len({arrival.key for arrival in evidence.arrivals})
