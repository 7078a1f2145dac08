"""Up to which level all members understand the log, and so what a command may say."""

from __future__ import annotations

from collections.abc import Collection

from app.gate.refused import Refused
from engine.state.features import needed
from engine.state.messages import Command
from engine.state.view import View


class ClusterLevel:
    """The level of the cluster as it is now.

    Args:
        view: where the members are known.
        members: the Raft addresses of the cluster; as `View.level`.
    """

    def __init__(self, view: View, members: Collection[str]):
        self._view = view
        self._members = members

    @property
    def is_exact(self) -> bool:
        """Whether all nodes understand that an edit decides what is due."""
        return self._level >= 1

    def stated(self, generation: int) -> int:
        """The generation that a command is planned by, where all nodes understand it."""
        return generation if self._level >= 2 else 0

    def check(self, command: Command) -> None:
        """Let a command pass that all nodes understand.

        Raises:
            Refused: some do not; they are named.
        """
        level, feature = needed(command)
        if level > self._level:
            old = self._view.older_than(level, self._members)
            message = f"{feature}: {', '.join(old)} must be upgraded first"
            raise Refused("CONFLICT", message)

    @property
    def _level(self) -> int:
        return self._view.level(self._members)
