"""From a template and values to a job's document, and back from the document to the values.

A value is written as its place asks: percent-encoded in the path and query of a URL (what is
encoded already stays so in the path), as JSON in a body that the template writes as an object, as
it is elsewhere. A text that is one placeholder and nothing else becomes the value itself, with its
type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode

from engine.model.job import Document
from engine.model.template import Template, VariableType

PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
FORM: Final = "application/x-www-form-urlencoded"
_AUTHORITY: Final = re.compile(r"(?:[a-z]+://)?[^/?#]*", re.IGNORECASE)
_TEXTS_OF: Final = ("headers", "auth")

Path: TypeAlias = tuple[str, ...]
Write: TypeAlias = Callable[[str, Any], str]
"""How a value is written into a text: the name of its variable and the value."""


def placeholders(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every placeholder of a document: the path of its text, and the variable's name."""
    if isinstance(tree, str):
        for name in PLACEHOLDER.findall(tree):
            yield path, name
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from placeholders(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from placeholders(value, f"{path}[{position}]")


def fill(template: Template, values: Mapping[str, Any]) -> Document:
    """The job's document with each placeholder replaced; every variable used has a value."""
    document = {
        key: _webhook(template, value, values)
        if key == "webhook" and isinstance(value, Mapping)
        else _filled(value, values)
        for key, value in template.job.items()
    }
    document.setdefault("name", template.name)
    if isinstance(document.get("tags"), Mapping):
        document["tags"] = {key: as_text(value) for key, value in document["tags"].items()}
    return document


def _webhook(template: Template, webhook: Mapping[str, Any], values: Mapping[str, Any]) -> Document:
    filled = {key: _filled(value, values) for key, value in webhook.items()}
    for key in _TEXTS_OF:
        if isinstance(filled.get(key), Mapping):
            filled[key] = {name: as_text(value) for name, value in filled[key].items()}
    if isinstance(webhook.get("url"), str):
        filled["url"] = _url(template, webhook["url"], values)
    if isinstance(filled.get("body"), Mapping | list):
        filled["body"] = _body(filled["body"], _is_form(webhook))
    elif "body" in filled:
        filled["body"] = as_text(filled["body"])
    return filled


def _filled(tree: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(tree, str):
        whole = PLACEHOLDER.fullmatch(tree.strip())
        if whole:
            return values[whole[1]]
        return PLACEHOLDER.sub(lambda found: as_text(values[found[1]]), tree)
    if isinstance(tree, Mapping):
        return {key: _filled(value, values) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_filled(value, values) for value in tree]
    return tree


def as_text(value: Any) -> Any:
    """A value as it reads inside a text; what is no scalar stays, for the job's parser to refuse.

    >>> as_text(True), as_text(5), as_text("x")
    ('true', '5', 'x')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _url(template: Template, text: str, values: Mapping[str, Any]) -> str:
    """The URL: addresses and hosts as they are, everything after them percent-encoded.

    In the path a slash stays, and so does a percent sign: `%2F` is how one writes a slash that is
    no step of the path.
    """
    written = []
    for position, piece in enumerate(_pieces(text)):
        if position % 2 == 0:
            written.append(piece)
            continue
        value = as_text(values[piece])
        so_far = "".join(written)
        if _AUTHORITY.fullmatch(so_far):
            written.append(str(value).rstrip("/") if _is_url(template, piece) else str(value))
        else:
            written.append(quote(str(value), safe="" if "?" in so_far else "/%"))
    return "".join(written)


def _pieces(text: str) -> list[str]:
    """The text between placeholders, and their names, in turn."""
    return PLACEHOLDER.split(text)


def _is_url(template: Template, name: str) -> bool:
    variable = template.variable(name)
    return variable is not None and variable.type is VariableType.URL


def _is_form(webhook: Mapping[str, Any]) -> bool:
    headers = webhook.get("headers") or {}
    kinds = [str(text) for name, text in headers.items() if str(name).lower() == "content-type"]
    return any(kind.split(";")[0].strip().lower() == FORM for kind in kinds)


def _body(tree: Any, form: bool) -> str:
    if form and isinstance(tree, Mapping):
        return urlencode({key: as_text(value) for key, value in tree.items()})
    return json.dumps(tree, ensure_ascii=False)


# ---- back ---------------------------------------------------------------------------------------


def recover(template: Template, document: Mapping[str, Any]) -> dict[str, str]:
    """What the values must have been, as text, where the document still shows them.

    A text that was edited since tells nothing; a value that two places tell differently is not
    told at all.
    """
    told: dict[str, set[str]] = {}
    for name, value in _told(template, template.job, document, ()):
        told.setdefault(name, set()).add(value)
    return {name: values.pop() for name, values in told.items() if len(values) == 1}


def _told(template: Template, written: Any, live: Any, path: Path) -> Iterator[tuple[str, str]]:
    if path == ("webhook", "body") and isinstance(written, Mapping | list):
        live = _read_body(live, _is_form(template.job.get("webhook", {})))
    if isinstance(written, Mapping) and isinstance(live, Mapping):
        for key, value in written.items():
            if key in live:
                yield from _told(template, value, live[key], (*path, str(key)))
    elif isinstance(written, list) and isinstance(live, list) and len(written) == len(live):
        for value, lives in zip(written, live, strict=True):
            yield from _told(template, value, lives, path)
    elif isinstance(written, str) and isinstance(live, str | int | float):
        decode = unquote if path == ("webhook", "url") else str
        yield from _matched(written, str(as_text(live)), decode)


def _matched(written: str, live: str, decode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    pieces = _pieces(written.strip() if PLACEHOLDER.fullmatch(written.strip()) else written)
    names = pieces[1::2]
    if not names:
        return
    pattern = "(.*?)".join(re.escape(text) for text in pieces[::2])
    found = re.fullmatch(pattern, live, re.DOTALL)
    if found:
        for position, (name, value) in enumerate(zip(names, found.groups(), strict=True)):
            is_address = position == 0 and not pieces[0]
            yield name, value if is_address else decode(value)


def _read_body(live: Any, form: bool) -> Any:
    if not isinstance(live, str):
        return None
    if form:
        return dict(parse_qsl(live, keep_blank_values=True))
    try:
        return json.loads(live)
    except ValueError:
        return None
