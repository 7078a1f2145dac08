"""What a benchmark gives: one row of the table each."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One measurement; a ratio says against what in `what`."""

    what: str
    figure: str
