"""One name, one object."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.core.registry import Registry, UnknownName


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[str]:
    """A registry whose package has one module with a colour and one whose library is absent."""
    package = tmp_path / "paint_box"
    package.mkdir()
    (package / "__init__.py").write_text("registry = None\n")
    (package / "red.py").write_text("from paint_box import registry\nregistry.register('red')(1)\n")
    (package / "gold.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("paint_box")]:
        monkeypatch.delitem(sys.modules, name)
    made: Registry[str] = Registry("colour", package="paint_box", group="chronos.test.colours")
    sys.modules["paint_box"] = module = __import__("paint_box")
    module.registry = made
    return made


def test_what_a_module_of_the_package_registers_is_found(colours: Registry[str]) -> None:
    assert colours.names() == ("red",)
    assert colours.get("red") == 1


def test_an_unknown_name_is_answered_with_the_nearest(colours: Registry[str]) -> None:
    with pytest.raises(UnknownName, match=r"'rad' is not a known colour; did you mean red\?"):
        colours.get("rad")


def test_a_module_whose_library_is_absent_says_what_to_install(colours: Registry[str]) -> None:
    assert "gold" not in colours.names()
    with pytest.raises(UnknownName, match=r"needs a_library_.*: install chronos\[gold\]"):
        colours.get("gold")


def test_a_name_means_one_thing(colours: Registry[str]) -> None:
    colours.get("red")
    with pytest.raises(ValueError, match="registered twice"):
        colours.register("red")("another")
