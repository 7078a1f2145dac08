"""Everything that is unusual about one job right now: its detectors, chosen and asked."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

from analytics import shared
from analytics.findings import findings
from analytics.models.detector import detectors
from analytics.models.runs import Runs
from analytics.models.selection import detectors_for
from engine.core.ids import Instant, JobId
from engine.history.imported import ImportedName
from engine.model.finding import Finding, FindingState

RUNS_MAX = 500
"""So many of the latest runs are looked at."""

RECENT_US = 7 * 86_400_000_000
"""Episodes that ended longer ago are not reported: whoever looks back asks for the chart."""


def watch(job_id: JobId, runs: Runs, now_us: Instant) -> list[Finding]:
    """The findings of the last seven days, of every detector that suits the job."""
    reports: list[Finding] = []
    for name in detectors_for(runs, seed_of(job_id)):
        detector = detectors.get(name)
        if len(runs) < detector.least:
            continue
        judged = detector().judge(runs)
        reports += findings(job_id, name, detector, runs, judged)
    return [one for one in reports if one.last_us >= now_us - RECENT_US]


def look_back(job: ImportedName, runs: Runs) -> list[Finding]:
    """The findings of a history that came as a whole: nobody has seen any of it, so all are open.

    Args:
        job: as its imported executions name it.
        runs: the latest of them, however long ago; a new import may add to them.
    """
    if not len(runs):
        return []
    return [
        replace(
            one, job_name=job.name, namespace=job.namespace, state=FindingState.OPEN, by="", note=""
        )
        for one in watch(job.id, runs, 0)
    ]


def words_of(detector: str) -> tuple[str, str]:
    """The title and the explanation of what a finding was found by."""
    if detector == shared.NAME:
        return shared.TITLE, shared.EXPLANATION
    found = detectors.get(detector)
    return found.title, found.explanation


def seed_of(job_id: JobId) -> int:
    """The seed of whatever is drawn for a job, the same on every node."""
    return crc32(job_id.encode())
