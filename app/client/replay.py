"""Walks over recorded steps."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class ReplayCalls(Transport):
    """Walks over recorded steps."""

    def replay(self, execution_id: str, *, first: int = 1, limit: int | None = None) -> Json:
        """An execution as one line of steps: `{execution, attempts, steps, total}`."""
        params = {"first": first, "limit": limit}
        return self._get(f"/api/v1/executions/{execution_id}/replay", params)

    def evaluate_replay(self, **question: Any) -> Json:
        """Where a walk stands after a move.

        It goes through an `execution_id`, a `session`, or the `recording` that the answer to a
        session named: a long one is sent once only then.
        """
        return self._write("POST", "/api/v1/replay/evaluate", question)

    def compare_executions(self, execution_id: str, other: str) -> Json:
        """Two executions side by side: `{left, right, rows, first_difference, differing}`."""
        return self._get(f"/api/v1/executions/{execution_id}/compare/{other}")

    def export_replay(
        self,
        execution_id: str,
        form: str,
        *,
        cursor: int = 0,
        breakpoints: list[str] | None = None,
        watches: list[str] | None = None,
    ) -> bytes:
        """A session of an execution as a json or html file."""
        path = f"/api/v1/executions/{execution_id}/replay.{form}"
        params = {"cursor": cursor, "breakpoint": breakpoints or [], "watch": watches or []}
        return self._call("GET", path, params=params).content
