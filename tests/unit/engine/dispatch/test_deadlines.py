from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from engine.dispatch.deadlines import AHEAD_US, SLOT_US, Deadlines
from engine.dispatch.reactor import Reactor


class Hand:
    """A clock and a timer that are moved by hand."""

    def __init__(self) -> None:
        self.at_us = 0
        self.due: tuple[int, Callable[[], None]] | None = None

    def now_us(self) -> int:
        return self.at_us

    def monotonic_us(self) -> int:
        return self.at_us

    def call_after(self, wait_us: int | None, action: Callable[[], None]) -> None:
        self.due = None if wait_us is None else (self.at_us + wait_us, action)

    def go_to(self, at_us: int) -> None:
        while self.due is not None and self.due[0] <= at_us:
            self.at_us, action = max(self.at_us, self.due[0]), self.due[1]
            self.due = None
            action()
        self.at_us = at_us


def made() -> tuple[Hand, Deadlines[str], list[tuple[int, str]]]:
    hand, told = Hand(), cast("list[tuple[int, str]]", [])
    reactor = cast(Reactor, cast(Any, hand))
    return hand, Deadlines(reactor, hand, lambda item: told.append((hand.at_us, item))), told


def test_each_item_is_told_once_and_never_early() -> None:
    hand, deadlines, told = made()
    wanted = {f"item {k}": k * 7_001 for k in range(100)}
    for item, at_us in reversed(wanted.items()):
        deadlines.add(item, 0, at_us)
    hand.go_to(2_000_000)
    assert sorted(item for _, item in told) == sorted(wanted)
    assert all(wanted[item] <= at_us <= wanted[item] + SLOT_US for at_us, item in told)


def test_what_is_removed_is_not_told() -> None:
    hand, deadlines, told = made()
    slots = {item: deadlines.add(item, 0, 50_000) for item in "abc"}
    deadlines.remove("b", slots["b"])
    hand.go_to(100_000)
    assert sorted(item for _, item in told) == ["a", "c"]


def test_what_is_far_off_is_told_to_be_added_again() -> None:
    hand, deadlines, told = made()
    deadlines.add("far", 0, 1 << 60)
    hand.go_to(AHEAD_US + SLOT_US)
    assert [item for _, item in told] == ["far"]
