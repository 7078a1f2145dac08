"""What is reported of an HTTP attempt: its outcome by the job's success codes, and its steps."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from engine.core.ids import Instant
from engine.dispatch.dispatcher import Request
from engine.dispatch.prepared import Prepared
from engine.dispatch.steps import Step, opening
from engine.model.execution import AttemptOutcome, AttemptResult

_encode = msgspec.json.Encoder().encode

Fault = tuple[AttemptOutcome, str]


class Times(msgspec.Struct, frozen=True, gc=False):
    """When things happened, microseconds since the attempt began; 0 for what did not."""

    lookup_us: int
    connected_us: int
    secured_us: int
    sent_us: int
    first_us: int
    total_us: int


class Received(msgspec.Struct, frozen=True, gc=False):
    """What came back: `status` 0 where nothing did; `headers` is a JSON object without secrets."""

    status: int = 0
    headers: str = "{}"
    body: bytes = b""
    total: int = 0
    cut: bool = False


NOTHING = Received()


def attempt_result(
    request: Request,
    prepared: Prepared,
    *,
    started_us: Instant,
    times: Times,
    received: Received,
    fault: Fault | None,
    reached: bool,
    resent: bool = False,
) -> AttemptResult:
    """The report of an attempt that is over.

    Args:
        request: what was asked for.
        prepared: of the request's job.
        started_us: when it began, wall time.
        times: of its moments.
        received: the answer, as far as it came.
        fault: why there is no whole answer; None where there is one.
        reached: whether something of the request left.
        resent: whether it left a second time, since the first met a connection that was closing.
    """
    code = received.status
    if fault is not None:
        outcome, error = fault
    elif succeeded(code, prepared.webhook.success_codes):
        outcome, error = AttemptOutcome.SUCCESS, ""
    else:
        outcome, error = AttemptOutcome.FAILED, f"HTTP {code}"
    execution = request.execution
    return AttemptResult(
        execution_id=execution.id,
        attempt=execution.attempt,
        outcome=outcome,
        started_us=started_us,
        finished_us=started_us + times.total_us,
        status_code=code,
        error=error,
        response=received.body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        trace=_trace(request, prepared, times, received, error, resent),
        reached=reached,
    )


def timed_out(total_us: int, *, reached: bool) -> Fault:
    """The fault of an attempt whose time ran out."""
    wanted = "answer" if reached else "connection"
    return AttemptOutcome.TIMEOUT, f"no {wanted} within {total_us / 1e6:.1f} s"


@lru_cache(maxsize=1024)
def succeeded(code: int, success_codes: tuple[int | str, ...]) -> bool:
    """Whether a status code counts as success.

    >>> succeeded(204, ("200-299",)), succeeded(404, (200, "400-404")), succeeded(500, (200,))
    (True, True, False)
    """
    for wanted in success_codes:
        if isinstance(wanted, int):
            if code == wanted:
                return True
        else:
            low, _, high = wanted.partition("-")
            if int(low) <= code <= int(high):
                return True
    return False


def _trace(
    request: Request,
    prepared: Prepared,
    times: Times,
    received: Received,
    error: str,
    resent: bool,
) -> str:
    """The steps as JSON; offsets in microseconds from the attempt's start."""
    steps = [opening(request)]
    if prepared.webhook.auth is not None:
        steps.append(_step(("auth", 0, {"type": prepared.webhook.auth.type})))
    again = ',"resent":true' if resent else ""
    steps.append(
        f'["request",{times.sent_us},{prepared.shown},"dns_us":{times.lookup_us}'
        f',"connect_us":{times.connected_us},"tls_us":{times.secured_us}{again}}}]'
    )
    if received.status:
        cut = ',"cut":true' if received.cut else ""
        steps.append(
            f'["response",{times.first_us},{{"status":{received.status},"headers":{received.headers}'
            f',"bytes":{received.total},"first_byte_us":{times.first_us}{cut}}}]'
        )
    if error:
        steps.append(_step(("error", times.total_us, {"error": error})))
    else:
        steps.append(f'["complete",{times.total_us},{{}}]')
    return f"[{','.join(steps)}]"


def _step(step: Step) -> str:
    return _encode(step).decode()
