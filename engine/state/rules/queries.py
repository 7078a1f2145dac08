"""Saved queries: kept by name, edited by whoever saw the latest version."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.model.saved_query import NAME
from engine.state.messages import (
    Accepted,
    DeleteQuery,
    QueryDeleted,
    QuerySaved,
    Rejected,
    SaveQuery,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

QUERIES_MAX: Final = 500


@decides(SaveQuery)
def save(state: State, command: SaveQuery, context: Context) -> Decision:
    """A new query, or the next version of one; the first owner stays its owner."""
    query = command.query
    known = state.queries.get(query.name)
    if not NAME.fullmatch(query.name):
        message = f"{query.name[:80]!r} is not a name of a query"
        hint = "lower-case letters, digits, _ and -"
        return Rejected(code="VALIDATION_ERROR", message=message, field="name", hint=hint)
    if known is None and len(state.queries) >= QUERIES_MAX:
        message = f"there are {QUERIES_MAX} saved queries, which is the most"
        return Rejected(code="CONFLICT", message=message, field="name", hint="delete one")
    stale = _stale(query.name, known.version if known else 0, command.if_version)
    if stale:
        return stale
    saved = replace(
        query,
        owner=known.owner if known else context.actor,
        version=known.version + 1 if known else 1,
        updated_at=context.at,
        updated_by=context.actor,
    )
    yield QuerySaved(query=saved)
    return Accepted(value=saved.version)


@evolves(QuerySaved)
def saved(state: State, event: QuerySaved) -> None:
    """The query as it is now."""
    state.queries[event.query.name] = event.query


@decides(DeleteQuery)
def delete(state: State, command: DeleteQuery, context: Context) -> Decision:
    """Forget a query."""
    known = state.queries.get(command.name)
    if known is None:
        message = f"there is no saved query {command.name[:80]!r}"
        return Rejected(code="NOT_FOUND", message=message, field="query")
    stale = _stale(command.name, known.version, command.if_version)
    if stale:
        return stale
    yield QueryDeleted(name=command.name)
    return Accepted(value=command.name)


@evolves(QueryDeleted)
def deleted(state: State, event: QueryDeleted) -> None:
    """Nothing of it stays."""
    del state.queries[event.name]


def _stale(name: str, version: int, wanted: int | None) -> Rejected | None:
    """Why an edit of another version than the present one is refused; version 0 is not there."""
    if wanted is None or wanted == version:
        return None
    message = f"query {name} is at version {version}, not {wanted}"
    if wanted == 0:
        message = f"there is a saved query {name} already"
    elif version == 0:
        message = f"there is no saved query {name} any more"
    hint = "read it again and repeat the edit"
    return Rejected(code="CONFLICT", message=message, field="version", hint=hint)
