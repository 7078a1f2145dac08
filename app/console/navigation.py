"""Finds the pages: every module under `pages/` that has a PAGE and a render."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from app.console.page import Page
from app.console.session import Console

SECTIONS = ("", "Operate", "Build", "Understand")


@dataclass(frozen=True, slots=True)
class Found:
    """A page and what draws it."""

    path: str
    page: Page
    render: Callable[[Console], None]


def find_pages() -> list[Found]:
    """All pages, by section and order."""
    package = importlib.import_module("pages")  # above this floor: found, never imported
    found = []
    for module_info in pkgutil.walk_packages(package.__path__, "pages."):
        if module_info.ispkg:
            continue
        module = importlib.import_module(module_info.name)
        path = module_info.name.rpartition(".")[2]
        found.append(Found(path, module.PAGE, module.render))
    return sorted(found, key=lambda one: (SECTIONS.index(one.page.section), one.page.order))
