"""The library as this layer knows it: its pinned version, its clock, its names for states.

Everything here leans on private names of one exact version, so the version is checked at import.
A subclass reaches the library's `__name` as `_SyncObj__name`; where no subclass reaches, a module
global is replaced below, each with its reason.
"""

from __future__ import annotations

import io
import logging
import pickle
from typing import Any, Final, NoReturn

import pysyncobj.pickle
import pysyncobj.syncobj
import pysyncobj.version
from pysyncobj.node import TCPNode

from engine.core.errors import ChronosError

PINNED: Final = "0.3.17"
if pysyncobj.version.VERSION != PINNED:
    raise ImportError(f"pysyncobj {PINNED} is required: this layer overrides its private names")

FOLLOWER, CANDIDATE, LEADER = 0, 1, 2
ROLES: Final = {FOLLOWER: "follower", CANDIDATE: "candidate", LEADER: "leader"}
REGULAR, NO_OP = b"\x00", b"\x01"  # first byte of a log entry

SyncObj = pysyncobj.syncobj.SyncObj
Node = TCPNode
Entry = tuple[bytes, int, int]  # command, index, term

log = logging.getLogger("chronos.raft")


class Fatal(ChronosError):
    """The node cannot go on without risking what it promised; it stops and says why."""


class Damaged(Fatal):
    """A file does not hold what was written, or is gone: set aside what there is, begin anew."""


class DiskFault(Fatal):
    """The disk refused: nothing more is written, since the kernel may have dropped the bytes."""


def now() -> float:
    """Seconds of the library's monotonic clock; looked up late, so a simulation can replace it."""
    return float(pysyncobj.syncobj.monotonicTime())


class _NoGlobals(pickle.Unpickler):
    """Plain values only. The library unpickles before it checks anything (remote code, S1)."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"forbidden global {module}.{name}")


def _loads(data: bytes) -> Any:
    return _NoGlobals(io.BytesIO(pysyncobj.pickle.to_bytes(data))).load()


# Nothing of ours is pickled (frames are msgpack, commands and snapshots are bytes). Should a path
# of the library still unpickle, it gets plain values or an error, never a global.
pysyncobj.pickle.loads = _loads
pysyncobj.pickle.load = lambda file: _NoGlobals(file).load()
# The notifier's pipe is never closed and raises in the caller when it is full; ours is an eventfd.
pysyncobj.syncobj.PIPE_NOTIFIER_ENABLED = False
