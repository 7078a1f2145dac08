"""The exception tree of Chronos. Expected refusals are values; these are broken promises.

ChronosError
├── InvalidDocument      what a person wrote is wrong; carries one Problem per fault
├── NotReady             no leader is known; retry after a moment
├── OutcomeUnknown       a proposal was sent and not answered; retry with the same request id
├── CorruptData          a file of ours does not have the bytes that were written
└── Incompatible         data or a peer speaks a version that this build does not know
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what a person wrote: the field's path, what was wrong, what would be right."""

    field: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.reason}" if self.field else self.reason
        return f"{text} ({self.hint})" if self.hint else text


class ChronosError(Exception):
    """Any error that Chronos raises on purpose."""


class InvalidDocument(ChronosError):
    """A document is not acceptable; mend each listed problem and send it again."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class NotReady(ChronosError):
    """No leader is known, or this node still catches up; retry after a moment."""


class OutcomeUnknown(ChronosError):
    """The proposal may or may not be committed; retry with the same request id."""


class CorruptData(ChronosError):
    """A file does not hold what was written; move it aside and rebuild from peers."""


class Incompatible(ChronosError):
    """Data or a peer uses a version unknown to this build; upgrade this node first."""
