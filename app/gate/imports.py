"""Imports: executions that ended elsewhere, taken into the history once for a label."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.gate.proposer import Proposer
from app.gate.refused import Refused, refused
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import imported_execution_id, imported_job_id
from engine.model.finished import FinishedRun
from engine.state.messages import Accepted, ImportedJob, ImportedRun, ImportExecutions
from engine.state.rules.imports import IMPORT_ROWS_MAX
from engine.state.view import View

BYTES_MAX: Final = 4 << 20
ROW_BYTES: Final = 200
"""An execution in the log, beside its error."""
TRIES: Final = 5
WAIT_S: Final = 10.0
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

FindImported = Callable[[str, Sequence[str], int, float], tuple[int, set[str]]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: how many executions are new, and which of them were there before."""

    imported: int
    repeated: tuple[int, ...]


class Imports:
    """What people write of the past.

    Args:
        proposer: writes.
        view: where jobs and the latest import of a label are known.
        find: which executions a label brought already; as `Queries.known`.
    """

    def __init__(self, proposer: Proposer, view: View, find: FindImported):
        self._proposer = proposer
        self._view = view
        self._find = find

    async def take(
        self,
        label: str,
        runs: Sequence[FinishedRun],
        *,
        actor: str,
        request_id: str,
        dry_run: bool = False,
    ) -> Imported:
        """Take executions that ended elsewhere into the history, each once for a label.

        Raises:
            InvalidDocument: the label is no name, or the batch is empty or too large.
            Refused: other imports under the label kept coming in between.
            NotReady: this node's history is too far behind to tell what is there.
        """
        _check(label, runs)
        ids = [imported_execution_id(label, r.namespace, r.name, r.scheduled_us) for r in runs]
        batch = hashlib.blake2b("".join(ids).encode(), digest_size=8).hexdigest()
        for number in range(TRIES):
            latest = self._view.last_import(label)
            upto, known = await asyncio.to_thread(self._find, label, ids, latest, WAIT_S)
            repeated = _repeated(ids, known)
            fresh = len(runs) - len(repeated)
            if dry_run or not fresh:
                return Imported(fresh, repeated)
            skipped = set(repeated)
            chosen = [
                (identity, run)
                for place, (identity, run) in enumerate(zip(ids, runs, strict=True))
                if place not in skipped
            ]
            command = self._command(label, upto, chosen)
            # An answer is remembered under its request id. So each look is a request of its own,
            # and so are other executions under the same key: this answer is not theirs.
            result = await self._proposer.send(command, actor, f"{request_id}:{batch}:{number}")
            if isinstance(result, Accepted):
                return Imported(fresh, repeated)
            if result.code != "CONFLICT":
                raise refused(result)
        raise Refused("CONFLICT", f"others import under the label {label} right now")

    def _command(
        self, label: str, upto: int, chosen: Sequence[tuple[str, FinishedRun]]
    ) -> ImportExecutions:
        """The command; a job that does not exist here gets an id of the import's own."""
        places: dict[tuple[str, str], int] = {}
        jobs: list[ImportedJob] = []
        rows: list[ImportedRun] = []
        for identity, run in chosen:
            key = (run.namespace, run.name)
            place = places.get(key)
            if place is None:
                place = places[key] = len(jobs)
                job = self._view.job(f"{run.namespace}/{run.name}")
                job_id = job.id if job else imported_job_id(label, *key)
                jobs.append(ImportedJob(job_id, *key, dict(job.spec.tags) if job else {}))
            rows.append(
                ImportedRun(
                    identity,
                    place,
                    run.scheduled_us,
                    run.started_us,
                    run.completed_us,
                    run.status,
                    run.trigger,
                    run.attempts,
                    run.status_code,
                    run.error,
                )
            )
        return ImportExecutions(label=label, known_upto=upto, jobs=tuple(jobs), runs=tuple(rows))


def _check(label: str, runs: Sequence[FinishedRun]) -> None:
    if not _LABEL.fullmatch(label):
        hint = "1 to 64 letters, digits, '.', '_' or '-', such as airflow-2026"
        raise InvalidDocument([Problem("label", f"{label[:80]!r} is not a label", hint)])
    if not 1 <= len(runs) <= IMPORT_ROWS_MAX:
        hint = f"1 to {IMPORT_ROWS_MAX} at a time: send several batches"
        raise InvalidDocument([Problem("executions", f"{len(runs)} executions", hint)])
    size = sum(len(run.error.encode("utf-8", "replace")) + ROW_BYTES for run in runs)
    if size > BYTES_MAX:
        hint = f"at most {BYTES_MAX} bytes: send several batches"
        raise InvalidDocument([Problem("executions", f"about {size} bytes", hint)])


def _repeated(ids: Sequence[str], known: set[str]) -> tuple[int, ...]:
    """The places of those that the history holds, or that stand earlier in the batch."""
    seen = set(known)
    places = []
    for place, identity in enumerate(ids):
        if identity in seen:
            places.append(place)
        seen.add(identity)
    return tuple(places)
