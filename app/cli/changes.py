"""The options of `chronosctl execution replay` that change one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.output import cell
from engine.core.errors import InvalidDocument, Problem

Url = Annotated[str | None, typer.Option("--url", help="Call this instead, for this run only.")]
Method = Annotated[str | None, typer.Option("--method", help="GET, POST, ...")]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", help="'Name: value'; repeatable, the whole set that is sent."),
]
Body = Annotated[str | None, typer.Option("--body", help="Text, or @file.")]
Timeout = Annotated[str | None, typer.Option("--timeout", help="Such as 30s.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show what would be sent, and what differs.")
]


def change_of(
    url: str | None,
    method: str | None,
    headers: list[str] | None,
    body: str | None,
    timeout: str | None,
) -> dict[str, Any] | None:
    """What was asked for otherwise; None for nothing.

    Raises:
        InvalidDocument: a header without a colon, or a file that cannot be read.
    """
    change = {
        "url": url,
        "method": method,
        "headers": _headers(headers) if headers else None,
        "body": None if body is None else _text(body),
        "timeout": timeout,
    }
    return {name: value for name, value in change.items() if value is not None} or None


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    problems = [
        Problem("--header", f"{name[:60]!r} has no colon", "'Name: value'")
        for name, colon, _ in pairs
        if not colon
    ]
    if problems:
        raise InvalidDocument(problems)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument([Problem("--body", f"cannot be read: {error}", "@file")]) from None


def difference_lines(found: list[Mapping[str, Any]]) -> Iterator[str]:
    """What differs from the original, a field at a time."""
    for one in found:
        yield f"{one['field']}:"
        yield f"  - {cell(one['before'])}"
        yield f"  + {cell(one['after'])}"
    if not found:
        yield "the same request"
