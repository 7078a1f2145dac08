"""The program `chronosctl` and a real server behind it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
import uvicorn
from typer.testing import CliRunner, Result

from app.cli.main import app
from tests.kit.door import Door

Run = Callable[..., Result]


class Served:
    """A door and its URL."""

    def __init__(self, data_dir: Path):
        self.door = Door(data_dir)
        self.door.start()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(self.door.app, log_config=None, lifespan="off", ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()
        self.door.stop()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    # The server shares this process, and its log must not stand in what the program prints.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    served = Served(tmp_path / "node")
    yield served
    served.stop()
    structlog.reset_defaults()


@pytest.fixture
def door(served: Served) -> Door:
    return served.door


@pytest.fixture
def run(served: Served) -> Run:
    def call(*given: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["--url", served.url, *given], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
