"""Snapshots: written by a forked child, named by the parent, shipped in pieces, loaded or fatal.

A file is gzip (level 1) over: magic, header length, header, state. gzip's own CRC and length close
it, so a torn or damaged file never loads.

Cures, by the names of DESIGN.md:
- R8: the library clears the journal unless it begins exactly where the snapshot ends, and the child
  renames the file before the parent trims. Here the parent renames, and the entries that follow
  the snapshot are kept whatever the journal begins with.
- A child that outlives its parent writes into its own temporary file and never renames it.
- The child closes what it inherited, so the port is free when the parent is restarted at once.
- R19: a snapshot that was under way while a newer one was shipped here must not take its place:
  the journal begins behind it already.
- A failed load is never acknowledged: it stops the node.
- Files are flushed before they get their name.
- One that cannot be written is tried again after `AGAIN_S`; the library would fork every tick.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from pysyncobj.config import SERIALIZER_STATE

from engine.raft.pysync import disk
from engine.raft.pysync.library import Damaged, Entry, Fatal, SyncObj, log, now

_MAGIC = b"CHRONSN1"
_SIZE = struct.Struct("<I")
PIECE_BYTES = 256 << 10
AGAIN_S = 5.0
REST = 9  # times as long as a snapshot took: a large state costs no more than a tenth of a core
_FAILED = 255  # exit code of a child that failed, but not over the disk


class SnapshotDamaged(Damaged):
    """The snapshot cannot be read."""


class SnapshotUnusable(Fatal):
    """The machine refused the state of a snapshot; going on would make the nodes differ."""


def write(path: Path, prev: Entry, last: Entry, state: Iterable[bytes]) -> None:
    """Writes and flushes a snapshot: the two entries it ends with, and the state after them."""
    header = msgspec.msgpack.encode((prev, last))
    with path.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, filename="", mtime=0) as file:
            file.write(_MAGIC + _SIZE.pack(len(header)) + header)
            for piece in state:
                file.write(piece)
        raw.flush()
        disk.flush(raw.fileno())


@contextmanager
def opened(path: Path) -> Iterator[tuple[Entry, Entry, IO[bytes]]]:
    """The last two entries and the state of a snapshot file; the state is sound once read whole.

    Raises:
        SnapshotDamaged: the file is torn, damaged or of another make; also while it is read.
    """
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unzipped:
            file = cast("IO[bytes]", unzipped)
            if file.read(len(_MAGIC)) != _MAGIC:
                raise SnapshotDamaged(f"{path}: not a snapshot of this program")
            (size,) = _SIZE.unpack(file.read(_SIZE.size))
            prev, last = msgspec.msgpack.decode(file.read(size), type=tuple[Entry, Entry])
            yield prev, last, file
    except (OSError, EOFError, zlib.error, struct.error, msgspec.MsgspecError) as fault:
        raise SnapshotDamaged(f"{path}: unreadable snapshot ({fault})") from fault


def _end_of(path: Path) -> Entry:
    """The last entry of a snapshot file that was found sound.

    Raises:
        SnapshotDamaged: it is not.
    """
    with opened(path) as (_, last, state):
        while state.read(PIECE_BYTES):
            pass
    return last


class SnapshotStore:
    """What the library calls its serializer: the same seven methods, over one durable file.

    Args:
        path: the file's name once it is whole.
        fork: False writes in the caller's process (for a simulation in one thread).
    """

    def __init__(self, path: Path, *, fork: bool = True) -> None:
        self.path = path
        self.holds: set[object] = set()
        self.shipping: Callable[[], bool] = lambda: False
        self.applied: Callable[[], int] = lambda: 0
        self._fork = fork
        self._child = 0
        self._outcome: int | None = None
        self._not_before = self._began = 0.0
        self.fault = ""
        """Why the last snapshot could not be written; empty when it could."""
        self._serial = 0
        self._temporary = path
        self._id = 0
        self._ends_at = self._installed_at = 0  # last index: of the one under way, of a shipped one
        self._outgoing: dict[Any, tuple[IO[bytes], bool]] = {}
        self._incoming: IO[bytes] | None = None
        for stale in path.parent.glob(path.name + ".*.tmp"):
            stale.unlink(missing_ok=True)

    @property
    def _incoming_path(self) -> Path:
        return self.path.with_name(self.path.name + ".incoming.tmp")

    # Writing

    def serialize(self, data: Any, id_: int) -> None:
        """Starts a snapshot; `data` is (consumers, last entry, entry before it, cluster)."""
        if self._child or self._outcome is not None:
            return
        (_, take), last, prev = data[0], data[1], data[2]
        self._id, self._ends_at, self._began = id_, last[1], now()
        self._serial += 1
        self._temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}-{self._serial}.tmp")
        if not self._fork:
            write(self._temporary, prev, last, take())
            self._outcome = 0
            return
        try:
            pid = os.fork()
        except OSError as fault:  # no memory for it
            self._outcome = fault.errno
            return
        if pid == 0:
            self._be_the_child(take, prev, last)
        self._child = pid

    def _be_the_child(self, take: Callable[[], Iterable[bytes]], prev: Entry, last: Entry) -> None:
        code = _FAILED
        try:
            gc.disable()  # a collection would copy the parent's pages one by one
            os.closerange(3, 1 << 20)  # the port is free when the parent starts again
            write(self._temporary, prev, last, take())
            code = 0
        except OSError as fault:
            code = fault.errno or _FAILED
        finally:
            os._exit(code)  # the reason, as far as one number can tell

    def checkSerializing(self) -> tuple[int, int | None]:  # noqa: N802  # the library's name
        """How the snapshot fares; success is told once, after the file has its name."""
        if self._child:
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid == 0:
                return SERIALIZER_STATE.SERIALIZING, self._id
            self._child, self._outcome = 0, os.waitstatus_to_exitcode(status)
        if self._outcome is None:
            shipping = self._outgoing and self.shipping()  # a new file would begin it anew
            if self.holds or shipping or now() < self._not_before:
                return SERIALIZER_STATE.SERIALIZING, None
            return SERIALIZER_STATE.NOT_SERIALIZING, None
        outcome, self._outcome = self._outcome, None
        self.fault = self._told(outcome)
        if outcome != 0 or self._ends_at <= self._installed_at:
            self._temporary.unlink(missing_ok=True)
            return SERIALIZER_STATE.FAILED, self._id
        with disk.writing(self.path):
            disk.replace(self._temporary, self.path)
        self._forget_transmissions()
        return SERIALIZER_STATE.SUCCESS, self._id

    def _told(self, outcome: int) -> str:
        """What became of a snapshot, logged if it is bad; sets when the next may begin."""
        if outcome == 0:
            self._not_before = now() + REST * (now() - self._began)
            return ""
        self._not_before = now() + AGAIN_S
        if outcome < 0:
            how = f"its writer was ended by signal {-outcome}"
        else:
            how = "its writer failed" if outcome == _FAILED else os.strerror(outcome)
        log.error("no snapshot could be written, so the log grows: %s", how)
        return how

    # Shipping

    def getTransmissionData(self, node: Any) -> tuple[bytes, bool, bool] | None:  # noqa: N802  # the library's name
        """The next piece for `node`: bytes, is first, is last (and empty); None: none now."""
        entry = self._outgoing.get(node)
        if entry is None:
            if not self.path.exists():
                return None
            entry = (self.path.open("rb"), True)
        file, first = entry
        piece = file.read(PIECE_BYTES)
        if piece:
            self._outgoing[node] = (file, False)
        else:
            self.cancelTransmisstion(node)
            file.close()
        return piece, first, not piece

    def setTransmissionData(self, data: Any) -> bool:  # noqa: N802  # the library's name
        """Takes a piece; True when the snapshot is whole, sound and has its name."""
        if not data:
            return False
        piece, first, last = data
        with disk.writing(self._incoming_path):
            if not self._taken(piece, first=first, last=last):
                return False
        try:
            end = _end_of(self._incoming_path)
        except SnapshotDamaged:
            log.exception("a shipped snapshot is damaged; it is asked for again")
            return False
        if end[1] <= self.applied():
            return False  # it would take the machine back; the entries that follow will do
        with disk.writing(self.path):
            disk.replace(self._incoming_path, self.path)
        self._installed_at = end[1]
        self._forget_transmissions()
        return True

    def _taken(self, piece: bytes, *, first: bool, last: bool) -> bool:
        """Writes a piece down; True when it was the last, and the file is flushed."""
        if first:
            if self._incoming is not None:
                self._incoming.close()
            self._incoming = self._incoming_path.open("wb")
        if self._incoming is None:
            return False
        self._incoming.write(piece)
        if not last:
            return False
        self._incoming.flush()
        disk.flush(self._incoming.fileno())
        self._incoming.close()
        self._incoming = None
        return True

    def deserialize(self) -> AbstractContextManager[tuple[Entry, Entry, IO[bytes]]]:
        """The snapshot on disk, see `opened`."""
        return opened(self.path)

    def cancelTransmisstion(self, node: Any) -> None:  # noqa: N802  # the library's name
        """Forgets how far `node` was; its next piece is the first."""
        entry = self._outgoing.pop(node, None)
        if entry is not None:
            entry[0].close()

    def _forget_transmissions(self) -> None:
        for node in list(self._outgoing):
            self.cancelTransmisstion(node)

    def close(self) -> None:
        """Waits for the child, if there is one, and closes what is open."""
        if self._child:
            os.waitpid(self._child, 0)
            self._child = 0
        if self._temporary != self.path:
            self._temporary.unlink(missing_ok=True)
        self._forget_transmissions()
        if self._incoming is not None:
            with contextlib.suppress(OSError):  # what a full disk left in the buffer
                self._incoming.close()
            self._incoming = None


class Snapshots(SyncObj):  # type: ignore[misc]  # the library carries no types
    """How a snapshot becomes the state of this node."""

    restore: Callable[[IO[bytes], int], None]

    def _SyncObj__loadDumpFile(self, clearJournal: bool) -> None:  # noqa: N802, N803  # the library's name
        with self._SyncObj__serializer.deserialize() as (prev, last, state):
            kept = self._with_what_follows(prev, last)
            try:
                self.restore(state, last[1])
            except (OSError, EOFError, zlib.error):
                raise  # damage, not a refusal
            except Exception as fault:
                _end_of(self._SyncObj__serializer.path)  # where it is damaged, that is why
                raise SnapshotUnusable(f"snapshot at index {last[1]}: {fault!r}") from fault
        if kept != self.journal[:]:
            self.journal.reset(kept)
        self._SyncObj__raftLastApplied = last[1]
        end = self._SyncObj__getCurrentLogIndex()
        commit = min(max(self.raftCommitIndex, last[1]), end)
        self._SyncObj__raftCommitIndex = commit
        self.journal.setRaftCommitIndex(commit)

    def _with_what_follows(self, prev: Entry, last: Entry) -> list[Entry]:
        """The journal from a snapshot on: clearing it would drop what this node acknowledged."""
        entries = self.journal[:]
        if entries:
            at = last[1] - entries[0][1]
            if at < 0 and entries[0][1] > 1:
                raise SnapshotDamaged("the journal begins behind the snapshot's end")
            if 0 <= at < len(entries) and entries[at][2] == last[2]:
                return [prev, last, *entries[at + 1 :]]
        return [prev, last]
