"""A saved query: SQL with a name, its parameters, and how its answer is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine.core.ids import Instant
from engine.model.parameter import Parameter

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
CHART_KINDS: Final = ("line", "bar", "point", "area")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """How an answer is drawn: columns by name; an empty `kind` leaves it to the reader."""

    kind: str = ""
    x: str = ""
    y: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """A query as the cluster keeps it; `version` counts its edits from 1, 0 of a built-in one."""

    name: str
    sql: str
    title: str = ""
    description: str = ""
    namespace: str = "default"
    parameters: tuple[Parameter, ...] = ()
    chart: Chart = Chart()
    owner: str = ""
    version: int = 0
    updated_at: Instant = 0
    updated_by: str = ""
