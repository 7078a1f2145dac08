"""The catalogue of templates: those that come with Chronos, and those that a namespace published.

A job that was made from one says so in its tags: which template, which version of it, and the
values that were given. So an installed template needs no record beside the job itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from app.workbench.source import read_yaml
from engine.core.errors import InvalidDocument, Problem
from engine.model.document import Defaults, parse_job
from engine.model.filling import as_text, fill
from engine.model.job import Document, Job, JobSpec, Webhook
from engine.model.redaction import HIDDEN, redacted_url
from engine.model.template import PublishedTemplate, Template, VariableType, version_order
from engine.model.template_document import parse_template

FOLDER: Final = Path(__file__).parents[2] / "data" / "templates"
TAG: Final = "chronos-template"
VERSION_TAG: Final = "chronos-template-version"
VALUES_TAG: Final = "chronos-template-values"
TAGS: Final = (TAG, VERSION_TAG, VALUES_TAG)
BLOTTED_MIN: Final = 6
BUILT_IN: Final = ""
"""The namespace of what belongs to none."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A template with all its versions, newest first; `namespace` is empty of a built-in one."""

    namespace: str
    versions: tuple[Template, ...]
    published: tuple[PublishedTemplate, ...] = ()

    @property
    def newest(self) -> Template:
        """The latest version."""
        return self.versions[0]

    def version(self, number: str) -> Template | None:
        """The version of that number; the newest of an empty one."""
        if not number:
            return self.newest
        return next((one for one in self.versions if one.version == number), None)


@lru_cache(maxsize=1)
def built_in() -> tuple[Shelf, ...]:
    """The templates that come with this build, by category and name."""
    return tuple(_read_shelf(path) for path in sorted(FOLDER.glob("*/*.yaml")))


def _read_shelf(path: Path) -> Shelf:
    documents = read_yaml(path.read_text(encoding="utf-8"), path.name)
    return Shelf(BUILT_IN, tuple(parse_template(document) for document in documents))


@lru_cache(maxsize=4096)
def _read_published(published: PublishedTemplate) -> Template | None:
    """A published version; None of one that a later build's stricter rules no longer take."""
    try:
        (document,) = read_yaml(published.text)
        return parse_template(document)
    except (InvalidDocument, ValueError):
        return None


def catalogue(published: Iterable[Sequence[PublishedTemplate]]) -> list[Shelf]:
    """Every template: the built-in ones, then own ones by namespace."""
    shelves = list(built_in())
    for versions in published:
        read = [(one, template) for one in versions if (template := _read_published(one))]
        if read:
            kept, templates = zip(*read, strict=True)
            shelves.append(Shelf(versions[0].namespace, templates, kept))
    return shelves


Index: TypeAlias = Mapping[tuple[str, str], Shelf]
"""Templates by namespace and category/name."""


def by_name(shelves: Iterable[Shelf]) -> Index:
    """The catalogue, to look up many names in."""
    return {(shelf.namespace, shelf.newest.ref): shelf for shelf in shelves}


def find(index: Index, ref: str, namespace: str = BUILT_IN) -> Shelf | None:
    """The template that `ref` names in a namespace: its own before the built-in one."""
    return index.get((namespace, ref)) or index.get((BUILT_IN, ref))


def search(
    shelves: Iterable[Shelf],
    *,
    q: str = "",
    category: str = "",
    tag: str = "",
    namespace: str | None = None,
) -> list[Shelf]:
    """The templates that hold every word of `q`, best first; others by category and name.

    A word in the name or title weighs more than one in a tag, and that more than one in the text.
    """
    words = q.casefold().split()
    found = []
    for shelf in shelves:
        template = shelf.newest
        if namespace is not None and shelf.namespace not in (BUILT_IN, namespace):
            continue
        if (category and template.category != category) or (tag and tag not in template.tags):
            continue
        weights = [_weight(template, word) for word in words]
        if all(weights):
            found.append((-sum(weights), template.category, template.name, shelf.namespace, shelf))
    return [shelf for *_, shelf in sorted(found, key=lambda row: row[:4])]


def _weight(template: Template, word: str) -> int:
    if word in f"{template.name} {template.title}".casefold():
        return 4
    if any(word in tag.casefold() for tag in template.tags):
        return 2
    return int(word in f"{template.category} {template.description}".casefold())


# ---- jobs made from templates -------------------------------------------------------------------


