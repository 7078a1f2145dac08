"""Names each request, counts it and logs it, once, when its answer is out."""

from __future__ import annotations

import re
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observe.metrics import Metrics
from engine.core.clock import Clock
from engine.core.ids import new_request_id

_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_LOG = structlog.get_logger("app.api")


class Trace:
    """`X-Request-Id` in and out, one metric and one log line a request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Clock):
        self.app = app
        self.metrics = metrics
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what the application raises goes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else new_request_id()
        began = self.clock.monotonic_us()
        status = 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                await self.app(scope, receive, send_named)
            finally:
                duration_us = self.clock.monotonic_us() - began
                route = getattr(scope.get("route"), "path_format", None) or "unmatched"
                self.metrics.count_request(scope["method"], route, status, duration_us)
                _LOG.debug(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    duration_ms=duration_us / 1000,
                    actor=scope.get("chronos.actor", ""),
                )
