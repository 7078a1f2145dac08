"""The place where the dispatch thread waits."""

from __future__ import annotations

import os
import threading

import pytest

from engine.core.clock import SystemClock
from engine.dispatch.reactor import READ, Reactor


@pytest.fixture
def reactor() -> Reactor:
    return Reactor(SystemClock())


def test_an_order_from_another_thread_ends_the_wait(reactor: Reactor) -> None:
    done: list[int] = []
    threading.Timer(0.05, lambda: reactor.order(lambda: done.append(1))).start()
    reactor.wait(30)
    reactor.obey()
    assert done == [1]
    reactor.close()


def test_a_ready_descriptor_calls_whom_it_was_promised_to(reactor: Reactor) -> None:
    read, write = os.pipe()
    calls: list[tuple[int, int]] = []
    reactor.watch(read, READ, lambda *call: calls.append(call))
    os.write(write, b"x")
    reactor.wait(30)
    reactor.unwatch(read)
    reactor.wait(0)
    assert calls == [(read, READ)]
    for descriptor in (read, write):
        os.close(descriptor)
    reactor.close()


def test_a_later_date_replaces_an_earlier_one_and_none_takes_it_back(reactor: Reactor) -> None:
    calls: list[int] = []

    def action() -> None:
        calls.append(1)

    reactor.call_after(0, action)
    reactor.call_after(None, action)
    reactor.wait(0)
    assert calls == []
    reactor.call_after(1000, action)
    reactor.call_after(2000, action)
    reactor.wait(30)
    reactor.wait(0)
    assert calls == [1]
    reactor.close()


def test_orders_after_the_end_are_harmless(reactor: Reactor) -> None:
    reactor.close()
    reactor.order(lambda: None)
    reactor.close()


def test_wall_time_is_that_of_the_turn() -> None:
    class Hand(SystemClock):
        ahead_us = 1_000

        def now_us(self) -> int:
            return self.monotonic_us() + self.ahead_us

    clock = Hand()
    reactor = Reactor(clock)
    began_us = clock.monotonic_us()
    reactor.wait(0)
    assert began_us <= reactor.woke_us <= clock.monotonic_us()
    clock.ahead_us = 1 << 40
    reactor.obey()
    assert abs(reactor.wall_us(began_us) - began_us - clock.ahead_us) < 1_000_000
    reactor.close()
