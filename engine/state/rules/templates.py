"""Own templates: published version by version, each namespace's for itself."""

from __future__ import annotations

from typing import Final

from engine.model.template import PublishedTemplate, template_id, version_order
from engine.state.messages import (
    Accepted,
    PublishTemplate,
    Rejected,
    TemplatePublished,
    TemplateWithdrawn,
    WithdrawTemplate,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

TEMPLATES_MAX: Final = 200
VERSIONS_MAX: Final = 10
"""Of one template; the oldest gives way, for the state stays small."""


@decides(PublishTemplate)
def publish(state: State, command: PublishTemplate, context: Context) -> Decision:
    """A new template, or a later version of one; what is published is never changed."""
    parts = command.id.split("/")
    order = version_order(command.version)
    if len(parts) != 3 or order is None:
        message = f"{command.id} {command.version} does not name a version of a template"
        return Rejected(code="VALIDATION_ERROR", message=message, field="version", hint="1.0.0")
    known = state.templates.get(command.id)
    if known is None and len(state.templates) >= TEMPLATES_MAX:
        message = f"there are {TEMPLATES_MAX} own templates, which is the most"
        return Rejected(
            code="CONFLICT", message=message, field="name", hint="withdraw one that nobody uses"
        )
    if known is not None and order <= (version_order(known[0].version) or ()):
        message = f"{command.version} is not later than the published {known[0].version}"
        return Rejected(code="CONFLICT", message=message, field="version", hint="raise the version")
    namespace, category, name = parts
    yield TemplatePublished(
        template=PublishedTemplate(
            namespace=namespace,
            category=category,
            name=name,
            version=command.version,
            text=command.text,
            published_at=context.at,
            published_by=context.actor,
        )
    )
    return Accepted(value=command.version)


@evolves(TemplatePublished)
def published(state: State, event: TemplatePublished) -> None:
    """The newest version stands first."""
    template = event.template
    key = template_id(template.namespace, template.category, template.name)
    state.templates[key] = [template, *state.templates.get(key, ())][:VERSIONS_MAX]


@decides(WithdrawTemplate)
def withdraw(state: State, command: WithdrawTemplate, context: Context) -> Decision:
    """Forget a version, or all of them; jobs that were made from it stay."""
    known = [one.version for one in state.templates.get(command.id, ())]
    if not known or (command.version and command.version not in known):
        what = f"{command.id} {command.version}".strip()
        return Rejected(
            code="NOT_FOUND", message=f"there is no own template {what}", field="template"
        )
    yield TemplateWithdrawn(id=command.id, version=command.version)
    return Accepted(value=command.id)


@evolves(TemplateWithdrawn)
def withdrawn(state: State, event: TemplateWithdrawn) -> None:
    """Nothing of a template stays once its last version is gone."""
    kept = [one for one in state.templates[event.id] if event.version not in ("", one.version)]
    if kept:
        state.templates[event.id] = kept
    else:
        del state.templates[event.id]
