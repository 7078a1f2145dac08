"""Where the nodes stand: a network namespace each, or loopback where that is not to be had.

A node is known to its peers by the address in `--peer`, and it dials or waits by the order of these
addresses, so that a proxy between two nodes cannot be told from a stranger. In a namespace a node
has an address of its own, and packets are dropped as a broken cable drops them: no reset, no error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Protocol

from tests.kit.cluster import free_ports

TOOLS = ("ip", "nft", "tc", "nsenter")
HTTP_PORT, RAFT_PORT = 8080, 7000


class Ground(Protocol):
    """Addresses and links of nodes numbered from 0."""

    networked: bool
    """Whether links can be cut."""
    sink_host: str

    def addresses(self, node: int) -> tuple[str, str]:
        """Where the node listens: its API, its Raft port."""
        ...

    def prefix(self, node: int) -> list[str]:
        """What stands before a node's command line."""
        ...

    def cut(self, sender: int, receiver: int) -> None:
        """Drop all packets of one direction."""
        ...

    def join(self, sender: int, receiver: int) -> None:
        """Take one cut of this direction back."""
        ...

    def narrow(self, node: int, kilobits: int | None) -> None:
        """Let a node send so much a second, the rest waits; None: as much as it can."""
        ...

    def mend(self) -> None:
        """Join and widen all links, whatever was done to them."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class Loopback:
    """All nodes on 127.0.0.1: processes can be hurt, links cannot."""

    networked = False
    sink_host = "127.0.0.1"

    def __init__(self, count: int):
        ports = free_ports(2 * count)
        self._addresses = [
            (f"127.0.0.1:{ports[2 * k]}", f"127.0.0.1:{ports[2 * k + 1]}") for k in range(count)
        ]

    def addresses(self, node: int) -> tuple[str, str]:
        return self._addresses[node]

    def prefix(self, node: int) -> list[str]:
        return []

    def cut(self, sender: int, receiver: int) -> None:
        raise NotImplementedError("links on loopback cannot be cut")

    def join(self, sender: int, receiver: int) -> None:
        raise NotImplementedError("links on loopback cannot be cut")

    def narrow(self, node: int, kilobits: int | None) -> None:
        raise NotImplementedError("links on loopback cannot be narrowed")

    def mend(self) -> None:
        pass

    def close(self) -> None:
        pass


class Namespaces:
    """A network namespace for each node, a bridge between them; the sink is on the bridge."""

    networked = True

    def __init__(self, count: int):
        self._count = count
        mark = os.getpid() % 65536
        self._name = f"ct{mark:04x}"
        self._net = f"10.{64 + mark // 256 % 64}.{mark % 256}"
        self.sink_host = f"{self._net}.254"
        self._cuts: Counter[tuple[int, int]] = Counter()
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        _do("ip", "link", "add", self._name, "type", "bridge")
        _do("ip", "addr", "add", f"{self.sink_host}/24", "dev", self._name)
        _do("ip", "link", "set", self._name, "up")
        for node in range(self._count):
            space, outer = self._space(node), f"{self._name}v{node}"
            _do("ip", "netns", "add", space)
            link = ["ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0"]
            _do(*link, "netns", space)
            _do("ip", "link", "set", outer, "master", self._name, "up")
            self._within(node, "ip", "addr", "add", f"{self._net}.{node + 1}/24", "dev", "eth0")
            self._within(node, "ip", "link", "set", "eth0", "up")
            self._within(node, "ip", "link", "set", "lo", "up")
            self._within(node, "nft", "add", "table", "inet", "torture")
            hook = "{ type filter hook input priority 0 ; }"
            self._within(node, "nft", f"add chain inet torture input {hook}")

    def _space(self, node: int) -> str:
        return f"{self._name}n{node + 1}"

    def _within(self, node: int, *command: str) -> None:
        _do(*self.prefix(node), *command)

    def addresses(self, node: int) -> tuple[str, str]:
        host = f"{self._net}.{node + 1}"
        return f"{host}:{HTTP_PORT}", f"{host}:{RAFT_PORT}"

    def prefix(self, node: int) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self._space(node)}"]

    def cut(self, sender: int, receiver: int) -> None:
        self._cuts[sender, receiver] += 1
        self._apply(receiver)

    def join(self, sender: int, receiver: int) -> None:
        self._cuts[sender, receiver] -= 1
        self._apply(receiver)

    def _apply(self, receiver: int) -> None:
        self._within(receiver, "nft", "flush", "chain", "inet", "torture", "input")
        for sender in range(self._count):
            if self._cuts[sender, receiver] > 0:
                rule = f"add rule inet torture input ip saddr {self._net}.{sender + 1} drop"
                self._within(receiver, "nft", rule)

    def narrow(self, node: int, kilobits: int | None) -> None:
        if kilobits is None:
            self._within(node, "tc", "qdisc", "del", "dev", "eth0", "root")
            return
        shape = ["tbf", "rate", f"{kilobits}kbit", "burst", "8kb", "latency", "3000ms"]
        self._within(node, "tc", "qdisc", "replace", "dev", "eth0", "root", *shape)

    def mend(self) -> None:
        self._cuts.clear()
        for node in range(self._count):
            self._apply(node)
            _try(*self.prefix(node), "tc", "qdisc", "del", "dev", "eth0", "root")

    def close(self) -> None:
        for node in range(self._count):
            _try("ip", "netns", "del", self._space(node))
            _try("ip", "link", "del", f"{self._name}v{node}")
        _try("ip", "link", "del", self._name)


def why_no_network() -> str:
    """Why links cannot be hurt on this machine; empty where they can."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{', '.join(missing)} not found (apt-get install iproute2 nftables util-linux)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        Namespaces(1).close()
    except subprocess.CalledProcessError as fault:
        return f"{' '.join(fault.cmd)}: {fault.stderr.decode().strip()}"
    return ""


def find_libfaketime() -> Path | None:
    """The library that shifts a process's clock, where it is installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _try(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)
