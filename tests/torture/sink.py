"""The target: a process of its own that writes down each arrival before it answers.

`python -m tests.torture.sink --host H --file F` prints its port. The first part of a path says how
it behaves, and the key with the attempt draws the rest, so that a repetition of a run repeats it:

    /fast/NAME   200 at once
    /slow/NAME   200 after up to 3 s
    /flaky/NAME  500 for one attempt in four
    /hang/NAME   one attempt in six gets no answer for 5 s, which is longer than the job waits
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from hashlib import blake2b
from pathlib import Path

SLOW_S = 3.0
HANG_S = 5.0


def drawn(key: str, attempt: str) -> float:
    """A number from 0 to 1 that is the attempt's own."""
    digest = blake2b(f"{key}/{attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / (1 << 32)


def behaviour(path: str, draw: float) -> tuple[float, int]:
    """How long to wait before the answer, seconds, and its status."""
    kind = path.split("/")[1]
    if kind == "slow":
        return draw * SLOW_S, 200
    if kind == "flaky":
        return 0.0, 500 if draw < 0.25 else 200
    if kind == "hang":
        return HANG_S if draw < 1 / 6 else 0.0, 200
    return 0.0, 200


class Sink:
    """Answers, once the line is with the kernel."""

    def __init__(self, file: Path):
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # a killed node leaves broken pipes; they are what this is about
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        await reader.readexactly(int(headers.get("content-length", "0")))
        key, attempt = headers.get("idempotency-key", ""), headers.get("x-chronos-attempt", "0")
        self._note(path, key, attempt, headers.get("x-chronos-scheduled-time", ""))
        wait, status = behaviour(path, drawn(key, attempt))
        if wait:
            await asyncio.sleep(wait)
        writer.write(f"HTTP/1.1 {status} .\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()
        return True

    def _note(self, path: str, key: str, attempt: str, scheduled: str) -> None:
        line = {
            "at": time.time(),
            "monotonic": time.monotonic(),
            "path": path,
            "key": key,
            "scheduled": scheduled,
            "attempt": int(attempt),
        }
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")


async def run(host: str, file: Path) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Sink(file).serve, host, 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(run(options.host, options.file))
