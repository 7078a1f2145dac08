"""The envelope of the log: who proposed what, when, under which key; JSON, versioned.

Unknown fields are tolerated (an old node reads a newer entry), unknown kinds and versions are not:
a node that cannot apply an entry must stop rather than differ from its peers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from engine.core.errors import Incompatible
from engine.core.ids import Instant, RequestId
from engine.state import messages
from engine.state.messages import Command

VERSION = 1

C = TypeVar("C")

_COMMANDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        messages.ClaimLeadership,
        messages.RegisterNode,
        messages.Barrier,
        messages.CreateJobs,
        messages.UpdateJob,
        messages.DeleteJob,
        messages.EnableJob,
        messages.DisableJob,
        messages.PauseJobs,
        messages.ResumeJobs,
        messages.SaveCalendar,
        messages.DeleteCalendar,
        messages.StartBackfill,
        messages.BeginBackfill,
        messages.CancelBackfill,
        messages.TriggerJob,
        messages.CancelExecution,
        messages.PublishTemplate,
        messages.WithdrawTemplate,
        messages.SaveQuery,
        messages.DeleteQuery,
        messages.StartExecutions,
        messages.RecordExecutions,
        messages.RecoverExecutions,
        messages.LoseAttempts,
        messages.RecordFindings,
        messages.ChangeFinding,
        messages.RecordModels,
        messages.TrainModels,
        messages.ImportExecutions,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One proposal: `at` is the proposer's wall time, `request_id` makes a retry harmless."""

    at: Instant
    actor: str
    request_id: RequestId
    command: Command

    @property
    def kind(self) -> str:
        """The command's name, as in the log."""
        return type(self.command).__name__


class _Envelope(msgspec.Struct):
    kind: str
    v: int
    at: int
    actor: str
    rid: str
    body: msgspec.Raw


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(_Envelope)
_bodies = {name: msgspec.json.Decoder(kind) for name, kind in _COMMANDS.items()}


def encode(entry: Entry) -> bytes:
    """The entry as it stands in the log."""
    body = msgspec.Raw(_encoder.encode(entry.command))
    return _encoder.encode(
        _Envelope(entry.kind, VERSION, entry.at, entry.actor, entry.request_id, body)
    )


def decode(raw: bytes) -> Entry:
    """Read an entry of the log.

    Raises:
        Incompatible: a kind or version that this build does not know; upgrade the node.
        msgspec.DecodeError: the bytes are not an entry at all.
    """
    envelope = _envelopes.decode(raw)
    if envelope.v != VERSION or envelope.kind not in _bodies:
        raise Incompatible(f"log entry {envelope.kind!r} version {envelope.v} is unknown here")
    command = _bodies[envelope.kind].decode(envelope.body)
    return Entry(at=envelope.at, actor=envelope.actor, request_id=envelope.rid, command=command)
