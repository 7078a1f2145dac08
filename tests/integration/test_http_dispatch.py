"""Attempts against real sockets: good, bad, slow, huge, broken and silent targets."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec import structs

from engine.core.clock import SystemClock
from engine.dispatch.dispatcher import Request, WorkerLimits
from engine.dispatch.worker import Worker
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from tests.kit.cluster import free_ports, wait_for
from tests.kit.jobs import SECOND, known, spec

SECRET = "s3cr3t-token"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]]
    connections: set[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append({"headers": dict(self.headers), "path": self.path, "body": body})
        self.connections.add(self.client_address)
        path = self.path
        if path.startswith("/status/"):
            self.send_response(int(path.split("/")[2]))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path.startswith("/slow"):
            time.sleep(2)
        if path.startswith("/close"):
            self.close_connection = True
            return
        if path.startswith("/endless"):
            self._speak_for_ever()
            return
        answer = b"x" * (50 << 20) if path.startswith("/huge") else b"ok"
        self.send_response(int(path[1:]) if path[1:].isdigit() else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True

    do_GET = do_POST  # noqa: N815  # the name that http.server looks for

    def _speak_for_ever(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65536)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    Handler.seen, Handler.connections = [], set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken pipes are wanted
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Bench:
    """A worker and what came out of it."""

    def __init__(self, may_send: Callable[[], bool] = lambda: True, **limits: int) -> None:
        self.results: list[AttemptResult] = []
        self.worker = Worker(
            limits=WorkerLimits(**limits),
            clock=SystemClock(),
            may_send=may_send,
            on_results=self.results.extend,
        )
        self.worker.start()

    def one(self, **fields: Any) -> AttemptResult:
        self.worker.submit([request("exe_1", **fields)])
        wait_for(lambda: self.results)
        return self.results[0]


@pytest.fixture(params=["plain", "libcurl"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Our own client, or libcurl: it takes all where a proxy is set, here one for no host."""
    if request.param == "libcurl":
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "*")
    return str(request.param)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.worker.stop(SECOND)


def request(execution: str, *, scheduled_us: int = 1, **fields: Any) -> Request:
    webhook = {"method": "POST", "body": "{}", **fields.pop("webhook")}
    job = known(
        "job_1",
        spec("a", webhook=webhook, **fields),
        version=hash(json.dumps([webhook, fields])) % 10**9,
    )
    run = Execution(
        id=execution,
        job_id=job.id,
        job_version=1,
        trigger=Trigger.SCHEDULE,
        scheduled_us=scheduled_us,
        status=Status.RUNNING,
    )
    return Request(execution=run, job=job)


def test_a_target_is_told_which_fire_it_is(bench: Bench, target: str) -> None:
    result = bench.one(webhook={"url": f"{target}/x"})
    assert (result.outcome, result.status_code, result.response) == ("success", 200, "ok")
    headers = Handler.seen[0]["headers"]
    assert headers["Idempotency-Key"] == headers["X-Chronos-Execution"] == "exe_1"
    assert headers["X-Chronos-Attempt"] == "1"
    assert headers["X-Chronos-Scheduled-Time"] == "1970-01-01T00:00:00.000001Z"
    assert headers["traceparent"].startswith("00-")
    steps = [step[0] for step in json.loads(result.trace)]
    assert steps == ["schedule", "prepare", "request", "response", "complete"]


@pytest.mark.parametrize(
    ("path", "codes", "outcome"),
    [
        ("/503", None, AttemptOutcome.FAILED),
        ("/302", None, AttemptOutcome.FAILED),
        ("/404", [404], AttemptOutcome.SUCCESS),
        ("/200", ["300-399"], AttemptOutcome.FAILED),
    ],
)
def test_the_success_codes_judge(
    bench: Bench, target: str, path: str, codes: Any, outcome: AttemptOutcome
) -> None:
    result = bench.one(webhook={"url": target + path, "success_codes": codes})
    assert result.outcome is outcome
    assert result.status_code == int(path[1:])


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": SECRET},
        {"type": "basic", "username": "u", "password": SECRET},
        {"type": "api_key", "api_key": SECRET, "header": "X-Custom"},
    ],
)
def test_credentials_are_sent_and_never_written_down(
    bench: Bench, target: str, auth: dict[str, str]
) -> None:
    headers = {"X-Api-Key": SECRET, "Accept": "text/plain"}
    result = bench.one(webhook={"url": target, "auth": auth, "headers": headers})
    sent = Handler.seen[0]["headers"]
    assert sent["Accept"] == "text/plain"
    assert any(name in sent for name in ("Authorization", "X-Custom"))
    assert SECRET not in result.trace
    assert '"auth"' in result.trace


