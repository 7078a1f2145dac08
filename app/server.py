"""The REST API in a thread with a loop of its own: a slow request never delays a fire."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Final

import uvicorn

from app.api.main import create_app
from app.config import Config, split_address
from app.services import Services

GRACE_S: Final = 3
"""So long a stop waits for requests that are under way."""


class ApiServer:
    """See the module."""

    def __init__(self, services: Services, config: Config):
        host, port = split_address(config.server.http.address)
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(services),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
            )
        )
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)

    def _run(self) -> None:
        # Signals belong to the main thread; uvicorn must not ask for them here.
        with contextlib.suppress(SystemExit):
            asyncio.run(self._server.serve())

    def start(self) -> None:
        """Listen; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, then close."""
        if self._thread.ident is None:
            return
        self._server.should_exit = True
        self._thread.join(GRACE_S + 1)
