"""What routes ask of a request: the services, who calls, the intention's key, a JSON body."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import orjson
from fastapi import Depends, Header, Query
from starlette.requests import Request

from app.api.problems import Refusal, invalid, not_found
from engine.core.clock import from_datetime
from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant, new_request_id
from engine.model.document import job_document
from engine.model.job import Document, Job
from engine.model.pause import Pause, ScopeKind
from engine.model.pause_document import pause_document

if TYPE_CHECKING:
    from app.services import Services

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
LIMIT_MAX: Final = 1000
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_TAG: Final = re.compile(r'(?:W/)?"?(\d{1,18})(?:-[0-9a-f]+)?"?')

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="At most so many rows.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


def services_of(request: Request) -> Services:
    """The services that this application was made with."""
    services: Services = request.app.state.services
    return services


def actor_of(request: Request) -> str:
    """Who calls, as the authenticating middleware found."""
    actor: str = request.scope.get("chronos.actor", "anonymous")
    return actor


async def confirm_read(
    request: Request,
    consistency: Annotated[
        Literal["local", "linearizable"],
        Query(description="`linearizable` confirms with the leader before it reads."),
    ] = "local",
) -> None:
    """Wait until this node has all that was committed before the call, where that is asked."""
    if consistency == "linearizable":
        await services_of(request).gate.proposer.barrier()


def request_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="Names the intention: a repeated write takes effect once."),
    ] = None,
) -> str:
    """The request id of a write: from `Idempotency-Key`, otherwise a fresh one.

    The key is bound to the caller, the method and the path, so that one key sent to two
    endpoints names two intentions.
    """
    if idempotency_key is None:
        return new_request_id()
    if not _KEY.fullmatch(idempotency_key):
        raise invalid(
            "Idempotency-Key", "is not a key", "1 to 200 visible ASCII characters, no spaces"
        )
    parts = (actor_of(request), request.method, request.url.path, idempotency_key)
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
    return f"req_{digest}"


Key = Annotated[str, Depends(request_key)]


def version_wanted(
    if_match: Annotated[
        str | None, Header(description="The ETag of the job, or its version.")
    ] = None,
) -> int | None:
    """The job version that `If-Match` names; None when any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if not found:
        raise invalid("If-Match", f"{if_match[:60]!r} is not an ETag of a job", '"3" or its ETag')
    return int(found[1])


IfVersion = Annotated[int | None, Depends(version_wanted)]


async def read_json(request: Request) -> Any:
    """The JSON value of the body, whatever the content type says.

    Raises:
        Refusal: INVALID_JSON, with where it broke.
        InvalidDocument: the body is larger than `BODY_BYTES_MAX`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise invalid("body", f"is larger than {BODY_BYTES_MAX} bytes", "send several batches")
    if not body.strip():
        raise Refusal(
            "INVALID_JSON", "the body is empty", [Problem("body", "is empty", "send JSON")]
        )
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError as error:
        reason = f"is not JSON: {error}"
        hint = "check quotes, commas and brackets there; the text must be UTF-8"
        raise Refusal(
            "INVALID_JSON", f"the body {reason}", [Problem("body", reason, hint)]
        ) from None


async def read_object(request: Request) -> Document:
    """The JSON object of the body.

    Raises:
        Refusal: the body is not JSON.
        InvalidDocument: it is JSON, but not an object.
    """
    value = await read_json(request)
    if not isinstance(value, dict):
        raise invalid("body", f"is {_noun(value)}, not an object", 'send {"key": value, ...}')
    return value


def _noun(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def find_job(services: Services, ref: str) -> Job:
    """The job with an id or `namespace/name`.

    Raises:
        Refusal: NOT_FOUND.
    """
    job = services.view.job(ref)
    if job is None:
        raise not_found("job", ref, "its id, or namespace/name such as default/nightly-backup")
    return job


async def job_to_write(services: Services, ref: str) -> Job:
    """The same for a write: one that this node does not know yet may be known to the others.

    Raises:
        Refusal: NOT_FOUND, confirmed with the leader.
    """
    if services.view.job(ref) is None:
        await services.gate.proposer.barrier()
    return find_job(services, ref)


def shown_job(services: Services, job: Job) -> Document:
    """A job as the public sees it, with its next and last run, and the pause that holds it."""
    view = services.view
    last = view.last_run(job.id)
    pause = view.pause_at(job, services.clock.now_us())
    return job_document(
        job,
        next_us=view.next_run(job),
        last_us=last.scheduled_us if last else None,
    ) | {
        "last_status": last.status if last else None,
        "paused": shown_pause(services, pause) if pause else None,
    }


def shown_pause(services: Services, pause: Pause) -> Document:
    """A pause as the public sees it, with the name of the job that it is about."""
    scope = pause.scope
    job = services.view.job(scope.value) if scope.kind is ScopeKind.JOB else None
    name = f"{job.namespace}/{job.name}" if job else ""
    return pause_document(pause, services.clock.now_us(), name)


def window_us(text: str, *, low: str = "1m", high: str = "31d") -> int:
    """The length of a window in microseconds.

    Raises:
        InvalidDocument: not a duration, or out of range.
    """
    value = parse_duration(text, "window")
    if not parse_duration(low) <= value <= parse_duration(high):
        raise invalid("window", f"{text!r} is out of range", f"from {low} to {high}")
    return value


def timeout_us(text: str) -> int:
    """How long a caller wants to wait, in microseconds.

    Raises:
        Refusal: INVALID_TIMEOUT.
    """
    hint = "a duration from 0 to 10m, such as 30s"
    try:
        value = parse_duration(text, "wait")
    except InvalidDocument as error:
        raise Refusal("INVALID_TIMEOUT", str(error), error.problems) from None
    if value > 600_000_000:
        reason = f"{text!r} is out of range"
        raise Refusal("INVALID_TIMEOUT", f"wait: {reason}", [Problem("wait", reason, hint)])
    return value


def instant(text: str, field: str) -> Instant:
    """An RFC 3339 time in microseconds UTC.

    Raises:
        InvalidDocument: not a time, or one without its offset from UTC.
    """
    hint = "RFC 3339 with its offset, such as 2027-01-01T09:00:00Z"
    try:
        # A "+" of an offset arrives as a space where the caller did not escape it.
        return from_datetime(datetime.fromisoformat(text.strip().replace(" ", "+")))
    except (ValueError, OverflowError):
        raise invalid(field, f"{text[:60]!r} is not a time", hint) from None
