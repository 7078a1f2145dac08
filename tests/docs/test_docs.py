"""Documentation that is checked: links lead somewhere, decisions are whole, commands are listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.state.messages import Command, Event

ROOT = Path(__file__).parents[2]
FOLDERS = ("analytics", "app", "data", "docs", "engine", "pages", "tests")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SECTIONS = ("## Context", "## Decision", "## Consequences")


def _pages() -> list[Path]:
    found = list(ROOT.glob("*.md"))
    for folder in FOLDERS:
        found += (ROOT / folder).rglob("*.md")
    outside = ROOT / "data" / "var"
    return sorted(page for page in found if outside not in page.parents)


def _relative_links(page: Path) -> list[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = [first or second for first, second in LINK.findall(text)]
    return [link for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]


def _decisions() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def _documented(heading: str) -> set[str]:
    """Names in the first column of the table under `heading` of the command reference."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))


def _names(union: Any) -> set[str]:
    return {kind.__name__ for kind in get_args(union)}


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = {link: page.parent / link.split("#")[0] for link in _relative_links(page)}
    assert [link for link, target in targets.items() if not target.exists()] == []


@pytest.mark.parametrize("page", _decisions(), ids=lambda page: page.stem)
def test_every_decision_has_its_sections(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^(## Status|Status:)", text, re.MULTILINE)
    assert [section for section in SECTIONS if f"\n{section}\n" not in text] == []


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [page.name[:4] for page in _decisions()]
    assert len(numbers) == len(set(numbers))


def test_the_reference_lists_exactly_the_commands_of_the_log() -> None:
    assert _documented("Commands") == _names(Command)


def test_the_reference_lists_exactly_the_events_of_the_machine() -> None:
    assert _documented("Events") == _names(Event)
