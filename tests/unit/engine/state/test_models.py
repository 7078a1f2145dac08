"""Model cards in the replicated state: versions, bounds, and trainings that wait."""

from __future__ import annotations

from dataclasses import replace

from engine.model.model_card import CARD_BYTES_MAX, ModelCard, ModelKind, Verdict
from engine.state.messages import DeleteJob, ModelsTrained, RecordModels, TrainModels
from engine.state.rules.models import MODELS_MAX, REQUESTS_MAX, VERSIONS_MAX
from engine.state.snapshot import decode_state, encode_state
from tests.kit.jobs import Log, new_job

CARD = ModelCard(
    id="mdl_1",
    kind=ModelKind.FAILS,
    job_id="job_backup",
    trained_at=1,
    since_us=0,
    until_us=0,
    rows=300,
    algorithm="logistic_1",
    verdict=Verdict.SHOWN,
    why="it beats the base rate",
    metrics={"brier": 0.1},
    numbers={"weights": [1.0, 2.0]},
)


def log() -> Log:
    return Log().with_jobs(new_job())


def test_a_training_is_a_version_and_only_the_latest_keeps_its_numbers() -> None:
    given = log()
    for number in range(1, VERSIONS_MAX + 3):
        assert given.ok(RecordModels(models=(replace(CARD, id=f"mdl_{number}"),))) == 1
    kept = given.state.models[CARD.key]
    assert [card.version for card in kept] == [5, 4, 3]
    assert kept[0].numbers == CARD.numbers
    assert [card.numbers for card in kept[1:]] == [{}, {}]
    assert kept[1].metrics == CARD.metrics


def test_a_card_of_no_job_or_too_large_is_passed_over_and_the_cluster_has_one() -> None:
    given = log()
    large = replace(CARD, numbers={"weights": [0.125] * (CARD_BYTES_MAX // 5)})
    assert given.ok(RecordModels(models=(large, replace(CARD, job_id="job_none")))) == 0
    assert given.ok(RecordModels(models=(replace(CARD, job_id=""), CARD))) == 2


def test_the_number_of_models_is_bounded_and_known_ones_go_on() -> None:
    given = log()
    given.state.models = {f"job_{number}/fails": [CARD] for number in range(MODELS_MAX)}
    assert given.ok(RecordModels(models=(CARD,))) == 0
    given.state.models[CARD.key] = given.state.models.pop("job_0/fails")
    assert given.ok(RecordModels(models=(replace(CARD, id="mdl_2"),))) == 1


def test_a_training_waits_until_it_is_answered() -> None:
    given = log()
    given.now = 7
    assert given.ok(TrainModels(job_id="job_backup")) == 7
    given.now = 9
    given.ok(TrainModels(job_id="job_backup"))
    given.ok(TrainModels())
    assert given.state.trainings == {"job_backup": 7, "": 9}
    given.ok(RecordModels(models=(CARD,)))
    assert len(given.state.trainings) == 2
    given.ok(RecordModels(models=(), answers=("job_backup", "")))
    assert given.state.trainings == {}


def test_a_training_of_no_job_or_too_many_is_refused() -> None:
    given = log()
    assert given.refused(TrainModels(job_id="job_none")).code == "NOT_FOUND"
    given.state.trainings = {f"job_{number}": 1 for number in range(REQUESTS_MAX)}
    assert given.refused(TrainModels(job_id="job_backup")).code == "CONFLICT"


def test_models_and_trainings_go_with_their_job() -> None:
    given = log()
    given.ok(RecordModels(models=(CARD, replace(CARD, job_id=""))))
    given.ok(TrainModels(job_id="job_backup"))
    given.ok(DeleteJob(id="job_backup"))
    assert list(given.state.models) == ["/fails"]
    assert given.state.trainings == {}


def test_nothing_new_is_no_event_and_all_of_it_survives_a_snapshot() -> None:
    given = log()
    given.ok(RecordModels(models=()))
    assert given.committed[-1].events == ()
    given.ok(RecordModels(models=(CARD,)))
    assert isinstance(given.committed[-1].events[0], ModelsTrained)
    given.ok(TrainModels())
    again = decode_state(encode_state(given.state))
    assert (again.models, again.trainings) == (given.state.models, given.state.trainings)
