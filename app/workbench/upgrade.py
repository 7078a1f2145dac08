"""From one version of a template to another, without losing what was edited by hand.

Three documents are compared field by field: `base`, the old version filled with the values that the
job was made with; `theirs`, the new version filled; `mine`, the job as it is. What only one side
changed is taken from that side; what both changed, and differently, is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from app.workbench.marketplace import (
    TAGS,
    Instance,
    blotted,
    job_from,
    kept_values,
    open_webhook,
    origin_tags,
    parse_filled,
    secrets_of,
)
from engine.core.errors import InvalidDocument, Problem
from engine.model.document import Defaults, job_document
from engine.model.filling import recover
from engine.model.job import Document, Job, WebhookAuth
from engine.model.redaction import HIDDEN, redacted_headers, redacted_url
from engine.model.target_document import auth_document
from engine.model.template import Template, Variable, VariableType
from engine.model.template_document import checked_values

Side = Literal["mine", "theirs"]
SIDES: Final = ("mine", "theirs")
WHOLE: Final = frozenset({"webhook.auth"})
"""Compared as one: half of one credential and half of another would be neither."""
_NOT_COMPARED: Final = frozenset(
    {
        *("id", "version", "created_at", "updated_at", "updated_by", "generation"),
        *("next_run", "last_run", "last_status"),
        *("name", "namespace", "enabled"),  # chosen for the job, not by its template
    }
)


class _Absent:
    """Nothing stands there; unlike null, which a document may say."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """A field in which the three are not all equal; `result` is what comes of it."""

    field: str
    base: Any
    mine: Any
    theirs: Any
    result: Any
    kind: Literal["updated", "kept", "agreed", "conflict"]


def merge(base: Any, mine: Any, theirs: Any, path: str = "") -> tuple[Any, list[Change]]:
    """Both sides' changes to `base` as one document, and each field that anybody changed.

    In a conflict the result is `mine` until somebody decides.
    """
    if _split(base, mine, theirs, path):
        merged: dict[str, Any] = {}
        changes: list[Change] = []
        for key in dict.fromkeys((*mine, *theirs, *base)):
            b, m, t = (one.get(key, ABSENT) for one in (base, mine, theirs))
            value, found = merge(b, m, t, f"{path}.{key}" if path else str(key))
            changes += found
            if value is not ABSENT:
                merged[key] = value
        return merged, changes
    if mine == base and theirs == base:
        return mine, []
    if mine == theirs:
        return mine, [Change(path, base, mine, theirs, mine, "agreed")]
    if mine == base:
        return theirs, [Change(path, base, mine, theirs, theirs, "updated")]
    kind: Literal["kept", "conflict"] = "kept" if theirs == base else "conflict"
    return mine, [Change(path, base, mine, theirs, mine, kind)]


def _split(base: Any, mine: Any, theirs: Any, path: str) -> bool:
    """Whether the three are compared key by key."""
    return path not in WHOLE and all(isinstance(one, Mapping) for one in (base, mine, theirs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an upgrade would do to a job; `document` has its secrets and is not to be shown."""

    old: Template
    new: Template
    changes: list[Change] = field(default_factory=list)
    needs: list[tuple[Variable, str]] = field(default_factory=list)
    values: Mapping[str, Any] = field(default_factory=dict)
    document: Document = field(default_factory=dict)

    @property
    def conflicts(self) -> list[str]:
        """The fields that both sides changed, and nobody decided."""
        return [change.field for change in self.changes if change.kind == "conflict"]


def plan_upgrade(
    instance: Instance,
    new: Template,
    given: Mapping[str, Any],
    decided: Mapping[str, Side],
    defaults: Defaults,
) -> Plan:
    """What becomes of a job when it moves to the version `new` of its template.

    Args:
        instance: the job; its template has the version that the job was made from.
        new: the version to move to; the same one, with other values, is an upgrade too.
        given: values for what cannot be recovered, and for what shall change; `***` keeps.
        decided: for fields in conflict (`*` for all others), which side wins.
        defaults: what a job gets where its document says nothing, as the gate has it.

    Raises:
        InvalidDocument: a value or a decision is at fault.
    """
    assert instance.shelf is not None, "an instance without a template has no upgrade"
    old = instance.shelf.version(instance.version)
    assert old is not None, "an upgrade begins at a known version"
    job = instance.job
    asked = {key: value for key, value in given.items() if value not in (None, "", HIDDEN)}
    known = _known(old, job)
    needs = list(_needs(old, new, known, asked))
    if needs:
        return Plan(old=old, new=new, needs=needs)
    before = checked_values(old, _for(old, {**asked, **known}))
    wanted = {name: value for name, value in asked.items() if name not in _gone(old, new)}
    after = checked_values(new, {**_for(new, known), **wanted})
    base = _compared(old, before, job, defaults)
    theirs = _compared(new, after, job, defaults)
    mine = _without_origin(_opened(job, job_document(job)))
    merged, changes = merge(base, mine, theirs)
    changes = _decide(merged, changes, decided)
    merged["tags"] = {**merged.get("tags", {}), **origin_tags(new, after)}
    merged |= {"name": job.name, "namespace": job.namespace, "enabled": job.enabled}
    return Plan(old=old, new=new, changes=changes, values={**before, **after}, document=merged)


