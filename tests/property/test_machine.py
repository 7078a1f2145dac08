"""Laws of the replicated machine: total, deterministic, and the same after a snapshot."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import ChronosError
from engine.model.backfill import Backfill
from engine.model.execution import AttemptOutcome, AttemptResult, Status
from engine.model.pause import Pause
from engine.model.pause_document import parse_scope
from engine.raft.replica import Replica
from engine.state import messages
from engine.state.entry import Entry, decode, encode
from engine.state.messages import Accepted, Rejected
from tests.kit.jobs import SECOND, new_job, spec
from tests.kit.runs_of_the_past import batch, run

JOBS = ["job_a", "job_b", "job_c"]
EXECUTIONS = ["exe_1", "exe_2"]
instants = st.integers(0, 100 * SECOND)
soon = st.sampled_from([10 * SECOND, 20 * SECOND, 30 * SECOND, None])
job_ids = st.sampled_from(JOBS)
fires = st.builds(
    messages.Fire, job_ids, st.integers(1, 2), st.sampled_from([10 * SECOND, 20 * SECOND]), soon
)
skips = st.builds(
    messages.Skip,
    job_ids,
    st.integers(1, 2),
    st.sampled_from([10 * SECOND, 20 * SECOND]),
    instants,
    st.integers(1, 9),
    soon,
    st.text(max_size=5),
)
epochs = st.integers(0, 12)
results = st.builds(
    AttemptResult,
    execution_id=st.sampled_from(EXECUTIONS),
    attempt=st.integers(1, 3),
    outcome=st.sampled_from(list(AttemptOutcome)),
    started_us=instants,
    finished_us=instants,
    error=st.text(max_size=5),
)


def _create(name: str, policy: str) -> messages.CreateJobs:
    return messages.CreateJobs(
        jobs=(new_job(name, concurrency=policy, retry_policy={"max_attempts": 2}),)
    )


pauses = st.builds(
    Pause,
    id=st.sampled_from(["pau_1", "pau_2"]),
    scope=st.sampled_from(["all", "job:job_a", "tag:team=data", "namespace:default"]).map(
        parse_scope
    ),
    from_us=instants,
    until_us=st.none() | instants,
    note=st.text(max_size=5),
    by=st.just("alice"),
)
commands: st.SearchStrategy[Any] = st.one_of(
    st.builds(_create, st.sampled_from("abc"), st.sampled_from(["allow", "forbid", "replace"])),
    st.builds(messages.ClaimLeadership, node=st.sampled_from(["n1", "n2"]), nonce=st.text()),
    st.builds(
        messages.UpdateJob,
        id=job_ids,
        spec=st.sampled_from([spec("a"), spec("b", schedule="@every 20s")]),
        enabled=st.booleans(),
        next_us=soon,
        if_version=st.one_of(st.none(), st.integers(1, 3)),
    ),
    st.builds(messages.DeleteJob, id=job_ids),
    st.builds(messages.EnableJob, id=job_ids, next_us=soon),
    st.builds(messages.DisableJob, id=job_ids),
    st.builds(messages.PauseJobs, pause=pauses),
    st.builds(messages.ResumeJobs, id=st.sampled_from(["pau_1", "pau_2"])),
    st.builds(
        messages.StartBackfill,
        backfill=st.builds(
            Backfill,
            id=st.sampled_from(["bfl_1", "bfl_2"]),
            job_id=job_ids,
            spans=st.just(((0, 100 * SECOND),)),
            total=st.integers(1, 3),
            next_us=soon,
            parallel=st.integers(1, 2),
        ),
    ),
    st.builds(
        messages.BeginBackfill,
        epoch=epochs,
        id=st.sampled_from(["bfl_1", "bfl_2"]),
        fires=st.lists(st.tuples(instants, soon), max_size=2).map(tuple),
    ),
    st.builds(messages.CancelBackfill, id=st.sampled_from(["bfl_1", "bfl_2"])),
    st.builds(messages.TriggerJob, job_id=job_ids, execution_id=st.sampled_from(EXECUTIONS)),
    st.builds(messages.CancelExecution, id=st.sampled_from(EXECUTIONS)),
    st.builds(
        messages.StartExecutions,
        epoch=epochs,
        skips=st.lists(skips, max_size=2).map(tuple),
        fires=st.lists(fires, max_size=3).map(tuple),
        begins=st.lists(
            st.builds(messages.Begin, st.sampled_from(EXECUTIONS), st.integers(1, 3)), max_size=2
        ).map(tuple),
    ),
    st.builds(messages.RecordExecutions, results=st.lists(results, max_size=3).map(tuple)),
    st.builds(messages.RecoverExecutions, epoch=epochs),
    st.builds(
        messages.LoseAttempts,
        epoch=epochs,
        attempts=st.lists(
            st.builds(
                messages.Lost, execution_id=st.sampled_from(EXECUTIONS), attempt=st.integers(1, 3)
            ),
            max_size=3,
        ).map(tuple),
    ),
    st.builds(
        messages.PublishTemplate,
        id=st.sampled_from(["default/backup/a", "default/backup/b", "nowhere"]),
        version=st.sampled_from(["1.0.0", "1.1.0", "2.0.0", "x"]),
        text=st.text(max_size=5),
    ),
    st.builds(
        messages.WithdrawTemplate,
        id=st.sampled_from(["default/backup/a", "default/backup/b"]),
        version=st.sampled_from(["", "1.0.0"]),
    ),
    st.just(messages.Barrier()),
    st.builds(
        batch,
        st.sampled_from(["", "a", "b"]),
        st.builds(run, st.integers(0, 9), st.sampled_from(list(Status))),
        known_upto=st.integers(0, 30),
    ),
)
entries = st.builds(
    Entry,
    at=instants,
    actor=st.sampled_from(["alice", "bob"]),
    request_id=st.sampled_from(["", "", "r1", "r2"]),
    command=commands,
)


def _replica() -> Replica:
    return Replica(watermark=lambda: 0, on_gap=lambda _held, _through: None)


@given(entries)
def test_an_entry_survives_its_own_encoding(entry: Entry) -> None:
    assert decode(encode(entry)) == entry


@given(st.lists(entries, max_size=30))
@settings(max_examples=150)
def test_no_sequence_of_entries_breaks_the_machine_or_its_invariants(log: list[Entry]) -> None:
    replica = _replica()
    for index, entry in enumerate(log, 1):
        result = replica.apply(index, encode(entry))
        assert isinstance(result, Accepted | Rejected)
        assert not (isinstance(result, Rejected) and result.code == "STORE_ERROR"), result
    state = replica.view._state
    assert {key for names in state.by_name.values() for key in names.values()} == set(state.jobs)
    assert set(state.next_us) <= {job.id for job in state.jobs.values() if job.enabled}
    opened = [key for keys in state.open_by_job.values() for key in keys]
    assert sorted(opened) == sorted(state.executions)
    assert {execution.job_id for execution in state.executions.values()} <= set(state.jobs)


@given(st.lists(entries, max_size=30), st.data())
@settings(max_examples=100)
def test_a_snapshot_and_the_rest_equal_the_whole_log(log: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    whole, rest = _replica(), _replica()
    facts: list[Any] = []
    again: list[Any] = []
    whole.subscribe(facts.append)
    rest.subscribe(again.append)
    for index, entry in enumerate(log[:cut], 1):
        whole.apply(index, encode(entry))
    rest.restore(whole.snapshot(), cut)
    for index, entry in enumerate(log[cut:], cut + 1):
        whole.apply(index, encode(entry))
        rest.apply(index, encode(entry))
    assert whole.state_bytes() == rest.state_bytes()
    assert facts == again


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entry_are_refused_or_stop_the_node(raw: bytes) -> None:
    try:
        result = _replica().apply(1, raw)
    except ChronosError:
        return
    assert isinstance(result, Rejected)
