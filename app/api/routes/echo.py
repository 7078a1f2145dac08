"""A target to try jobs on: answers what it was asked, as late and as badly as it is told."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import answer, failure, invalid
from engine.core.durations import parse_duration
from engine.core.errors import Problem
from engine.model.redaction import redacted_headers

router = APIRouter(tags=["echo"])

DELAY_US_MAX: Final = 300_000_000
BODY_BYTES_MAX: Final = 64 * 1024
_calls = count(1)


@router.get("/echo", operation_id="echo")
@router.post("/echo", operation_id="echo_posted")
async def echo(
    request: Request,
    delay: Annotated[str, Query(description="How long to wait, at most 5m.")] = "0s",
    status: Annotated[int, Query(ge=200, le=599)] = 200,
    fail_every: Annotated[
        int, Query(ge=0, le=1_000_000, description="Every so many calls answer 500.")
    ] = 0,
) -> Response:
    """Answer with what arrived, after `delay`, with `status`."""
    delay_us = parse_duration(delay, "delay")
    if delay_us > DELAY_US_MAX:
        raise invalid("delay", f"{delay!r} is out of range", "at most 5m")
    body = bytearray()
    async for chunk in request.stream():
        if len(body) < BODY_BYTES_MAX:
            body += chunk[: BODY_BYTES_MAX - len(body)]
    number = next(_calls)
    if delay_us:
        await asyncio.sleep(delay_us / 1e6)
    if fail_every and number % fail_every == 0:
        problem = Problem("fail_every", f"call {number} fails as asked", "fail_every=0 for never")
        return failure("EXECUTION_ERROR", "this call fails as asked", [problem])
    seen = {
        "method": request.method,
        "url": str(request.url),
        "headers": redacted_headers(request.headers),
        "body": body.decode(errors="replace"),
        "call": number,
    }
    if status in (204, 205, 304):
        return Response(status_code=status)
    if status >= 400:
        problem = Problem("status", f"{status} was asked for", "status=200 for a success")
        return failure("EXECUTION_ERROR", f"answers {status} as asked", [problem], status=status)
    return answer(seen, status)