def _known(old: Template, job: Job) -> dict[str, Any]:
    """The values that the job was made with, as far as it tells: its tags, then its own text."""
    told = recover(old, _opened(job, job_document(job)))
    kept = kept_values(job)
    known: dict[str, Any] = {}
    for variable in old.variables:
        if variable.name in kept:
            known[variable.name] = kept[variable.name]
        elif told.get(variable.name) and (_is_hidden(variable) or _must_be_given(variable)):
            known[variable.name] = told[variable.name]
    return known


def _is_hidden(variable: Variable) -> bool:
    """Whether tags may not keep it: a secret, or an address with one in it."""
    return variable.type in (VariableType.SECRET, VariableType.URL)


def _needs(
    old: Template, new: Template, known: Mapping[str, Any], asked: Mapping[str, Any]
) -> Iterator[tuple[Variable, str]]:
    """The variables without which nothing can be filled, and why each is asked for."""
    seen = {*known, *asked}
    for variable in (*new.variables, *old.variables):
        if variable.name in seen or not _must_be_given(variable):
            continue
        seen.add(variable.name)
        was = old.variable(variable.name)
        is_new = was is None or not _must_be_given(was)
        yield (
            variable,
            f"is new in version {new.version}"
            if is_new
            else "cannot be recovered from the job; give it again",
        )


def _must_be_given(variable: Variable) -> bool:
    return variable.required and variable.default in (None, "")


def _for(template: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that this version has a variable for."""
    return {name: value for name, value in values.items() if template.variable(name) is not None}


def _gone(old: Template, new: Template) -> set[str]:
    """Variables that the new version has no longer; what is given for them fills the old one."""
    return {one.name for one in old.variables} - {one.name for one in new.variables}


def _compared(
    template: Template, values: Mapping[str, Any], job: Job, defaults: Defaults
) -> Document:
    """The template's document as the job would hold it, each default written out."""
    document = job_from(template, values, namespace=job.namespace, name=job.name)
    spec, enabled = parse_filled(document, secrets_of(template, values), defaults)
    made = Job(
        id=job.id,
        spec=spec,
        enabled=enabled,
        version=1,
        generation=1,
        created_at=0,
        updated_at=0,
        updated_by="",
    )
    return _without_origin(_opened(made, job_document(made)))


def _opened(job: Job, document: Document) -> Document:
    """A job's document with its secrets in the clear."""
    kept = {key: value for key, value in document.items() if key not in _NOT_COMPARED}
    if isinstance(kept.get("webhook"), Mapping):
        kept["webhook"] = open_webhook(job.spec.webhook)
    return kept


def _without_origin(document: Document) -> Document:
    tags = {name: text for name, text in document.get("tags", {}).items() if name not in TAGS}
    return {**document, "tags": tags}


def _decide(merged: Document, changes: list[Change], decided: Mapping[str, Side]) -> list[Change]:
    """Conflicts that somebody decided, with the side that won; the document follows."""
    names = {change.field for change in changes if change.kind == "conflict"}
    problems = [
        Problem(f"resolve.{name}", f"{side!r} is no side", "mine or theirs")
        for name, side in decided.items()
        if side not in SIDES
    ] + [
        Problem(f"resolve.{name}", "is not in conflict", "one of " + (", ".join(names) or "none"))
        for name in decided
        if name != "*" and name not in names
    ]
    if problems:
        raise InvalidDocument(problems)
    return [
        _decided(merged, change, decided.get(change.field, decided.get("*")))
        if change.kind == "conflict"
        else change
        for change in changes
    ]


def _decided(merged: Document, change: Change, side: Side | None) -> Change:
    if side == "mine":
        return replace(change, kind="kept")
    if side == "theirs":
        _put(merged, change.field, change.theirs)
        return replace(change, kind="updated", result=change.theirs)
    return change


def _put(document: Document, path: str, value: Any) -> None:
    *parents, last = _steps(document, path)
    for key in parents:
        document = document[key]
    if value is ABSENT:
        document.pop(last, None)
    else:
        document[last] = value


def _steps(document: Any, path: str) -> list[str]:
    """The keys of a path; a key may hold dots itself, as names of headers and tags do."""
    for key in sorted(document, key=len, reverse=True) if isinstance(document, Mapping) else ():
        if path.startswith(f"{key}."):
            inner = _steps(document[key], path[len(key) + 1 :])
            return [key, *inner]
    return [path]


# ---- what may be shown --------------------------------------------------------------------------


def secrets_of_plan(plan: Plan) -> tuple[str, ...]:
    """The secrets of both versions, to be blotted out."""
    return (*secrets_of(plan.new, plan.values), *secrets_of(plan.old, plan.values))


def shown_changes(plan: Plan) -> list[Document]:
    """The changes without secrets."""
    secrets = secrets_of_plan(plan)
    return [
        {
            "field": change.field,
            "base": _shown(change.field, change.base, secrets),
            "mine": _shown(change.field, change.mine, secrets),
            "theirs": _shown(change.field, change.theirs, secrets),
            "result": _shown(change.field, change.result, secrets),
            "kind": change.kind,
        }
        for change in plan.changes
    ]


def _shown(path: str, value: Any, secrets: tuple[str, ...]) -> Any:
    if value is ABSENT:
        return None
    if path == "webhook.url" and isinstance(value, str):
        value = redacted_url(value)
    elif path.startswith("webhook.headers.") and value:
        value = redacted_headers({path.removeprefix("webhook.headers."): value}).popitem()[1]
    elif path == "webhook.auth" and isinstance(value, Mapping):
        value = auth_document(WebhookAuth(**value))
    return blotted(value, secrets)
