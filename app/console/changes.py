"""The console's own stream of changes: that something happened, and no more.

A browser may not reach the node, and a page that is drawn anew needs to know only that it should
be. However many events come, a browser hears of them four times a second at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.config import client_environment

PATH: Final = "/live/changes"
PACE_S: Final = 0.25
HEARTBEAT_S: Final = 10.0
RETRY_MS: Final = 2_000
_TIMEOUT: Final = httpx.Timeout(10.0, read=3 * HEARTBEAT_S)  # the node says something every 10 s


async def changes(request: Request) -> StreamingResponse:
    """Relay the node's events, filtered as the query says, as server-sent events without content.

    The stream ends when the node's does; the browser opens another after two seconds.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        relayed(request.url.query), media_type="text/event-stream", headers=headers
    )


async def relayed(query: str) -> AsyncIterator[bytes]:
    """The frames of the stream; `query` is that of the node's `GET /api/v1/events`."""
    yield b"retry: %d\n\n" % RETRY_MS
    news = asyncio.Event()
    listening = asyncio.create_task(_listen(query, news))
    try:
        while not listening.done():
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await news.wait()
            except TimeoutError:
                yield b": nothing new\n\n"
                continue
            news.clear()
            yield b"data: changed\n\n"
            await asyncio.sleep(PACE_S)
    finally:
        listening.cancel()
        await asyncio.wait([listening])  # until its connection is closed


async def _listen(query: str, news: asyncio.Event) -> None:
    url, api_key = client_environment()
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    address = f"{url.rstrip('/')}/api/v1/events?{query}"
    try:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            if answer.is_success:
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        news.set()
    except httpx.HTTPError:
        pass  # the page finds out by itself, when it asks the node
    finally:
        news.set()
