"""The jobs that run while nodes are hurt, and a writer who edits them meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.torture.faults import Field
from tests.torture.nodes import Node, Refused
from tests.torture.records import PAUSE_S, Write

JOBS = 40
WRITERS, EDITED = 2, 8
"""Each writer changes so many jobs, which are its own; the others run as they were made."""
TRIES_S = 90.0
_SCHEDULES = ("@every 1s", "@every 2s", "* * * * * *", "@every 5s")
_RETRIES = {"initial_interval": "200ms", "max_interval": "1s"}


def documents(url: str, rng: random.Random) -> list[dict[str, Any]]:
    """The jobs: some 30 fires a second, in all mixtures of policy, target and retries."""
    found = []
    for k in range(JOBS):
        behaviour = ("fast", "fast", "slow", "flaky", "hang")[k % 5]
        name = f"{behaviour}-{k}"
        found.append(
            {
                "name": name,
                "schedule": rng.choice(_SCHEDULES),
                "webhook": {"url": f"{url}/{behaviour}/{name}", "method": "POST", "body": "{}"},
                "timeout": "2s" if behaviour == "hang" else "10s",
                "concurrency": rng.choice(["allow", "allow", "forbid", "replace"]),
                "missed_run_policy": rng.choice(
                    ["execute_all", "execute_all", "execute_all", "ignore", "execute_one"]
                ),
                "retry_policy": {"max_attempts": rng.choice([1, 3]), **_RETRIES},
                "enabled": True,
            }
        )
    return found


class Unanswered(Exception):
    """Asked of every node, again and again, and never told what came of it."""


class Writer:
    """A person with a script: edits, switches, triggers and pauses, and remembers the answers.

    Every request is repeated under its key until a node answers, as the reference advises.
    """

    def __init__(self, name: str, field: Field, jobs: list[dict[str, Any]], rng: random.Random):
        self._name, self._field, self._random = name, field, rng
        self._jobs = {job["name"]: dict(job) for job in jobs}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._count = 0
        self._asked = 0.0
        self.writes: list[Write] = []
        self.unanswered: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        acts: list[Callable[[str], None]] = [
            self._describe,
            self._retime,
            self._switch,
            self._trigger,
            self._pause,
        ]
        while not self._over.wait(self._random.uniform(0.3, 1.5)):
            act, name = self._random.choice(acts), self._random.choice(sorted(self._jobs))
            if self._random.random() < 0.6:
                self._wait_for_a_fire()
            try:
                act(name)
            except Unanswered as fault:
                self.unanswered.append(str(fault))

    def _wait_for_a_fire(self) -> None:
        """Ask when fire times are due, which is where an edit can race with a claim."""
        due = int(time.time()) + 1 - self._random.uniform(0.0, 0.012)
        self._over.wait(max(0.0, due - time.time()))

    def _describe(self, name: str) -> None:
        self._put(name, "describe")

    def _retime(self, name: str) -> None:
        others = [text for text in _SCHEDULES if text != self._jobs[name]["schedule"]]
        self._jobs[name]["schedule"] = self._random.choice(others)
        self._put(name, "retime")

    def _put(self, name: str, kind: str) -> None:
        job = self._jobs[name]
        job["description"] = f"{kind} {self._name}-{self._count}"
        answer = self._ask("PUT", f"/api/v1/jobs/default/{name}", json=job)
        if answer is not None:
            self._note(kind, name, description=job["description"], schedule=job["schedule"])

    def _switch(self, name: str) -> None:
        path = f"/api/v1/jobs/default/{name}"
        if self._ask("POST", f"{path}/disable") is not None:
            self._note("disable", name)
        self._over.wait(self._random.choice([0.0, 0.2, 1.0, 3.0]))
        if self._ask("POST", f"{path}/enable") is not None:
            self._note("enable", name)

    def _trigger(self, name: str) -> None:
        answer = self._ask("POST", f"/api/v1/jobs/default/{name}/trigger")
        if answer is not None:
            self._note("trigger", name, execution=answer["id"])

    def _pause(self, name: str) -> None:
        body = {"scope": f"job:default/{name}", "for": f"{PAUSE_S}s"}
        answer = self._ask("POST", "/api/v1/pauses", json=body)
        if answer is None:
            return
        self._note("pause", name, pause=answer["id"])
        self._over.wait(self._random.uniform(0.5, 4.0))
        if self._random.random() < 0.4:  # with fire times that wait to be gathered
            self._random.choice([self._describe, self._retime, self._switch])(name)
        if self._ask("DELETE", f"/api/v1/pauses/{answer['id']}") is not None:
            self._note("resume", name, pause=answer["id"])

    def _note(self, kind: str, job: str, **proof: Any) -> None:
        self.writes.append(Write(self._asked, time.time(), kind, job, proof))

    def _node(self) -> Node:
        """Any node; often one that is hurt, for what it was asked may come to the others late."""
        hurt = list(self._field.hurt)
        return self._random.choice(
            hurt if hurt and self._random.random() < 0.5 else self._field.group.nodes
        )

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        """The answer; None where it was refused, which is an answer too."""
        self._count += 1
        self._asked = time.time()
        headers = {"Idempotency-Key": f"{self._name}-{self._count}"}
        end = time.monotonic() + TRIES_S
        while time.monotonic() < end:
            node = self._node()
            try:
                return node.ask(method, path, headers=headers, seconds=20.0, **how)
            except httpx.HTTPStatusError as refusal:
                if refusal.response.status_code < 500:
                    return None
            except Refused:
                pass
            time.sleep(0.2)
        raise Unanswered(f"{method} {path} ({self._name}-{self._count})")


def writers(field: Field, jobs: list[dict[str, Any]], rng: random.Random) -> list[Writer]:
    """Some writers; one that waits for a node that is cut off does not hold up the others."""
    edited = rng.sample(jobs, WRITERS * EDITED)
    return [
        Writer(f"w{k}", field, edited[k::WRITERS], random.Random(rng.random()))
        for k in range(WRITERS)
    ]
