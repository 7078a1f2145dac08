"""Whether what answers at the embedded node's address is a node."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.console import embedded

NODE = b'{"success": true, "data": {"status": "healthy", "node_id": "chronos-1"}, "error": null}'


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What the server at the embedded node's address says."""
    said = [NODE]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[0])))
            self.end_headers()
            self.wfile.write(said[0])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(embedded, "HTTP", f"127.0.0.1:{server.server_address[1]}")
    yield said
    server.shutdown()
    server.server_close()


def test_a_healthy_node_is_used(body: list[bytes]) -> None:
    assert embedded.answers()


@pytest.mark.parametrize("other", [b"ok", b"[]", b"{}", b'{"data": {"status": "healthy"}}'])
def test_another_server_is_not_taken_for_a_node(body: list[bytes], other: bytes) -> None:
    body[0] = other
    assert not embedded.answers()


def test_nobody_is_not_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "HTTP", "127.0.0.1:9")
    assert not embedded.answers()
