"""One node of the Raft group: the facade that the rest of the engine sees.

The node owns its tick thread. Everything of the library runs there; `propose`, `status` and the
lease may be used from any thread.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable

from engine.core.aside import set_aside
from engine.raft.cluster_time import ClusterTime
from engine.raft.pysync.config import RaftConfig
from engine.raft.pysync.hold import Hold
from engine.raft.pysync.library import ROLES, Damaged, DiskFault, Fatal, Node, log, now
from engine.raft.pysync.proposals import Done, Failure, Proposal
from engine.raft.pysync.replica import Machine, Replica
from engine.raft.pysync.status import PeerStatus, RaftStatus, observe
from engine.raft.pysync.wire import PeerTransport

__all__ = [
    "Done",
    "Failure",
    "Hold",
    "Machine",
    "PeerStatus",
    "RaftConfig",
    "RaftNode",
    "RaftStatus",
]

IDLE_TICK_S = 0.05
PROPOSE_TIMEOUT_S = 5.0
SUBMIT_MAX = 1000  # commands taken into one tick
COMMAND_BYTES_MAX = 16 << 20
_US = 1_000_000


class RaftNode:
    """A member of the group.

    Args:
        config: addresses, times, files.
        machine: what the log drives; called in the tick thread (its `snapshot` in a child).
        cluster_time: of this node; kept by what peers say of their clocks.
        on_role: told "leader", "follower" or "candidate" when it changes, in the tick thread.
            "leader" comes before the machine is current: propose something and wait for it.
        on_fatal: told why the node stopped by itself, in the tick thread, last of all.

    Attributes:
        set_aside: files that were damaged, by their new names; their content comes from the peers.
        fault: why the node stopped by itself; empty while it did not.
        disk_failed: whether it stopped over its disk, so that it may begin anew once that is well.

    Raises:
        Damaged: a file is, and there are no peers to bring back what it held.
    """

    def __init__(
        self,
        config: RaftConfig,
        machine: Machine,
        cluster_time: ClusterTime,
        *,
        on_role: Callable[[str], None],
        on_fatal: Callable[[str], None],
    ) -> None:
        self.config = config
        self._machine, self._time = machine, cluster_time
        self.set_aside: list[str] = []
        self.fault = ""
        self.disk_failed = False
        self._on_role, self._on_fatal = on_role, on_fatal
        self._inbox: deque[Proposal] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._held: deque[Proposal] = deque()  # waiting for a leader
        self._open: list[tuple[float, int, Proposal]] = []  # in the library's hands, by deadline
        self._stopping = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._serials = itertools.count(1)
        self._leader_wait = 2 * config.election_timeout_us / _US
        self._take_replica(self._opened())

    def _opened(self) -> Replica:
        """The replica over its files, or over none where those were damaged."""
        try:
            return self._made()
        except Damaged as damage:
            return self._begun_anew(damage)

    def _begun_anew(self, damage: Damaged) -> Replica:
        """Sets the files aside and begins as a node without a past, which peers give back."""
        if not self.config.peers:
            raise type(damage)(
                f"{damage}. This node has no peers that could bring it back. Put a backup in its "
                "place (chronos restore), or take the damaged files away to begin with what is left"
            ) from damage
        folder = self.config.data_dir
        self.set_aside += set_aside(folder, "raft.*", self._time.now_us())
        log.critical("%s. Set aside: %s", damage, ", ".join(self.set_aside))
        replica = self._made()
        replica.begin_rejoin("its files were damaged")
        return replica

    def _take_replica(self, replica: Replica) -> None:
        self._replica = replica
        self._poller = replica._poller  # the bell of our own poller
        self._status, self._ticked = observe(replica), now()

    def _made(self) -> Replica:
        config = self.config
        low, high = config.heartbeat_timeout_us / _US, config.election_timeout_us / _US
        return Replica(
            config.address,
            config.peers,
            config.data_dir,
            self._machine,
            PeerTransport,
            self._time,
            password=config.secret or None,
            bindAddress=config.address,
            raftMinTimeout=low,
            raftMaxTimeout=high,
            appendEntriesPeriod=min(0.1, low / 5),
            leaderFallbackTimeout=high,
            connectionTimeout=2 * high,
            connectionRetryTime=0.5,
            bindRetryTime=0.2,
            logCompactionMinTime=config.snapshot_interval_us / _US,
            logCompactionMinEntries=max(2, config.snapshot_threshold),
            appendEntriesBatchSizeBytes=1 << 20,
            commandsQueueSize=0,
            onStateChanged=self._role_changed,
        )

    def _role_changed(self, _old: int, new: int) -> None:
        try:
            self._on_role(ROLES[new])
        except Exception:
            log.exception("the role callback raised")

    # Any thread

    def start(self, *, least: int = 0) -> None:
        """Has the machine restored from the snapshot, here, then starts the tick thread.

        Args:
            least: an entry that is known to have been applied here; a log that ends before it
                has lost its end.

        Raises:
            RuntimeError: started before.
            Fatal: the files are damaged and there are no peers, or the machine refused the state.
        """
        if self._thread is not None:
            raise RuntimeError("a raft node starts once")
        try:
            self._replica.load(least)
        except Damaged as damage:
            self._replica.destroy()
            self._stopped = True
            self._take_replica(self._begun_anew(damage))
            self._stopped = False
            self._replica.load(0)
        self._thread = threading.Thread(target=self._run, name="raft", daemon=True)
        self._thread.start()

    def propose(self, raw: bytes, done: Done, *, timeout: float = PROPOSE_TIMEOUT_S) -> None:
        """Puts a command before the group.

        Args:
            raw: the command, at most `COMMAND_BYTES_MAX` bytes.
            done: called once, in the tick thread, with what `Machine.apply` returned here, or with
                a `Failure`. It must be short.
            timeout: seconds after which `done` gets `UNKNOWN`, or `NOT_READY` when no leader was
                found and the command never left.

        Raises:
            ValueError: the command is too long.
        """
        if len(raw) > COMMAND_BYTES_MAX:
            raise ValueError(f"a command of {len(raw)} bytes: at most {COMMAND_BYTES_MAX}")
        at = now()
        proposal = Proposal(raw, done, at + timeout, at + min(timeout, self._leader_wait))
        self._inbox.append(proposal)
        if self._stopped:
            self._refuse_inbox()
            return
        self._wake()

    def status(self) -> RaftStatus:
        """The node at the end of its last tick."""
        return self._status

    def silent_s(self) -> float:
        """Seconds since the tick thread last came round: long where the disk or a CPU holds it."""
        return 0.0 if self._thread is None or self._stopped else now() - self._ticked

    def flushing_s(self) -> float:
        """Seconds for which the disk has not answered the flush that is under way."""
        return float(self._replica.journal.flushes.waiting_s())

    def lease_valid(self) -> bool:
        """True while this node leads and no other node can have become leader."""
        return not self._stopped and self._replica.lease_ok()

    def transfer(self, to: str | None) -> None:
        """Asks to hand leadership to `to`, or to the most current follower; the leader only."""
        self._order(lambda: self._replica.transferLeadership(None if to is None else Node(to)))

    def force_snapshot(self) -> None:
        """Takes a snapshot soon, whatever the thresholds."""
        self._order(self._replica.forceLogCompaction)

    def hold_snapshots(self) -> Hold:
        """Keeps snapshots from starting until the hold is released; one under way still ends."""
        store = self._replica._store  # our own class
        token = object()
        store.holds.add(token)
        return Hold(lambda: store.holds.discard(token))

    def stop(self, timeout: float = 10.0) -> None:
        """Stops in order: flushes the journal, closes the sockets, joins the thread."""
        self._stopping.set()
        if self._thread is None:
            if not self._stopped:
                self._close()
            return
        self._wake()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _order(self, act: Callable[[], None]) -> None:
        self._orders.append(act)
        self._wake()

    def _wake(self) -> None:
        try:
            self._poller.wake()
        except OSError:
            self._refuse_inbox()  # the thread ended meanwhile

    # The tick thread

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._take_orders()
                self._take_proposals()
                self._replica.doTick(0.0 if self._inbox else self._replica.idle_s(IDLE_TICK_S))
                self._expire()
                self._status, self._ticked = observe(self._replica), now()
        except Fatal as fault:
            self.disk_failed = isinstance(fault, DiskFault)
            self.fault = f"{type(fault).__name__}: {fault}"
            log.critical("raft stops: %s", self.fault)
        except Exception as fault:
            self.fault = f"{type(fault).__name__}: {fault}"
            log.exception("raft stops")
        finally:
            self._close()
            if self.fault:
                self._on_fatal(self.fault)

    def _take_orders(self) -> None:
        while self._orders:
            self._orders.popleft()()

    def _take_proposals(self) -> None:
        waiting = self._replica._getLeader() is None  # the library's public answer
        taken = 0
        while self._held and not waiting and taken < SUBMIT_MAX:
            self._submit(self._held.popleft())
            taken += 1
        while self._inbox and taken < SUBMIT_MAX:
            proposal = self._inbox.popleft()
            taken += 1
            if waiting or self._held:
                self._held.append(proposal)
            else:
                self._submit(proposal)

    def _submit(self, proposal: Proposal) -> None:
        heapq.heappush(self._open, (proposal.deadline, next(self._serials), proposal))
        self._replica.submit(proposal.raw, proposal.answer)

    def _expire(self) -> None:
        at = now()
        # The library drops a forwarded command with its link and never calls back.
        for proposal in [p for p in self._held if p.leader_by <= at]:
            self._held.remove(proposal)
            proposal.settle(None, Failure.NOT_READY)
        while self._open and (self._open[0][2].done is None or self._open[0][0] <= at):
            heapq.heappop(self._open)[2].settle(None, Failure.UNKNOWN)

    def _close(self) -> None:
        self._stopped = True
        try:
            self._replica.destroy()
        except Exception:
            log.exception("raft could not close in order")
        self._refuse_inbox()
        for proposal in self._held:
            proposal.settle(None, Failure.NOT_READY)
        for _, _, proposal in self._open:
            proposal.settle(None, Failure.UNKNOWN)

    def _refuse_inbox(self) -> None:
        while True:
            try:
                proposal = self._inbox.popleft()
            except IndexError:
                return
            proposal.settle(None, Failure.NOT_READY)
