"""The dialects of cron: what each of them writes, told in the one grammar of `fields.py`.

A dialect is data: which fields it has in which order, from where it counts its weekdays, and what
it takes beside plain terms. `canonical` puts an expression of any of them into Debian's grammar as
`fields.py` has it, so that one evaluator, one set of words and one set of tools serve them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.timing.fields import (
    DAY,
    DESCRIPTORS,
    FROM_END,
    HOUR,
    LAST_WEEKDAY,
    MINUTE,
    MONTH,
    NEAREST,
    NEAREST_FROM_END,
    NTH,
    SECOND,
    WEEKDAY,
    WEEKDAY_WORDS,
    YEAR,
    FieldError,
    Unit,
    backwards,
    parse_fields,
    parse_step,
    parse_value,
)
from engine.timing.spread import drawn, is_spread


class Dialect(StrEnum):
    """Whose cron a job's schedule is written for."""

    DEBIAN = "debian"
    QUARTZ = "quartz"
    ROBFIG = "robfig"
    KUBERNETES = "kubernetes"
    AWS = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What a dialect takes.

    Attributes:
        layouts: the fields in their order, by how many there are.
        counts: the number of fields, in words.
        wants_question: exactly one of the two day fields is `?`, and the other decides.
        takes_question: `?` is `*` in any field.
        wraps: a range that runs backwards goes around: `22-2`, `FRI-MON`.
        has_special_days: `L`, `W` and `#` are known.
        has_descriptors: `@daily` and the like are known.
        drops_empty_terms: `1,,2` is `1,2`.
        is_quartz: a step reaches no further than its field and does not follow a name, and a
            special day of the week stands alone; of anything else Quartz drops a part in silence.
    """

    layouts: Mapping[int, tuple[Unit, ...]]
    counts: str
    wants_question: bool = False
    takes_question: bool = False
    wraps: bool = False
    has_special_days: bool = True
    has_descriptors: bool = True
    drops_empty_terms: bool = False
    is_quartz: bool = False


_FIVE: Final = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
_FROM_ZERO: Final = Unit(WEEKDAY.name, 0, 6, WEEKDAY_WORDS)
_FROM_ONE: Final = Unit(WEEKDAY.name, 1, 7, WEEKDAY_WORDS)
_ROBFIG: Final = (*_FIVE[:4], _FROM_ZERO)
_QUARTZ: Final = (SECOND, *_FIVE[:4], _FROM_ONE)
_CANONICAL: Final = {unit.name: unit for unit in (SECOND, *_FIVE, YEAR)}

GRAMMARS: Final[Mapping[Dialect, Grammar]] = {
    Dialect.DEBIAN: Grammar(
        layouts={5: _FIVE, 6: (SECOND, *_FIVE)},
        counts="five fields, or six with the seconds first",
    ),
    Dialect.QUARTZ: Grammar(
        layouts={6: _QUARTZ, 7: (*_QUARTZ, YEAR)},
        counts="six fields with the seconds first, or seven with the year last",
        wants_question=True,
        wraps=True,
        has_descriptors=False,
        is_quartz=True,
    ),
    Dialect.ROBFIG: Grammar(
        layouts={5: _ROBFIG, 6: (SECOND, *_ROBFIG)},
        counts="five fields, or six with the seconds first",
        takes_question=True,
        has_special_days=False,
        drops_empty_terms=True,
    ),
    Dialect.KUBERNETES: Grammar(
        layouts={5: _ROBFIG},
        counts="five fields",
        takes_question=True,
        has_special_days=False,
        drops_empty_terms=True,
    ),
    Dialect.AWS: Grammar(
        layouts={6: (*_FIVE[:4], _FROM_ONE, YEAR)},
        counts="six fields with the year last",
        wants_question=True,
        has_descriptors=False,
    ),
}


def fields_of(dialect: Dialect, text: str) -> list[tuple[Unit, str]]:
    """The fields of an expression with what they stand for, as written.

    Raises:
        ValueError: the dialect has no expressions of so many fields.
    """
    grammar = GRAMMARS[dialect]
    if grammar.has_descriptors:
        text = DESCRIPTORS.get(text.lower(), text)
    parts = text.split()
    layout = grammar.layouts.get(len(parts))
    if layout is None:
        raise ValueError(f"has {len(parts)} field{'s' if len(parts) != 1 else ''}")
    return list(zip(layout, parts, strict=True))


def canonical(dialect: Dialect, text: str, key: str = "") -> str:
    """Return the expression in the grammar of `parse_fields`, with `H` terms drawn for `key`.

    Raises:
        FieldError: a field is not in the dialect.
        ValueError: the dialect has no expressions of so many fields.

    >>> canonical(Dialect.QUARTZ, "0 0/20 22-2 ? * 2-6")
    '0 0-59/20 22-23,0-2 * * 1-5'
    >>> canonical(Dialect.AWS, "15 10 ? * 6L 2027-2028")
    '0 15 10 * * 5L 2027-2028'
    """
    written = fields_of(dialect, text)
    if dialect is Dialect.DEBIAN and len(written) == len(_FIVE):
        return " ".join(_debian(unit, part, key) for unit, part in written)
    grammar = GRAMMARS[dialect]
    parts = {unit.name: (unit, part) for unit, part in written}
    _check_question(dialect, grammar.wants_question, parts)
    told = {name: _field(dialect, unit, part, key) for name, (unit, part) in parts.items()}
    return " ".join(
        told.get(unit.name, "0" if unit is SECOND else "*")
        for unit in (SECOND, *_FIVE, YEAR)
        if unit is not YEAR or told.get(unit.name, "*") != "*"
    )


def takers(text: str) -> list[Dialect]:
    """The dialects that take an expression."""
    found = []
    for dialect in Dialect:
        try:
            parse_fields(canonical(dialect, text))
        except ValueError:
            continue
        found.append(dialect)
    return found


def _debian(unit: Unit, part: str, key: str) -> str:
    """Debian's own fields are the grammar; only `H` is drawn."""
    return ",".join(drawn(unit, term, key) if is_spread(term) else term for term in part.split(","))


