"""Events as they happen: a stream of server-sent events, and the newest ones at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api.deps import services_of
from app.api.middleware.patience import STALLED
from app.api.problems import Refusal, answer, invalid
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.views import Events
from app.live import KINDS, Happening, LiveHub, Place
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Document

router = APIRouter(prefix="/api/v1/events", tags=["events"])

FOLLOWERS_MAX: Final = 200
HEARTBEAT_S: Final = 10.0
RETRY_MS: Final = 2_000
_STREAM: Final = "text/event-stream"
_GAP: Final = "events were dropped before this one: they left the ring before they were read"

After = Annotated[
    str | None, Query(description="An event's id: what follows it, as `Last-Event-ID` does.")
]


Wanted = Callable[[Document], bool]


def wanted_events(
    kind: Annotated[
        list[str] | None, Query(description="One or several, repeated or with commas.")
    ] = None,
    namespace: str | None = None,
    q: Annotated[str | None, Query(description="Found in the job's name or in the text.")] = None,
) -> Wanted:
    """The filters of an event's reader; all must hold."""
    names = [name.strip() for text in kind or [] for name in text.split(",") if name.strip()]
    problems = [
        Problem("kind", f"{name[:60]!r} is not a kind of event", "one of " + ", ".join(KINDS))
        for name in names
        if name not in KINDS
    ]
    if problems:
        raise InvalidDocument(problems)
    kinds = frozenset(names)
    words = (q or "").casefold().split()

    def matches(document: Document) -> bool:
        if kinds and document["kind"] not in kinds:
            return False
        if namespace and document["namespace"] != namespace:
            return False
        text = f"{document['job_name']} {document['text']} {document['node_id']}".casefold()
        return all(word in text for word in words)

    return matches


Wants = Annotated[Wanted, Depends(wanted_events)]


@router.get(
    "",
    response_class=StreamingResponse,
    responses={
        **documents(200, None, 400, 429),
        200: {"description": "Events until one side goes.", "content": {_STREAM: {}}},
    },
)
async def follow_events(
    request: Request,
    wants: Wants,
    after: After = None,
    last_event_id: Annotated[
        str | None, Header(description="The last event read: the stream goes on behind it.")
    ] = None,
) -> Response:
    """Send events as they happen, from now on or from a place in the log on."""
    hub = services_of(request).live
    if hub.followers >= FOLLOWERS_MAX:
        problem = Problem("events", f"{FOLLOWERS_MAX} readers follow already", "ask another node")
        raise Refusal("RATE_LIMITED", "this node has no stream to spare", [problem])
    place = _place(last_event_id or after) or hub.newest
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(request, hub, place, wants), media_type=_STREAM, headers=headers
    )


@router.get("/recent", responses=documents(200, Envelope[Events], 400))
async def recent_events(
    request: Request,
    wants: Wants,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The newest so many.")] = 100,
) -> Response:
    """Show the newest events that this node remembers, newest first."""
    hub = services_of(request).live
    place = _place(after)
    happenings, missed = hub.after(place or Place(0, 0))
    found = [one.document for one in happenings if wants(one.document)]
    newest = happenings[-1].place if happenings else max(place or Place(0, 0), hub.horizon)
    return answer(
        {
            "events": found[: -limit - 1 : -1],
            "newest": str(newest),
            "missed": place is not None and (missed or len(found) > limit),
        }
    )


def _place(text: str | None) -> Place | None:
    if not text:
        return None
    try:
        return Place.parse(text)
    except ValueError:
        raise invalid("after", f"{text[:60]!r} is not an event's id", 'such as "120-0"') from None


async def _stream(
    request: Request, hub: LiveHub, place: Place, wants: Wanted
) -> AsyncIterator[bytes]:
    """What follows `place`, for ever; a reader that fell behind the ring is told so."""
    yield b"retry: %d\n\n" % RETRY_MS
    with hub.follower() as follower:
        while not hub.stopped and STALLED not in request.scope:
            happenings, missed = hub.after(place)
            if missed:
                yield b"event: gap\ndata: " + orjson.dumps({"text": _GAP}) + b"\n\n"
                place = max(place, hub.horizon)
            if happenings:
                place = happenings[-1].place
                if frames := [_frame(one) for one in happenings if wants(one.document)]:
                    yield b"".join(frames)
            if not await follower.wait(HEARTBEAT_S):
                # The id moves on although nothing was wanted, so that a resumed stream has no gap.
                yield b": nothing new\nid: %b\n\n" % str(place).encode()


def _frame(one: Happening) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (str(one.place).encode(), one.json)
