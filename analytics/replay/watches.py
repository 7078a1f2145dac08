"""Expressions that are computed wherever the cursor stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from analytics.replay.expression import ExpressionError, parse
from analytics.replay.view import View

WATCHES_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch says at a cursor: its value, or why it has none."""

    expression: str
    value: Any = None
    fault: ExpressionError | None = None

    def document(self) -> dict[str, Any]:
        """Its public shape."""
        fault = self.fault
        return {
            "expression": self.expression,
            "value": dict(self.value) if isinstance(self.value, Mapping) else self.value,
            "error": fault_document(fault) if fault is not None else None,
        }


def fault_document(fault: ExpressionError) -> dict[str, Any]:
    """Where an expression is at fault, why, and what would be right."""
    return {"position": fault.position, "reason": fault.reason, "hint": fault.hint}


def watched(expression: str, view: View) -> Watched:
    """Compute a watch; a fault of it is shown in its place and stops nothing."""
    try:
        return Watched(expression, parse(expression).value(view))
    except ExpressionError as error:
        return Watched(expression, fault=error)