def _check_question(
    dialect: Dialect, is_wanted: bool, parts: Mapping[str, tuple[Unit, str]]
) -> None:
    (_, day), (_, weekday) = parts[DAY.name], parts[WEEKDAY.name]
    if is_wanted and (day == "?") == (weekday == "?"):
        both = "both are '?'" if day == "?" else "neither it nor the day of week is '?'"
        reason = f"{both}, and {dialect} wants exactly one of the two"
        raise FieldError(DAY, reason, "'?' in the one that does not matter")
    numbers = weekday.partition("/")[0].partition("#")[0]
    if dialect is Dialect.DEBIAN and day == "?" and any(c.isdigit() for c in numbers):
        reason = "'?' is Quartz's, whose weekdays run from 1 = Sunday; here 0 is Sunday"
        raise FieldError(
            DAY, reason, "'*' and weekdays by name, such as MON-FRI, or dialect: quartz"
        )


def _check_quartz(unit: Unit, terms: Sequence[str]) -> None:
    for term in terms:
        span, slash, step = term.partition("/")
        if slash and span[-1:].isalpha():
            reason = f"{term!r}: Quartz drops a step that follows a name"
            raise FieldError(unit, reason, f"{span}, or the numbers: 2 is Monday, 1 is January")
        reach = unit.high - unit.low + (unit.low > 0)
        if slash and "-" not in span and step.isdigit() and int(step[:9]) > reach:
            raise FieldError(unit, f"the step of {term!r} is beyond its field", f"at most {reach}")
    if unit.name == WEEKDAY.name and len(terms) > 1 and any("l" in t or "#" in t for t in terms):
        raise FieldError(unit, "Quartz takes one L or # and nothing beside it", "two jobs")