def test_a_slow_target_times_out(bench: Bench, target: str) -> None:
    result = bench.one(webhook={"url": f"{target}/slow"}, timeout="200ms")
    assert result.outcome is AttemptOutcome.TIMEOUT
    told = re.fullmatch(r"no answer within (\d+\.\d) s", result.error)
    assert told, result.error
    assert float(told[1]) >= 0.2


def test_a_huge_answer_is_cut_and_judged_by_its_status(bench: Bench, target: str) -> None:
    result = bench.one(webhook={"url": f"{target}/huge"})
    assert result.outcome is AttemptOutcome.SUCCESS
    assert len(result.response) == 4096
    assert '"cut":true' in result.trace


def test_targets_that_say_too_much_cost_little_and_hold_up_nobody(
    bench: Bench, target: str
) -> None:
    before = psutil.Process().memory_info().rss
    for k in range(8):
        path = "/huge" if k % 2 else "/endless"
        bench.worker.submit([request(f"exe_loud_{k}", webhook={"url": target + path})])
    bench.worker.submit([request(f"exe_{k}", webhook={"url": target}) for k in range(20)])
    wait_for(lambda: len(bench.results) == 28)
    assert {result.outcome for result in bench.results} == {AttemptOutcome.SUCCESS}
    assert max(len(result.response) for result in bench.results) == 4096
    kept = psutil.Process().memory_info().rss - before
    assert kept < 200 << 20, "four answers of 50 MB, made in this very process, and no more"


def test_a_closed_connection_is_named(bench: Bench, target: str) -> None:
    result = bench.one(webhook={"url": f"{target}/close"})
    assert result.outcome is AttemptOutcome.FAILED
    assert "closed" in result.error


def test_nobody_listening_is_named(bench: Bench) -> None:
    result = bench.one(webhook={"url": f"http://127.0.0.1:{free_ports(1)[0]}/"})
    assert result.outcome is AttemptOutcome.FAILED
    assert "refused" in result.error


