"""The language of conditions and watches: names, literals, comparison, logic and arithmetic.

    detail.status >= 500 and not (error contains "refused")

Small on purpose. It reads and never calls, so it cannot do harm; text and nesting are bounded, so
it cannot take long. What is missing is null: comparing it by order is false, computing with it is
null.

    or         = and {"or" and}
    and        = not {"and" not}
    not        = "not" not | comparison
    comparison = sum [("==" | "!=" | "<" | "<=" | ">" | ">=" | ["not"] "in" | "contains") sum]
    sum        = product {("+" | "-") product}
    product    = sign {("*" | "/" | "%") sign}
    sign       = "-" sign | operand
    operand    = number | text | "true" | "false" | "null" | path | "(" or ")" | list
    list       = "[" [or {"," or}] "]"
    path       = name {"." name | "[" (text | number) "]"}
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from analytics.replay.view import OBJECTS, VALUES, Reader, View
from engine.core.errors import InvalidDocument, Problem

LENGTH_MAX: Final = 500
DEPTH_MAX: Final = 24
EXACT_MAX: Final = 2**53
"""Whole numbers beyond it become decimal ones, so that no product grows without end."""

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "contains", "true", "false", "null"})
_LITERALS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>[^\W\d]\w*)
    |(?P<mark>==|!=|<=|>=|[-<>+*/%()\[\],.])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t"}
_OTHER_LANGUAGES: Final = {
    "=": "== compares",
    "&": "write and",
    "|": "write or",
    "!": "write not, or != to compare",
    '"': "close the text with the quote that opened it",
    "'": "close the text with the quote that opened it",
}
_NAMES_OF_OTHERS: Final = {"None": "null", "nil": "null", "True": "true", "False": "false"}
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_COMPARISONS: Final = frozenset({"==", "!=", *_ORDER, "in", "contains"})


class ExpressionError(InvalidDocument):
    """An expression that cannot be read or computed.

    Attributes:
        position: of the character at fault, from 1.
        reason: what is wrong there.
        hint: what would be right.
    """

    def __init__(self, position: int, reason: str, hint: str):
        self.position = position
        self.reason = reason
        self.hint = hint
        super().__init__([self.problem("expression")])

    def problem(self, of: str) -> Problem:
        """The fault, under the name of the field that holds the expression."""
        return Problem(of, f"at character {self.position}: {self.reason}", self.hint)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was read; `value` and `holds` raise `ExpressionError`.

    Attributes:
        text: as a person wrote it.
        value: what it comes to at a view.
        adds_up: whether it asks for the state, which takes longer to know than a step.
    """

    text: str
    value: Reader = field(repr=False, compare=False)
    adds_up: bool = False

    def holds(self, view: View) -> bool:
        """Whether it is true there: not null, false, 0, nor empty."""
        return bool(self.value(view))


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: with the place, the fault and what would be right.
    """
    if len(text) > LENGTH_MAX:
        reason = f"is longer than {LENGTH_MAX} characters"
        raise ExpressionError(LENGTH_MAX + 1, reason, "watch its parts one by one")
    parser = _Parser(text)
    return Expression(text, parser.whole(), parser.adds_up)


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of text; `position` counts from 1, `kind` is end where the text is over."""

    kind: str
    text: str
    position: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            hint = _OTHER_LANGUAGES.get(text[at], 'names, numbers, "text", and or not == < + ( )')
            raise ExpressionError(at + 1, f"{text[at]!r} means nothing here", hint)
        kind = str(found.lastgroup)
        if kind == "name" and found[0] in KEYWORDS:
            kind = "keyword"
        if kind != "space":
            yield _Token(kind, found[0], at + 1)
        at = found.end()
    yield _Token("end", "", len(text) + 1)


