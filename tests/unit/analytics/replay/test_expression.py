from __future__ import annotations

from typing import Any

import pytest

from analytics.replay.expression import DEPTH_MAX, LENGTH_MAX, ExpressionError, parse
from analytics.replay.recording import recording_of
from analytics.replay.view import View
from tests.kit.recordings import retried

RESPONSE, ERROR = 4, 5


def value(text: str, cursor: int = RESPONSE) -> Any:
    return parse(text).value(View.at(recording_of(retried()), cursor))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step.kind", "response"),
        ("step.kind == 'response'", True),
        ("step.number + 1", 5),
        ("detail.status >= 500 and detail.status < 600", True),
        ("attempt == 1", True),
        ("error", None),
        ("not error", True),
        ("state.request.method", "POST"),
        ('detail.headers["Content-Type"]', "text/plain"),
        ("detail.headers.Date == 'Wed'", True),
        ("detail.nothing.at[3].all", None),
        ("detail.nothing > 5", False),
        ("detail.nothing + 1", None),
        ("detail.nothing == null", True),
        ("detail contains 'status'", True),
        ("detail.status in [500, 503]", True),
        ("detail.status not in [500, 503]", False),
        ("'oo' in \"foo\" and 'foo' contains 'f'", True),
        ("'a' not contains 'b'", True),
        ("execution.job_name", "nightly-backup"),
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("(1 + 2) * 3", 9),
        ("-2 - -3", 1),
        ("7 % 4", 3),
        ("1e3 == 1000", True),
        ("true == 1", False),
        ("1 in [true]", False),
        ("not true or true", True),
        ("true or 1 / 0", True),
        ("'it\\'s\\n'", "it's\n"),
        ("[1, 'a', null]", [1, "a", None]),
        ("[]", []),
    ],
)
def test_an_expression_says(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_before_the_first_step_nothing_is_known() -> None:
    assert value("step.kind", 0) is None
    assert value("detail.status", 0) is None
    assert value("state.failures", 0) == 0


def test_an_error_is_what_the_step_itself_tells() -> None:
    assert value("error contains '503'", ERROR) is True
    assert value("state.error", ERROR) == "HTTP 503"


@pytest.mark.parametrize(
    ("text", "position", "reason", "hint"),
    [
        ("", 1, "is empty", "step.kind"),
        ("detail.status >=", 17, "the expression ends", "a name, a number"),
        ("a == 1", 1, "'a' is no known name", "one of attempt, detail"),
        ("step.knd", 6, "step has no 'knd'", "kind"),
        ("step", 1, "not a value by itself", "step. and one of"),
        ("attempt = 1", 9, "'=' means nothing here", "=="),
        ("true && true", 6, "'&' means nothing here", "and"),
        ("!true", 1, "'!' means nothing here", "not"),
        ("1 < 2 < 3", 7, "do not follow one another", "a < b and b < c"),
        ("(1 + 2", 7, "the expression ends", ") to close the ( at character 1"),
        ("detail(1)", 7, "there are no functions", ""),
        ("step.offset_ms > 50ms", 20, "'ms' stands at a number", "no units"),
        ("'open", 1, "means nothing here", "close the text"),
        ("None", 1, "no known name", "null"),
        ("1 2", 3, "'2' is not expected", "a comparison"),
        ("1 not 2", 7, "'2' is not expected", "in or contains"),
        ("__import__('os')", 1, "no known name", ""),
        ("9" * 400, 1, "too large a number", ""),
    ],
)
def test_a_fault_names_its_place_and_what_would_be_right(
    text: str, position: int, reason: str, hint: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.position == position
    assert reason in caught.value.reason
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("step.kind > 3", "orders a text and a number"),
        ("step.kind + 1", "computes with a text"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("1e300 * 1e300", "becomes too large"),
        ("1 in 'one'", "looks for a number in a text"),
        ("3 contains 3", "looks into a number"),
        ("-detail", "computes with an object"),
        ("true < false", "orders true or false"),
    ],
)
def test_what_cannot_be_computed_says_why(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        value(text)


def test_products_do_not_grow_without_end() -> None:
    assert isinstance(value("9007199254740991 * 9007199254740991"), float)


def test_length_and_depth_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="longer than"):
        parse("1" * (LENGTH_MAX + 1))
    assert value("(" * DEPTH_MAX + "1" + ")" * DEPTH_MAX) == 1
    for opened in ("(", "[", "not ", "-"):
        with pytest.raises(ExpressionError, match="nested deeper"):
            parse(opened * (DEPTH_MAX + 1) + "1")
