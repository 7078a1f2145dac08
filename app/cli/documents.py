"""Job documents in files: YAML or JSON, one or many, with every mistake named by file and line."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from engine.core.errors import InvalidDocument, Problem

STDIN: Final = Path("-")
_HINTS: Final = (
    ("'@'", 'quote text that begins with @, such as schedule: "@daily"'),
    ("'\\t'", "indent with spaces, not with tabs"),
    ("mapping values", "see that keys of one object stand below each other"),
    ("alphabetic or numeric", 'quote text that begins with *, such as schedule: "*/5 * * * *"'),
    ("stands twice", "keep one of them"),
    ("constructor", "plain text, numbers, lists and objects only"),
)


class _Loader(yaml.SafeLoader):
    """YAML's safe subset, with dates left as text and a repeated key refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_documents(path: Path) -> list[dict[str, Any]]:
    """The job documents of a file (`-` is standard input), in order; there is at least one.

    A document may also be a list of jobs, or `{jobs: [...]}`.

    Raises:
        InvalidDocument: the file cannot be read, is not YAML, or holds something else than jobs.
    """
    name = "standard input" if path == STDIN else str(path)
    try:
        text = sys.stdin.read() if path == STDIN else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        hint = "name a readable file, or - for standard input"
        raise InvalidDocument([Problem(name, reason, hint)]) from None
    try:
        loaded = list(yaml.load_all(text, Loader=_Loader))  # a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        reason = getattr(error, "problem", None) or str(error)
        raise InvalidDocument([Problem(where, f"is not YAML: {reason}", _hint(reason))]) from None
    documents: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, document in enumerate(loaded, 1):
        for item in _jobs(document):
            if isinstance(item, dict) and _holds_itself(item):
                problems.append(Problem(f"{name}, document {number}", "holds itself", "no aliases"))
            elif isinstance(item, dict):
                documents.append({str(key): value for key, value in item.items()})
            else:
                reason = f"holds {str(item)[:40]!r} where a job should be"
                problems.append(Problem(f"{name}, document {number}", reason, "key: value, ..."))
    if not documents and not problems:
        problems.append(Problem(name, "holds no job", "name:, schedule:, webhook:"))
    if problems:
        raise InvalidDocument(problems)
    return documents


def _hint(reason: str) -> str:
    """What would be right where the parser says so."""
    for mark, hint in _HINTS:
        if mark in reason:
            return hint
    return 'quote what is no plain text: name: "text"'


def _jobs(document: Any) -> list[Any]:
    if document is None:
        return []
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and set(document) == {"jobs"}:
        jobs = document["jobs"]
        return jobs if isinstance(jobs, list) else [jobs]
    return [document]


def _holds_itself(value: Any, around: tuple[int, ...] = ()) -> bool:
    """Whether an alias leads back to what it stands in."""
    if not isinstance(value, dict | list):
        return False
    if id(value) in around:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_holds_itself(item, (*around, id(value))) for item in inner)


def reference(document: dict[str, Any]) -> str:
    """`namespace/name` of a document."""
    return f"{document.get('namespace') or 'default'}/{document.get('name')}"
