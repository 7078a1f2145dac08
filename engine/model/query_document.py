"""A saved query as a document: what REST, YAML and the command line carry."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Document
from engine.model.parameter import Parameter, ParameterType, checked, inferred, names_in
from engine.model.saved_query import CHART_KINDS, NAME, Chart, SavedQuery

SQL_BYTES_MAX: Final = 100_000
TEXT_MAX: Final = 2_000
_TEXTS: Final = ("title", "description", "namespace")
_GIVEN: Final = ("name", "sql", *_TEXTS, "parameters", "chart")
_KEPT: Final = ("owner", "version", "updated_at", "updated_by", "built_in")
"""What an answer carries beside; it may be sent back, and is not read."""

_OF_PARAMETER: Final = ("name", "type", "default", "description")
_OF_CHART: Final = tuple(field.name for field in fields(Chart))


def parse_query(document: Any) -> SavedQuery:
    """The query that a document describes.

    Raises:
        InvalidDocument: with every field at fault.
    """
    if not isinstance(document, dict):
        raise InvalidDocument([Problem("body", "is not an object", '{"name": ..., "sql": ...}')])
    problems = _unknown("", document, (*_GIVEN, *_KEPT))
    name, sql = document.get("name", ""), document.get("sql", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        hint = "lower-case letters, digits, _ and -, 80 at most"
        problems.append(Problem("name", f"{str(name)[:80]!r} is not a name", hint))
    problems += faults_of_sql(document)
    for key in _TEXTS:
        text = document.get(key, "")
        if not isinstance(text, str) or len(text) > TEXT_MAX:
            problems.append(Problem(key, f"is not a text of {TEXT_MAX} characters at most"))
    named = names_in(sql) if isinstance(sql, str) else []
    parameters = _parameters(document.get("parameters", []), named, problems)
    chart = _chart(document.get("chart") or {}, problems)
    if problems:
        raise InvalidDocument(problems)
    texts = {key: document[key] for key in _TEXTS if document.get(key)}
    return SavedQuery(name=name, sql=sql, parameters=parameters, chart=chart, **texts)


def query_document(query: SavedQuery) -> Document:
    """A saved query as the public sees it."""
    chart = {name: getattr(query.chart, name) for name in _OF_CHART}
    return {
        "name": query.name,
        "title": query.title or query.name.replace("_", " ").replace("-", " ").capitalize(),
        "description": query.description,
        "namespace": query.namespace,
        "sql": query.sql,
        "parameters": [
            {
                "name": one.name,
                "type": one.type.value,
                "default": one.default,
                "description": one.description,
            }
            for one in query.parameters
        ],
        "chart": chart if query.chart.kind else None,
        "owner": query.owner,
        "version": query.version,
        "updated_at": rfc3339(query.updated_at or None),
        "updated_by": query.updated_by,
        "built_in": query.version == 0,
    }


def values_of(query: SavedQuery, given: Document) -> Document:
    """What to bind when a query is run: what the caller gave, and defaults for the rest."""
    kinds = {one.name: one.type.value for one in query.parameters}
    values: Document = {
        one.name: {"type": one.type.value, "value": one.default}
        for one in query.parameters
        if one.default is not None
    }
    for name, value in given.items():
        kind = kinds.get(name.lower())
        typed = kind is not None and not isinstance(value, dict)
        values[name.lower()] = {"type": kind, "value": value} if typed else value
    return values


def _unknown(where: str, document: Document, known: tuple[str, ...]) -> list[Problem]:
    hint = "one of " + ", ".join(known)
    return [
        Problem(f"{where}{str(name)[:60]}", "is not a known field", hint)
        for name in document
        if name not in known
    ]


def faults_of_sql(document: Document) -> list[Problem]:
    """What is wrong with the field `sql` of a body, before DuckDB is asked."""
    sql = document.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        reason = "is not a statement" if "sql" in document else "is missing"
        return [Problem("sql", reason, "SELECT status, count(*) FROM executions GROUP BY 1")]
    if len(sql.encode(errors="replace")) > SQL_BYTES_MAX:
        return [Problem("sql", f"is longer than {SQL_BYTES_MAX} bytes", "shorten the statement")]
    return [Problem("sql", "holds a NUL character", "remove it")] if "\x00" in sql else []


def _parameters(documents: Any, named: list[str], problems: list[Problem]) -> tuple[Parameter, ...]:
    if not isinstance(documents, list):
        hint = '[{"name": "since", "type": "date", "default": "2026-01-31"}]'
        problems.append(Problem("parameters", "is not a list", hint))
        return ()
    found: dict[str, Parameter] = {}
    for place, document in enumerate(documents):
        where = f"parameters[{place}]"
        if not isinstance(document, dict):
            problems.append(Problem(where, "is not an object", '{"name": "since", "type": "date"}'))
            continue
        problems += _unknown(f"{where}.", document, _OF_PARAMETER)
        name = str(document.get("name", "")).lower()
        if name not in named or name in found:
            reason = "stands twice" if name in found else "does not stand in the statement as $name"
            hint = "one of " + (", ".join(named) or "none: the statement names no parameter")
            problems.append(Problem(f"{where}.name", f"{name[:60]!r} {reason}", hint))
            continue
        try:
            found[name] = _parameter(where, name, document)
        except InvalidDocument as error:
            problems += error.problems
    return tuple(found.values())


def _parameter(where: str, name: str, document: Document) -> Parameter:
    default = document.get("default")
    kinds = [kind.value for kind in ParameterType]
    kind = document.get("type") or inferred(default).value
    if kind not in kinds:
        reason = f"{str(kind)[:60]!r} is not a type"
        raise InvalidDocument([Problem(f"{where}.type", reason, "one of " + ", ".join(kinds))])
    checked(name, default, ParameterType(kind))
    return Parameter(
        name=name,
        type=ParameterType(kind),
        default=default,
        description=str(document.get("description") or "")[:TEXT_MAX],
    )


def _chart(document: Any, problems: list[Problem]) -> Chart:
    if not isinstance(document, dict):
        problems.append(Problem("chart", "is not an object", '{"kind": "bar", "x": "job_name"}'))
        return Chart()
    problems += _unknown("chart.", document, _OF_CHART)
    kind = document.get("kind") or ""
    if kind and kind not in CHART_KINDS:
        reason = f"{str(kind)[:60]!r} is not a kind of chart"
        problems.append(Problem("chart.kind", reason, "one of " + ", ".join(CHART_KINDS)))
    return Chart(**{name: str(document.get(name) or "") for name in _OF_CHART})
