from __future__ import annotations

from pathlib import Path

import pytest

from engine.history.schema import DAY, JOBS, STEPS, STORED, Table

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "schema.md"


@pytest.mark.parametrize("table", [*STORED, JOBS, STEPS], ids=lambda table: table.name)
def test_the_reference_lists_every_column_in_order(table: Table) -> None:
    columns = (*table.columns, DAY) if table in STORED else table.columns
    lines = [f"| `{column.name}` | {column.type} | {column.description} |" for column in columns]
    section = PAGE.read_text("utf-8").split(f"## {table.name}\n", 1)[1].split("\n## ", 1)[0]
    assert table.description in section
    assert [line for line in section.splitlines() if line.startswith("| `")] == lines
