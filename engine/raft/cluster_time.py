"""The time that a cluster goes by: the clock on which most of its nodes agree.

Each message between nodes carries a stamp of the sender's clock. From the round trips a node knows
how far the clocks of the others are from its own, and judges:

1. Where the clocks of a majority agree within half a second, their time is the cluster's.
2. Else a node goes by its leader, and a node that does not know better by one that does.
3. Else it goes on from the time that it has, by its monotonic clock, until a majority is found; or
   by its own clock, where nobody ever confirmed any.

A node whose clock agrees goes by its own clock. One whose clock was set, or is wrong, keeps to the
cluster's time all the same, is off, and may not lead. One node alone goes by its own clock.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.core.clock import Clock
from engine.core.ids import Instant
from engine.raft.other_clock import OtherClock

log = logging.getLogger(__name__)

OFFSET_US_MAX: Final = 500_000
"""Clocks that differ by more do not agree."""
BACK_US_MAX: Final = 400_000
"""A clock that was off agrees again below this, so that it does not go to and fro."""
ERROR_US_MAX: Final = 250_000
"""What is known less well is not known."""
READ_US_MAX: Final = 20_000
"""Two clocks that were not read within this were not read together."""


def agree(offset_us: int) -> bool:
    """Whether clocks that differ by so much agree."""
    return abs(offset_us) <= OFFSET_US_MAX


class Stamp(NamedTuple):
    """What a message says of its sender's clocks; microseconds.

    `echo_us` is the receiver's own `sent_us` that was heard last, `held_us` ago; 0 where none was.
    """

    wall_us: Instant
    time_us: Instant
    is_confirmed: bool
    sent_us: int
    echo_us: int
    held_us: int


@dataclass
class _Peer:
    """A peer's own clock, the cluster's time as it has it, and what of ours it should hear back."""

    wall: OtherClock = field(default_factory=OtherClock)
    time: OtherClock = field(default_factory=OtherClock)
    is_confirmed: bool = False
    sent_us: int = 0
    heard_us: int = 0


class _Reference(NamedTuple):
    """A time's lead over our monotonic clock, its error, and whether anybody confirmed it."""

    lead_us: int
    error_us: int
    is_confirmed: bool


