"""The messages of the wire and the types of their fields: what is not listed is not heard."""

from __future__ import annotations

from typing import Any, Final

from engine.raft.cluster_time import Stamp

_Type = type | tuple[type, ...]
_VOTE: Final[dict[str, _Type]] = {"term": int, "last_log_index": int, "last_log_term": int}
_FIELDS: Final[dict[str, dict[str, _Type]]] = {
    "pre_vote": _VOTE,
    "request_vote": _VOTE,
    "pre_vote_ok": {"term": int},
    "pre_vote_no": {"cur": int},
    "response_vote": {"term": int},
    "timeout_now": {"term": int},
    "released": {"term": int},
    "append_entries": {"term": int, "commit_index": int, "seq": int, "t": (int, float)},
    "next_node_idx": {
        "next_node_idx": int,
        "reset": bool,
        "success": bool,
        "term": int,
        "seq": int,
        "t": (int, float),
    },
    "apply_command": {"command": bytes},
    "apply_command_response": {"request_id": int},
}


def well_formed(message: Any) -> bool:
    """True for a message of a known kind whose fields have their types."""
    if not isinstance(message, dict):
        return False
    kind = message.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or not all(isinstance(message.get(k), t) for k, t in fields.items()):
        return False
    if "clock" in message and not _sound_stamp(message["clock"]):
        return False
    if kind == "append_entries":
        return _sound_entries(message) and _sound_piece(message.get("serialized"))
    if kind == "apply_command_response" and message.get("error") is None:
        return isinstance(message.get("log_idx"), int) and isinstance(message.get("log_term"), int)
    return True


def _sound_stamp(stamp: Any) -> bool:
    return (
        isinstance(stamp, list | tuple)
        and len(stamp) == len(Stamp._fields)
        and all(isinstance(field, int) for field in stamp)
    )


def _sound_entries(message: dict[str, Any]) -> bool:
    if "prevLogIdx" not in message:
        return "entries" not in message
    before, term = message["prevLogIdx"], message.get("prevLogTerm")
    entries = message.get("entries")
    if not isinstance(before, int) or not isinstance(term, int) or not isinstance(entries, list):
        return False
    return all(
        isinstance(e, list | tuple)
        and len(e) == 3  # command, index, term
        and isinstance(e[0], bytes)
        and e[1] == before + 1 + at
        and isinstance(e[2], int)
        for at, e in enumerate(entries)
    )


def _sound_piece(piece: Any) -> bool:
    if piece is None:
        return True
    return (
        isinstance(piece, list | tuple)
        and len(piece) == 3  # bytes, is first, is last
        and isinstance(piece[0], bytes)
    )
