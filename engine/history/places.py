"""Where the row of an execution stands, without reading the ids of years."""

from __future__ import annotations

from typing import Final

import duckdb

from engine.core.ids import ExecutionId
from engine.history.derived import Derived, progress

PLACES: Final = Derived(table="places", build=f"duckdb {duckdb.__version__}")
"""DuckDB may hash otherwise after an upgrade."""

_FIND: Final = """
SELECT raft_index, raft_pos FROM places WHERE id_hash = hash($id::VARCHAR)
UNION ALL
SELECT raft_index, raft_pos FROM executions WHERE raft_index > $after AND id = $id
"""


def places_of(db: duckdb.DuckDBPyConnection, execution_id: ExecutionId) -> list[tuple[int, int]]:
    """Entries and positions of rows that may be those of an execution; compare the id, too."""
    values = {"id": execution_id, "after": progress(db, PLACES)}
    return db.execute(_FIND, values).fetchall()
