"""The envelope of every answer, and how each refusal becomes one.

A person's mistake is never a 500: whatever is wrong names its field and says what would be right.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from app.gate.refused import Refused
from engine.core.errors import ChronosError, InvalidDocument, NotReady, OutcomeUnknown, Problem

STATUS: Final[Mapping[str, int]] = {
    "INVALID_JSON": 400,
    "VALIDATION_ERROR": 400,
    "INVALID_TIMEOUT": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "POLICY_VIOLATION": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "CONFLICT": 409,
    "QUOTA_EXCEEDED": 429,
    "RATE_LIMITED": 429,
    "NO_LEADER": 503,
    "STORE_ERROR": 500,
    "EXECUTION_ERROR": 500,
}
RETRY_AFTER_S: Final = "1"
_RETRIED: Final = frozenset({"NO_LEADER", "RATE_LIMITED"})
_JSON: Final = "application/json"
_OPTIONS: Final = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_BODY_HINT: Final = "send a JSON object, such as {...}"
_LOG = logging.getLogger(__name__)


class Refusal(ChronosError):
    """A request that the door itself turns away; `code` is one of `STATUS`."""

    def __init__(self, code: str, message: str, problems: Iterable[Problem] = ()):
        self.code = code
        self.message = message
        self.problems = tuple(problems)
        super().__init__(message)


def invalid(field: str, reason: str, hint: str = "") -> InvalidDocument:
    """One fault of a request, as an error to raise."""
    return InvalidDocument([Problem(field, reason, hint)])


def not_found(noun: str, ref: str, hint: str) -> Refusal:
    """Nothing of that name, as an error to raise."""
    shown = ref if len(ref) <= 80 else ref[:77] + "..."
    reason = f"no {noun} {shown!r}"
    return Refusal("NOT_FOUND", f"there is {reason}", [Problem(noun, reason, hint)])


def encode(value: Any) -> bytes:
    """JSON bytes; times end in Z, what JSON cannot say becomes text, NaN becomes null."""
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS)
    except (TypeError, ValueError):
        # Integers beyond 64 bits, which SQL can produce, and lone surrogates.
        return json.dumps(value, default=str).encode()


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope of success."""
    body = encode({"success": True, "data": data, "error": None})
    return Response(body, status, dict(headers or {}), media_type=_JSON)


def fetched(request: Request, data: Any, *, version: int | None = None) -> Response:
    """The answer to a GET: with an ETag, and 304 when the caller has it already.

    Args:
        request: what was asked; its `If-None-Match` is compared.
        data: what goes into the envelope.
        version: of the job shown; the ETag begins with it, so that `If-Match` can name it.
    """
    body = encode({"success": True, "data": data, "error": None})
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    tag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    known = [tag.strip().removeprefix("W/") for tag in _list(request, "if-none-match")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag, "Cache-Control": "no-cache"}, media_type=_JSON)


def failure(
    code: str,
    message: str,
    problems: Iterable[Problem] = (),
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The envelope of failure; the status follows from the code."""
    details = [{"field": p.field, "reason": p.reason, "hint": p.hint} for p in problems]
    error = {"code": code, "message": message, "details": details}
    extra = dict(headers or {})
    if code in _RETRIED:
        extra.setdefault("Retry-After", RETRY_AFTER_S)
    if code == "UNAUTHENTICATED":
        extra.setdefault("WWW-Authenticate", 'Bearer realm="chronos"')
    body = encode({"success": False, "data": None, "error": error})
    return Response(body, status or STATUS.get(code, 500), extra, media_type=_JSON)


def install_handlers(app: FastAPI) -> None:
    """Give every error its envelope."""
    app.add_exception_handler(ChronosError, _chronos_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _crash)


def from_chronos_error(error: ChronosError) -> Response:
    """The answer that an error of ours deserves."""
    if isinstance(error, InvalidDocument):
        first = str(error.problems[0]) if error.problems else "the request is not valid"
        rest = len(error.problems) - 1
        more = f" (and {rest} more)" if rest > 0 else ""
        return failure("VALIDATION_ERROR", first + more, error.problems)
    if isinstance(error, Refused | Refusal):
        return failure(error.code, error.message, error.problems)
    if isinstance(error, NotReady):
        hint = "the request changed nothing; send it again after Retry-After"
        return failure("NO_LEADER", "no leader is known", [Problem("", str(error), hint)])
    if isinstance(error, OutcomeUnknown):
        hint = "send it again with the same Idempotency-Key: it takes effect once at most"
        message = "the request may or may not have taken effect"
        return failure("NO_LEADER", message, [Problem("", str(error), hint)])
    _LOG.error("unexpected refusal", exc_info=error)
    return failure("STORE_ERROR", str(error) or type(error).__name__)


async def _chronos_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ChronosError)
    return from_chronos_error(error)


async def _invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return from_chronos_error(InvalidDocument(_query_problem(fault) for fault in error.errors()))


def _query_problem(fault: Mapping[str, Any]) -> Problem:
    field = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
    value = repr(fault.get("input"))
    shown = value if len(value) <= 60 else value[:57] + "..."
    if fault["type"] == "missing":
        return Problem(field, "is missing", f"?{field}=...")
    message = str(fault["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    return Problem(field, f"{shown} is not accepted", message[0].lower() + message[1:])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        problem = Problem("path", f"nothing is at {path}", "see /openapi.json for every path")
        return failure("NOT_FOUND", f"nothing is at {path}", [problem])
    if error.status_code == 405:
        allowed = ", ".join(_methods_of(request))
        reason = f"{request.method} is not possible at {path}"
        problem = Problem("method", reason, f"possible: {allowed}")
        headers = {**(error.headers or {}), "Allow": allowed}
        return failure("METHOD_NOT_ALLOWED", reason, [problem], headers=headers)
    problem = Problem("body", str(error.detail), _BODY_HINT)
    return failure("INVALID_JSON", str(error.detail), [problem], status=error.status_code)


def _methods_of(request: Request) -> list[str]:
    """What the path takes; Starlette's own `Allow` names the first fitting route's alone."""
    fitting = [
        route.methods or set()
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    return sorted(set[str]().union(*fitting))


async def _crash(_request: Request, _error: Exception) -> Response:
    """A fault of ours; the server logs it with its traceback."""
    return failure("STORE_ERROR", "the node met a fault of its own; its log says more")


def _list(request: Request, header: str) -> list[str]:
    return [part.strip() for part in request.headers.get(header, "").split(",") if part.strip()]
