"""Findings: reported by the leader's analyst, judged by people, forgotten when they are old."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from engine.core.ids import Instant, JobId
from engine.model.finding import Finding, FindingState
from engine.state.messages import (
    Accepted,
    ChangeFinding,
    FindingChanged,
    FindingsForgotten,
    RecordFindings,
    Rejected,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

KEPT_US = 30 * 86_400_000_000
"""A resolved finding is remembered so long after its last run, so that it is not reported anew."""

FINDINGS_MAX = 10_000
WORSE = 1.25
TOLD_EVERY_US = 3_600_000_000


@decides(RecordFindings)
def record(state: State, command: RecordFindings, context: Context) -> Decision:
    """Take in what is new; what people decided about a known finding stays as they decided."""
    changed = 0
    told: dict[tuple[JobId, str], list[Finding]] = defaultdict(list)
    for finding in state.findings.values():
        told[finding.job_id, finding.detector].append(finding)
    for reported in command.findings:
        job = state.jobs.get(reported.job_id)
        known = _known(
            state.findings.get(reported.id), told[reported.job_id, reported.detector], reported
        )
        if job is None and not reported.job_name:
            continue
        if known is None and len(state.findings) >= FINDINGS_MAX:
            continue
        if known is None or _is_news(known, reported):
            finding = _merged(known, reported) if known else reported
            if job is None:
                finding = replace(finding, recorded_us=context.at)
            changed += 1
            yield FindingChanged(finding=finding, job=job)
    before = context.at - KEPT_US
    if any(_is_old(finding, before) for finding in state.findings.values()):
        yield FindingsForgotten(before_us=before)
    return Accepted(value=changed)


def _known(same: Finding | None, told: list[Finding], reported: Finding) -> Finding | None:
    """The finding that tells of this episode already.

    Its first run is not always the same: whoever looks at the latest runs sees fewer of the early
    ones each time. So what overlaps in time is the same episode, whatever its id.
    """
    overlapping = (
        one for one in told if one.first_us <= reported.last_us and reported.first_us <= one.last_us
    )
    return same or next(overlapping, None)


def _is_news(known: Finding, reported: Finding) -> bool:
    """Whether a known finding has changed enough to be told: an episode grows with each run."""
    if known.state is FindingState.RESOLVED:
        return False
    return (
        reported.state is FindingState.RESOLVED
        or reported.runs >= 2 * known.runs
        or reported.score >= WORSE * known.score
        or reported.last_us >= known.last_us + TOLD_EVERY_US
    )


def _merged(known: Finding, reported: Finding) -> Finding:
    """The newer evidence with the state that people gave it, unless it ended by itself."""
    merged = replace(
        reported,
        id=known.id,
        first_us=min(known.first_us, reported.first_us),
        runs=max(known.runs, reported.runs),
    )
    if reported.state is FindingState.RESOLVED:
        return merged
    return replace(merged, state=known.state, by=known.by, note=known.note)


@decides(ChangeFinding)
def change(state: State, command: ChangeFinding, context: Context) -> Decision:
    """A person acknowledges, mutes, resolves or reopens a finding."""
    finding = state.findings.get(command.id)
    if finding is None:
        message = f"there is no finding {command.id}"
        hint = "it may be forgotten: resolved findings are, thirty days after their last run"
        return Rejected(code="NOT_FOUND", message=message, field="finding", hint=hint)
    changed = replace(finding, state=command.state, by=context.actor, note=command.note)
    yield FindingChanged(finding=changed, job=state.jobs.get(finding.job_id))
    return Accepted(value=finding.id)


@evolves(FindingChanged)
def changed(state: State, event: FindingChanged) -> None:
    """The finding as it is now."""
    state.findings[event.finding.id] = event.finding


@evolves(FindingsForgotten)
def forgotten(state: State, event: FindingsForgotten) -> None:
    """What is long over leaves the state; the history keeps it."""
    for finding in list(state.findings.values()):
        if _is_old(finding, event.before_us):
            del state.findings[finding.id]


def _is_old(finding: Finding, before: Instant) -> bool:
    latest = max(finding.last_us, finding.recorded_us)
    return finding.state is FindingState.RESOLVED and latest < before
