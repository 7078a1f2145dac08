"""An HTTP/1.1 answer as it comes in: where it ends, what is kept of it, what follows for its link.

Pure: bytes go in, nothing is read or written here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

import msgspec

from engine.dispatch.prepared import shown_headers

READ_BYTES_MAX: Final = 1 << 20
"""A longer answer is cut off; its status code has been read by then."""

HEAD_BYTES_MAX: Final = 256 << 10
LINE_BYTES_MAX: Final = 4096
"""Of a chunk's size with its extensions."""

SWITCHED: Final = 101
BODILESS: Final = (SWITCHED, 204, 304)

_HEAD_CACHED_MAX: Final = 2048
_MARGIN_US: Final = 1_000_000
"""So much before the target closes an idle connection, it is not used any more."""

_END: Final = re.compile(rb"\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) +([1-9][0-9][0-9])(?: .*)?\r?")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}(?=$|[; \t])")
_IDLE: Final = re.compile(r"(?:^|[ ,])timeout=(\d{1,6})")
_encode = msgspec.json.Encoder().encode


class BadAnswer(Exception):
    """What came is no HTTP answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer.

    Attributes:
        length: bytes of the body; None where it ends by itself or with the connection.
        keeps: whether the connection may be used again.
        idle_us: for how long, where the target said so; 0 otherwise.
        shown: the headers as a JSON object, secrets hidden.
    """

    status: int
    length: int | None
    chunked: bool
    keeps: bool
    idle_us: int
    shown: str


def read_head(data: bytes) -> Head:
    """Read the bytes from the status line to the last header.

    Raises:
        BadAnswer: they are none.
    """
    return _cached(data) if len(data) <= _HEAD_CACHED_MAX else _read(data)


def _read(data: bytes) -> Head:
    lines = data.split(b"\n")
    status = _STATUS.fullmatch(lines[0])
    if status is None:
        raise BadAnswer("the answer is not HTTP/1")
    headers: dict[str, str] = {}
    lengths: set[str] = set()
    codings = connection = ""
    for line in lines[1:]:
        name, mark, value = line.decode("latin-1").partition(":")
        if not mark:
            continue
        headers[name] = value = value.strip()
        lowered = name.strip().lower()
        if lowered == "content-length":
            lengths.update(part.strip() for part in value.split(","))
        elif lowered == "transfer-encoding":
            codings = f"{codings},{value.lower()}" if codings else value.lower()
        elif lowered == "connection":
            connection += f",{value.lower()}"
    code = int(status[2])
    chunked = codings.split(",")[-1].strip() == "chunked"
    length = None if codings else _length(lengths)
    options = {option.strip() for option in connection.split(",")}
    keeps = "close" not in options and (status[1] == b"1" or "keep-alive" in options)
    idle = _IDLE.search(next((headers[n] for n in headers if n.lower() == "keep-alive"), ""))
    idle_us = max(1, int(idle[1]) * 1_000_000 - _MARGIN_US) if idle else 0
    return Head(code, length, chunked, keeps, idle_us, _encode(shown_headers(headers)).decode())


_cached = lru_cache(maxsize=1024)(_read)


def _length(found: set[str]) -> int | None:
    if not found:
        return None
    text = found.pop()
    if found or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadAnswer("the answer's Content-Length cannot be read")
    return int(text)


class _Chunk(Enum):
    """What comes next of an answer in chunks."""

    SIZE = 1
    DATA = 2
    END = 3
    TRAILER = 4


class Answer:
    """See the module; `take` what comes until it says that the answer is over.

    Args:
        kept_max: so many bytes of the body are kept.
        bodiless: the answer has no body whatever its headers say: it is one to HEAD.

    Attributes:
        head: None until it has come.
        body: the kept bytes; `total` counts all so far, and beyond `READ_BYTES_MAX` it is `cut`.
        clean: it ended where its head said, and nothing came behind it.
    """

    __slots__ = (
        "_bodiless",
        "_buffer",
        "_chunk",
        "_kept_max",
        "_left",
        "body",
        "clean",
        "cut",
        "head",
        "total",
    )

    def __init__(self, kept_max: int, *, bodiless: bool) -> None:
        self._kept_max = kept_max
        self._bodiless = bodiless
        self._buffer = b""
        self._chunk: _Chunk | None = None
        self._left: int | None = 0
        self.head: Head | None = None
        self.body = b""
        self.total = 0
        self.cut = self.clean = False

    def take(self, data: bytes) -> bool:
        """Take what came; True when the answer is over.

        Raises:
            BadAnswer: it is no HTTP answer.
        """
        if self.head is None:
            data = self._take_head(self._buffer + data if self._buffer else data)
            if self.head is None:
                return False
        if self._chunk is not None:
            return self._take_chunks(self._buffer + data)
        if self._left is None:
            self._keep(data)
            return self.cut
        self._keep(data[: self._left])
        self._left -= len(data)
        self.clean = self._left == 0
        return self._left <= 0 or self.cut

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection ends the answer."""
        return self.head is not None and self._chunk is None and self._left is None

    def _take_head(self, data: bytes) -> bytes:
        """Read the head of the final answer, if it is there; the bytes behind it."""
        while (end := _END.search(data)) is not None:
            head = read_head(data[: end.start()])
            data = data[end.end() :]
            if head.status // 100 == 1 and head.status != SWITCHED:
                continue  # an interim answer: the final one follows
            self._buffer = b""
            self.head = head
            if self._bodiless or head.status in BODILESS:
                self._left = 0
            else:
                self._left = head.length
                self._chunk = _Chunk.SIZE if head.chunked else None
            return data
        if len(data) > HEAD_BYTES_MAX:
            raise BadAnswer(f"the answer's headers are longer than {HEAD_BYTES_MAX} bytes")
        self._buffer = data
        return b""

    def _take_chunks(self, data: bytes) -> bool:
        while data:
            if self._chunk is _Chunk.DATA:
                assert self._left is not None
                self._keep(data[: self._left])
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
                if self.cut:
                    return True
                if not self._left:
                    self._chunk = _Chunk.END
                continue
            line, mark, behind = data.partition(b"\n")
            if not mark or len(line) > LINE_BYTES_MAX:
                if len(line) > LINE_BYTES_MAX:
                    raise BadAnswer("a chunk of the answer cannot be read")
                break
            data = behind
            if self._chunk is _Chunk.TRAILER and not line.strip():
                self.clean = not data
                return True
            self._turn(line.strip())
        self._buffer = data
        return False

    def _turn(self, line: bytes) -> None:
        """Read a line between the data of two chunks."""
        if self._chunk is _Chunk.SIZE:
            size = _SIZE.match(line)
            if size is None:
                raise BadAnswer("a chunk of the answer cannot be read")
            self._left = int(size[0], 16)
            self._chunk = _Chunk.DATA if self._left else _Chunk.TRAILER
        elif self._chunk is _Chunk.END:
            if line:
                raise BadAnswer("a chunk of the answer is longer than it said")
            self._chunk = _Chunk.SIZE

    def _keep(self, data: bytes) -> None:
        self.total += len(data)
        if self.total > READ_BYTES_MAX:
            self.cut = True
        room = self._kept_max - len(self.body)
        if room > 0 and data:
            self.body += data[:room]
