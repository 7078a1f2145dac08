"""One name, one object: how a protocol, or anything else that is one file, is found.

A registry scans the package where its kind lives and the entry points of installed packages. A
module whose library is absent is not an error until somebody asks for it; then the answer says what
to install.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from engine.core.errors import ChronosError

T = TypeVar("T")


class UnknownName(ChronosError):
    """Nothing is registered under the name; the message names what is, and the nearest."""


class Registry(Generic[T]):
    """Objects of one kind by name; filled by the first question that is asked of it.

    Args:
        noun: what one of them is called in messages, "protocol".
        package: the package whose every module is imported, each registering what it holds.
        group: the entry-point group of other distributions; the entry's name is the object's.
    """

    def __init__(self, noun: str, *, package: str, group: str):
        self._noun = noun
        self._package = package
        self._group = group
        self._known: dict[str, T] = {}
        self._absent: dict[str, str] = {}
        self._scanned = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate the object that `name` means.

        Raises:
            ValueError: the name is taken by another object.
        """

        def keep(thing: T) -> T:
            if self._known.get(name, thing) is not thing:
                raise ValueError(f"the {self._noun} {name} is registered twice")
            self._known[name] = thing
            return thing

        return keep

    def get(self, name: str) -> T:
        """The object of that name.

        Raises:
            UnknownName: there is none, or its library is not installed.
        """
        self._scan()
        if name in self._known:
            return self._known[name]
        if name in self._absent:
            missing = self._absent[name]
            raise UnknownName(f"the {self._noun} {name} needs {missing}: install chronos[{name}]")
        close = difflib.get_close_matches(name, self._known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(self.names())}"
        raise UnknownName(f"{name!r} is not a known {self._noun}; {hint}")

    def names(self) -> tuple[str, ...]:
        """Every name that `get` answers, sorted."""
        self._scan()
        return tuple(sorted(self._known))

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            try:
                importlib.import_module(f"{self._package}.{module.name}")
            except ModuleNotFoundError as error:
                self._absent[module.name] = error.name or "a library"
        for entry in entry_points(group=self._group):
            try:
                self.register(entry.name)(entry.load())
            except ModuleNotFoundError as error:
                self._absent[entry.name] = error.name or "a library"
