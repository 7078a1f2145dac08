"""The marketplace."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape
from app.api.schemas.jobs import Fire, Job


class TemplateCard(Shape):
    """A template as a list shows it; `namespace` is null of a built-in one."""

    category: str
    name: str
    version: str
    title: str
    description: str
    icon: str
    tags: list[str]
    namespace: str | None
    built_in: bool


class Templates(Shape):
    """Templates, and how many of the search each category has."""

    templates: list[TemplateCard]
    total: int
    categories: dict[str, int]


class TemplateVariable(Shape):
    """A gap in a template's job, and what may stand in it."""

    type: Literal["string", "integer", "boolean", "enum", "url", "cron", "duration", "secret"]
    title: str = ""
    description: str = ""
    required: bool = False
    default: Any = None
    example: Any = None
    pattern: str = ""
    min: int | str | None = None
    max: int | str | None = None
    choices: list[str | int] = Field([])


class TemplateDocument(Shape):
    """What a person writes of a template; `job` is a job's document with `{{variable}}` in it."""

    category: str
    name: str
    version: str
    title: str
    description: str = ""
    icon: str = "extension"
    tags: list[str] = Field([])
    changes: str = ""
    documentation: str = ""
    variables: dict[str, TemplateVariable] = Field({})
    job: dict[str, Any]


class TemplateVersion(Shape):
    """A version of a template, and what is new in it."""

    version: str
    changes: str
    published_at: str | None
    published_by: str


class TemplateDetail(TemplateDocument):
    """A template with all its versions, newest first."""

    namespace: str | None
    built_in: bool
    versions: list[TemplateVersion]


class TemplateRequest(Shape):
    """Values for a template's variables, and where the job shall be."""

    values: dict[str, Any] = Field({})
    name: str = ""
    namespace: str = ""
    enabled: bool | None = None
    version: str = ""


class TemplatePreview(Shape):
    """The job that values would make, secrets hidden, and when it would run."""

    job: dict[str, Any]
    words: str
    next: list[Fire]
    name_taken: bool


class TemplateInstance(Shape):
    """A job that was made from a template."""

    job_id: str
    job_name: str
    namespace: str
    enabled: bool
    template: str
    title: str
    version: str
    latest_version: str
    state: Literal["current", "upgradable", "version_unknown", "gone"]
    values: dict[str, str]


class TemplateInstances(Shape):
    """All jobs that were made from templates."""

    instances: list[TemplateInstance]
    total: int
    upgradable: int


class UpgradeRequest(Shape):
    """Which version, values that change or are asked for, and who wins a conflict (`*`: all)."""

    version: str = ""
    values: dict[str, Any] = Field({})
    dry_run: bool = False
    resolve: dict[str, Literal["mine", "theirs"]] = Field({})


class TemplateChange(Shape):
    """A field that the job or the template changed since the job was made; secrets hidden."""

    field: str
    base: Any
    mine: Any
    theirs: Any
    result: Any
    kind: Literal["updated", "kept", "agreed", "conflict"]


class TemplateUpgrade(Shape):
    """What an upgrade does: the three-way difference, open conflicts, and values it needs."""

    job: Job
    template: str
    from_version: str
    to_version: str
    news: list[dict[str, str]]
    changes: list[TemplateChange]
    conflicts: list[str]
    needs: list[dict[str, Any]]


class TemplateWithdrawn(Shape):
    """A template that is gone, or one version of it."""

    template: str
    namespace: str
    version: str
