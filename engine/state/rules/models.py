"""Model cards, a bounded number of them, and the trainings that people wait for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from engine.model.model_card import CARD_BYTES_MAX, ModelCard
from engine.state.messages import (
    Accepted,
    ModelsTrained,
    RecordModels,
    Rejected,
    TrainingRequested,
    TrainModels,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

VERSIONS_MAX: Final = 3
"""Of a kind and job; the numbers of the latest, the metrics of all."""
MODELS_MAX: Final = 1_000
REQUESTS_MAX: Final = 100
_encoder = msgspec.json.Encoder()


@decides(RecordModels)
def record(state: State, command: RecordModels, context: Context) -> Decision:
    """Take in new cards; of no job, too large, or too many, they are passed over."""
    taken: list[ModelCard] = []
    news: set[str] = set()
    for card in command.models:
        known = state.models.get(card.key, [])
        is_room = bool(known) or len(state.models) + len(news) < MODELS_MAX
        fits = len(_encoder.encode(card)) <= CARD_BYTES_MAX
        is_alive = not card.job_id or card.job_id in state.jobs
        if not (is_room and fits and is_alive) or card.key in news:
            continue
        news.add(card.key)
        taken.append(replace(card, version=known[0].version + 1 if known else 1))
    if taken or command.answers:
        yield ModelsTrained(models=tuple(taken), answers=command.answers, at=context.at)
    return Accepted(value=len(taken))


@evolves(ModelsTrained)
def trained(state: State, event: ModelsTrained) -> None:
    """The latest version stands first; those before keep their metrics and lose their numbers."""
    for card in event.models:
        older = [replace(one, numbers={}) for one in state.models.get(card.key, ())]
        state.models[card.key] = [card, *older][:VERSIONS_MAX]
    for scope in event.answers:
        state.trainings.pop(scope, None)


@decides(TrainModels)
def request(state: State, command: TrainModels, context: Context) -> Decision:
    """Ask the leader to train; asked again before it has, it is one training."""
    if command.job_id and command.job_id not in state.jobs:
        message = f"there is no job {command.job_id!r}"
        return Rejected(code="NOT_FOUND", message=message, field="job")
    if command.job_id not in state.trainings and len(state.trainings) >= REQUESTS_MAX:
        message = f"{REQUESTS_MAX} trainings are waiting, which is the most"
        return Rejected(code="CONFLICT", message=message, field="job", hint="wait for some to end")
    yield TrainingRequested(job_id=command.job_id, at=context.at)
    return Accepted(value=context.at)


@evolves(TrainingRequested)
def requested(state: State, event: TrainingRequested) -> None:
    """It waits until cards answer it."""
    state.trainings.setdefault(event.job_id, event.at)
