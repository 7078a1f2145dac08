"""Real nodes as child processes on loopback, with verbs; and a real target that remembers."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

SERVE = ("app.cli.serve",)
ROOT = Path(__file__).resolve().parents[2]

PATIENCE_S = 240.0
"""How long a test waits for what must come: long, for a busy machine; it ends when it came."""

HTTP = httpx.Client(verify=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
"""For nodes that come and go: no kept connections, and no certificates read for each call."""


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on.

    They lie below those that the kernel hands out by itself, so that no connection takes one
    before a node does.
    """
    found: dict[int, socket.socket] = {}
    while len(found) < count:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError):
            found[port] = socket.create_server(("127.0.0.1", port))
    for held in found.values():
        held.close()
    return list(found)


def wait_for(condition: Callable[[], Any], seconds: float = PATIENCE_S, what: str = "") -> Any:
    """The first true answer of `condition`, asked every 50 ms; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what or condition}")


@dataclass(frozen=True)
class Arrival:
    """One request that reached the target."""

    at: float
    path: str
    key: str
    scheduled: str
    attempt: str


class Target:
    """An HTTP server that answers 200 and writes down what it got."""

    def __init__(self) -> None:
        arrivals = self.arrivals = []  # type: list[Arrival]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                head = self.headers
                arrivals.append(
                    Arrival(
                        time.time(),
                        self.path,
                        head["Idempotency-Key"],
                        head["X-Chronos-Scheduled-Time"],
                        head["X-Chronos-Attempt"],
                    )
                )
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_GET = do_POST  # noqa: N815  # the name that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024  # a burst must not overflow the listener's backlog

            def handle_error(self, request: object, client_address: object) -> None:
                """A killed node leaves broken pipes; they are what the test is about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Node:
    """One `chronos serve` process."""

    name: str
    data_dir: Path
    http: str
    raft: str
    peers: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    program: tuple[str, ...] = SERVE
    """The module that is run, and what it is told before the arguments of `serve`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of `cluster.raft`, what differs from the defaults."""

    @property
    def url(self) -> str:
        return f"http://{self.http}"

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> Node:
        command = [sys.executable, "-m", *self.program, "--node-id", self.name]
        command += ["--data-dir", str(self.data_dir), "--http", self.http, "--raft", self.raft]
        for peer in self.peers:
            command += ["--peer", peer]
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.settings:
            config = self.data_dir.with_suffix(".yaml")
            config.write_text(json.dumps({"cluster": {"raft": self.settings}}))
            command += ["--config", str(config)]
        with (self.data_dir / "node.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        return self

    def kill(self) -> None:
        """As the power cut does to a process: SIGKILL."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        """As an operator does: SIGTERM; the exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def request(self, method: str, path: str, **how: Any) -> Any:
        """The `data` of an answer; AssertionError with the whole answer if it is an error."""
        answer = HTTP.request(method, self.url + path, timeout=PATIENCE_S, **how)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def healthy(self) -> bool:
        try:
            return HTTP.get(f"{self.url}/health", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.request("GET", "/api/v1/cluster/status")
        return answer

    def executions(self) -> list[dict[str, Any]]:
        """All that it tells of, in the order of their ids."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            after = f"&cursor={cursor}" if cursor else ""
            page = self.request("GET", f"/api/v1/executions?limit=1000{after}")
            found += page["executions"]
            cursor = page["next_cursor"]
        return sorted(found, key=lambda row: str(row["id"]))

    def log(self) -> str:
        return (self.data_dir / "node.log").read_text(errors="replace")


class Cluster:
    """Nodes that form one Raft group."""

    def __init__(self, folder: Path, count: int, program: tuple[str, ...] = SERVE, **settings: Any):
        ports = free_ports(2 * count)
        rafts = [f"127.0.0.1:{port}" for port in ports[count:]]
        self.nodes = [
            Node(
                f"n{k + 1}",
                folder / f"n{k + 1}",
                f"127.0.0.1:{ports[k]}",
                rafts[k],
                [raft for raft in rafts if raft != rafts[k]] if count > 1 else [],
                program=program,
                settings=settings,
            )
            for k in range(count)
        ]

    def start(self) -> Cluster:
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_for(node.healthy, what=f"{node.name} is healthy: {node.data_dir}")
        self.leader()
        return self

    def up(self) -> list[Node]:
        return [node for node in self.nodes if node.process is not None]

    def leader(self) -> Node:
        """The node that owns scheduling; waits for one."""

        def find() -> Node | None:
            for node in self.up():
                try:
                    if node.status()["is_leader"]:
                        return node
                except (httpx.HTTPError, AssertionError, json.JSONDecodeError):
                    continue
            return None

        found: Node = wait_for(find, what="a leader")
        return found

    def settled(self) -> bool:
        """Whether all that are up have applied, and written down, the same entries."""
        marks = [node.status() for node in self.up()]
        return len({mark["applied_index"] for mark in marks}) == 1 and all(
            mark["history"]["lag_entries"] == 0 and not mark["history"]["backfilling"]
            for mark in marks
        )

    def followers(self) -> list[Node]:
        leader = self.leader()
        return [node for node in self.up() if node is not leader]


@contextmanager
def cluster(
    folder: Path, count: int, program: tuple[str, ...] = SERVE, **settings: Any
) -> Iterator[Cluster]:
    """A started cluster that is stopped at the end, whatever happens."""
    nodes = Cluster(folder, count, program, **settings)
    try:
        yield nodes.start()
    finally:
        for node in nodes.nodes:
            if node.process is not None:
                node.process.terminate()
        for node in nodes.nodes:
            node.stop()


@contextmanager
def target() -> Iterator[Target]:
    """A target that is closed at the end."""
    server = Target()
    try:
        yield server
    finally:
        server.close()


def job(name: str, url: str, **fields: Any) -> dict[str, Any]:
    """The document of an enabled job that posts to `url` every second."""
    return {
        "name": name,
        "schedule": "@every 1s",
        "webhook": {"url": url, "method": "POST", "body": "{}"},
        "enabled": True,
        **fields,
    }
