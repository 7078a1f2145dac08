"""The next change of a zone's offset, and what it does to the fires of a job."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from engine.core.clock import to_datetime
from engine.core.durations import format_duration
from engine.core.ids import Instant
from engine.timing.closures import Observing
from engine.timing.cron import SECOND_US, Cron, DstPolicy
from engine.timing.schedule import Schedule, Within
from engine.timing.zones import is_set_clock

_EXAMPLES: Final = 3
_AHEAD_SECONDS: Final = 2 * 366 * 86_400  # a zone that changes at all does so each year


class ChangeEffect(StrEnum):
    """What a change does to the wall-clock times of a job that it skips or repeats."""

    NONE = "none"
    NOT_RUN = "not_run"
    AT_THE_END = "at_the_end"
    LATER = "later"
    ONCE = "once"
    TWICE = "twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """A change of offset as a job meets it.

    Attributes:
        at_us: when it happens, microseconds UTC.
        before_s, after_s: seconds east of UTC before and after.
        times: how many of the job's wall-clock times are skipped or come twice.
        examples: the first of these, as the wall clock shows them, seconds of the day.
        effect: what becomes of them.
    """

    at_us: Instant
    before_s: int
    after_s: int
    times: int
    examples: tuple[int, ...]
    effect: ChangeEffect

    @property
    def words(self) -> str:
        """Two sentences for people."""
        old, new = (
            to_datetime(self.at_us + offset * SECOND_US) for offset in (self.before_s, self.after_s)
        )
        way = "forward" if self.after_s > self.before_s else "back"
        day = "" if old.date() == new.date() else f" of {new:%Y-%m-%d}"
        change = f"On {old:%Y-%m-%d} at {old:%H:%M} the clocks go {way} to {new:%H:%M}{day}."
        return f"{change} {self._consequence(new)}"

    def _consequence(self, new: datetime) -> str:
        if self.effect is ChangeEffect.NONE:
            return "No time of this job is touched."
        shown = ", ".join(f"{at // 3600:02}:{at // 60 % 60:02}" for at in self.examples)
        shown += ", ..." if self.times > len(self.examples) else ""
        one = self.times == 1
        times = f"{self.times} time{'' if one else 's'} of this job ({shown})"
        back = f"{times} {'comes' if one else 'come'} twice"
        gone = f"{times} {'does' if one else 'do'} not exist that day"
        later = format_duration(abs(self.after_s - self.before_s) * SECOND_US)
        return {
            ChangeEffect.NOT_RUN: f"{gone}, and {'is' if one else 'are'} left out.",
            ChangeEffect.AT_THE_END: f"{gone}; it runs once, at {new:%H:%M}.",
            ChangeEffect.LATER: f"{gone}, and {'runs' if one else 'run'} {later} later.",
            ChangeEffect.ONCE: f"{back}, and {'runs' if one else 'run'} the first time only.",
            ChangeEffect.TWICE: f"{back}, and {'runs' if one else 'run'} both times.",
        }[self.effect]


def next_change(schedule: Schedule, after_us: Instant) -> ClockChange | None:
    """The first change of the zone's offset after an instant while the schedule still fires.

    None where the schedule has no zone or the zone keeps its offset from then on.
    """
    inner = schedule
    while isinstance(inner, Within | Observing):
        inner = inner.schedule
    if not isinstance(inner, Cron) or schedule.next_after(after_us) is None:
        return None
    now = after_us // SECOND_US
    table = inner.zone.grow(now + _AHEAD_SECONDS)
    segment = bisect_right(table.starts, now)
    if segment >= len(table.offsets):
        return None
    at, before, after = table.starts[segment], *table.offsets[segment - 1 : segment + 1]
    low, high = sorted((at + before, at + after))
    times = inner.count_walls(low, high)
    if schedule.next_after((at - 86_400) * SECOND_US) is None:
        return None
    return ClockChange(
        at_us=at * SECOND_US,
        before_s=before,
        after_s=after,
        times=times,
        examples=tuple(wall % 86_400 for wall in inner.walls(low, high, _EXAMPLES)),
        effect=_effect(inner, after - before) if times else ChangeEffect.NONE,
    )


def _effect(cron: Cron, change_s: int) -> ChangeEffect:
    is_forward = change_s > 0
    if cron.dst is DstPolicy.DEBIAN:
        is_corrected = cron.is_fixed and not is_set_clock(change_s)
        if is_forward:
            return ChangeEffect.AT_THE_END if is_corrected else ChangeEffect.NOT_RUN
        return ChangeEffect.ONCE if is_corrected else ChangeEffect.TWICE
    if is_forward:
        return ChangeEffect.LATER if cron.dst is DstPolicy.SHIFT else ChangeEffect.NOT_RUN
    return ChangeEffect.TWICE if cron.dst is DstPolicy.BOTH else ChangeEffect.ONCE
