"""A state as lines of bytes, and back: never as a whole in memory beside itself.

Format 2: a line with all but the jobs; then lines of jobs, each with its next fire time and its
last run. Format 1, in which one line holds everything and each id stands four times, is written
while a node is in the cluster that knows no other, and always read. The lines of equal states are
equal: jobs come in the order of the log, and what follows from them is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import chain, islice
from typing import Final

import msgspec

from engine.core.errors import Incompatible
from engine.core.ids import Instant, JobId
from engine.model.job import Job
from engine.model.sharing import share
from engine.state.state import LastRun, State, full_name

FORMAT: Final = 2
LEVEL_OF_FORMAT: Final = 2
"""The level of the log from which on nodes can read format 2."""
JOBS_A_LINE: Final = 1_000


class _Kept(msgspec.Struct, array_like=True, gc=False):
    """One job and what the state knows of it."""

    job: Job
    next_us: Instant | None
    last: LastRun | None


@dataclass(slots=True)
class _Whole(State):
    """Format 1; whoever reads it wants the names spelled out."""

    names: dict[str, JobId] = field(default_factory=dict)


_encoder = msgspec.json.Encoder()
_heads = msgspec.json.Decoder(State)
_rows = msgspec.json.Decoder(list[_Kept])


def encode_state(state: State, level: int = LEVEL_OF_FORMAT) -> Iterator[bytes]:
    """The canonical lines of a state, for nodes that understand the log up to `level`."""
    if level < LEVEL_OF_FORMAT:
        parts = {one.name: getattr(state, one.name) for one in fields(state)}
        names = {full_name(job.namespace, job.name): key for key, job in state.jobs.items()}
        yield _encoder.encode(_Whole(**parts | {"format": 1, "by_name": {}}, names=names)) + b"\n"
        return
    head = replace(state, format=FORMAT, jobs={}, by_name={}, next_us={}, last_runs={})
    yield _encoder.encode(head) + b"\n"
    next_us, last_runs = state.next_us.get, state.last_runs.get
    kept = (_Kept(job, next_us(key), last_runs(key)) for key, job in state.jobs.items())
    while part := list(islice(kept, JOBS_A_LINE)):
        yield _encoder.encode(part) + b"\n"


def decode_state(lines: Iterable[bytes]) -> State:
    """Read a state back from its lines.

    Raises:
        Incompatible: they are of another format; upgrade this node.
    """
    rest = iter(lines)
    state = _heads.decode(next(rest))
    jobs: Iterable[_Kept]
    if state.format == FORMAT:
        jobs = chain.from_iterable(map(_rows.decode, rest))
    elif state.format == 1:
        jobs = _jobs_of(replace(state))
        state.format = FORMAT
        state.jobs, state.next_us, state.last_runs = {}, {}, {}
    else:
        raise Incompatible(f"snapshot format {state.format} is unknown here")
    ids = {one: one for one in _remembered_ids(state)}
    moments: dict[Instant, Instant] = {}
    for one in jobs:
        job, at = share(one.job, ids), one.next_us
        key, spec = job.id, job.spec
        state.jobs[key] = job
        state.by_name.setdefault(spec.namespace, {})[spec.name] = key
        if at is not None:
            state.next_us[key] = moments.setdefault(at, at)
        if one.last is not None:
            state.last_runs[key] = one.last
    return state


def _remembered_ids(state: State) -> Iterator[JobId]:
    """The ids in answers to requests that made many jobs."""
    for remembered in state.requests.values():
        if remembered.accepted and isinstance(remembered.accepted.value, list):
            yield from remembered.accepted.value


def _jobs_of(state: State) -> Iterator[_Kept]:
    for key, job in state.jobs.items():
        yield _Kept(job, state.next_us.get(key), state.last_runs.get(key))