def test_garbage_is_a_failure_not_a_crash(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.sendall(b"\x00\xffnot http at all\r\n\r\n")
            connection.close()

        threading.Thread(target=speak, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        result = bench.one(webhook={"url": url})
    assert result.outcome is AttemptOutcome.FAILED


def test_connections_are_kept_and_used_again(bench: Bench, target: str) -> None:
    for k in range(20):
        bench.worker.submit([request(f"exe_{k}", webhook={"url": target})])
        wait_for(lambda count=k + 1: len(bench.results) == count)
    assert len(Handler.connections) == 1


def test_a_cancelled_attempt_reports_nothing(bench: Bench, target: str) -> None:
    bench.worker.submit([request("exe_1", webhook={"url": f"{target}/slow"})])
    wait_for(lambda: bench.worker.in_flight == 1)
    bench.worker.cancel("exe_1")
    wait_for(lambda: bench.worker.in_flight == 0)
    assert not bench.results


def test_nothing_is_sent_while_the_lease_is_in_doubt(target: str) -> None:
    sure: list[bool] = []
    bench = Bench(may_send=lambda: bool(sure))
    bench.worker.submit([request("exe_1", webhook={"url": target})])
    wait_for(lambda: bench.worker.queued == 1)
    assert not Handler.seen
    sure.append(True)
    wait_for(lambda: bench.results)
    bench.worker.stop(SECOND)


def test_what_waits_is_forgotten_when_leadership_is_lost(target: str) -> None:
    bench = Bench(may_send=lambda: False)
    bench.worker.submit([request("exe_1", webhook={"url": target})])
    wait_for(lambda: bench.worker.queued == 1)
    bench.worker.forget()
    wait_for(lambda: bench.worker.queued == 0)
    bench.worker.stop(SECOND)
    assert not Handler.seen


def test_over_the_bound_the_oldest_fire_time_goes_first(target: str) -> None:
    bench = Bench(in_flight_max=1)
    bench.worker.submit(
        [
            request("exe_late", scheduled_us=9, webhook={"url": target}),
            request("exe_early", scheduled_us=2, webhook={"url": target}),
        ]
    )
    wait_for(lambda: len(bench.results) == 2)
    bench.worker.stop(SECOND)
    assert [result.execution_id for result in bench.results] == ["exe_early", "exe_late"]


def test_attempts_of_one_job_wait_for_each_other_where_bounded(target: str) -> None:
    bench = Bench(per_job_max=1)
    bench.worker.submit(
        [request(f"exe_{k}", scheduled_us=k, webhook={"url": target}) for k in range(5)]
    )
    wait_for(lambda: len(bench.results) == 5)
    bench.worker.stop(SECOND)
    assert [result.execution_id for result in bench.results] == [f"exe_{k}" for k in range(5)]


def test_what_is_not_sent_when_the_lease_is_lost_is_never_sent(target: str) -> None:
    lease = [True]
    bench = Bench(may_send=lambda: bool(lease), per_target_max=1)
    bench.worker.submit([request(f"exe_{k}", webhook={"url": f"{target}/slow"}) for k in range(3)])
    wait_for(lambda: Handler.seen)
    lease.clear()
    bench.worker.forget()
    wait_for(lambda: bench.results)
    lease.append(True)
    wait_for(lambda: not bench.worker.in_flight)
    assert bench.worker.queued == 0
    bench.worker.stop(SECOND)
    assert len(Handler.seen) == len(bench.results) == 1


def test_the_deadline_of_an_attempt_begins_when_it_is_sent(target: str) -> None:
    bench = Bench(per_target_max=1)
    bench.worker.submit(
        [request(f"exe_{k}", webhook={"url": f"{target}/slow"}, timeout="5s") for k in range(3)]
    )
    wait_for(lambda: len(bench.results) == 3)
    bench.worker.stop(SECOND)
    assert {result.outcome for result in bench.results} == {AttemptOutcome.SUCCESS}


def test_forgetting_after_a_cancellation_forgets_everything(target: str) -> None:
    bench = Bench(may_send=lambda: False)
    waiting = [request(f"exe_{k}", webhook={"url": target}) for k in range(3)]
    for _ in range(200):
        bench.worker.submit(waiting)
        bench.worker.cancel("exe_0")
        bench.worker.forget()
    bench.worker.cancel("exe_none")
    wait_for(lambda: bench.worker.queued == 0)
    bench.worker.stop(SECOND)


def test_a_stopped_worker_leaves_foreign_files_alone(tmp_path: Path) -> None:
    bench = Bench()
    bench.worker.stop(SECOND)
    with contextlib.ExitStack() as files:
        # The lowest free descriptors: those that the worker has given back are among them.
        paths = [tmp_path / str(k) for k in range(64)]
        for path in paths:
            files.enter_context(path.open("wb"))
        bench.worker.cancel("exe_1")
        bench.worker.submit([])
        bench.worker.stop(SECOND)
    assert not any(path.stat().st_size for path in paths)


def test_a_target_that_never_accepts_is_named(bench: Bench) -> None:
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(6):
            caller = sockets.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        result = bench.one(webhook={"url": url}, timeout="300ms")
    assert result.outcome is AttemptOutcome.TIMEOUT
    assert "no connection" in result.error


def test_a_header_with_a_line_break_is_not_sent(bench: Bench, target: str) -> None:
    made = request("exe_1", webhook={"url": target})
    webhook = structs.replace(made.job.spec.webhook, headers={"A": f"{SECRET}\r\nX: y"})
    job = structs.replace(
        made.job,
        id="job_of_its_own",
        version=1,
        spec=structs.replace(made.job.spec, webhook=webhook),
    )
    bench.worker.submit([structs.replace(made, job=job)])
    wait_for(lambda: bench.results)
    assert bench.results[0].outcome is AttemptOutcome.FAILED
    assert SECRET not in bench.results[0].error
    assert not Handler.seen


def test_a_burst_wider_than_the_idle_bound_still_uses_connections_again(target: str) -> None:
    bench = Bench(in_flight_max=16, idle_connections_max=1)
    bench.worker.submit([request(f"exe_{k}", webhook={"url": target}) for k in range(320)])
    wait_for(lambda: len(bench.results) == 320)
    bench.worker.stop(SECOND)
    assert len(Handler.connections) <= 32


def doubtful(url: str, status: int, **fields: Any) -> Request:
    """An attempt of which nobody knows whether the one before it was seen."""
    webhook = {"url": url, "headers": {"X-Team": "data"}}
    webhook["status_url"] = f"/status/{status}/{{execution_id}}"
    first = request("exe_1", webhook=webhook, guarantee="effect_once", **fields)
    execution = structs.replace(first.execution, attempt=2, asks_first=True)
    return structs.replace(first, execution=execution)


def outcome_of(bench: Bench, attempt: Request) -> AttemptResult:
    bench.worker.submit([attempt])
    wait_for(lambda: bench.results)
    return bench.results[0]


def test_a_target_that_has_seen_it_is_not_sent_to_again(bench: Bench, target: str) -> None:
    result = outcome_of(bench, doubtful(f"{target}/run", 200))
    assert (result.outcome, result.status_code) == (AttemptOutcome.SUCCESS, 200)
    [asked] = Handler.seen
    assert asked["path"] == "/status/200/exe_1"
    assert asked["headers"]["X-Team"] == "data"


@pytest.mark.parametrize("status", [404, 410])
def test_a_target_that_has_not_seen_it_is_sent_to(bench: Bench, target: str, status: int) -> None:
    result = outcome_of(bench, doubtful(f"{target}/run", status))
    assert (result.outcome, result.status_code) == (AttemptOutcome.SUCCESS, 200)
    assert [one["path"] for one in Handler.seen] == [f"/status/{status}/exe_1", "/run"]
    assert Handler.seen[1]["headers"]["Idempotency-Key"] == "exe_1"
    assert Handler.seen[1]["headers"]["X-Chronos-Attempt"] == "2"


def test_what_the_target_has_not_seen_is_sent_within_the_lease_only(target: str) -> None:
    lease = iter([True])
    bench = Bench(may_send=lambda: next(lease, False))
    result = outcome_of(bench, doubtful(f"{target}/run", 404))
    bench.worker.stop(SECOND)
    assert (result.outcome, result.is_doubtful) == (AttemptOutcome.FAILED, False)
    assert [one["path"] for one in Handler.seen] == ["/status/404/exe_1"]


def test_a_target_that_cannot_say_is_not_sent_to(bench: Bench, target: str) -> None:
    result = outcome_of(bench, doubtful(f"{target}/run", 503))
    assert result.outcome is AttemptOutcome.FAILED
    assert "could not say" in result.error
    assert len(Handler.seen) == 1


def test_a_question_and_its_attempt_share_the_time_out(bench: Bench, target: str) -> None:
    result = outcome_of(bench, doubtful(f"{target}/slow", 404, timeout="1s"))
    assert result.outcome is AttemptOutcome.TIMEOUT
    assert result.is_doubtful


def test_what_certainly_did_not_leave_is_not_in_doubt(bench: Bench) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}/run"
    result = outcome_of(bench, request("exe_1", webhook={"url": nobody}))
    assert result.outcome is AttemptOutcome.FAILED
    assert not result.is_doubtful


@contextlib.contextmanager
def speaking(*answers: bytes, close: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """A target that gives these answers, one a request, on as many connections as it takes."""
    heard: list[bytes] = []
    left = list(answers)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while left:
                connection, _ = server.accept()
                with connection:
                    while left and (data := connection.recv(65536)):
                        heard.append(data)
                        connection.sendall(left.pop(0))
                        if close:
                            break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
    server.close()
    thread.join()


@contextlib.contextmanager
def closing_after_the_second(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A target that reads its second request and closes without a word; it answers all others."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                heard.append(data)
                if len(heard) == 2:
                    return
                connection.sendall(answer)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
    server.close()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        OK + b"\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_an_answer_is_read_however_it_is_framed(bench: Bench, answer: bytes) -> None:
    with speaking(answer) as (url, _):
        result = bench.one(webhook={"url": url})
    assert (result.outcome, result.response) == (AttemptOutcome.SUCCESS, "ok"), result.error


def test_half_an_answer_is_a_failure_that_was_seen(bench: Bench) -> None:
    with speaking(OK + b"Content-Length: 20\r\n\r\nhalf") as (url, _):
        result = bench.one(webhook={"url": url})
    assert result.outcome is AttemptOutcome.FAILED
    assert "broke" in result.error
    assert (result.status_code, result.response) == (200, "half")


def test_a_connection_that_the_target_closed_is_not_used_again(bench: Bench) -> None:
    answer = OK + b"Content-Length: 2\r\n\r\nok"
    with speaking(*[answer] * 3) as (url, heard):
        for k in range(3):
            time.sleep(0.1)  # the close arrives
            bench.worker.submit([request(f"exe_{k}", webhook={"url": url})])
            wait_for(lambda count=k + 1: len(bench.results) == count)
    assert {result.outcome for result in bench.results} == {AttemptOutcome.SUCCESS}
    assert len(heard) == 3


def test_a_connection_is_left_before_the_target_leaves_it(bench: Bench, way: str) -> None:
    answer = OK + b"Keep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok"
    with speaking(answer, answer, close=way == "plain") as (url, heard):  # libcurl does not ask
        for k in range(2):
            bench.worker.submit([request(f"exe_{k}", webhook={"url": url})])
            wait_for(lambda count=k + 1: len(bench.results) == count)
    assert {result.outcome for result in bench.results} == {AttemptOutcome.SUCCESS}
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("guarantee", "outcome"),
    [
        ("at_least_once", AttemptOutcome.SUCCESS),
        ("at_most_once", AttemptOutcome.FAILED),
        ("effect_once", AttemptOutcome.FAILED),
    ],
)
def test_a_kept_connection_that_closes_unanswered_is_judged_by_the_guarantee(
    bench: Bench, guarantee: str, outcome: AttemptOutcome
) -> None:
    good = OK + b"Content-Length: 2\r\n\r\nok"
    with closing_after_the_second(good) as (url, heard):
        for k in range(2):
            webhook = {"url": url, "status_url": "/seen/{execution_id}"}
            one = request(f"exe_{k}", webhook=webhook, guarantee=guarantee)
            bench.worker.submit([one])
            wait_for(lambda count=k + 1: len(bench.results) == count)
    first, second = bench.results
    assert (first.outcome, second.outcome) == (AttemptOutcome.SUCCESS, outcome)
    assert second.is_doubtful == (outcome is AttemptOutcome.FAILED)
    assert [b"exe_1" in head for head in heard] == [False, True, True][: len(heard)]
    assert len(heard) == (3 if outcome is AttemptOutcome.SUCCESS else 2)


def test_a_host_is_found_by_its_name(bench: Bench, target: str) -> None:
    result = bench.one(webhook={"url": target.replace("127.0.0.1", "localhost")})
    assert result.outcome is AttemptOutcome.SUCCESS, result.error


def test_a_name_that_nobody_has_is_named(bench: Bench) -> None:
    result = bench.one(webhook={"url": "http://nobody.invalid/"})
    assert result.outcome is AttemptOutcome.FAILED
    assert "does not resolve" in result.error
    assert not result.is_doubtful


def test_a_request_larger_than_a_sockets_buffer_arrives_whole(bench: Bench, target: str) -> None:
    body = "x" * (8 << 20)  # more than a job may hold, so that it leaves in pieces for certain
    one = request("exe_1", webhook={"url": target})
    webhook = structs.replace(one.job.spec.webhook, body=body)
    one = structs.replace(
        one, job=structs.replace(one.job, spec=structs.replace(one.job.spec, webhook=webhook))
    )
    bench.worker.submit([one])
    [result] = wait_for(lambda: bench.results)
    assert result.outcome is AttemptOutcome.SUCCESS, result.error
    assert len(Handler.seen[0]["body"]) == len(body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
def test_each_method_is_sent_as_it_is(bench: Bench, method: str) -> None:
    with speaking(OK + b"Content-Length: 2\r\n\r\n" + b"ok" * (method != "HEAD")) as (url, heard):
        result = bench.one(webhook={"url": f"{url}/a?b=c", "method": method, "body": ""})
    assert result.outcome is AttemptOutcome.SUCCESS, result.error
    first, *lines = heard[0].decode().split("\r\n")
    assert first == f"{method} /a?b=c HTTP/1.1"
    assert f"Host: {url.removeprefix('http://')}" in lines
    assert ("Content-Length: 0" in lines) is (method == "PUT")


def test_an_execution_that_sends_otherwise_sends_its_own(bench: Bench, target: str) -> None:
    first = request("exe_1", webhook={"url": target, "headers": {"X-Kind": "usual"}})
    webhook = structs.replace(first.job.spec.webhook, headers={"X-Kind": "changed"})
    spec_ = structs.replace(first.job.spec, webhook=webhook)
    second = request("exe_2", webhook={"url": target})
    second = structs.replace(second, job=structs.replace(first.job, spec=spec_))
    for count, attempt in enumerate(
        (first, second, structs.replace(first, execution=second.execution))
    ):
        bench.worker.submit([attempt])
        wait_for(lambda wanted=count + 1: len(bench.results) == wanted)
    kinds = [one["headers"]["X-Kind"] for one in Handler.seen]
    assert kinds == ["usual", "changed", "usual"]
    assert '"X-Kind":"changed"' in bench.results[1].trace
