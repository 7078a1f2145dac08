"""Templates as text: YAML of the plain kind, read strictly and written as people write it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import yaml

from engine.core.errors import InvalidDocument, Problem

TEXT_BYTES_MAX: Final = 32 * 1024
_HINTS: Final = (
    ("'%'", "quote text that begins with %"),
    ("'@'", 'quote text that begins with @, such as schedule: "@daily"'),
    ("unhashable", 'quote a placeholder: url: "{{url}}"'),
    ("alphabetic or numeric", 'quote text that begins with *, such as schedule: "*/5 * * * *"'),
    ("stands twice", "keep one of them"),
    ("alias", "write it out again"),
)


class _Loader(yaml.SafeLoader):
    """YAML's safe subset; dates stay text, and repeated keys and aliases are refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(problem="an alias is not allowed")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str, name: str = "template") -> list[Any]:
    """The documents of a YAML text, in order; empty ones are left out.

    Raises:
        InvalidDocument: it is too long, or not YAML; one problem with the line.
    """
    if len(text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        raise InvalidDocument([Problem(name, f"is longer than {TEXT_BYTES_MAX} bytes", "shorten")])
    try:
        loaded = list(yaml.load_all(text, Loader=_Loader))  # a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        reason = getattr(error, "problem", None) or str(error)
        hint = next(
            (hint for mark, hint in _HINTS if mark in reason), "quote what is no plain text"
        )
        raise InvalidDocument([Problem(where, f"is not YAML: {reason}", hint)]) from None
    return [document for document in loaded if document is not None]


def write_yaml(document: Any) -> str:
    """A document as YAML: keys in their order, text of several lines as a block."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes text with line breaks as a block, which is how people read it."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
