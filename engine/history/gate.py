"""The gate before people's SQL: an allow-list over DuckDB's own syntax tree.

The statement type is not enough: `WITH d AS (DELETE ...) SELECT ...` is a SELECT to DuckDB. So the
whole tree is walked, and what is not known to be a harmless read is refused. This is the second
wall; the first is that the worker behind it has no rights, little memory and a timer.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import duckdb
import orjson

from engine.core.errors import InvalidDocument, Problem

SQL_BYTES_MAX: Final = 100_000
NODES: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
REFERENCES: Final = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"}
)
TABLE_FUNCTIONS: Final = frozenset(
    {"range", "generate_series", "unnest", "json_each", "json_tree", "generate_subscripts"}
)
DENIED: Final = frozenset(
    {
        "add_parquet_key",
        "current_setting",
        "current_query",
        "currval",
        "getenv",
        "getvariable",
        "json_execute_serialized_sql",
        "nextval",
        "parse_duckdb_log_message",
        "query",
        "query_table",
        "sleep_ms",
        "write_log",
    }
)
DENIED_PREFIXES: Final = (
    "__internal_",
    "read_",
    "duckdb_",
    "pragma_",
    "pg_",
    "file_",
    "glob",
    "copy_",
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SELECT_ONLY: Final = "one SELECT over the published tables"


class Checked(NamedTuple):
    """What a statement asks for: published tables, and its parameters, in lower case."""

    tables: frozenset[str]
    parameters: frozenset[str]


def refuse(reason: str, hint: str = _SELECT_ONLY) -> InvalidDocument:
    """The error that tells a person why their SQL is not run."""
    return InvalidDocument([Problem("sql", reason, hint)])


def check(parser: duckdb.DuckDBPyConnection, sql: str, published: frozenset[str]) -> Checked:
    """Return the published tables and the parameters that the SQL names.

    Args:
        parser: any connection; it parses, and runs nothing of the SQL.
        sql: what a person wrote.
        published: names of the tables and views that may be read, lower case.

    Raises:
        InvalidDocument: it is not one SELECT that only reads published tables.
    """
    if len(sql.encode("utf-8", "replace")) > SQL_BYTES_MAX:
        raise refuse(f"is longer than {SQL_BYTES_MAX} bytes", "ask a shorter question")
    try:
        row = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
        tree = orjson.loads(row[0]) if row else {}
    except duckdb.Error as error:
        raise refuse(_first_line(error)) from error
    except orjson.JSONDecodeError as error:
        raise refuse("is nested too deeply") from error
    if tree.get("error", True):
        raise refuse(_plain(str(tree.get("error_message", "cannot be read"))) + _mark(sql, tree))
    statements = tree.get("statements", [])
    if len(statements) != 1:
        raise refuse(f"holds {len(statements)} statements")
    return _Walk(published).over(statements[0])


def _mark(sql: str, tree: dict[str, Any]) -> str:
    """The line where the parser stumbled, with a caret below the place, as DuckDB writes it."""
    position = str(tree.get("position", ""))
    if not position.isdigit():
        return ""
    before = sql.encode()[: int(position)].decode(errors="ignore")
    number, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)
    head = f"LINE {number}: "
    line = sql.split("\n")[number - 1]
    return f"\n\n{head}{line}\n{' ' * (len(head) + column)}^"


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:500]


def _plain(message: str) -> str:
    if "Only SELECT statements" in message:
        return "is not a SELECT"
    return message.split("\n", 1)[0][:500]


class _Walk:
    """One pass over a tree: first its CTE names, then every node."""

    def __init__(self, published: frozenset[str]) -> None:
        self._published = published
        self._named: set[str] = set()
        self._tables: set[str] = set()

    def over(self, statement: Any) -> Checked:
        nodes = list(_objects(statement))
        for node in nodes:
            self._collect(node)
        for node in nodes:
            self._judge(node)
        return Checked(frozenset(self._tables), frozenset(map(self._name, nodes)) - {""})

    def _name(self, node: dict[str, Any]) -> str:
        """The name of the parameter that a node is; empty of any other."""
        if node.get("class") != "PARAMETER":
            return ""
        name = str(node.get("identifier", ""))
        if not _IDENTIFIER.match(name):
            raise refuse("holds a parameter without a name", "$name instead of ? or $1")
        return name.lower()

    def _collect(self, node: dict[str, Any]) -> None:
        entries = (node.get("cte_map") or {}).get("map") or []
        names = [entry["key"] for entry in entries]
        if isinstance(node.get("cte_name"), str):
            names.append(node["cte_name"])
        for name in names:
            if not _IDENTIFIER.match(name):  # else 'file.csv' could pass as the name of a CTE
                raise refuse(f"names a CTE {name!r}", "letters, digits and _ for names")
            self._named.add(name.lower())

    def _judge(self, node: dict[str, Any]) -> None:
        kind = node.get("type")
        if isinstance(kind, str):
            if kind.endswith("_NODE") and kind not in NODES:
                raise refuse(f"holds a {kind.removesuffix('_NODE').replace('_', ' ').lower()}")
            if "sample" in node and "alias" in node and kind not in REFERENCES:
                raise refuse(f"reads from a {kind.replace('_', ' ').lower()}")
            if kind == "SHOW_REF":
                raise refuse("is not a SELECT")
            if kind == "BASE_TABLE":
                self._judge_table(node)
            if kind == "TABLE_FUNCTION":
                self._judge_table_function(node.get("function") or {})
        if "function_name" in node:
            self._judge_function(node)

    def _judge_table(self, node: dict[str, Any]) -> None:
        path = (node.get("qualified_name") or {}).get("path") or [node.get("table_name", "")]
        name = str(node.get("table_name", "")).lower()
        if len(path) > 1 or node.get("schema_name") or node.get("catalog_name"):
            raise refuse(f"reads {'.'.join(map(str, path))}", "table names without a schema")
        if node.get("at_clause"):
            raise refuse("asks for another version of a table", "tables as they are now")
        if name in self._published:
            self._tables.add(name)
        elif name not in self._named:
            known = ", ".join(sorted(self._published))
            raise refuse(f"reads {node.get('table_name')!r}, which is not published", f"{known}")

    def _judge_table_function(self, function: dict[str, Any]) -> None:
        name = str(function.get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            hint = ", ".join(sorted(TABLE_FUNCTIONS)) + ", or a published table"
            raise refuse(f"reads from {name}()", hint)

    def _judge_function(self, node: dict[str, Any]) -> None:
        name = str(node["function_name"]).lower()
        if node.get("schema") or node.get("catalog"):
            raise refuse(f"names {name}() with a schema", "function names without a schema")
        if name in DENIED or name.startswith(DENIED_PREFIXES):
            raise refuse(f"calls {name}()", "a function that only computes")


def _objects(tree: Any) -> list[dict[str, Any]]:
    """Every object of a JSON tree, without recursion: depth is the attacker's choice."""
    found: list[dict[str, Any]] = []
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found.append(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found
