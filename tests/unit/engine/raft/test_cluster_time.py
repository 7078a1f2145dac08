"""Which time a cluster goes by, and who is off it."""

from __future__ import annotations

from itertools import combinations

import pytest

from engine.core.ids import Instant
from engine.raft.cluster_time import ClusterTime
from tests.kit.clocks import EPOCH, SetClock
from tests.kit.jobs import SECOND

MILLI = 1_000


class Nodes:
    """Nodes that talk to each other as leader and followers do; the first leads."""

    def __init__(self, names: str = "abc", silent: str = ""):
        self.names, self.silent = names, silent
        self.leader = names[0]
        self.clocks = {name: SetClock() for name in names}
        self.times: dict[str, ClusterTime] = {}
        for name in names:
            self.start(name)

    def start(self, name: str) -> None:
        """A process that knows nothing yet."""
        peers = [other for other in self.names if other != name]
        self.times[name] = ClusterTime(self.clocks[name], name, peers)

    def step(self, seconds: float, *names: str) -> None:
        for name in names:
            self.clocks[name].step(int(seconds * SECOND))

    def wait(self, us: int) -> None:
        for clock in self.clocks.values():
            clock.pass_(us)

    def talk(self, rounds: int = 3, there_us: int = MILLI, back_us: int = MILLI) -> None:
        """Heartbeats of the leader to who is not silent, and their answers."""
        head = self.times[self.leader]
        for _ in range(rounds):
            for name in self.names:
                if name == self.leader or name in self.silent:
                    continue
                beat = head.stamp(name)
                self.wait(there_us)
                self.times[name].hear(self.leader, beat)
                answer = self.times[name].stamp(self.leader)
                self.wait(back_us)
                head.hear(name, answer)
            self.wait(100 * MILLI)
            for time in self.times.values():
                time.look(self.leader)

    def wrong(self) -> dict[str, float]:
        """By how many seconds each node goes wrong, where it does by more than 10 ms."""
        true = EPOCH + next(iter(self.clocks.values())).monotonic
        found = {name: (time.now_us() - true) / SECOND for name, time in self.times.items()}
        return {name: round(apart, 2) for name, apart in found.items() if abs(apart) > 0.01}

    def off(self) -> str:
        return "".join(name for name in self.names if self.times[name].is_off)


@pytest.fixture
def nodes() -> Nodes:
    """Three that agree."""
    found = Nodes()
    found.talk()
    assert all(time.is_confirmed for time in found.times.values())
    return found


@pytest.mark.parametrize("seconds", [2, -2, 90, -90, 3_600])
@pytest.mark.parametrize("who", ["a", "b"])
def test_a_clock_that_is_set_is_not_followed_and_its_node_is_off(
    nodes: Nodes, who: str, seconds: int
) -> None:
    nodes.step(seconds, who)
    assert nodes.wrong() == {}, "before anybody was asked"
    nodes.talk()
    assert nodes.wrong() == {}
    assert nodes.off() == who
    assert nodes.times[who].offset_us(who) == pytest.approx(seconds * SECOND, abs=10 * MILLI)
    assert nodes.times["a"].offset_us(who) == pytest.approx(seconds * SECOND, abs=10 * MILLI)
    nodes.step(-seconds, who)
    nodes.talk()
    assert (nodes.off(), nodes.wrong()) == ("", {})


def test_small_differences_are_followed(nodes: Nodes) -> None:
    nodes.step(0.4, "b")
    nodes.talk()
    assert nodes.off() == ""
    assert nodes.wrong() == {"b": 0.4}


@pytest.mark.parametrize("seconds", [90, -90])
def test_where_a_majority_is_set_alike_its_time_is_the_clusters(nodes: Nodes, seconds: int) -> None:
    nodes.step(seconds, "a", "b")
    nodes.talk()
    assert nodes.off() == "c"
    assert nodes.wrong() == {"a": seconds, "b": seconds, "c": seconds}


