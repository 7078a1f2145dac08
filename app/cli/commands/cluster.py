"""`chronosctl cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, fields, rows, show, write
from app.cli.session import connected, refuse

app = typer.Typer(help="The nodes, their leader and their log.", no_args_is_help=True)

COLUMNS: Final = ("node_id", "role", "connected", "address", "http_address", "lag", "clock")
_SHOWN: Final[tuple[str, ...]] = (
    *("node_id", "leader", "term", "jobs_total", "running"),
    *("commit_index", "applied_index", "uptime_s", "version"),
)
PROCEDURE: Final = """membership is configured, not commanded, so that no slip splits the cluster:
  1. write the new list of all nodes: cluster.raft.peers in the file of every node that stays
  2. {before}
  3. restart the other nodes one at a time, the leader last, each only after
     'chronosctl cluster status' shows the one before connected with lag 0
  4. {after}
  change one node at a time: finish one change before the next, and end at 1, 3 or 5"""


@app.command()
def status(context: typer.Context, output: Form = Output.TABLE) -> None:
    """Show the nodes, the leader and how far each is."""
    with connected(context) as client:
        data = client.cluster_status()
    plain = {key: data[key] for key in _SHOWN if key in data}
    if "dispatch" in data:  # a node of an earlier release does not say
        plain["dispatch"] = _dispatch_words(data["dispatch"])
    plain["history"] = data["history"]["fault"] or f"{data['history']['rows']} rows"
    nodes = [node | {"clock": _clock(node)} for node in data["nodes"]]
    show(data, output, [*fields(plain), *_alarms(data), "", *rows(nodes, COLUMNS)])


def _clock(node: dict[str, Any]) -> str:
    """How far a node's clock is from the cluster's time."""
    offset_us = node.get("clock_offset_us")
    return "" if offset_us is None else f"{offset_us / 1e6:+z.3f} s"


def _dispatch_words(dispatch: dict[str, Any]) -> str:
    """What a node sends, in a line."""
    words = f"{dispatch['in_flight']} of {dispatch['in_flight_max']} places taken"
    if dispatch["queued"]:
        words += f", {dispatch['queued']} wait, one of them for {dispatch['longest_wait_s']:g} s"
    return words


def _alarms(status: dict[str, Any]) -> Iterator[str]:
    """What somebody should look at, a line each."""
    yield from status.get("alarms", [])
    for fault in status.get("planning_faults", []):
        yield f"cannot be planned, the others go on: {fault['job_id']}: {fault['error']}"
    for step in status.get("clock_steps", []):
        yield f"the time was set by {step['seconds']:+g} s while this node led, at {step['at']}"


@app.command()
def join(node: Annotated[str, typer.Argument(help="The new node's Raft address.")] = "") -> None:
    """Say how a node is added safely; refused, because membership is configured."""
    before = "start the new node with an empty data_dir; nobody hears it yet"
    after = "wait until the new node is healthy: before that it votes for nobody"
    refuse(f"join {node}: ".replace(" :", ":") + PROCEDURE.format(before=before, after=after))


@app.command()
def leave(node: Annotated[str, typer.Argument(help="The node that should go.")] = "") -> None:
    """Say how a node is removed safely; refused, because membership is configured."""
    before = (
        "hand leadership over if the node leads (chronosctl cluster transfer); leave it running"
    )
    after = "stop the node for good"
    refuse(f"leave {node}: ".replace(" :", ":") + PROCEDURE.format(before=before, after=after))


@app.command()
def transfer(
    context: typer.Context,
    to: Annotated[
        str | None, typer.Option("--to", help="A node id; else the most current.")
    ] = None,
) -> None:
    """Ask the leader to hand over."""
    with connected(context) as client:
        client.transfer(to)
    write(f"asked to hand over{f' to {to}' if to else ''}; see: chronosctl cluster status")
