"""From judged runs to findings: near flags become one episode, a lone slight one becomes none."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analytics.models.detector import Detector, Judgement
from analytics.models.runs import Runs
from engine.core.ids import JobId, finding_id
from engine.model.finding import Finding, FindingState

NEAR = 10
"""Two flagged runs with fewer runs between them belong to one episode."""

OVER = 20
"""So many usual runs after the last flagged one end an episode."""

LONE_SCORE_MIN = 1.5
"""A single flagged run must be so far out; nearer the edge a second one must confirm it."""

ANALYST = "analyst"


def findings(
    job_id: JobId, name: str, detector: type[Detector], runs: Runs, judged: Judgement
) -> Iterator[Finding]:
    """The episodes of one job that are worth a word, oldest first.

    Args:
        job_id: whose runs they are.
        name: the detector's name in its registry.
        detector: it.
        runs: oldest first.
        judged: what the detector said of them.
    """
    for places in episodes(judged.flagged):
        worst = int(places[np.argmax(judged.score[places])])
        score = float(judged.score[worst])
        if len(places) == 1 and score < LONE_SCORE_MIN:
            continue
        over = len(runs) - 1 - int(places[-1]) >= OVER
        yield Finding(
            id=finding_id(job_id, name, str(runs.ids[places[0]])),
            job_id=job_id,
            detector=name,
            signal=detector.signal.value,
            first_us=int(runs.at_us[places[0]]),
            last_us=int(runs.at_us[places[-1]]),
            runs=len(places),
            score=round(min(score, 1e6), 3),
            value=_number(judged.value[worst]),
            low=_number(judged.low[worst]),
            high=_number(judged.high[worst]),
            unit=judged.unit,
            execution_id=str(runs.ids[worst]),
            evidence=evidence(judged, worst, len(places)),
            state=FindingState.RESOLVED if over else FindingState.OPEN,
            by=ANALYST if over else "",
            note=f"{OVER} usual runs since" if over else "",
        )


def episodes(flagged: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Places of flagged runs, those near each other together.

    >>> [list(map(int, e)) for e in episodes(np.array([1, 0, 1] + [0] * 10 + [1], dtype=bool))]
    [[0, 2], [13]]
    """
    places = np.flatnonzero(flagged)
    if not len(places):
        return []
    return np.split(places, np.flatnonzero(np.diff(places) > NEAR) + 1)


def evidence(judged: Judgement, place: int, runs: int) -> str:
    """The worst run in words: what it was, what is usual, how many left the band."""
    value, low, high = (
        in_words(float(side[place]), judged.unit)
        for side in (judged.value, judged.low, judged.high)
    )
    more = f"; {runs} runs left the band" if runs > 1 else ""
    return f"{value}, usual is {low} to {high}{more}"


def in_words(value: float, unit: str) -> str:
    """A value with its unit, as people say it.

    >>> in_words(1532.0, "ms"), in_words(7260.0, "s"), in_words(0.35, "share")
    ('1.5 s', '2.0 h', '35 %')
    """
    if math.isnan(value):
        return "unknown"
    if unit == "share":
        return f"{value:.0%}".replace("%", " %")
    if unit == "%":
        return f"{value:+.0f} %"
    if unit not in ("ms", "s"):
        return f"{value:.2f} {unit}"
    seconds = value / 1000 if unit == "ms" else value
    for size, name in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")):
        if abs(seconds) >= size * (1 if name == "s" else 2):
            return f"{seconds / size:.1f} {name}"
    return f"{seconds * 1000:.0f} ms"


def _number(value: float) -> float:
    """A number that JSON can carry."""
    return round(float(value), 6) if math.isfinite(value) else 0.0