def test_all_that_are_set_alike_are_followed_as_after_a_suspended_machine(nodes: Nodes) -> None:
    nodes.step(3_600, "a", "b", "c")
    assert nodes.wrong() == {}
    nodes.talk()
    assert nodes.wrong() == {"a": 3_600, "b": 3_600, "c": 3_600}
    assert nodes.off() == ""


def test_where_no_majority_agrees_all_go_on_by_their_monotonic_clocks(nodes: Nodes) -> None:
    nodes.step(90, "a")
    nodes.step(-40, "b")
    nodes.talk(100)
    assert nodes.wrong() == {}
    assert nodes.off() == "ab"


def test_a_node_that_starts_with_a_wrong_clock_learns_before_it_speaks(nodes: Nodes) -> None:
    nodes.step(90, "c")
    nodes.start("c")
    assert not nodes.times["c"].is_known
    nodes.talk()
    assert nodes.times["c"].is_known
    assert (nodes.off(), nodes.wrong()) == ("c", {})


def test_a_leader_that_starts_with_a_wrong_clock_is_off_once_it_hears_two_that_agree() -> None:
    nodes = Nodes()
    nodes.step(90, "a")
    nodes.talk()
    assert (nodes.off(), nodes.wrong()) == ("a", {})


def test_of_two_that_started_apart_neither_stands_willingly_and_the_follower_follows() -> None:
    nodes = Nodes(silent="c")
    nodes.step(90, "b")
    nodes.talk()
    assert not nodes.times["a"].is_fit
    assert not nodes.times["a"].is_off
    assert (nodes.off(), nodes.wrong()) == ("b", {})


def test_who_was_confirmed_is_believed_where_two_are_left(nodes: Nodes) -> None:
    """The leader was started anew with a wrong clock; its only follower has known the time."""
    nodes.silent = "c"
    nodes.step(90, "a")
    nodes.start("a")
    nodes.talk()
    assert "a" in nodes.off()
    assert nodes.wrong() == {}


def test_one_node_alone_goes_by_its_own_clock() -> None:
    nodes = Nodes("a")
    assert nodes.times["a"].is_known
    nodes.step(90, "a")
    nodes.times["a"].look("a")
    assert nodes.wrong() == {"a": 90}
    assert nodes.off() == ""


def test_nodes_that_stamp_nothing_leave_the_others_to_their_own_clocks() -> None:
    nodes = Nodes(silent="bc")
    nodes.times["b"].do_without()
    assert nodes.times["b"].is_known
    nodes.step(90, "b")
    nodes.times["b"].look("a")
    assert nodes.wrong() == {"b": 90}


@pytest.mark.parametrize("there_ms", [1, 200, 399])
def test_a_lopsided_way_moves_nobody(nodes: Nodes, there_ms: int) -> None:
    nodes.step(90, "b")
    nodes.talk(20, there_us=there_ms * MILLI, back_us=MILLI)
    assert (nodes.off(), nodes.wrong()) == ("b", {})


@pytest.mark.parametrize("pair", list(combinations("abcde", 2)))
def test_of_five_two_may_be_wrong(pair: tuple[str, str]) -> None:
    nodes = Nodes("abcde")
    nodes.talk()
    nodes.step(90, *pair)
    nodes.talk()
    assert (nodes.off(), nodes.wrong()) == ("".join(pair), {})


def test_a_clock_near_the_bound_does_not_go_to_and_fro(nodes: Nodes) -> None:
    nodes.step(0.6, "b")
    nodes.talk()
    assert nodes.off() == "b"
    nodes.step(-0.15, "b")
    nodes.talk()
    assert nodes.off() == "b"
    nodes.step(-0.1, "b")
    nodes.talk()
    assert nodes.off() == ""


def test_what_was_not_heard_for_long_is_not_known(nodes: Nodes) -> None:
    instant: Instant = nodes.times["a"].now_us()
    assert nodes.times["a"].agrees("b")
    nodes.wait(6 * SECOND)
    assert nodes.times["a"].offset_us("b") is None
    assert not nodes.times["a"].agrees("b")
    assert nodes.times["a"].now_us() == instant + 6 * SECOND
