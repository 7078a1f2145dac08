"""A job that only imported executions know is told by its id or its name."""

from __future__ import annotations

import duckdb

from engine.core.ids import imported_job_id
from engine.history.imported import ImportedName, imported_names

ETL = ImportedName(imported_job_id("airflow", "default", "etl"), "default", "etl")


def history() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE executions (job_id VARCHAR, namespace VARCHAR, job_name VARCHAR, "
        "node_id VARCHAR, raft_index BIGINT)"
    )
    db.executemany(
        "INSERT INTO executions VALUES (?, ?, ?, ?, ?)",
        [
            (*(ETL.id, "default", "etl"), "import:airflow", 7),
            ("job_own", "default", "own", "import:airflow", 8),
            ("job_own", "default", "own", "chronos-1", 9),
        ],
    )
    return db


def test_an_imported_job_is_found_by_its_id_and_by_its_name() -> None:
    db = history()
    assert list(imported_names(db, [ETL.id])) == [ETL]
    assert list(imported_names(db, [], "default/etl")) == [ETL]
    assert list(imported_names(db, [], "default/none")) == []


def test_executions_imported_into_a_job_of_the_cluster_name_no_imported_job() -> None:
    assert list(imported_names(history(), ["job_own"], "default/own")) == []
