"""`H` in a cron field: a value that is spread over jobs but stays the same for each of them.

The value is drawn from SHA-256 of the job's key and the field's name, so every node and every
release of Chronos agrees on it. A spread expression is replaced by plain numbers before parsing.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from engine.timing.fields import DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, FieldError, Unit

_TERM: Final = re.compile(r"h(?:\((\d{1,2})-(\d{1,2})\))?(?:/(\d{1,4}))?", re.IGNORECASE)
# Every month has 28 days, and 7 is Sunday again: the spread must not favour anything.
_HIGH: Final = {DAY.name: 28, WEEKDAY.name: 6}
_DRAWN: Final = frozenset(unit.name for unit in (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY))


def has_spread(text: str) -> bool:
    """Whether a cron expression has an `H` term. Thu, MARCH and the like have none.

    >>> has_spread("H 2 * * *"), has_spread("0 2 * * THU")
    (True, False)
    """
    return any(is_spread(term) for part in text.split() for term in part.split(","))


def is_spread(term: str) -> bool:
    """Whether a term of a field is to be drawn."""
    return term[:1] in {"h", "H"}


def drawn(unit: Unit, term: str, key: str, shift: int = 0) -> str:
    """Return the plain term that `H`, `H/n`, `H(a-b)` or `H(a-b)/n` comes to.

    Args:
        unit: the field, in the numbers in which it was written.
        term: as it was written.
        key: what identifies the job; the same key always gives the same answer.
        shift: how much larger these numbers are than those of `fields.py`.

    Raises:
        FieldError: the term is none of these.
    """
    if unit.name not in _DRAWN:
        raise FieldError(unit, f"{term!r}: a {unit.name} is not drawn", "*, or the years meant")
    match = _TERM.fullmatch(term)
    if not match:
        raise FieldError(unit, f"{term!r} is not a spread value", "H, H/15, H(0-29) or H(0-29)/10")
    low = int(match[1]) if match[1] else unit.low
    high = int(match[2]) if match[2] else _HIGH.get(unit.name, unit.high) + shift
    if not unit.low <= low <= high <= unit.high:
        reason = f"{term!r} is not within {unit.low} to {unit.high}"
        raise FieldError(unit, reason, f"H({unit.low}-{unit.high})")
    low, high = low - shift, high - shift
    digest = digest_of(unit.name, key)
    if not match[3]:
        return str(low + digest % (high - low + 1))
    step = int(match[3])
    if step == 0:
        raise FieldError(unit, f"the step of {term!r} is zero", "a step of at least 1")
    start = low + digest % min(step, high - low + 1)
    return f"{start}-{high}/{step}"


def digest_of(purpose: str, key: str) -> int:
    """64 bits that depend on nothing but what they are for and on the key."""
    return int.from_bytes(sha256(f"{purpose}\0{key}".encode()).digest()[:8], "big")
