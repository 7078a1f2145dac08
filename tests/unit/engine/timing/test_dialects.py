"""Expressions of other crons, told in the one grammar."""

from __future__ import annotations

import pytest

from engine.timing.dialects import Dialect, canonical, takers
from engine.timing.fields import FieldError


@pytest.mark.parametrize(
    ("dialect", "text", "told"),
    [
        ("debian", "*/5 1-3 * * MON", "*/5 1-3 * * MON"),
        ("debian", "0 0/5 * ? * MON", "0 0-59/5 * * * 1"),
        ("quartz", "0 0 22-2 ? * FRI-MON", "0 0 22-23,0-2 * * 5-6,0-1"),
        ("quartz", "0 0 20-4/3 * * ?", "0 0 20,23,2 * * *"),
        ("quartz", "0/20 /30 * L-3W 11-2/2 ? 2027/2", "0-59/20 */30 * L-3W 11,1 * 2027-2199/2"),
        ("robfig", "? * */2 JAN,mar 1-5", "0 * * 1-31/2 1,3 1-5"),
        ("robfig", "* * *,5 * */2", "0 * * * * 0-6/2"),
        ("kubernetes", "0 0 1,,2 * *", "0 0 0 1,2 * *"),
        ("aws", "0 12 ? * 2#1 2027", "0 0 12 * * 1#1 2027"),
    ],
)
def test_an_expression_is_told_in_the_one_grammar(dialect: str, text: str, told: str) -> None:
    assert canonical(Dialect(dialect), text) == told


def test_a_drawn_weekday_keeps_the_numbers_of_its_dialect() -> None:
    for number in range(50):
        weekday = canonical(Dialect.QUARTZ, "0 0 0 ? * H(2-6)", f"job_{number}").split()[-1]
        assert 1 <= int(weekday) <= 5
    with pytest.raises(FieldError, match="not within 1 to 7"):
        canonical(Dialect.QUARTZ, "0 0 0 ? * H(0-6)", "job")


def test_a_year_is_not_drawn() -> None:
    with pytest.raises(FieldError, match="not drawn"):
        canonical(Dialect.AWS, "0 0 1 1 ? H", "job")


def test_the_dialects_that_take_an_expression_are_known() -> None:
    assert takers("0 0 12 ? * MON-FRI 2027") == [Dialect.QUARTZ]
    assert takers("*/5 * * * *") == [Dialect.DEBIAN, Dialect.ROBFIG, Dialect.KUBERNETES]
    assert takers("nonsense") == []
