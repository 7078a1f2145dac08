"""The habits of the house, as far as a machine can see them."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("analytics", "app", "engine", "pages")
VAGUE = frozenset({"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"})
TOP = frozenset(
    {
        *("analytics", "app", "data", "docs", "engine", "pages", "tests"),
        *("CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", "uv.lock"),
    }
)


def _modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _prints(path: Path) -> list[int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def test_no_module_is_named_for_nothing_in_particular() -> None:
    modules = _modules(*FLOORS, "tests")
    vague = [path for path in modules if path.stem in VAGUE or path.parent.name in VAGUE]
    assert vague == []


def test_nothing_on_the_floors_prints() -> None:
    found = {path: _prints(path) for path in _modules(*FLOORS)}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_only_known_entries_stand_at_the_top() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is tracked cannot be asked")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {entry for entry in top if not entry.startswith(".")} - TOP == set()


def test_the_program_and_its_package_have_one_version() -> None:
    import tomllib

    from engine.core.version import VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
