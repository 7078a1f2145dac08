"""The kinds of reports: one module each, found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from analytics.reports.asked import Asked
from analytics.reports.document import Report
from engine.core.registry import Registry
from engine.history.reader import Ask, SegmentReader


class ReportKind(ABC):
    """One kind: words for people, and how its document is written.

    `write` is a function of what it is given alone: the runs that `ask` answers for, and the
    parameters.
    """

    title: ClassVar[str]
    explanation: ClassVar[str]

    @staticmethod
    @abstractmethod
    def write(ask: Ask, asked: Asked) -> Report:
        """The document; also where there are no runs."""


kinds: Final[Registry[type[ReportKind]]] = Registry(
    "report", package="analytics.reports.kinds", group="chronos.reports"
)


def report(reader: SegmentReader, kind: str, asked: Asked) -> Report:
    """Write one report over the exported history.

    Raises:
        UnknownName: there is no such kind.
        InvalidDocument: there is no such zone.
    """
    writer = kinds.get(kind)
    return reader.choose(asked.selection(), lambda ask: writer.write(ask, asked))
