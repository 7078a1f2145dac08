"""A target that does the least: answers 200, notes moment and path, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from types import TracebackType

Arrival = tuple[float, str]
"""Unix seconds, path."""

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class _Connection(asyncio.Protocol):
    def __init__(self, arrivals: list[Arrival]):
        self._arrivals = arrivals
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            path = self._rest.split(b" ", 2)[1].decode()
            head = self._rest[:end].lower()
            at = head.find(b"content-length: ")
            length = int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
            if len(self._rest) < end + 4 + length:
                return
            self._rest = self._rest[end + 4 + length :]
            self._arrivals.append((time.time(), path))
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(ANSWER)


def _serve(pipe: Connection) -> None:
    async def run() -> None:
        arrivals: list[Arrival] = []
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(arrivals), "127.0.0.1", 0, backlog=4096
        )
        pipe.send(server.sockets[0].getsockname()[1])
        while True:
            asked = await loop.run_in_executor(None, pipe.recv)
            pipe.send(len(arrivals) if asked == "count" else arrivals)

    asyncio.run(run())


class Sink:
    """The sink as its user sees it; a context manager."""

    def __enter__(self) -> Sink:
        self._pipe, child = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(child,), daemon=True
        )
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _fault: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()

    def _ask(self, what: str) -> object:
        self._pipe.send(what)
        return self._pipe.recv()

    def count(self) -> int:
        """How many requests arrived."""
        return int(str(self._ask("count")))

    def arrivals(self) -> list[Arrival]:
        """What arrived, in order."""
        arrivals = self._ask("arrivals")
        assert isinstance(arrivals, list)
        return arrivals
