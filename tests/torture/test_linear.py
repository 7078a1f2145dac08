"""The checker of histories: against all orders by force, and with faults planted in it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from itertools import permutations
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tests.torture.linear import UNKNOWN, Operation, is_linearizable, unlinearizable


def register(state: Hashable, asked: Hashable) -> tuple[Hashable, Hashable]:
    """One cell: ("read",), ("write", v), ("swap", old, new), which answers whether it did."""
    assert isinstance(asked, tuple)
    if asked[0] == "read":
        return state, state
    if asked[0] == "write":
        return asked[1], "ok"
    return (asked[2], True) if state == asked[1] else (state, False)


def op(asked: tuple[object, ...], answer: Hashable, start: float, end: float) -> Operation:
    return Operation(key="x", asked=asked, answer=answer, asked_at=start, answered_at=end)


def by_force(operations: list[Operation]) -> bool:
    """All orders of all choices of what happened."""
    known = [one for one in operations if one.answer is not UNKNOWN]
    open_ = [one for one in operations if one.answer is UNKNOWN]
    for chosen in range(1 << len(open_)):
        happened = known + [one for k, one in enumerate(open_) if chosen >> k & 1]
        if any(_fits(order) for order in permutations(happened)):
            return True
    return False


def _fits(order: tuple[Operation, ...]) -> bool:
    state: Hashable = None
    for place, one in enumerate(order):
        if any(later.answered_at < one.asked_at for later in order[place + 1 :]):
            return False
        state, answer = register(state, one.asked)
        if one.answer not in (UNKNOWN, answer):
            return False
    return True


VALUES = st.integers(0, 2)
ASKED = st.one_of(
    st.just(("read",)),
    st.tuples(st.just("write"), VALUES),
    st.tuples(st.just("swap"), VALUES, VALUES),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    found = []
    for _ in range(draw(st.integers(1, 5))):
        asked = draw(ASKED)
        start = draw(st.integers(0, 8))
        answers = {
            "read": st.one_of(st.none(), VALUES),
            "write": st.just("ok"),
            "swap": st.booleans(),
        }
        answer = draw(st.one_of(st.just(UNKNOWN), answers[asked[0]], answers[asked[0]]))
        end = inf if answer is UNKNOWN else start + draw(st.integers(1, 5))
        found.append(op(asked, answer, start, end))
    return found


@given(histories())
def test_it_says_what_trying_all_orders_says(history: list[Operation]) -> None:
    assert is_linearizable(history, register) == by_force(history)


WELL = [
    op(("write", 1), "ok", 0, 1),
    op(("write", 2), "ok", 2, 5),
    op(("read",), 1, 3, 4),  # the write of 2 is still on its way
    op(("swap", 2, 3), True, 6, 7),
    op(("read",), 3, 8, 9),
]


def test_a_history_without_faults_has_none() -> None:
    assert unlinearizable(WELL, register) == {}


def test_a_planted_stale_read_is_found_and_named() -> None:
    stale = replace(WELL[-1], answer=2)
    found = unlinearizable([*WELL[:-1], stale], register)
    assert found["x"][-1] == stale
    after_two = op(("read",), 1, 5.5, 5.8)
    assert unlinearizable([*WELL, after_two], register)["x"][-1] == after_two


def test_values_that_go_back_are_found() -> None:
    reads = [op(("read",), 2, 2.1, 2.2), op(("read",), 1, 3, 4)]
    assert unlinearizable([*WELL[:2], *reads], register)


def test_what_was_never_answered_may_happen_late_or_never() -> None:
    lost = op(("write", 9), UNKNOWN, 0, inf)
    assert not unlinearizable([*WELL, lost], register)
    assert not unlinearizable([*WELL, lost, op(("read",), 9, 20, 21)], register)
    twice = [op(("read",), 9, 20, 21), op(("read",), 3, 22, 23)]
    assert unlinearizable([*WELL, lost, *twice], register), "it is undone again"


def test_keys_are_judged_apart() -> None:
    other = [replace(one, key="y") for one in WELL]
    stale = replace(other[-1], answer=1)
    assert list(unlinearizable([*WELL, *other[:-1], stale], register)) == ["y"]


def test_a_long_history_of_many_clients_is_judged_soon() -> None:
    history = [
        op(("write", k // 8), "ok", k // 8 * 10 + k % 8 * 0.1, k // 8 * 10 + 5)
        for k in range(1_600)
    ]
    assert is_linearizable(history, register)
