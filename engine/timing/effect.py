"""What an edit of a schedule does to the fires of the coming hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.core.durations import format_duration
from engine.core.ids import Instant
from engine.timing.schedule import Schedule

SPAN_US: Final = 24 * 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The fires that one schedule has in a span and the other has not, ascending."""

    span_us: int
    removed: tuple[Instant, ...]
    added: tuple[Instant, ...]

    @property
    def words(self) -> str:
        """One sentence without a full stop.

        >>> Effect(span_us=SPAN_US, removed=(1, 2, 3), added=(5,)).words
        'Removes 3 and adds 1 fire time in the next 24h'
        """
        ahead = f"in the next {format_duration(self.span_us)}".replace("1d", "24h")
        if not self.removed and not self.added:
            return f"Changes no fire time {ahead}"
        counts = [
            f"{verb} {len(fires):,}"
            for verb, fires in (("removes", self.removed), ("adds", self.added))
            if fires
        ]
        last = self.added or self.removed
        words = f"{' and '.join(counts)} fire time{'s' if len(last) != 1 else ''} {ahead}"
        return words[0].upper() + words[1:]


def effect_of(before: Schedule | None, after: Schedule | None, now_us: Instant) -> Effect:
    """What becomes otherwise in the day after `now_us`; None for a schedule that does not fire."""
    old, new = (
        schedule.between(now_us, now_us + SPAN_US) if schedule else []
        for schedule in (before, after)
    )
    kept = set(old) & set(new)
    removed, added = (tuple(fire for fire in fires if fire not in kept) for fires in (old, new))
    return Effect(span_us=SPAN_US, removed=removed, added=added)
