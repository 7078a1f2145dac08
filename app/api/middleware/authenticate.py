"""Who calls. Puts the actor into the scope as `chronos.actor`, or answers 401 or 403.

Without authentication every listener is on loopback, where the danger is not the network but a
web page open in this machine's browser: its cross-site calls are refused, and so are host names
that somebody's DNS could point here.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import failure
from app.config import AuthSettings
from engine.core.errors import Problem

OPEN_PATHS: Final = frozenset(
    {"/health", "/openapi.json", "/internal/history", "/internal/transfer", "/echo"}
)
"""Health is for load balancers; peers show a token of their own; `/echo` is a target, for the
demo's jobs among others, and tells a caller nothing but what it sent."""
_ACTOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}")


class Authenticate:
    """Finds the actor by the configured method; `also_open` are paths that need no key either."""

    def __init__(
        self, app: ASGIApp, *, settings: AuthSettings, also_open: Collection[str] = frozenset()
    ):
        self.app = app
        self.settings = settings
        self._open = OPEN_PATHS | set(also_open)
        self._keys = [(key.name, key.key.encode()) for key in settings.keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with an actor, or answer a refusal."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal: Problem | None
        if self.settings.type == "none":
            code, refusal = "FORBIDDEN", _foreign(headers)
            actor = _claimed(headers, scope)
        else:
            actor = self._by_key(headers)
            needs_key = not actor and scope["path"] not in self._open
            code, refusal = "UNAUTHENTICATED", _KEY_NEEDED if needs_key else None
        if refusal is not None:
            response = failure(code, f"{refusal.field} {refusal.reason}", [refusal])
            await response(scope, receive, send)
            return
        scope["chronos.actor"] = actor or "anonymous"
        await self.app(scope, receive, send)

    def _by_key(self, headers: Headers) -> str:
        given = headers.get("x-api-key", "")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not given and scheme.lower() == "bearer":
            given = token.strip()
        found = ""
        # Every key is compared, so that the time taken does not tell which one was near.
        for name, key in self._keys:
            if hmac.compare_digest(key, given.encode()):
                found = name
        return found


_KEY_NEEDED: Final = Problem(
    "Authorization",
    "names no key of this cluster",
    "X-API-Key: <key> or Authorization: Bearer <key>",
)


def _claimed(headers: Headers, scope: Scope) -> str:
    """The name that a caller on this machine gives itself."""
    client = scope.get("client")
    name = headers.get("x-chronos-actor", "")
    if _ACTOR.fullmatch(name) and (client is None or _is_local(client[0])):
        return name
    return ""


def _foreign(headers: Headers) -> Problem | None:
    if headers.get("sec-fetch-site") == "cross-site":
        return Problem(
            "Origin", "is another site's page", "call from this machine, not from a page"
        )
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    name = name.strip("[]").lower()
    if "." not in name or name.endswith(".localhost") or _is_address(name):
        return None
    return Problem("Host", f"{name[:60]!r} is not this machine", "use localhost, or auth: api_key")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_local(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback
