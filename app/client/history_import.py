"""Brings the rows of a file into the history, batch by batch, and keeps account of each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from app.client.client import Client
from app.client.past_runs import Plan, Reading, to_document
from app.client.sheets import Line
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import new_request_id

BATCH_ROWS: Final = 2_000
BATCH_TEXT: Final = 1 << 20  # characters of errors: a batch has a bound in bytes too
REFUSALS_MAX: Final = 1_000
_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one line was not taken."""

    line: int
    field: str
    reason: str
    hint: str


@dataclass(slots=True)
class Account:
    """What became of the lines so far; only the first refusals are kept in words."""

    lines: int = 0
    imported: int = 0
    duplicates: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, line: int, problems: Iterable[Problem]) -> None:
        """One line is refused, for these faults."""
        self.refused += 1
        for problem in problems:
            self._keep(Refusal(line, problem.field, problem.reason, problem.hint))

    def _keep(self, refusal: Refusal) -> None:
        if len(self.refusals) < REFUSALS_MAX:
            self.refusals.append(refusal)

    def add(self, answer: dict[str, Any], numbers: list[int]) -> None:
        """Count a batch's answer; `numbers` are the lines of its rows."""
        self.imported += answer["imported"]
        self.duplicates += answer["duplicates"]
        self.refused += answer["refused"]
        for fault in answer["refusals"]:
            line = numbers[fault["row"]]
            self._keep(Refusal(line, fault["field"], fault["reason"], fault["hint"]))


def import_lines(
    client: Client,
    label: str,
    lines: Iterable[Line],
    plan: Plan,
    reading: Reading,
    *,
    dry_run: bool = False,
) -> Iterator[Account]:
    """Send the lines in batches; the account after each of them, at least once.

    Interrupted, it can be begun again from the first line: what is there already is a duplicate.

    Raises:
        ApiError: the node refuses the whole of a batch.
        Unreachable: no node answers.
    """
    account = Account()
    for numbers, documents in _batches(lines, plan, reading, account):
        if documents:
            answer = client.import_history(
                label, documents, dry_run=dry_run, idempotency_key=new_request_id()
            )
            account.add(answer, numbers)
        yield account


def _batches(
    lines: Iterable[Line], plan: Plan, reading: Reading, account: Account
) -> Iterator[tuple[list[int], list[dict[str, Any]]]]:
    numbers: list[int] = []
    documents: list[dict[str, Any]] = []
    text = 0
    for line in lines:
        account.lines += 1
        if line.fault is not None:
            account.refuse(line.number, [line.fault])
            continue
        try:
            document = to_document(line.values, plan, reading)
        except InvalidDocument as error:
            account.refuse(line.number, error.problems)
            continue
        numbers.append(line.number)
        documents.append(document)
        text += len(document.get("error", ""))
        if len(documents) >= BATCH_ROWS or text >= BATCH_TEXT:
            yield numbers, documents
            numbers, documents, text = [], [], 0
    yield numbers, documents


def label_of(file_name: str) -> str:
    """The label that a file gets where nobody says another: the same file, the same label.

    >>> label_of("/tmp/Airflow runs (2026).csv")
    'Airflow-runs-2026'
    """
    stem = _NOT_IN_LABELS.sub("-", PurePath(file_name).stem).strip("-._")
    return stem[:64] or "import"
