"""A cron expression moved later by minutes, as text.

Only what can be moved without a change of its days is moved: nothing crosses midnight. What the
clocks do when they change is looked at fire by fire (`keeps_window`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from engine.core.errors import InvalidDocument
from engine.core.ids import Instant
from engine.timing import spread
from engine.timing.cron import Cron
from engine.timing.fields import HOUR, MINUTE, parse_fields, parse_set
from engine.timing.schedule import normalize, parse_schedule

MINUTE_US: Final = 60_000_000
DAY_US: Final = 86_400_000_000
_AHEAD_US: Final = 32 * DAY_US
_YEAR_US: Final = 400 * DAY_US
_AROUND_US: Final = 2 * DAY_US


def shifted(text: str, minutes: int) -> str | None:
    """The expression whose fires come so many minutes later on the wall clock.

    Returns:
        None where no cron expression says it: for `@every`, `@at` and `H`, and where a fire would
        come to lie on another day, or some fires in the next hour and some not.

    >>> shifted("0 2,4 * * *", 20), shifted("@daily", 75), shifted("*/15 * * * *", 7)
    ('20 2,4 * * *', '15 1 * * *', '7-52/15 * * * *')
    >>> shifted("50 23 * * *", 15), shifted("@every 1h", 5)
    (None, None)
    """
    if minutes == 0:
        return text
    parts = _parts(text)
    if minutes < 0 or parts is None:
        return None
    has_seconds = len(parts) == 6
    at = len(parts) - 5
    later = [
        value + minutes
        for value in range(60)
        if parse_set(MINUTE, parts[at].lower(), has_seconds) >> value & 1
    ]
    carry = later[0] // 60
    if later[-1] // 60 != carry:
        return None
    hours = hours_of(text) or []
    if carry and (len(hours) == 24 or hours[-1] + carry > 23):
        return None
    moved = list(parts)
    moved[at] = listed([value % 60 for value in later])
    if carry:
        moved[at + 1] = listed([hour + carry for hour in hours])
    # A star decides what a change of offset means; a schedule keeps the kind that it has.
    after = " ".join(moved)
    is_fixed = parse_fields(" ".join(parts)).is_fixed
    return after if parse_fields(after).is_fixed == is_fixed else None


def hours_of(text: str) -> list[int] | None:
    """The hours at which a cron expression fires, ascending; None where it has none of its own.

    >>> hours_of("0 2,14 * * *"), hours_of("@every 1h")
    ([2, 14], None)
    """
    parts = _parts(text)
    if parts is None:
        return None
    hours = parse_set(HOUR, parts[-4].lower(), len(parts) == 6)
    return [hour for hour in range(24) if hours >> hour & 1]


def with_hours(text: str, hours: list[int]) -> str:
    """A cron expression that fires at these hours, ascending, and otherwise as before.

    >>> with_hours("0 2,14 * * 1-5", [3, 14])
    '0 3,14 * * 1-5'
    """
    parts = _parts(text)
    if parts is None or not hours:
        raise ValueError(f"has no hours of its own: {text}")
    parts[-4] = listed(hours)
    return " ".join(parts)


def _parts(text: str) -> list[str] | None:
    """The five or six fields of a cron expression without `H`."""
    if spread.has_spread(text):
        return None
    parts = normalize(text).split()
    return parts if len(parts) in (5, 6) and not parts[0].startswith("@") else None


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


def keeps_window(
    before: str, after: str, timezone: str, key: str, window_us: int, now_us: Instant
) -> bool:
    """Whether every fire of `after` comes at or after its own of `before`, within the window.

    Looked at: the coming 32 days, and the days around each change of the zone's offset within
    400 days, since elsewhere every day is like those.
    """
    try:
        old, new = parse_schedule(before, timezone, key), parse_schedule(after, timezone, key)
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