def job_from(
    template: Template,
    values: Mapping[str, Any],
    *,
    namespace: str = "default",
    name: str = "",
    enabled: bool | None = None,
) -> Document:
    """The document of the job that a template makes of checked values, with its origin in tags."""
    document = fill(template, values) | {"namespace": namespace}
    if name:
        document["name"] = name
    if enabled is not None:
        document["enabled"] = enabled
    document["tags"] = {**(document.get("tags") or {}), **origin_tags(template, values)}
    return document


def origin_tags(template: Template, values: Mapping[str, Any]) -> dict[str, str]:
    """What a job remembers of the template that made it.

    Only what differs from the defaults is kept, so that a better default of a later version
    reaches the job; and no secret is, for tags are shown to everybody.
    """
    kept = {}
    for variable in template.variables:
        text = str(as_text(values[variable.name]))
        secret = variable.type is VariableType.SECRET or (
            variable.type is VariableType.URL and redacted_url(text) != text
        )
        if not secret and values[variable.name] != variable.default and text:
            kept[variable.name] = text
    tags = {TAG: template.ref, VERSION_TAG: template.version}
    return {**tags, VALUES_TAG: urlencode(kept)} if kept else tags


def kept_values(job: Job) -> dict[str, str]:
    """The values that a job's tags still hold."""
    return dict(parse_qsl(job.spec.tags.get(VALUES_TAG, ""), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Instance:
    """A job that says it was made from a template; `shelf` is None when that is gone."""

    job: Job
    ref: str
    version: str
    shelf: Shelf | None

    @property
    def state(self) -> str:
        """How the job stands to its template: current, upgradable, version unknown, or gone."""
        if self.shelf is None:
            return "gone"
        if self.shelf.version(self.version) is None or not self.version:
            return "version_unknown"
        newest = version_order(self.shelf.newest.version) or ()
        return "upgradable" if newest > (version_order(self.version) or ()) else "current"


def instance_of(job: Job, index: Index) -> Instance | None:
    """What a job says of its origin; None of a job that was written by hand."""
    ref = job.spec.tags.get(TAG)
    if not ref:
        return None
    shelf = find(index, ref, job.namespace)
    return Instance(job, ref, job.spec.tags.get(VERSION_TAG, ""), shelf)


# ---- what may be shown --------------------------------------------------------------------------


def secrets_of(template: Template, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The secrets among the values as a job may hold them, longest first, to be blotted out."""
    named = (one.name for one in template.variables if one.type is VariableType.SECRET)
    found = {form for name in named if values.get(name) for form in _forms(str(values[name]))}
    return tuple(sorted(found, key=len, reverse=True))


def _forms(secret: str) -> tuple[str, ...]:
    """A text as it stands in a header, in a path, in a query, in a form and in JSON."""
    in_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    return secret, quote(secret, "/%"), quote(secret, ""), quote_plus(secret), in_json


def blotted(tree: Any, secrets: Sequence[str]) -> Any:
    """A document without these secrets, wherever in its texts they stand.

    What is too short to be a secret is hidden only where it stands alone: a text in which every
    "x" is blotted out tells more than one in which none is.
    """
    if isinstance(tree, str):
        for secret in secrets:
            if len(secret) >= BLOTTED_MIN:
                tree = tree.replace(secret, HIDDEN)
        return HIDDEN if tree in secrets else tree
    if isinstance(tree, Mapping):
        return {key: blotted(value, secrets) for key, value in tree.items()}
    if isinstance(tree, list):
        return [blotted(value, secrets) for value in tree]
    return tree


def parse_filled(
    document: Mapping[str, Any], secrets: Sequence[str], defaults: Defaults
) -> tuple[JobSpec, bool]:
    """Check the job that a template made, as the gate will.

    Raises:
        InvalidDocument: its faults, under `job.`; they quote the job, but not its secrets.
    """
    try:
        return parse_job(document, defaults=defaults)
    except InvalidDocument as error:
        raise InvalidDocument(
            Problem(f"job.{one.field}", blotted(one.reason, secrets), blotted(one.hint, secrets))
            for one in error.problems
        ) from None


def open_webhook(webhook: Webhook) -> Document:
    """A webhook with its secrets, to be compared and written back; never to be shown."""
    auth = webhook.auth
    return {
        "url": webhook.url,
        "method": webhook.method,
        "headers": dict(webhook.headers),
        "body": webhook.body,
        "auth": None
        if auth is None
        else {
            "type": auth.type,
            "username": auth.username,
            "password": auth.password,
            "token": auth.token,
            "api_key": auth.api_key,
            "header": auth.header,
        },
        "success_codes": list(webhook.success_codes),
    }
