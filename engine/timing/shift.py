"""A cron expression moved later by minutes, in its own dialect.

Only what can be moved without a change of its days is moved: nothing crosses midnight. What the
clocks do when they change is looked at fire by fire (`keeps_window`).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from engine.core.errors import InvalidDocument
from engine.core.ids import Instant
from engine.timing import spread
from engine.timing.cron import Cron
from engine.timing.dialects import canonical, fields_of
from engine.timing.fields import HOUR, MINUTE, Unit, parse_fields, values_of
from engine.timing.parse import Timing, schedule_of

MINUTE_US: Final = 60_000_000
DAY_US: Final = 86_400_000_000
_AHEAD_US: Final = 32 * DAY_US
_YEAR_US: Final = 400 * DAY_US
_AROUND_US: Final = 2 * DAY_US


def shifted(timing: Timing, minutes: int) -> Timing | None:
    """The timing whose fires come so many minutes later on the wall clock.

    Returns:
        None where no cron expression says it: for `@every`, `@at` and `H`, and where a fire would
        come to lie on another day, or some fires in the next hour and some not.

    >>> shifted(Timing(text="0 2,4 * * *"), 20).text, shifted(Timing(text="@daily"), 75).text
    ('20 2,4 * * *', '15 1 * * *')
    >>> shifted(Timing(text="50 23 * * *"), 15), shifted(Timing(text="@every 1h"), 5)
    (None, None)
    """
    if minutes == 0:
        return timing
    parts = _parts(timing)
    if minutes < 0 or parts is None:
        return None
    meant = parse_fields(canonical(timing.dialect, timing.text))
    later = [value + minutes for value in values_of(meant.minutes)]
    carry = later[0] // 60
    if later[-1] // 60 != carry:
        return None
    hours = values_of(meant.hours)
    if carry and (len(hours) == 24 or hours[-1] + carry > 23):
        return None
    moved = _with(parts, MINUTE, [value % 60 for value in later])
    if carry:
        moved = _with(moved, HOUR, [hour + carry for hour in hours])
    after = replace(timing, text=_text(moved))
    # A star decides what a change of offset means; a schedule keeps the kind that it has.
    is_fixed = parse_fields(canonical(after.dialect, after.text)).is_fixed
    return after if is_fixed == meant.is_fixed else None


def hours_of(timing: Timing) -> list[int] | None:
    """The hours at which a cron expression fires, ascending; None where it has none of its own.

    >>> hours_of(Timing(text="0 2,14 * * *")), hours_of(Timing(text="@every 1h"))
    ([2, 14], None)
    """
    if _parts(timing) is None:
        return None
    return values_of(parse_fields(canonical(timing.dialect, timing.text)).hours)


def with_hours(timing: Timing, hours: list[int]) -> Timing:
    """The timing that fires at these hours, ascending, and otherwise as before.

    >>> with_hours(Timing(text="0 2,14 * * 1-5"), [3, 14]).text
    '0 3,14 * * 1-5'
    """
    parts = _parts(timing)
    if parts is None or not hours:
        raise ValueError(f"has no hours of its own: {timing.text}")
    return replace(timing, text=_text(_with(parts, HOUR, hours)))


def _parts(timing: Timing) -> list[tuple[Unit, str]] | None:
    """The fields of a cron expression without `H`, as written."""
    if spread.has_spread(timing.text):
        return None
    try:
        return fields_of(timing.dialect, timing.text)
    except ValueError:
        return None


def _with(parts: list[tuple[Unit, str]], unit: Unit, values: list[int]) -> list[tuple[Unit, str]]:
    return [(one, listed(values) if one is unit else text) for one, text in parts]


def _text(parts: list[tuple[Unit, str]]) -> str:
    return " ".join(text for _, text in parts)


def listed(values: list[int]) -> str:
    """Values of a cron field, ascending, as the shortest of its usual forms.

    >>> listed([2]), listed([0, 1, 2, 4, 5, 6]), listed([7, 22, 37, 52]), listed([3, 9])
    ('2', '0-2,4-6', '7-52/15', '3,9')
    """
    steps = {after - before for before, after in pairwise(values)}
    if len(values) > 2 and len(steps) == 1 and steps != {1}:
        return f"{values[0]}-{values[-1]}/{steps.pop()}"
    spans: list[list[int]] = []
    for value in values:
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    return ",".join(
        f"{span[0]}-{span[-1]}" if len(span) > 2 else ",".join(map(str, span)) for span in spans
    )


def keeps_window(before: Timing, after: Timing, key: str, window_us: int, now_us: Instant) -> bool:
    """Whether every fire of `after` comes at or after its own of `before`, within the window.

    Looked at: the coming 32 days, and the days around each change of the zone's offset within
    400 days, since elsewhere every day is like those.
    """
    try:
        old, new = schedule_of(before, key), schedule_of(after, key)
    except InvalidDocument:
        return False
    if not isinstance(old, Cron) or not isinstance(new, Cron):
        return False
    spans = [(now_us, now_us + _AHEAD_US)]
    table = old.zone.grow((now_us + _YEAR_US) // 1_000_000)
    for start in table.starts:
        change = int(start * 1_000_000)
        if now_us < change < now_us + _YEAR_US:
            spans.append((change - _AROUND_US, change + _AROUND_US))
    return all(_pairs_keep(old, new, start, end, window_us) for start, end in spans)


def _pairs_keep(old: Cron, new: Cron, start: Instant, end: Instant, window_us: int) -> bool:
    first = old.next_after(start) - 1
    fires = old.between(first, end)
    if not fires:
        return True
    moved = new.between(first, fires[-1] + window_us)
    return len(moved) >= len(fires) and all(
        0 <= later - fire <= window_us for fire, later in zip(fires, moved, strict=False)
    )
