"""Whether a node can serve, and what of it needs a look: one sentence for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.history.store import History
from engine.raft.pysync.node import RaftNode

SILENT_S: Final = 5.0
"""A tick comes every 20 ms; so long without one is no busy machine, but a disk that hangs."""

PROBE_S: Final = 2.0
PROBE_BYTES: Final = 4 << 20
PROBES: Final = 3
"""So often in a row the disk must take a file before a node that it refused trusts it again."""


@dataclass(frozen=True, slots=True)
class Ailment:
    """Why a node cannot serve: the error's code, the reason, and what to do."""

    code: str
    reason: str
    hint: str


def ailment(raft: RaftNode, node_id: str) -> Ailment | None:
    """What keeps a node from serving, the gravest first; None where it serves."""
    status = raft.status()
    if raft.disk_failed:
        reason = f"{node_id} writes nothing: {raft.fault}"
        hint = "make room or mend the disk; the node begins anew by itself once it takes writes"
        return Ailment("STORE_ERROR", reason, hint)
    if raft.fault:
        return Ailment("STORE_ERROR", f"{node_id} stops: {raft.fault}", "see its log; restart it")
    if raft.flushing_s() > SILENT_S:
        reason = f"the disk of {node_id} has not answered a flush for {raft.flushing_s():.0f} s"
        return Ailment("STORE_ERROR", reason, "look at the disk; the node goes on once it answers")
    if raft.silent_s() > SILENT_S:
        reason = f"{node_id} has not followed the log for {raft.silent_s():.0f} s"
        return Ailment("STORE_ERROR", reason, "look at the load of its machine")
    if status.slow_disk:
        reason = f"the disk of {node_id} is slow: the last flush took {status.flush_s:.1f} s"
        return Ailment("STORE_ERROR", reason, "look at what else writes to it")
    if status.unheard:
        reason = f"{node_id} lost its past and waits to hear of {', '.join(status.unheard)}"
        return Ailment("NO_LEADER", reason, "start them: it takes part once all others were heard")
    if status.rejoining:
        reason = f"{node_id} lost its past and fetches it from the leader"
        return Ailment("NO_LEADER", reason, "wait until it has caught up; it does not vote before")
    if status.leader is None:
        hint = "ask another node, or wait until a majority of the nodes is up"
        return Ailment("NO_LEADER", f"{node_id} knows no leader", hint)
    return None


def alarms(raft: RaftNode, history: History, lost: str, node_id: str) -> Iterator[str]:
    """What somebody should look at, also where the node serves.

    `lost` tells the entries whose rows nobody can bring back.
    """
    found = ailment(raft, node_id)
    if found is not None:
        yield f"{found.reason}: {found.hint}"
    if raft.status().snapshot_fault:
        yield f"no snapshot can be written, so the log grows: {raft.status().snapshot_fault}"
    for stranger in raft.status().strangers:
        yield (
            f"{stranger} takes this node for a member of its group and is none of its peers here: "
            "bring cluster.raft.peers of all nodes into line"
        )
    for path in (*raft.set_aside, *history.set_aside):
        yield f"damaged, set aside, and fetched anew from the other nodes: {path}"
    if history.over:
        yield f"the history answers nothing until this node starts again: {history.over}"
    if lost:
        yield f"the history lacks the entries {lost}, and no other node has them: restore a backup"


def clock_alarms(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The clocks that are off the cluster's time, of the nodes as the cluster's status has them."""
    for node in nodes:
        if node["clock_agrees"] is False:
            offset = f"{node['clock_offset_us'] / 1e6:+.3f} s"
            yield (
                f"the clock of {node['node_id']} is {offset} off the cluster's time: it goes by "
                "that time all the same, and may not lead until its clock is set right"
            )


async def disk_works(folder: Path) -> None:
    """Return once the disk takes files again."""
    well = 0
    while well < PROBES:
        await asyncio.sleep(PROBE_S)
        well = well + 1 if await asyncio.to_thread(_takes_a_file, folder / "probe") else 0


def _takes_a_file(probe: Path) -> bool:
    """Whether the disk takes some megabytes, and says that it holds them."""
    try:
        with probe.open("wb") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return True
