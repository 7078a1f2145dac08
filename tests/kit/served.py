"""A door behind a real server on loopback."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import uvicorn

from app.config import Config
from tests.kit.door import Door


class Served:
    """A door and its URL."""

    def __init__(self, data_dir: Path, config: Config | None = None):
        self.door = Door(data_dir, config)
        self.door.start()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(self.door.app, log_config=None, lifespan="off", ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.door.live.stop()
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()
        self.door.stop()
