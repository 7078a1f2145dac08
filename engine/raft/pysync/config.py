"""How a node takes part: addresses, times, files."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

_SECRET_CHARS_MIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftConfig:
    """How a node takes part.

    Attributes:
        address: own "host:port", bound and unique in the group.
        peers: the others; empty for one node alone.
        data_dir: folder of the journal and the snapshot.
        secret: shared by the group; required with peers beyond loopback.
        heartbeat_timeout_us: silence after which a follower stands for election, at least.
        election_timeout_us: the same, at most.
        snapshot_interval_us: a snapshot is taken at least this often, if anything changed.
        snapshot_threshold: and whenever the log has more entries than this.

    Raises:
        ValueError: an address is no "host:port", the secret is missing or short, times disagree.
    """

    address: str
    peers: tuple[str, ...] = ()
    data_dir: Path
    secret: str = ""
    heartbeat_timeout_us: int = 500_000
    election_timeout_us: int = 1_000_000
    snapshot_interval_us: int = 30_000_000
    snapshot_threshold: int = 1000

    def __post_init__(self) -> None:
        addresses = (self.address, *self.peers)
        for address in addresses:
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"raft address {address!r}: write host:port")
        if len(set(addresses)) != len(addresses):
            raise ValueError("raft peers: every address once, and not the node's own")
        if not 0 < self.heartbeat_timeout_us < self.election_timeout_us:
            raise ValueError("raft: the election timeout must exceed the heartbeat timeout")
        exposed = self.peers and not all(_loopback(a) for a in addresses)
        if exposed and not self.secret:
            raise ValueError("raft secret: required when peers are not all on loopback")
        if self.secret and len(self.secret) < _SECRET_CHARS_MIN:
            raise ValueError(f"raft secret: at least {_SECRET_CHARS_MIN} random characters")


def _loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