class _Parser:
    """Reads by recursive descent, and makes of each rule the function that computes it."""

    def __init__(self, text: str):
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self.adds_up = False

    def whole(self) -> Reader:
        """All of the text as one expression."""
        if self._next.kind == "end":
            raise ExpressionError(1, "is empty", 'such as step.kind == "error"')
        reader = self._or()
        if self._next.kind != "end":
            raise self._unexpected("and, or, a comparison, or the end")
        return reader

    # ---- tokens ---------------------------------------------------------------------------------

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> _Token | None:
        token = self._next
        if token.kind not in ("mark", "keyword") or token.text not in texts:
            return None
        self._at += 1
        return token

    def _expect(self, text: str, opened: _Token) -> None:
        if self._take(text) is None:
            raise self._unexpected(
                f"{text} to close the {opened.text} at character {opened.position}"
            )

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._next
        what = "the expression ends" if token.kind == "end" else f"{token.text!r} is not expected"
        return ExpressionError(token.position, what, f"expected {wanted}")

    def _nested(self, rule: Callable[[], Reader]) -> Reader:
        """A rule one level deeper."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            reason = f"is nested deeper than {DEPTH_MAX} levels"
            raise ExpressionError(self._next.position, reason, "use fewer parentheses")
        reader = rule()
        self._depth -= 1
        return reader

    # ---- rules ----------------------------------------------------------------------------------

    def _or(self) -> Reader:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        if len(parts) == 1:
            return parts[0]
        return lambda view: any(part(view) for part in parts)

    def _and(self) -> Reader:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return lambda view: all(part(view) for part in parts)

    def _not(self) -> Reader:
        if self._take("not") is None:
            return self._comparison()
        inner = self._nested(self._not)
        return lambda view: not inner(view)

    def _comparison(self) -> Reader:
        left = self._sum()
        sign, negated = self._comparison_sign()
        if sign is None:
            return left
        compared = _comparison(sign, left, self._sum())
        again = self._next
        if again.text in _COMPARISONS and again.kind in ("mark", "keyword"):
            reason = "comparisons do not follow one another"
            raise ExpressionError(again.position, reason, "join them: a < b and b < c")
        return (lambda view: not compared(view)) if negated else compared

    def _comparison_sign(self) -> tuple[_Token | None, bool]:
        if self._take("not"):
            sign = self._take("in", "contains")
            if sign is None:
                raise self._unexpected("in or contains after not")
            return sign, True
        return self._take(*_COMPARISONS), False

    def _sum(self) -> Reader:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Reader:
        return self._chain(self._sign, "*", "/", "%")

    def _chain(self, rule: Callable[[], Reader], *signs: str) -> Reader:
        first = rule()
        rest: list[tuple[_Token, Reader]] = []
        while sign := self._take(*signs):
            rest.append((sign, rule()))
        return _chain(first, rest) if rest else first

    def _sign(self) -> Reader:
        sign = self._take("-")
        if sign is None:
            return self._operand()
        inner = self._nested(self._sign)
        return lambda view: _computed(sign, 0, inner(view))

    def _operand(self) -> Reader:
        token = self._next
        if token.kind == "number":
            self._at += 1
            return _constant(self._number(token))
        if token.kind == "text":
            self._at += 1
            return _constant(_unquoted(token.text))
        if token.kind == "name":
            return self._path()
        if self._take(*_LITERALS):
            return _constant(_LITERALS[token.text])
        if self._take("("):
            inner = self._nested(self._or)
            self._expect(")", token)
            return inner
        if self._take("["):
            return self._list(token)
        raise self._unexpected("a name, a number, a text or (")

    def _number(self, token: _Token) -> float:
        following = self._next
        if following.kind == "name" and following.position == token.position + len(token.text):
            reason = f"{following.text!r} stands at a number"
            raise ExpressionError(following.position, reason, "no units: offset_ms > 1500")
        value = _bounded(float(token.text) if "." in token.text else _whole(token.text))
        if value is None:
            raise ExpressionError(token.position, "is too large a number", "below 1e308")
        return value

    def _list(self, opened: _Token) -> Reader:
        items: list[Reader] = []
        while self._next.text != "]" and (not items or self._take(",")):
            items.append(self._nested(self._or))
        self._expect("]", opened)
        return lambda view: [item(view) for item in items]

    def _path(self) -> Reader:
        token = self._next
        self._at += 1
        if token.text in VALUES:
            reader = VALUES[token.text]
        elif token.text in OBJECTS:
            reader = self._known_field(token)
            self.adds_up |= token.text == "state"
        else:
            known = f"one of {', '.join(sorted([*OBJECTS, *VALUES]))}"
            hint = _NAMES_OF_OTHERS.get(token.text, known)
            raise ExpressionError(token.position, f"{token.text!r} is no known name", hint)
        return self._inner(reader)

    def _known_field(self, of: _Token) -> Reader:
        known = OBJECTS[of.text]
        hint = f"{of.text}. and one of {', '.join(known)}"
        if self._take(".") is None:
            raise ExpressionError(of.position, f"{of.text!r} is not a value by itself", hint)
        token = self._next
        if token.text not in known:
            what = f"{of.text} has no {token.text!r}" if token.text else "a field is missing"
            raise ExpressionError(token.position, what, hint)
        self._at += 1
        return known[token.text]

    def _inner(self, reader: Reader) -> Reader:
        """What stands further inside, by name or place; null where it does not."""
        keys: list[str | int] = []
        while True:
            if self._take("."):
                token = self._next
                if token.kind not in ("name", "keyword"):
                    raise self._unexpected('a field; names with other signs as ["Content-Type"]')
                self._at += 1
                keys.append(token.text)
            elif opened := self._take("["):
                keys.append(self._key())
                self._expect("]", opened)
            else:
                break
        if self._next.text == "(":
            raise ExpressionError(self._next.position, "there are no functions", "compare a value")
        return _within(reader, keys) if keys else reader

    def _key(self) -> str | int:
        token = self._next
        if token.kind == "text":
            self._at += 1
            return _unquoted(token.text)
        if token.kind == "number" and token.text.isdigit():
            self._at += 1
            return int(token.text)
        raise self._unexpected("a text or a whole number")


# ---- what the rules compute ---------------------------------------------------------------------


def _constant(value: Any) -> Reader:
    return lambda _view: value


def _within(reader: Reader, keys: list[str | int]) -> Reader:
    def value(view: View) -> Any:
        found = reader(view)
        for key in keys:
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    return value


def _comparison(sign: _Token, left: Reader, right: Reader) -> Reader:
    if sign.text == "==":
        return lambda view: _equal(left(view), right(view))
    if sign.text == "!=":
        return lambda view: not _equal(left(view), right(view))
    if sign.text == "in":
        return lambda view: _holds(sign, right(view), left(view))
    if sign.text == "contains":
        return lambda view: _holds(sign, left(view), right(view))
    return lambda view: _ordered(sign, left(view), right(view))


def _equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _holds(sign: _Token, whole: Any, part: Any) -> bool:
    if whole is None:
        return False
    if isinstance(whole, list):
        return any(_equal(item, part) for item in whole)
    if isinstance(whole, str | Mapping):
        if part is None:
            return False
        if isinstance(part, str):
            return part in whole
        raise _mismatch(sign, f"looks for {_noun(part)} in {_noun(whole)}", "look for a text")
    raise _mismatch(sign, f"looks into {_noun(whole)}", "a text, a list or an object")


def _ordered(sign: _Token, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    if (_is_number(left) and _is_number(right)) or (
        isinstance(left, str) and isinstance(right, str)
    ):
        return _ORDER[sign.text](left, right)
    hint = "two numbers or two texts"
    raise _mismatch(sign, f"orders {_noun(left)} and {_noun(right)}", hint)


def _chain(first: Reader, rest: list[tuple[_Token, Reader]]) -> Reader:
    def value(view: View) -> Any:
        total = first(view)
        for sign, part in rest:
            total = _computed(sign, total, part(view))
        return total

    return value


def _computed(sign: _Token, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if not (_is_number(left) and _is_number(right)):
        odd = right if _is_number(left) else left
        raise _mismatch(sign, f"computes with {_noun(odd)}", "numbers only")
    try:
        result = _bounded(_ARITHMETIC[sign.text](left, right))
    except ZeroDivisionError:
        raise _mismatch(sign, "divides by zero", "ask first: x != 0 and y / x > 1") from None
    except OverflowError:
        result = None
    if result is None:
        raise _mismatch(sign, "becomes too large", "below 1e308")
    return result


def _bounded(value: float) -> float | None:
    """A number that stays small in memory; None where it is none."""
    if isinstance(value, int) and abs(value) > EXACT_MAX:
        value = _as_decimal(value)
    return value if math.isfinite(value) else None


def _as_decimal(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _whole(text: str) -> float:
    return int(text) if text.isdigit() and len(text) < 20 else float(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _noun(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


def _mismatch(sign: _Token, what: str, hint: str) -> ExpressionError:
    return ExpressionError(sign.position, f"{sign.text} {what}", hint)


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text[1:-1])
