"""Nodes that get hurt: `chronos serve` processes, their clocks and disks, and what they say."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.kit.cluster import ROOT, wait_for
from tests.torture.ground import Ground

KEY = "torture-key-of-this-run"
SECRET = "torture-secret-of-this-run"
HEADERS = {"X-API-Key": KEY}
PATIENCE_S = 90.0
DISK_MEGABYTES = 96

HTTP = httpx.Client(
    headers=HEADERS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
)
Refused = (httpx.HTTPError, ValueError, KeyError)


class Node:
    """One node: its folder holds settings, log, clock and data.

    Args:
        number: from 0; the node is called n1, n2, ...
        ground: where it stands.
        count: how many nodes the group has.
        folder: of this node; made.
        libfaketime: with it the node's clock can be stepped while it runs.
        small_disk: whether its data lies on a small disk that can be filled.
    """

    def __init__(
        self,
        number: int,
        ground: Ground,
        count: int,
        folder: Path,
        *,
        libfaketime: Path | None = None,
        small_disk: bool = False,
    ):
        self.number, self.name = number, f"n{number + 1}"
        self.folder, self.data = folder, folder / "data"
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self._ground = ground
        self._libfaketime, self._small_disk = libfaketime, small_disk
        self.http, raft = ground.addresses(number)
        self.data.mkdir(parents=True)
        peers = [ground.addresses(k)[1] for k in range(count) if k != number]
        self._write_settings(raft, peers)
        if libfaketime is not None:
            self.step_clock(0)
        if small_disk:
            size = f"size={DISK_MEGABYTES}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.data], check=True)

    def _write_settings(self, raft: str, peers: list[str]) -> None:
        # Small logs and many snapshots: their hand-overs are where a crash could hurt.
        agreed: dict[str, Any] = {"address": raft, "peers": peers, "secret": SECRET}
        agreed |= {"snapshot_interval": "10s", "snapshot_threshold": 400}
        settings = {
            "cluster": {"node_id": self.name, "data_dir": str(self.data), "raft": agreed},
            "server": {"http": {"address": self.http}},
            "analytics": {"enabled": False},
            "auth": {"type": "api_key", "keys": [{"name": "torture", "key": KEY}]},
        }
        (self.folder / "node.yaml").write_text(yaml.safe_dump(settings))

    @property
    def has_own_clock(self) -> bool:
        return self._libfaketime is not None

    @property
    def has_small_disk(self) -> bool:
        return self._small_disk

    @property
    def running(self) -> bool:
        """Whether its process lives and is not stopped."""
        return self.process is not None and not self.stopped

    # ---- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        command = [*self._ground.prefix(self.number), sys.executable, "-m", "app.cli.serve"]
        command += ["serve", "--config", str(self.folder / "node.yaml")]
        environment = dict(os.environ)
        if self._libfaketime is not None:
            environment |= {
                "LD_PRELOAD": str(self._libfaketime),
                "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        with (self.folder / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.stopped = False

    def kill(self) -> None:
        """As the power cut does to a process, its children with it."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process, self.stopped = None, False

    def halt(self) -> None:
        """As a machine that hangs: nothing runs, nothing is closed."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        self.stopped = True

    def go_on(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)
        self.stopped = False

    def ended_by_itself(self) -> int | None:
        """The exit code of a process that nobody ended; it counts as down from then on."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        return code

    def terminate(self) -> None:
        """As an operator does; killed if it does not end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    # ---- clock and disk -------------------------------------------------------------------------

    def step_clock(self, seconds: int) -> None:
        """How far the node's clock is from the machine's, at once."""
        spare = self.folder / "clock.next"
        spare.write_text(f"{seconds:+d}\n")
        spare.replace(self.folder / "clock")

    def fill_disk(self) -> int:
        """Leave no byte; how many megabytes it took."""
        block, taken = bytes(1 << 16), 0
        ballast = (self.data / "ballast").open("wb", buffering=0)
        with ballast, contextlib.suppress(OSError):
            while written := ballast.write(block):
                taken += written
        return taken >> 20

    def free_disk(self) -> None:
        (self.data / "ballast").unlink(missing_ok=True)

    def leave_disk(self) -> None:
        """Keep what is on the small disk, and unmount it."""
        if self._small_disk:
            shutil.copytree(self.data, self.folder / "data-kept", ignore_dangling_symlinks=True)
            subprocess.run(["umount", "-l", self.data], check=False)

    # ---- asking ---------------------------------------------------------------------------------

    def ask(self, method: str, path: str, *, seconds: float = 5.0, **how: Any) -> Any:
        """The `data` of an answer.

        Raises:
            httpx.HTTPError: no answer, or one that is an error.
        """
        answer = HTTP.request(method, f"http://{self.http}{path}", timeout=seconds, **how)
        answer.raise_for_status()
        return answer.json()["data"]

    def status(self) -> dict[str, Any] | None:
        """What it says of the cluster; None if it does not answer soon."""
        if not self.running:
            return None
        try:
            found: dict[str, Any] = self.ask("GET", "/api/v1/cluster/status", seconds=1.5)
        except Refused:
            return None
        return found


@dataclass
class Group:
    """The nodes of one cluster."""

    nodes: list[Node]

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        wait_for(self.leader, PATIENCE_S, "a leader")

    def leader(self) -> Node | None:
        """The node that owns scheduling under the newest epoch, if one says so now."""
        claims = [
            (status["epoch"], node)
            for node in self.nodes
            if (status := node.status()) is not None and status["is_leader"]
        ]
        return max(claims, key=lambda claim: claim[0])[1] if claims else None

    def revive(self) -> None:
        """Continue what is stopped and start what is down."""
        for node in self.nodes:
            node.ended_by_itself()
            if node.stopped:
                node.go_on()
            elif node.process is None:
                node.start()

    def settle(self, seconds: float = PATIENCE_S) -> None:
        """Wait until all nodes have applied, and written down, the same entries.

        Raises:
            AssertionError: they did not in time.
        """
        wait_for(self._settled, seconds, "all nodes at the same index, their histories complete")

    def _settled(self) -> bool:
        marks = [node.status() for node in self.nodes]
        if any(mark is None for mark in marks):
            return False
        known = [mark for mark in marks if mark is not None]
        return len({mark["applied_index"] for mark in known}) == 1 and all(
            mark["history"]["lag_entries"] == 0
            and not mark["history"]["backfilling"]
            and mark["running"] == mark["pending"] == 0
            for mark in known
        )

    def close(self) -> None:
        for node in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                if node.stopped:
                    node.go_on()
        for node in self.nodes:
            if node.process is not None:
                node.process.terminate()
        time.sleep(0.5)
        for node in self.nodes:
            node.terminate()
            node.leave_disk()
