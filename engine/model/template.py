"""The template: a job with gaps, and what may stand in them. Frozen values, versions ordered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from engine.core.ids import Instant
from engine.model.job import Document

CATEGORIES: Final = (
    "backup",
    "monitoring",
    "notification",
    "data-pipeline",
    "maintenance",
    "security",
    "integration",
    "reporting",
)
_VERSION: Final = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")


class VariableType(StrEnum):
    """What a variable of a template holds."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUM = "enum"
    URL = "url"
    CRON = "cron"
    DURATION = "duration"
    SECRET = "secret"  # noqa: S105  # the name of a type


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A gap in a template; `least` and `most` bound a number, a duration or a text's length."""

    name: str
    type: VariableType
    title: str
    description: str = ""
    default: Any = None
    required: bool = False
    example: Any = None
    pattern: str = ""
    least: int | str | None = None
    most: int | str | None = None
    choices: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One version of a template; `job` is a job's document with `{{variable}}` in its texts."""

    category: str
    name: str
    version: str
    title: str
    job: Document
    description: str = ""
    icon: str = "extension"
    tags: tuple[str, ...] = ()
    changes: str = ""
    documentation: str = ""
    variables: tuple[Variable, ...] = field(default_factory=tuple)

    @property
    def ref(self) -> str:
        """The name by which people address a template."""
        return f"{self.category}/{self.name}"

    def variable(self, name: str) -> Variable | None:
        """The variable of that name."""
        return next((one for one in self.variables if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTemplate:
    """A version of an own template as the cluster keeps it: the text that was published."""

    namespace: str
    category: str
    name: str
    version: str
    text: str
    published_at: Instant
    published_by: str


def template_id(namespace: str, category: str, name: str) -> str:
    """The name of an own template in the replicated state.

    >>> template_id("payments", "backup", "ledger")
    'payments/backup/ledger'
    """
    return f"{namespace}/{category}/{name}"


def version_order(version: str) -> tuple[int, ...] | None:
    """What versions are compared by; None of what is no version.

    >>> version_order("1.10.0") > version_order("1.9.3"), version_order("1.0")
    (True, None)
    """
    found = _VERSION.fullmatch(version)
    return tuple(map(int, found.groups())) if found else None
