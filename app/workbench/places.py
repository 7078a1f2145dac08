"""Where the palette can lead besides jobs and runs: pages, read from their files, and actions.

Pages are read, not imported: the node that answers a search needs no console. A new file under
`pages/` with a `PAGE` and a docstring is found by itself; `keywords=` adds words to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that can be opened.

    Attributes:
        kind: page or action.
        title: what is shown, and found first.
        detail: a line about it, whose words are found too.
        page: URL path in the console.
        params: of the URL.
        words: other words by which it is found.
    """

    kind: str
    title: str
    detail: str
    page: str
    params: dict[str, str] = field(default_factory=dict)
    words: str = ""


ACTIONS: Final = (
    Place("action", "New job", "Open the job editor", "editor", words="create add schedule"),
    Place(
        *("action", "Import crontab", "Take jobs over from a crontab, by chronosctl", "jobs"),
        {"jobs_import": "crontab"},
        words="cron move",
    ),
    Place("action", "Open an exported replay", "Step through a file", "replay", words="session"),
)


@cache
def places(folder: Path = PAGES) -> tuple[Place, ...]:
    """The actions that name no job, and every page that has a menu entry."""
    return (*ACTIONS, *sorted(_pages(folder), key=lambda one: one.title))


def _pages(folder: Path) -> Iterator[Place]:
    for file in folder.rglob("*.py"):
        module = ast.parse(file.read_text(encoding="utf-8"))
        for node in module.body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and any(isinstance(name, ast.Name) and name.id == "PAGE" for name in node.targets)
            ):
                place = _page(file.stem, ast.get_docstring(module) or "", node.value)
                if place is not None:
                    yield place


def _page(path: str, docstring: str, call: ast.Call) -> Place | None:
    named = {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
    first = call.args[0] if call.args else None
    if named.get("hidden") or not isinstance(first, ast.Constant):
        return None
    title = str(first.value)
    detail = docstring.partition("\n")[0].removeprefix(f"{title}: ")
    detail = detail[:1].upper() + detail[1:]
    return Place("page", title, detail, path, words=str(named.get("keywords", "")))
