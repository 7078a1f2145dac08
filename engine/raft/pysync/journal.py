"""The log on disk: one checksummed append-only file for entries, term, vote and commit index.

Cures, by the names of DESIGN.md:
- R12, no flush and no checksum: every record carries a CRC; `sync` writes all that is waiting and
  flushes once (group commit). A torn tail was never acknowledged and is cut off; damage in bytes
  that *were* flushed refuses to start, since dropping them would lose what was acknowledged.
- R11, compaction in place: the file is rewritten beside itself and renamed.
- Vote forgotten: term and vote are records of the same file, flushed before any message leaves.
- A flush that failed: the kernel calls the pages clean that the disk does not hold, and reads them
  back until it drops them. So nothing is written behind a failure, and whatever a start finds is
  written anew, into pages of its own, before it is trusted.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterable
from io import BufferedRandom
from pathlib import Path
from typing import overload

import pysyncobj.syncobj
from pysyncobj.journal import Journal as LibraryJournal

from engine.raft.pysync import disk
from engine.raft.pysync.library import Damaged, DiskFault, Entry, log

_FRAME = struct.Struct("<II")  # length and CRC of the body
_ENTRY, _CUT, _MARK, _COMMIT, _VOTE, _REJOIN = 1, 2, 3, 4, 5, 6
_ENTRY_HEAD = struct.Struct("<BQQ")  # kind, index, term
_NUMBER = struct.Struct("<BQ")
_MAGIC = b"chronos\x00"
_MARK_BODY = struct.Struct("<B8sQ")  # kind, magic, offset up to which the file is flushed
RECORD_BYTES_MAX = 1 << 30


class JournalDamaged(Damaged):
    """Flushed bytes of the journal changed, or are gone."""


def _record(body: bytes) -> bytes:
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def _body_at(data: bytes, offset: int) -> bytes | None:
    """The body of the record at `offset`, None where there is no whole and sound one."""
    if offset < 0 or offset + _FRAME.size > len(data):
        return None
    size, crc = _FRAME.unpack_from(data, offset)
    start = offset + _FRAME.size
    if not 0 < size <= RECORD_BYTES_MAX or start + size > len(data):
        return None
    body = data[start : start + size]
    return body if zlib.crc32(body) == crc else None


class Journal(LibraryJournal):  # type: ignore[misc]  # the library carries no types
    """The library's journal over one write-ahead file; entries are also kept in memory."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.flushes = disk.Flushes()
        self.rejoining = False
        self._entries: list[Entry] = []
        self._waiting: list[bytes] = []
        self._term, self._vote, self._commit, self._commit_written = 0, "", 1, 1
        self._file: BufferedRandom | None = None
        self._failed = False
        self.fsyncs = 0
        self._replay(self.path.read_bytes() if self.path.exists() else b"")
        self.reset(self._entries)

    def _replay(self, data: bytes) -> None:
        """Reads every sound record."""
        offset = 0
        while (body := _body_at(data, offset)) is not None:
            self._absorb(body)
            offset += _FRAME.size + len(body)
        if offset < len(data):
            self._refuse_damage(data, offset)
            log.warning("journal: %d torn bytes dropped", len(data) - offset)

    def _refuse_damage(self, data: bytes, bad: int) -> None:
        """A later mark that swears `bad` was flushed makes it damage, not a torn write."""
        at = data.find(_MAGIC, bad)
        while at != -1:
            body = _body_at(data, at - 1 - _FRAME.size)
            if body is not None and body[0] == _MARK and _MARK_BODY.unpack(body)[2] > bad:
                raise JournalDamaged(f"{self.path} is damaged at byte {bad} of {len(data)}")
            at = data.find(_MAGIC, at + 1)

    def _absorb(self, body: bytes) -> None:
        kind = body[0]
        if kind == _ENTRY:
            _, index, term = _ENTRY_HEAD.unpack_from(body)
            self._entries.append((body[_ENTRY_HEAD.size :], index, term))
        elif kind == _CUT:
            _, index = _NUMBER.unpack(body)
            while self._entries and self._entries[-1][1] >= index:
                self._entries.pop()
        elif kind == _COMMIT:
            self._commit = self._commit_written = _NUMBER.unpack(body)[1]
        elif kind == _VOTE:
            self._term = _NUMBER.unpack_from(body)[1]
            self._vote = body[_NUMBER.size :].decode()
        elif kind == _REJOIN:
            self.rejoining = bool(_NUMBER.unpack(body)[1])

    # Writing

    def _put(self, body: bytes) -> None:
        if not self._waiting:
            self._waiting.append(_record(_MARK_BODY.pack(_MARK, _MAGIC, self._flushed)))
        self._waiting.append(_record(body))

    @property
    def dirty(self) -> bool:
        """True while something waits for `sync`."""
        return bool(self._waiting)

    def sync(self) -> None:
        """Writes and flushes all that waits: one flush, however many entries.

        Raises:
            DiskFault: the disk refused, now or before; it is never tried again.
        """
        if self._failed:
            raise DiskFault(f"{self.path}: an earlier write failed")
        if not self._waiting or self._file is None:
            return
        if self._commit != self._commit_written:
            # Last in the batch: a torn batch must not commit entries that it would have replaced.
            self._waiting.append(_record(_NUMBER.pack(_COMMIT, self._commit)))
            self._commit_written = self._commit
        self._failed = True
        with disk.writing(self.path), self.flushes.timed():
            self._file.write(b"".join(self._waiting))
            self._file.flush()
            disk.flush(self._file.fileno())
        self._failed = False
        self.fsyncs += 1
        self._flushed = self._file.tell()
        self._waiting.clear()

    flush = sync

    def add(self, command: bytes, idx: int, term: int) -> None:
        """Appends an entry; durable after `sync`."""
        self._entries.append((command, idx, term))
        self._put(_ENTRY_HEAD.pack(_ENTRY, idx, term) + command)

    def deleteEntriesFrom(self, entryFrom: int) -> None:  # noqa: N802, N803  # the library's name
        """Cuts the entries at position `entryFrom` and behind."""
        if entryFrom < len(self._entries):
            self._put(_NUMBER.pack(_CUT, self._entries[entryFrom][1]))
            del self._entries[entryFrom:]

    def deleteEntriesTo(self, entryTo: int) -> None:  # noqa: N802, N803  # the library's name
        """Drops the entries before position `entryTo`, atomically."""
        self.reset(self._entries[entryTo:])

    def clear(self) -> None:
        """Drops all entries, atomically."""
        self.reset([])

    def reset(self, entries: Iterable[Entry]) -> None:
        """Makes the journal hold exactly `entries`, with term, vote and commit index; durable."""
        kept = list(entries)
        fresh = self.path.with_suffix(".new")
        self._failed = True
        with disk.writing(self.path), self.flushes.timed():
            file = fresh.open("w+b")
            try:
                self._write_all(file, kept)
                disk.replace(fresh, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    file.close()
                raise
        self._failed = False
        self.fsyncs += 1
        if self._file is not None:
            self._file.close()
        self._file, self._entries, self._flushed = file, kept, file.tell()
        self._commit_written = self._commit
        self._waiting.clear()

    def _write_all(self, file: BufferedRandom, kept: list[Entry]) -> None:
        file.write(_record(_NUMBER.pack(_VOTE, self._term) + self._vote.encode()))
        file.write(_record(_NUMBER.pack(_REJOIN, self.rejoining)))
        for command, index, term in kept:
            file.write(_record(_ENTRY_HEAD.pack(_ENTRY, index, term) + command))
        file.write(_record(_NUMBER.pack(_COMMIT, self._commit)))
        file.write(_record(_MARK_BODY.pack(_MARK, _MAGIC, file.tell())))  # it appears whole
        file.flush()
        disk.flush(file.fileno())

    # Reading

    @overload
    def __getitem__(self, item: int) -> Entry: ...
    @overload
    def __getitem__(self, item: slice) -> list[Entry]: ...
    def __getitem__(self, item: int | slice) -> Entry | list[Entry]:
        return self._entries[item]

    def __len__(self) -> int:
        return len(self._entries)

    # Term, vote and commit index

    def setCurrentTerm(self, term: int, votedForNodeId: str | None) -> None:  # noqa: N802, N803  # the library's name
        """Remembers term and vote, durably, before any message tells of them."""
        if (term, votedForNodeId or "") == (self._term, self._vote):
            return
        self._term, self._vote = term, votedForNodeId or ""
        self._put(_NUMBER.pack(_VOTE, term) + self._vote.encode())
        self.sync()

    def getCurrentTerm(self) -> int:  # noqa: N802  # the library's name
        """The term last remembered."""
        return self._term

    def getVotedForNodeId(self) -> str | None:  # noqa: N802  # the library's name
        """Whom this node voted for in that term."""
        return self._vote or None

    def setRaftCommitIndex(self, raftCommitIndex: int) -> None:  # noqa: N802, N803  # the library's name
        """Notes the commit index; it travels with the next flush, since replay can do without."""
        self._commit = raftCommitIndex

    def getRaftCommitIndex(self) -> int:  # noqa: N802  # the library's name
        """The commit index, never beyond the entries that are here."""
        return max(1, min(self._commit, self._entries[-1][1] if self._entries else 1))

    def onOneSecondTimer(self) -> None:  # noqa: N802  # the library's name
        """Writes the commit index and a mark, so that damage is told from a torn tail."""
        if self._commit != self._commit_written or self.flushes.slow:  # a slow disk is asked again
            self._note_commit()

    def _note_commit(self) -> None:
        self._put(_NUMBER.pack(_COMMIT, self._commit))
        self._commit_written = self._commit

    def set_rejoining(self, rejoining: bool) -> None:
        """Remembers, durably, whether this node has lost what it promised."""
        self.rejoining = rejoining
        self._put(_NUMBER.pack(_REJOIN, rejoining))
        self.sync()

    @property
    def blank(self) -> bool:
        """Whether there is no past in it: no term, and no entry but the first."""
        return not self._term and (not self._entries or self._entries[-1][1] <= 1)

    def _destroy(self) -> None:
        if self._file is None:
            return
        try:
            if not self._failed:
                self._note_commit()  # behind it, a mark that swears to all before
                self.sync()
        finally:
            with contextlib.suppress(OSError):  # what a failed write left in the buffer
                self._file.close()


# The library builds its journal inside its constructor, where no subclass can step in.
pysyncobj.syncobj.createJournal = Journal
