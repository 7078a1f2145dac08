"""HTTP: plain requests by our own client, and by libcurl whatever asks for more than that."""

from __future__ import annotations

import contextlib
from urllib.request import getproxies_environment

from msgspec import structs

from engine.core.clock import Clock
from engine.core.ids import ExecutionId
from engine.dispatch import asking
from engine.dispatch.curl import CurlHttp
from engine.dispatch.dispatcher import (
    Ended,
    MaySend,
    Request,
    Unsendable,
    WorkerLimits,
    dispatchers,
    result_of,
)
from engine.dispatch.plain import PlainHttp
from engine.dispatch.prepared import prepare_once, target_once
from engine.dispatch.reactor import Reactor
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Job


@dispatchers.register("http")
class HttpDispatcher:
    """A `Dispatcher`; see `docs/adr/0033-a-client-of-our-own.md` for what goes which way."""

    def __init__(self, reactor: Reactor, limits: WorkerLimits, clock: Clock, may_send: MaySend):
        self._may_send = may_send
        self._plain = PlainHttp(reactor, limits, clock)
        self._curl = CurlHttp(reactor, limits, clock)
        # As libcurl reads them: where one is set, it is libcurl that knows whom it is for.
        self._proxied = not getproxies_environment().keys().isdisjoint(("http", "all"))
        self._asking: dict[tuple[ExecutionId, int], Request] = {}
        """Attempts whose target is being asked whether it has seen them."""

    def target(self, request: Request) -> str:
        """Host and port."""
        return target_once(request.job)

    def expect(self, job: Job) -> None:
        """Have the job's part of its requests ready."""
        with contextlib.suppress(ValueError):  # `begin` says what is wrong
            prepare_once(job)

    def begin(self, request: Request) -> None:
        """Send, or connect first and send as sockets allow.

        Raises:
            Unsendable: the URL or a header cannot be sent.
        """
        if not asking.asks_first(request):
            self._send(request)
            return
        self._send(asking.question(request))
        self._asking[request.execution.id, request.execution.attempt] = request

    def _send(self, request: Request) -> None:
        try:
            prepared = prepare_once(request.job)
        except ValueError as error:
            raise Unsendable(str(error)) from error
        if prepared.place is None or self._proxied:
            self._curl.begin(request, prepared)
        else:
            self._plain.begin(request, prepared)

    def collect(self) -> list[AttemptResult | Ended]:
        """What has ended since the last call."""
        found: list[AttemptResult | Ended] = [*self._plain.collect(), *self._curl.collect()]
        if not self._asking:
            return found
        return [told for ended in found if (told := self._told(ended)) is not None]

    def _told(self, ended: AttemptResult | Ended) -> AttemptResult | Ended | None:
        """The same, unless it is the answer to a question and the attempt is to be sent."""
        asked = self._asking.pop((ended.execution_id, ended.attempt), None)
        if asked is None:
            return ended
        result = result_of(ended)
        told = asking.answered(result)
        if told is not None:
            return told
        if not self._may_send():  # the next leader asks, and sends
            reason = "the target has not seen it, and leadership was in doubt by then: not sent"
            return structs.replace(
                result, outcome=AttemptOutcome.FAILED, error=reason, reached=False
            )
        spent_us = result.finished_us - result.started_us
        try:
            self._send(asking.remaining(asked, spent_us))
        except Unsendable as error:
            reason = f"the request cannot be sent: {error}"
            return structs.replace(
                result, outcome=AttemptOutcome.FAILED, error=reason, reached=False
            )
        return None

    def abort(self, request: Request) -> None:
        """Close the attempt's connection."""
        self._asking.pop((request.execution.id, request.execution.attempt), None)
        if not self._plain.abort(request):
            self._curl.abort(request)

    def close(self) -> None:
        """Abort everything and close all connections."""
        self._plain.close()
        self._curl.close()
