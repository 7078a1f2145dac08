"""For each protocol a real target that behaves, refuses, keeps silent, or says too much.

A protocol without an entry here fails the suite: nothing is registered that no target has seen.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

SECRET = "s3cr3t-of-the-job"
LARGE = 64 << 10


class Target(Protocol):
    """What the suite asks of a protocol's target; each document is a part of a job's."""

    seen: list[str]
    """The execution id of every attempt that arrived."""

    def good(self) -> dict[str, Any]:
        """A job that succeeds."""

    def refusing(self) -> dict[str, Any]:
        """A job whose target says no."""

    def silent(self) -> dict[str, Any]:
        """A job whose target takes the attempt and never answers."""

    def absent(self) -> dict[str, Any]:
        """A job whose target is not there."""

    def talkative(self) -> dict[str, Any]:
        """A job whose target answers `LARGE` bytes."""

    def secretive(self) -> dict[str, Any]:
        """A job that carries `SECRET` wherever the protocol knows a secret."""


class HttpTarget:
    """A web server."""

    def __init__(self, url: str, seen: list[str]):
        self.url = url
        self.seen = seen

    def good(self) -> dict[str, Any]:
        return self._webhook("good")

    def refusing(self) -> dict[str, Any]:
        return self._webhook("refuse")

    def silent(self) -> dict[str, Any]:
        return self._webhook("silent")

    def talkative(self) -> dict[str, Any]:
        return self._webhook("large")

    def absent(self) -> dict[str, Any]:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        return {"webhook": {"url": f"http://127.0.0.1:{port}/"}}

    def secretive(self) -> dict[str, Any]:
        headers = {"X-Api-Key": SECRET, "Cookie": f"session={SECRET}"}
        return self._webhook(
            f"good?token={SECRET}", headers=headers, auth={"type": "bearer", "token": SECRET}
        )

    def _webhook(self, path: str, **more: Any) -> dict[str, Any]:
        return {"webhook": {"url": f"{self.url}/{path}", "method": "POST", "body": "{}", **more}}


@contextmanager
def http() -> Iterator[HttpTarget]:
    over = threading.Event()
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["Idempotency-Key"])
            if self.path == "/silent":
                over.wait(60)
                return
            body = b"x" * LARGE if self.path == "/large" else b"ok"
            self.send_response(503 if self.path == "/refuse" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", f"session={SECRET}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Aborted attempts leave broken pipes."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield HttpTarget(f"http://127.0.0.1:{server.server_address[1]}", seen)
    finally:
        over.set()
        server.shutdown()
        server.server_close()


TARGETS: dict[str, Callable[[], Any]] = {"http": http}


def settled(seconds: float = 0.2) -> None:
    """Long enough for a wrong second report to turn up."""
    time.sleep(seconds)
