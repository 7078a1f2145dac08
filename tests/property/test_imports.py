"""Laws of the import: whoever proposes, in whatever batches, no execution comes twice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.history import rows as rowing
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.machine import apply
from engine.state.messages import Accepted, Committed, ExecutionsImported
from engine.state.state import State
from tests.kit.jobs import SECOND
from tests.kit.runs_of_the_past import batch, run

labels = st.sampled_from(["a", "b"])
wanted = st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True)
lags = st.integers(0, 5)
attempts = st.lists(st.tuples(labels, wanted, lags), max_size=25)


def _brought(committed: Committed) -> list[str]:
    return [
        run.id
        for event in committed.events
        if isinstance(event, ExecutionsImported)
        for run in event.runs
    ]


@given(attempts)
def test_proposers_that_look_too_early_are_refused_and_none_comes_twice(
    proposals: list[tuple[str, list[int], int]],
) -> None:
    """Each proposer sees the history as it was `lag` entries ago, as on a node that is behind."""
    state, log = State(), list[Committed]()
    for index, (label, numbers, lag) in enumerate(proposals, 1):
        seen = log[: max(0, len(log) - lag)]
        known = {identity for committed in seen for identity in _brought(committed)}
        fresh = [
            one for one in (run(number, label=label) for number in numbers) if one.id not in known
        ]
        command = batch(label, *fresh, known_upto=len(seen))
        entry = Entry(at=SECOND, actor="alice", request_id=f"r{index}", command=command)
        committed = apply(state, index, entry)
        log.append(committed)
        if lag == 0 and fresh:
            assert isinstance(committed.result, Accepted)  # who looked at all gets through
    ids = [identity for committed in log for identity in _brought(committed)]
    assert len(ids) == len(set(ids))


@given(attempts, st.data())
@settings(max_examples=50)
def test_two_nodes_write_equal_rows_one_of_them_from_a_snapshot(
    proposals: list[tuple[str, list[int], int]], data: st.DataObject
) -> None:
    raws = [
        encode(
            Entry(
                at=index * SECOND,
                actor="alice",
                request_id=f"r{index}",
                command=replace(
                    batch(label, *(run(number, label=label) for number in numbers)),
                    known_upto=max(0, index - 1 - lag),
                ),
            )
        )
        for index, (label, numbers, lag) in enumerate(proposals, 1)
    ]
    cut = data.draw(st.integers(0, len(raws)))
    whole, rest = (Replica(watermark=lambda: 0, on_gap=lambda *_: None) for _ in range(2))
    mine, theirs = rowing.empty(), rowing.empty()
    whole.subscribe(lambda committed: rowing.project(committed, mine) and None)
    rest.subscribe(lambda committed: rowing.project(committed, theirs) and None)
    for index, raw in enumerate(raws[:cut], 1):
        whole.apply(index, raw)
    rest.restore(whole.snapshot(), cut)
    for index, raw in enumerate(raws[cut:], cut + 1):
        whole.apply(index, raw)
        rest.apply(index, raw)
    assert mine == theirs
    assert whole.state_bytes() == rest.state_bytes()
