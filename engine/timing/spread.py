"""`H` in a cron field: a value that is spread over jobs but stays the same for each of them.

The value is drawn from SHA-256 of the job's key and the field's name, so every node and every
release of Chronos agrees on it. A spread expression is replaced by plain numbers before parsing.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from engine.timing.fields import FIELDS, FieldError, Unit

_TERM: Final = re.compile(r"h(?:\((\d{1,2})-(\d{1,2})\))?(?:/(\d{1,4}))?", re.IGNORECASE)
# Every month has 28 days, and 7 is Sunday again: the spread must not favour anything.
_HIGH: Final = {"day of month": 28, "day of week": 6}


def has_spread(text: str) -> bool:
    """Whether a cron expression has an `H` term. Thu, MARCH and the like have none.

    >>> has_spread("H 2 * * *"), has_spread("0 2 * * THU")
    (True, False)
    """
    return any(term[:1] in {"h", "H"} for part in text.split() for term in part.split(","))


def resolve(text: str, key: str) -> str:
    """Return the expression with each `H` term replaced by the numbers drawn for `key`.

    Args:
        text: a cron expression of five or six fields.
        key: what identifies the job; the same key always gives the same answer.

    Raises:
        FieldError: a term that starts with H is none of `H`, `H/n`, `H(a-b)`, `H(a-b)/n`.
    """
    parts = text.split()
    units = FIELDS[-len(parts) :] if len(parts) <= len(FIELDS) else FIELDS
    return " ".join(
        ",".join(_term(unit, term, key) for term in part.split(","))
        for unit, part in zip(units, parts, strict=False)
    )


def _term(unit: Unit, term: str, key: str) -> str:
    if term[:1] not in {"h", "H"}:
        return term
    match = _TERM.fullmatch(term)
    if not match:
        raise FieldError(unit, f"{term!r} is not a spread value", "H, H/15, H(0-29) or H(0-29)/10")
    low = int(match[1]) if match[1] else unit.low
    high = int(match[2]) if match[2] else _HIGH.get(unit.name, unit.high)
    if not unit.low <= low <= high <= unit.high:
        reason = f"{term!r} is not within {unit.low} to {unit.high}"
        raise FieldError(unit, reason, f"H({unit.low}-{unit.high})")
    digest = int.from_bytes(sha256(f"{unit.name}\0{key}".encode()).digest()[:8], "big")
    if not match[3]:
        return str(low + digest % (high - low + 1))
    step = int(match[3])
    if step == 0:
        raise FieldError(unit, f"the step of {term!r} is zero", "a step of at least 1")
    start = low + digest % min(step, high - low + 1)
    return f"{start}-{high}/{step}"
