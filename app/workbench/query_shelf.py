"""Saved queries as people find them: the built-in ones, and those of the cluster."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from app.workbench.source import read_yaml
from engine.model.query_document import parse_query
from engine.model.saved_query import SavedQuery
from engine.state.view import View

FOLDER: Final = Path(__file__).parents[2] / "data" / "queries"


@lru_cache(maxsize=1)
def built_in() -> dict[str, SavedQuery]:
    """The queries that come with this build, by name; a file is named as its query is."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        (document,) = read_yaml(path.read_text(encoding="utf-8"), path.name)
        found[path.stem] = parse_query(document | {"name": path.stem})
    return found


def all_queries(view: View) -> list[SavedQuery]:
    """The cluster's own queries first, then the built-in ones; each by name."""
    return [*view.saved_queries(), *built_in().values()]


def find_query(view: View, name: str) -> SavedQuery | None:
    """The query of that name; the cluster's own before a built-in one."""
    return view.saved_query(name) or built_in().get(name)