class ClusterTime:
    """A clock that shows the cluster's time; `now_us` in any thread, the rest in the tick thread.

    Args:
        clock: of this machine.
        address: this node's Raft address.
        peers: those of the others.
    """

    def __init__(self, clock: Clock, address: str, peers: Collection[str] = ()):
        self._clock = clock
        self._address = address
        self._peers = {peer: _Peer() for peer in peers}
        self._majority = (len(self._peers) + 1) // 2 + 1
        self._lead_us = clock.now_us() - clock.monotonic_us()
        self._offset_us = 0
        self._is_disputed = False
        self.is_known = not self._peers
        """Whether this node knows how far its clock is from the others'."""
        self.is_confirmed = False
        """Whether the clocks of a majority agreed with its time since it started."""
        self.is_off = False
        """Whether its clock is more than half a second away from the cluster's time."""

    # ---- a clock --------------------------------------------------------------------------------

    def now_us(self) -> Instant:
        """The cluster's time, microseconds since the epoch, UTC.

        A clock that was set a moment ago is not followed before the others agree with it.
        """
        wall, kept = self._clock.now_us(), self._clock.monotonic_us() + self._lead_us
        return wall if not self.is_off and agree(wall - kept) else kept

    def monotonic_us(self) -> int:
        """Microseconds of the machine's monotonic clock."""
        return self._clock.monotonic_us()

    # ---- what nodes tell each other -------------------------------------------------------------

    def stamp(self, peer: str) -> Stamp:
        """For a message that is sent to `peer` now."""
        known = self._peers[peer]
        sent = self._clock.monotonic_us()  # first: what follows was shown after it
        held = sent - known.heard_us if known.sent_us else 0
        wall, now = self._clock.now_us(), self.now_us()
        return Stamp(wall, now, self.is_confirmed, sent, known.sent_us, held)

    def hear(self, peer: str, stamp: Stamp) -> None:
        """Take the stamp of a message that has just arrived."""
        now, known = self._clock.monotonic_us(), self._peers[peer]
        known.sent_us, known.heard_us = stamp.sent_us, now
        known.is_confirmed = stamp.is_confirmed
        round_us = now - stamp.echo_us - stamp.held_us
        if stamp.echo_us and round_us >= 0:
            known.wall.take(stamp.wall_us, round_us=round_us, now_us=now)
            known.time.take(stamp.time_us, round_us=round_us, now_us=now)

    def do_without(self) -> None:
        """The leader is of a build that stamps nothing: this node goes by its own clock."""
        self.is_known = True

    # ---- the judgement --------------------------------------------------------------------------

    def look(self, leader: str | None) -> None:
        """Judge anew by what is known now; `leader` is an address."""
        before, wall = self._clock.monotonic_us(), self._clock.now_us()
        now = self._clock.monotonic_us()
        if now - before > READ_US_MAX:
            return
        own = wall - now
        found = self._reference(own, now, leader)
        self.is_known |= found is not None or leader == self._address
        if found is None:
            lead = self._lead_us if self.is_confirmed else own
            found = _Reference(lead, error_us=0, is_confirmed=False)
        self.is_confirmed |= found.is_confirmed
        apart = own - found.lead_us
        self._turn(abs(apart) > self._bound_us + found.error_us, apart)
        if self.is_off:
            low, high = found.lead_us - found.error_us, found.lead_us + found.error_us
            self._follow(min(max(self._lead_us, low), high))
        else:
            self._follow(own)
        self._offset_us = own - self._lead_us
        self._is_disputed = not self.is_confirmed and any(
            not agree(lead - own) for lead, _ in self._walls(now)
        )

    def _reference(self, own: int, now: int, leader: str | None) -> _Reference | None:
        agreed = self._agreed(sorted([(own, 0), *self._walls(now)]))
        if agreed is not None:
            return _Reference(*agreed, is_confirmed=True)
        for peer in self._teachers(leader):
            lead = peer.time.lead(now)
            if lead is not None and lead[1] <= ERROR_US_MAX:
                return _Reference(*lead, is_confirmed=peer.is_confirmed)
        return None

    def _teachers(self, leader: str | None) -> list[_Peer]:
        """The peers by whose time this node goes where no majority agrees, the best first."""
        head = self._peers.get(leader) if leader else None
        if self.is_confirmed:
            return [head] if head is not None and head.is_confirmed else []
        confirmed = [peer for peer in self._peers.values() if peer.is_confirmed]
        return confirmed if head is None else [*confirmed, head]

    def _walls(self, now: int) -> list[tuple[int, int]]:
        """The clocks of the peers, as far as they are known well enough."""
        leads = (peer.wall.lead(now) for peer in self._peers.values())
        return [lead for lead in leads if lead is not None and lead[1] <= ERROR_US_MAX]

    def _agreed(self, leads: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The middle one, if a majority of the cluster agrees; that is one of them then."""
        last = self._majority - 1
        if any(
            leads[place + last][0] - leads[place][0] <= self._bound_us
            for place in range(len(leads) - last)
        ):
            return leads[len(leads) // 2]
        return None

    @property
    def _bound_us(self) -> int:
        """How far clocks may be apart that agree, as this node judges now."""
        return BACK_US_MAX if self.is_off else OFFSET_US_MAX

    def _turn(self, is_off: bool, offset_us: int) -> None:
        if is_off and not self.is_off:
            log.error("this node's clock is %+.3f s off the cluster's time", offset_us / 1e6)
        elif self.is_off and not is_off:
            log.warning("this node's clock agrees with the cluster's time again")
        self.is_off = is_off

    def _follow(self, lead_us: int) -> None:
        leap_us = lead_us - self._lead_us
        if not agree(leap_us):
            log.error("the time that this node goes by was set by %+.3f s", leap_us / 1e6)
        self._lead_us = lead_us

    # ---- what it means --------------------------------------------------------------------------

    @property
    def is_fit(self) -> bool:
        """Whether this node's clock speaks for its leading, as far as it knows."""
        return not self.is_off and not self._is_disputed

    def agrees(self, peer: str) -> bool:
        """Whether the clock of a peer is known, and near the cluster's time."""
        offset = self.offset_us(peer)
        return offset is not None and agree(offset)

    def offset_us(self, peer: str) -> int | None:
        """How far a node's clock is ahead of the cluster's time, microseconds; None: unknown."""
        if peer == self._address:
            return self._offset_us
        lead = self._peers[peer].wall.lead(self._clock.monotonic_us())
        return None if lead is None else lead[0] - self._lead_us
