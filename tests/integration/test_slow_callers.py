"""Callers that stall are let go, and others are served; over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app.api.middleware.patience import Patience
from app.api.problems import install_handlers
from tests.kit.cluster import free_ports, wait_for

CHUNK = b"x" * (1 << 20)


@contextlib.contextmanager
def served(app: Any, grace_s: int = 5) -> Iterator[int]:
    port = free_ports(1)[0]
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=grace_s,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    app = FastAPI()
    install_handlers(app)

    @app.post("/")
    async def read(request: Request) -> Response:
        return Response(str(len(await request.body())))

    app.add_middleware(Patience, read_us=300_000, write_us=300_000)
    with served(app) as at:
        yield at


def test_half_a_body_is_answered_408_and_the_next_caller_is_served(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        answer = b""
        while b"REQUEST_TIMEOUT" not in answer:
            piece = caller.recv(65536)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"field":"body"' in answer
    assert httpx.post(f"http://127.0.0.1:{port}/", content=b"whole").text == "5"


def test_an_answer_that_nobody_takes_is_dropped(tmp_path: Path) -> None:
    ended: list[int] = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        ended.append(1)

    with (
        served(Patience(endless, read_us=300_000, write_us=300_000)) as port,
        socket.create_connection(("127.0.0.1", port)) as caller,
    ):
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for(lambda: ended)
        # The server has closed: after what was in flight comes the end.
        while caller.recv(1 << 20):
            pass


def test_a_request_that_a_stop_cuts_off_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    inside = threading.Event()

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        inside.set()
        await asyncio.sleep(60)

    answers: list[httpx.Response] = []
    with served(Patience(waits, read_us=1_000_000, write_us=1_000_000), grace_s=1) as port:
        url = f"http://127.0.0.1:{port}/"
        asking = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=30)))
        asking.start()
        assert inside.wait(20)
    asking.join()
    assert answers[0].status_code == 503
    assert "Traceback" not in caplog.text
