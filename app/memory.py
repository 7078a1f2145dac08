"""How this process keeps memory that it no longer needs: it does not.

The C library keeps large blocks in its heaps, one for each of a node's dozen threads, where a small
one that lives on holds them. A node with many jobs then stays as large as its largest moment.
"""

from __future__ import annotations

import ctypes
from typing import Final

import pyarrow as pa

_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
ARENAS: Final = 2
LARGE_BYTES: Final = 1 << 20


def give_back_what_is_free() -> None:
    """Have blocks from a mebibyte on returned when they are freed; for glibc, else it is no-op."""
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, ARENAS)
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
