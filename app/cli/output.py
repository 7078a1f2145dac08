"""How `chronosctl` prints: a table for people, JSON or YAML for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
import yaml


class Output(StrEnum):
    """The forms of `-o`."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Form = Annotated[Output, typer.Option("-o", "--output", help="How to print.")]
CELL_WIDTH_MAX: Final = 60


def write(text: str) -> None:
    """One line to standard output."""
    sys.stdout.write(text + "\n")


def show(data: Any, form: Output, table: Iterable[str]) -> None:
    """Print `data` as JSON or YAML, or the lines of `table`, whichever was asked for."""
    if form is Output.JSON:
        write(json.dumps(data, indent=2, ensure_ascii=False))
    elif form is Output.YAML:
        sys.stdout.write(to_yaml(data))
    else:
        for line in table:
            write(line)


def to_yaml(data: Any) -> str:
    """YAML as people write it: keys in their order, text of several lines as a block."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes text with line breaks as a block, which is how people read it."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def rows(items: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Aligned columns under a head; a column `a.b` looks into `a`.

    >>> rows([{"name": "x", "run": {"status": None}}], ["name", "run.status"])
    ['NAME  STATUS', 'x     -']
    """
    if not items:
        return ["(none)"]
    head = [column.rpartition(".")[2].upper().replace("_", " ") for column in columns]
    return columns_of([head, *([_cell(item, column) for column in columns] for item in items)])


def columns_of(lines: Sequence[Sequence[str]]) -> list[str]:
    """Cells as lines, each column as wide as its widest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(item: Mapping[str, Any], column: str) -> str:
    value: Any = item
    for key in column.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return cell(value)


def cell(value: Any) -> str:
    r"""A value in a table: short, on one line.

    >>> cell(None), cell(True), cell(2 / 3), cell({"a": "b"}), cell("a\nb")
    ('-', 'yes', '0.666667', 'a=b', 'a b')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        value = ",".join(f"{key}={text}" for key, text in value.items())
    text = " ".join(str(value).split())
    return text if len(text) <= CELL_WIDTH_MAX else text[: CELL_WIDTH_MAX - 1] + "…"


def fields(item: Mapping[str, Any]) -> list[str]:
    """One thing, a field a line."""
    return columns_of([[f"{key}:", _long(value)] for key, value in item.items()])


def _long(value: Any) -> str:
    if isinstance(value, Mapping | list) and value:
        return json.dumps(value, ensure_ascii=False)
    return cell(value) if not isinstance(value, str) else " ".join(value.split()) or "-"


def duration_words(nanoseconds: int | None) -> str:
    """The duration of an execution.

    >>> duration_words(1_500_000), duration_words(2_340_000_000), duration_words(0)
    ('1.5ms', '2.34s', '-')
    """
    if not nanoseconds:
        return "-"
    if nanoseconds < 1_000_000_000:
        return f"{nanoseconds / 1e6:.3g}ms"
    return f"{nanoseconds / 1e9:.4g}s"
