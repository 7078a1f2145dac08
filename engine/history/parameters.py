"""From what a caller gives for `$name` to the values that DuckDB binds."""

from __future__ import annotations

from typing import Any

from engine.core.errors import InvalidDocument, Problem
from engine.model.parameter import ParameterType, Value, checked, inferred


def bound(names: frozenset[str], given: dict[str, Any]) -> dict[str, Value]:
    """The value of each parameter, by its name in lower case.

    Args:
        names: the parameters that the statement names, in lower case.
        given: a plain value, or `{"type": ..., "value": ...}`, by name in any case.

    Raises:
        InvalidDocument: one is missing, unknown, or no value of its type.
    """
    by_name = {name.lower(): value for name, value in given.items()}
    problems = [
        Problem(f"parameters.{name}", f"${name} has no value", f'"parameters": {{"{name}": ...}}')
        for name in sorted(names - by_name.keys())
    ]
    known = ", ".join(f"${name}" for name in sorted(names)) or "no parameter"
    for name in given:
        if name.lower() not in names:
            reason = f"${name[:60]} does not stand in the statement"
            problems.append(Problem(f"parameters.{name[:60]}", reason, f"it names {known}"))
    values: dict[str, Value] = {}
    for name in sorted(names & by_name.keys()):
        try:
            values[name] = _value(name, by_name[name])
        except InvalidDocument as error:
            problems += error.problems
    if problems:
        raise InvalidDocument(problems)
    return values


def _value(name: str, given: Any) -> Value:
    if not isinstance(given, dict):
        if given is not None and not isinstance(given, str | int | float):
            hint = 'a text, a number, a boolean, or {"type": "date", "value": "2026-01-31"}'
            raise InvalidDocument([Problem(f"parameters.{name}", "is not a plain value", hint)])
        return checked(name, given, inferred(given))
    kinds = [kind.value for kind in ParameterType]
    if given.keys() != {"type", "value"} or given["type"] not in kinds:
        hint = f'{{"type": one of {", ".join(kinds)}, "value": ...}}'
        raise InvalidDocument([Problem(f"parameters.{name}", "is not a typed value", hint)])
    return checked(name, given["value"], ParameterType(given["type"]))
