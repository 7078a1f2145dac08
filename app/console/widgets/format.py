"""Values as people read them. Pure: text in, text out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

STATUS_COLOR: Final = {
    "success": "#1FA971",
    "failed": "#E5484D",
    "running": "#3B82F6",
    "pending": "#7C8794",
    "skipped": "#8B5CF6",
    "missed": "#8B5CF6",
    "cancelled": "#7C8794",
    "unknown": "#C77E05",
}
"""Mid tones, legible on light and on dark."""

_BADGES: Final = {
    "success": "green",
    "failed": "red",
    "failing": "red",
    "late": "orange",
    "running": "blue",
    "skipped": "violet",
    "unknown": "orange",
}
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def plain(text: str | None) -> str:
    r"""Text that others wrote, as itself: no Markdown in it takes effect.

    A job's description or a target's error could otherwise draw links, or images that are fetched.

    >>> plain("![x](http://a/b) *hi*")
    '\\!\\[x\\]\\(http\\://a/b\\) \\*hi\\*'
    """
    return _MARKS.sub(r"\\\1", " ".join((text or "").split()))


def moment(text: str | None) -> datetime | None:
    """The aware datetime of RFC 3339 text."""
    return datetime.fromisoformat(text) if text else None


def clock(text: str | None, zone: str = "UTC") -> str:
    """A moment in a zone, to the second; a dash where there is none.

    >>> clock("2026-11-25T14:30:00Z", "Europe/Berlin")
    '2026-11-25 15:30:00'
    """
    at = moment(text)
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def zoned(text: str | None, zone: str) -> str:
    """A moment in a zone, which it names: only that tells the two hours of autumn apart.

    >>> [zoned(f"2026-10-25T0{hour}:30:00Z", "Europe/Berlin") for hour in (0, 1)]
    ['2026-10-25 02:30:00 CEST', '2026-10-25 02:30:00 CET']
    """
    at = moment(text)
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z") if at else "–"


def stretch(since: str, until: str, zone: str) -> str:
    """From one moment to another in a zone, the day said once where it is one.

    >>> stretch("2026-11-25T14:30:00Z", "2026-11-25T15:00:00Z", "UTC")
    'Wed 25 Nov 2026, 14:30 – 15:00'
    """
    begin, end = (
        datetime.fromisoformat(text).astimezone(ZoneInfo(zone)) for text in (since, until)
    )
    time = "%H:%M" if (end - begin).total_seconds() >= 600 else "%H:%M:%S"
    day = "%a %-d %b %Y, "
    last = f"{end:{time}}" if begin.date() == end.date() else f"{end:{day + time}}"
    return f"{begin:{day + time}} – {last}"


def fire_times(fires: list[dict[str, str]], zone: str, viewer: str) -> dict[str, list[str]]:
    """Columns of coming fire times: in the job's zone and in the viewer's if that is another.

    Where a start is drawn in a window, it has a column of its own.

    Lists, not a mapping from one to the other: in the hour that a zone repeats in autumn two fires
    read alike.
    """
    columns = {f"in {zone}": [clock(fire["utc"], zone) for fire in fires]}
    if viewer != zone:
        columns[f"yours, {viewer}"] = [clock(fire["utc"], viewer) for fire in fires]
    if any(fire.get("start") not in (None, fire["utc"]) for fire in fires):
        columns["starts" if viewer == zone else "starts, yours"] = [
            clock(fire["start"], viewer) for fire in fires
        ]
    return columns


def ago(text: str | None, now: datetime) -> str:
    """How long before (or after) `now`, roughly.

    >>> ago("2026-11-25T14:30:00Z", datetime(2026, 11, 25, 14, 32, 5, tzinfo=UTC))
    '2 min ago'
    """
    at = moment(text)
    if at is None:
        return "–"
    seconds = (now.astimezone(UTC) - at).total_seconds()
    for size, unit in _STEPS:
        if abs(seconds) >= size:
            count = f"{int(abs(seconds) // size)} {unit}"
            return f"{count} ago" if seconds > 0 else f"in {count}"
    return "now"


def duration(nanoseconds: float | None) -> str:
    """A duration with a unit that fits.

    >>> duration(1_234_000_000), duration(3_100_000), duration(None)
    ('1.23 s', '3.1 ms', '–')
    """
    if nanoseconds is None:
        return "–"
    seconds = nanoseconds / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


def milliseconds(value: float | None) -> str:
    """A duration given in milliseconds."""
    return "–" if value is None else duration(value * 1e6)


def counted(count: int, what: str) -> str:
    """So many of something that a plain s makes many.

    >>> counted(1, "run"), counted(2160, "run")
    ('1 run', '2,160 runs')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def percent(share: float | None) -> str:
    """A share of 1.

    >>> percent(0.9925), percent(None)
    ('99.2%', '–')
    """
    if share is None:
        return "–"
    return (
        "100%" if share == 1 else f"{share * 100 - 0.05:.1f}%" if share > 0.999 else f"{share:.1%}"
    )


def status_badge(status: str | None) -> str:
    """A status as a coloured word, in Markdown."""
    word = status or "none"
    return f":{_BADGES.get(word, 'gray')}-badge[{word}]"
