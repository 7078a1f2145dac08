"""Saved queries: kept under their names, and forgotten."""

from __future__ import annotations

from app.gate.proposer import Proposer
from engine.model.saved_query import SavedQuery
from engine.state.messages import DeleteQuery, SaveQuery


class SavedQueries:
    """What people write of saved queries."""

    def __init__(self, proposer: Proposer):
        self._proposer = proposer

    async def save(
        self, query: SavedQuery, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Keep a checked query under its name; `if_version` as in `SaveQuery`.

        Raises:
            Refused: another version than the wanted one is there, or there are too many.
        """
        command = SaveQuery(query=query, if_version=if_version)
        await self._proposer.propose(command, actor, request_id)

    async def delete(
        self, name: str, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Forget a saved query.

        Raises:
            Refused: there is none, or another version than the wanted one.
        """
        command = DeleteQuery(name=name, if_version=if_version)
        await self._proposer.propose(command, actor, request_id)