def _field(dialect: Dialect, unit: Unit, part: str, key: str) -> str:
    grammar = GRAMMARS[dialect]
    terms = [term for term in part.lower().split(",") if term or not grammar.drops_empty_terms]
    if not terms:
        raise FieldError(unit, f"{part!r} names no value", f"*, or {unit.low}-{unit.high}")
    if part == "?" and unit.name in (DAY.name, WEEKDAY.name):
        return "*"
    if grammar.is_quartz:
        _check_quartz(unit, terms)
    told = [_term(dialect, unit, term, key) for term in terms]
    if "*" in told:
        return "*"
    # A leading star says "all" to Debian's rule of the two day fields; a stepped one is no such
    # star to the others.
    if dialect is not Dialect.DEBIAN and unit.name in (DAY.name, WEEKDAY.name):
        whole = _CANONICAL[unit.name]
        told = [term.replace("*", f"{whole.low}-{unit.high - _shift(unit)}") for term in told]
    return ",".join(told)


def _shift(unit: Unit) -> int:
    """How much larger the field's numbers are than those of `fields.py`."""
    return unit.low if unit.name == WEEKDAY.name else 0


def _term(dialect: Dialect, unit: Unit, term: str, key: str) -> str:
    if is_spread(term):
        return drawn(unit, term, key, _shift(unit))
    if unit.name in (DAY.name, WEEKDAY.name) and (special := _special(dialect, unit, term)):
        return special
    grammar = GRAMMARS[dialect]
    span, slash, step_text = term.partition("/")
    step = parse_step(unit, term, step_text) if slash else 1
    suffix = f"/{step}" if step > 1 else ""
    if span == "*" or (span == "" and slash and grammar.wraps):
        return f"*{suffix}"
    if span == "?" and grammar.takes_question:
        return f"*{suffix}"
    if "?" in span:
        raise FieldError(unit, f"{term!r}: '?' stands alone in a day field", "* for every value")
    first, dash, last = span.partition("-")
    low = parse_value(unit, first, term)
    high = parse_value(unit, last, term) if dash else (unit.high if slash else low)
    shift = _shift(unit)
    if low > high:
        if not grammar.wraps or unit is YEAR:
            raise backwards(unit, span)
        return _around(unit, low, high, step, shift)
    if low == high:
        return str(low - shift)
    return f"{low - shift}-{high - shift}{suffix}"


def _around(unit: Unit, low: int, high: int, step: int, shift: int) -> str:
    """A range that goes around the end of its unit, and each step of it."""
    size = unit.high - unit.low + 1
    if step == 1:
        spans: Sequence[tuple[int, int]] = ((low, unit.high), (unit.low, high))
        return ",".join(f"{a - shift}-{b - shift}" if a < b else str(a - shift) for a, b in spans)
    values = range(low, high + size + 1, step)
    return ",".join(str((value - unit.low) % size + unit.low - shift) for value in values)


def _special(dialect: Dialect, unit: Unit, term: str) -> str:
    """An `L`, `W` or `#` term in the numbers of `fields.py`; empty where it is none."""
    if not any(letter in term for letter in "lw#"):
        return ""
    if not GRAMMARS[dialect].has_special_days:
        return ""
    if unit.name == DAY.name:
        known = (NEAREST, FROM_END, NEAREST_FROM_END)
        return term.upper() if any(form.fullmatch(term) for form in known) else ""
    if match := NTH.fullmatch(term):
        return f"{parse_value(unit, match[1], term) - unit.low}#{match[2]}"
    if match := LAST_WEEKDAY.fullmatch(term):
        weekday = parse_value(unit, match["before"] or match["after"], term)
        return f"{weekday - unit.low}L"
    if term == "l" and unit.low == 1:
        return str(unit.high - unit.low)  # the last day of a week that begins on Sunday
    return ""
