"""Jobs as registers: clients on all nodes write, swap, switch, delete and read, and note it all.

Every call asks for `?consistency=linearizable`. What was answered with an error, or not at all, may
have had its effect. A call that was repeated under its key and then refused may have had it before;
so its answer is unknown, too.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Hashable
from dataclasses import asdict, replace
from math import inf
from typing import Any

import httpx

from tests.torture.faults import Field
from tests.torture.linear import UNKNOWN, Operation
from tests.torture.nodes import HEADERS, HTTP

CLIENTS, REGISTERS = 3, 4
FRESH_S = 60.0
"""So long clients keep to the same registers: what was never answered may have happened at any
later moment, and a long history of one register holds too many such to try."""
TRIES, ANSWER_S = 3, 6.0
_CONFIRMED = {"consistency": "linearizable"}
_REFUSALS = {404: "missing", 409: "conflict"}


def register(state: Hashable, asked: Hashable) -> tuple[Hashable, Hashable]:
    """The sequential object: None, or (version, value, enabled)."""
    assert isinstance(asked, tuple)
    kind, *values = asked
    if kind == "read":
        return state, state
    if kind == "create":
        return (state, "conflict") if state else ((1, values[0], False), "ok")
    if state is None:
        return None, "missing"
    assert isinstance(state, tuple)
    version, value, _ = state
    if kind == "delete":
        return None, "ok"
    if kind == "switch":
        return (version, value, values[0]), "ok"
    if kind == "swap" and values[0] != version:
        return state, "conflict"
    return (version + 1, values[-1], False), "ok"


def without_unseen(history: list[Operation]) -> list[Operation]:
    """What was never answered and whose value nobody read, with one value for all.

    Such writes can stand for each other, so that the checker need not try each in place of each.
    """
    seen = {
        one.answer[1] for one in history if isinstance(one.answer, tuple) and one.asked == ("read",)
    }

    def alike(one: Operation) -> Operation:
        assert isinstance(one.asked, tuple)
        kind, *values = one.asked
        if one.answer is not UNKNOWN or kind not in ("create", "write", "swap"):
            return one
        return one if values[-1] in seen else replace(one, asked=(kind, *values[:-1], "unseen"))

    return [alike(one) for one in history]


class Client:
    """One after the other, on whichever node; `history` is what came of it."""

    def __init__(self, name: str, field: Field, rng: random.Random):
        self._name, self._field, self._random = name, field, rng
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._count = 0
        self._version = 1
        self.history: list[Operation] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        started = time.monotonic()
        while not self._over.wait(self._random.uniform(0.05, 0.4)):
            self._count += 1
            asked = self._drawn(f"{self._name}-{self._count}")
            began = time.monotonic()
            age = int((began - started) / FRESH_S)
            key = f"reg-{age}-{self._random.randrange(REGISTERS)}"
            answer = self._answer(key, asked)
            ended = inf if answer is UNKNOWN else time.monotonic()
            if answer is UNKNOWN and asked[0] == "read":
                continue
            self.history.append(
                Operation(
                    key=key,
                    asked=asked,
                    answer=answer,
                    asked_at=began,
                    answered_at=ended,
                    client=self._name,
                )
            )

    def _drawn(self, value: str) -> tuple[Any, ...]:
        kind = self._random.choice(["read"] * 5 + ["write", "swap"] * 2 + ["create"] * 2 + ["rest"])
        if kind == "rest":
            kind = self._random.choice(["delete", "switch", "switch"])
        if kind == "switch":
            return kind, self._random.random() < 0.5
        if kind == "swap":
            return kind, self._version, value
        return (kind, value) if kind in ("write", "create") else (kind,)

    def _answer(self, key: str, asked: tuple[Any, ...]) -> Hashable:
        headers = HEADERS | {"Idempotency-Key": f"{self._name}-{self._count}"}
        for number in range(TRIES):
            node = self._random.choice(self._field.group.nodes)
            method, path, more = _call(key, asked)
            how: dict[str, Any] = {
                "params": _CONFIRMED,
                "headers": headers | more.pop("headers", {}),
            }
            try:
                answer = HTTP.request(
                    method, f"http://{node.http}{path}", timeout=ANSWER_S, **how, **more
                )
            except httpx.HTTPError:
                continue
            status = answer.status_code
            if status < 300:
                return self._read(answer.json()["data"]) if asked[0] == "read" else "ok"
            if status in _REFUSALS:
                if asked[0] == "read":
                    return None
                return UNKNOWN if number else _REFUSALS[status]
        return UNKNOWN

    def _read(self, job: dict[str, Any]) -> Hashable:
        self._version = job["version"]
        return job["version"], job["description"], job["enabled"]


def _call(key: str, asked: tuple[Any, ...]) -> tuple[str, str, dict[str, Any]]:
    """Method, path, and what else goes with the request."""
    kind, *values = asked
    path = f"/api/v1/jobs/default/{key}"
    if kind in ("create", "write", "swap"):
        job = {
            "name": key,
            "schedule": "@yearly",
            "description": values[-1],
            "webhook": {"url": "http://127.0.0.1:9/"},
            "enabled": False,
        }
        if kind == "create":
            return "POST", "/api/v1/jobs", {"json": job}
        headers = {"If-Match": f'"{values[0]}"'} if kind == "swap" else {}
        return "PUT", path, {"json": job, "headers": headers}
    if kind == "switch":
        return "POST", f"{path}/{'enable' if values[0] else 'disable'}", {}
    return {"read": "GET", "delete": "DELETE"}[kind], path, {}


def clients(field: Field, rng: random.Random) -> list[Client]:
    """Some clients of the same registers."""
    return [Client(f"c{k}", field, random.Random(rng.random())) for k in range(CLIENTS)]


def written(operation: Operation) -> dict[str, Any]:
    """As JSON; what is unknown is left out."""
    row = asdict(operation)
    if operation.answer is UNKNOWN:
        del row["answer"], row["answered_at"]
    return row


def read_back(row: dict[str, Any]) -> Operation:
    """What `written` wrote."""

    def frozen(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    unknown = {"answer": UNKNOWN, "answered_at": inf}
    return Operation(**{key: frozen(value) for key, value in (unknown | row).items()})
