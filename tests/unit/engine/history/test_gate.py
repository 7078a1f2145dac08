from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from engine.core.errors import InvalidDocument
from engine.history.gate import check
from engine.history.sandbox_worker import PUBLISHED


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    connection.execute("LOAD json")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        ("FROM executions", {"executions"}),
        (
            "SELECT * FROM Executions e JOIN attempts a ON a.execution_id = e.id;",
            {"executions", "attempts"},
        ),
        ("WITH r AS (SELECT * FROM jobs) SELECT * FROM r", {"jobs"}),
        ("SELECT (SELECT count(*) FROM audit) FROM steps", {"audit", "steps"}),
        (
            "SELECT * FROM executions WHERE id IN (SELECT execution_id FROM attempts)",
            {"executions", "attempts"},
        ),
        ("SELECT id FROM executions UNION ALL SELECT id FROM jobs", {"executions", "jobs"}),
        (
            "SELECT quantile_cont(duration_ms, 0.95) OVER (PARTITION BY job_id) FROM executions",
            {"executions"},
        ),
        ("SELECT list_transform([1, 2], lambda x: x + 1)", set()),
        ("SELECT * FROM generate_series(1, 3) AS g(n), unnest([1, 2])", set()),
        (
            "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 5) FROM t",
            set(),
        ),
        (
            "SELECT tags->>'team', date_trunc('hour', started_at) FROM executions GROUP BY ALL",
            {"executions"},
        ),
        (
            "SELECT status FROM executions QUALIFY row_number() OVER (ORDER BY id) = 1",
            {"executions"},
        ),
        (
            "SELECT * FROM executions e ASOF JOIN attempts a ON e.started_at >= a.started_at",
            {"executions", "attempts"},
        ),
        ("VALUES (1), (2)", set()),
    ],
)
def test_reading_published_tables_passes(
    parser: duckdb.DuckDBPyConnection, sql: str, tables: set[str]
) -> None:
    assert check(parser, sql, PUBLISHED).tables == tables


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELEC 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE executions",
        "INSERT INTO executions VALUES (1)",
        "UPDATE executions SET id = 'x'",
        "DELETE FROM executions",
        "DROP VIEW executions",
        "CREATE TABLE t (a INTEGER)",
        "CREATE OR REPLACE TEMP VIEW executions AS SELECT 1",
        "CREATE MACRO f(x) AS x",
        "COPY executions TO '/tmp/x.csv'",
        "COPY (SELECT 1) TO '/dev/stdout'",
        "EXPORT DATABASE '/tmp/x'",
        "IMPORT DATABASE '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "ATTACH ':memory:' AS m",
        "DETACH memory",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '8GB'",
        "RESET lock_configuration",
        "SET VARIABLE a = 1",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "COMMIT",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM executions",
        "DESCRIBE executions",
        "SHOW TABLES",
        "SUMMARIZE executions",
        "PIVOT executions ON status",
        "WITH d AS (DELETE FROM executions RETURNING *) SELECT * FROM d",
        "WITH d AS (INSERT INTO executions VALUES (1) RETURNING *) SELECT * FROM d",
        "WITH d AS (UPDATE executions SET id = 1 RETURNING *) SELECT * FROM d",
        "WITH c AS (COPY executions TO '/tmp/x.csv') SELECT 1",
        "SELECT * FROM (WITH d AS (DELETE FROM jobs RETURNING *) SELECT * FROM d)",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_parquet('x.parquet')",
        "SELECT * FROM read_json_auto('x.json')",
        "SELECT * FROM parquet_metadata('x.parquet')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'x.csv'",
        "SELECT * FROM 'https://example.org/x.csv'",
        "SELECT (SELECT count(*) FROM 'x.csv')",
        "WITH \"x.csv\" AS (SELECT 1) SELECT * FROM 'x.csv'",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_databases()",
        "SELECT * FROM pragma_table_info('executions')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM main.executions",
        "SELECT * FROM memory.main.executions",
        "SELECT * FROM query('DELETE FROM executions')",
        "SELECT * FROM query_table('executions')",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "SELECT * FROM checkpoint()",
        "SELECT * FROM enable_logging()",
        "SELECT sleep_ms(60000)",
        "SELECT main.sleep_ms(60000)",
        'SELECT "sleep_ms"(60000)',
        "SELECT SLEEP_MS(60000)",
        "SELECT id FROM executions WHERE sleep_ms(1) IS NULL",
        "SELECT id FROM executions ORDER BY sleep_ms(1)",
        "SELECT CASE WHEN true THEN list_transform([1], lambda x: sleep_ms(x)) END",
        "SELECT getenv('HOME')",
        "SELECT current_setting('memory_limit')",
        "SELECT nextval('s')",
        "SELECT write_log('x')",
        "SELECT getvariable('a')",
        "SELECT * FROM executions AT (VERSION => 1)",
        "SELECT " + "abs(" * 5000 + "1" + ")" * 5000,
        "SELECT '" + "x" * 200_000 + "'",
    ],
)
def test_everything_else_is_refused_with_a_reason(
    parser: duckdb.DuckDBPyConnection, sql: str
) -> None:
    with pytest.raises(InvalidDocument) as refused:
        check(parser, sql, PUBLISHED)
    (problem,) = refused.value.problems
    assert problem.field == "sql"
    assert problem.reason
    assert problem.hint
