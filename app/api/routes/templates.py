"""Templates: find, preview, install and publish them, and upgrade the jobs made from them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    Key,
    actor_of,
    confirm_read,
    find_job,
    read_object,
    services_of,
    shown_job,
)
from app.api.fires import timing_document
from app.api.problems import Refusal, answer, fetched, invalid, not_found
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.jobs import Job
from app.api.schemas.templates import (
    TemplateDetail,
    TemplateDocument,
    TemplateInstances,
    TemplatePreview,
    TemplateRequest,
    Templates,
    TemplateUpgrade,
    TemplateWithdrawn,
    UpgradeRequest,
)
from app.services import Services
from app.workbench.marketplace import (
    BUILT_IN,
    Instance,
    Shelf,
    blotted,
    by_name,
    catalogue,
    find,
    instance_of,
    job_from,
    kept_values,
    parse_filled,
    search,
    secrets_of,
)
from app.workbench.source import TEXT_BYTES_MAX, read_yaml, write_yaml
from app.workbench.upgrade import Plan, plan_upgrade, secrets_of_plan, shown_changes
from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Document
from engine.model.job import Job as StoredJob
from engine.model.template import CATEGORIES, Template, version_order
from engine.model.template_document import (
    checked_values,
    parse_template,
    template_document,
    variable_document,
)

router = APIRouter(
    prefix="/api/v1/templates", tags=["templates"], dependencies=[Depends(confirm_read)]
)
of_jobs = APIRouter(prefix="/api/v1/jobs", tags=["templates"], dependencies=[Depends(confirm_read)])

FIRES_SHOWN: Final = 5
YAML: Final = "application/yaml"
_INSTALL_KEYS: Final = ("values", "name", "namespace", "enabled", "version")
_UPGRADE_KEYS: Final = ("values", "version", "dry_run", "resolve")

Namespace = Annotated[
    str | None,
    Query(description="Own templates of this namespace; they come before built-in ones."),
]
Version = Annotated[str, Query(description="A version of the template; the newest if left out.")]


# ---- find ---------------------------------------------------------------------------------------


@router.get("", responses=documents(200, Envelope[Templates], 400))
async def list_templates(
    request: Request,
    q: Annotated[str, Query(description="Words in name, title, tags or description.")] = "",
    category: str = "",
    tag: str = "",
    namespace: Namespace = None,
) -> Response:
    """List templates: built-in ones, and own ones of a namespace or of all."""
    if category and category not in CATEGORIES:
        raise invalid(
            "category", f"{category[:60]!r} is unknown", "one of " + ", ".join(CATEGORIES)
        )
    shelves = _catalogue(services_of(request))
    found = search(shelves, q=q, category=category, tag=tag, namespace=namespace)
    counts = dict.fromkeys(CATEGORIES, 0)
    for shelf in search(shelves, q=q, tag=tag, namespace=namespace):
        counts[shelf.newest.category] += 1
    data = {
        "templates": [_card(shelf) for shelf in found],
        "total": len(found),
        "categories": counts,
    }
    return fetched(request, data)


@router.get("/instances", responses=documents(200, Envelope[TemplateInstances]))
async def list_instances(
    request: Request,
    template: Annotated[str, Query(description="`category/name`")] = "",
    namespace: str | None = None,
) -> Response:
    """List the jobs that were made from templates, and whether a later version waits for them."""
    services = services_of(request)
    index = by_name(_catalogue(services))
    found = []
    for job in services.view.jobs():
        instance = instance_of(job, index)
        if instance is None or (template and instance.ref != template):
            continue
        if namespace is None or job.namespace == namespace:
            found.append(_shown_instance(instance))
    upgradable = sum(one["state"] == "upgradable" for one in found)
    data = {"instances": found, "total": len(found), "upgradable": upgradable}
    return fetched(request, data)


@router.get("/{category}/{name}", responses=documents(200, Envelope[TemplateDetail], 404))
async def read_template(
    request: Request, category: str, name: str, namespace: Namespace = None, version: Version = ""
) -> Response:
    """Show a template with its variables, its job and its earlier versions."""
    shelf, template = _find(services_of(request), category, name, namespace, version)
    return fetched(request, _detail(shelf, template))


@router.get(
    "/{category}/{name}/export",
    responses={200: {"content": {YAML: {}}, "description": "The template's document."}},
)
async def export_template(
    request: Request, category: str, name: str, namespace: Namespace = None, version: Version = ""
) -> Response:
    """Give a template as YAML, fit to be published elsewhere; an own one as it was published."""
    shelf, template = _find(services_of(request), category, name, namespace, version)
    texts = [one.text for one in shelf.published if one.version == template.version]
    text = texts[0] if texts else write_yaml(template_document(template))
    return Response(text, media_type=YAML)


# ---- use ----------------------------------------------------------------------------------------


@router.post(
    "/{category}/{name}/preview",
    responses=documents(200, Envelope[TemplatePreview], 400, 404),
    openapi_extra=takes(TemplateRequest),
)
async def preview_template(
    request: Request, category: str, name: str, namespace: Namespace = None
) -> Response:
    """Show the job that the values would make, and when it would run; nothing is created."""
    services = services_of(request)
    body = await read_object(request)
    shelf, template = _asked_for(services, category, name, namespace, body)
    document, secrets = _job_of(services, shelf, template, body)
    parse_filled(document, secrets, services.gate.jobs.defaults)
    jobs = await services.gate.jobs.create(
        [document], actor=actor_of(request), request_id="preview", dry_run=True
    )
    spec = jobs[0].spec
    job = shown_job(services, jobs[0])
    fires = services.view.fires(jobs[0])
    told = timing_document(jobs[0], fires, services.clock.now_us(), FIRES_SHOWN)
    taken = services.view.job(f"{spec.namespace}/{spec.name}") is not None
    return answer(
        {
            "job": blotted(job, secrets),
            "words": told["words"],
            "next": told["next"],
            "name_taken": taken,
        }
    )


@router.post(
    "/{category}/{name}/install",
    status_code=201,
    responses=documents(201, Envelope[Job], 400, 404, 409, 503),
    openapi_extra=takes(TemplateRequest),
)
async def install_template(
    request: Request, category: str, name: str, key: Key, namespace: Namespace = None
) -> Response:
    """Create the job that the values make; it remembers the template in its tags."""
    services = services_of(request)
    body = await read_object(request)
    shelf, template = _asked_for(services, category, name, namespace, body)
    document, secrets = _job_of(services, shelf, template, body)
    parse_filled(document, secrets, services.gate.jobs.defaults)
    jobs = await services.gate.jobs.create([document], actor=actor_of(request), request_id=key)
    headers = {"Location": f"/api/v1/jobs/{jobs[0].id}"}
    return answer(shown_job(services, jobs[0]), 201, headers)


def _asked_for(
    services: Services, category: str, name: str, namespace: str | None, body: Document
) -> tuple[Shelf, Template]:
    _only(body, _INSTALL_KEYS)
    for key in ("name", "namespace", "version"):
        if not isinstance(body.get(key, ""), str):
            raise invalid(key, f"{body[key]!r:.60} is not text", "put it in quotes")
    if not isinstance(body.get("enabled", True), bool):
        raise invalid("enabled", f"{body['enabled']!r:.60} is not a boolean", "true or false")
    if namespace is None:
        namespace = body.get("namespace") or None
    return _find(services, category, name, namespace, body.get("version", ""))


def _job_of(
    services: Services, shelf: Shelf, template: Template, body: Document
) -> tuple[Document, tuple[str, ...]]:
    """The job's document, and the secrets that stand in it."""
    where = body.get("namespace") or shelf.namespace or "default"
    if shelf.namespace not in (BUILT_IN, where):
        reason = f"{where!r} is not the template's own, {shelf.namespace!r}"
        raise invalid("namespace", reason, "publish it there too, or leave namespace out")
    values = checked_values(template, body.get("values") or {})
    document = job_from(
        template,
        values,
        namespace=where,
        name=body.get("name") or "",
        enabled=body.get("enabled"),
    )
    return document, secrets_of(template, values)


@of_jobs.post(
    "/{ref:jobref}/template/upgrade",
    responses=documents(200, Envelope[TemplateUpgrade], 400, 404, 409, 503),
    openapi_extra=takes(UpgradeRequest),
)
async def upgrade_job(request: Request, ref: str, key: Key) -> Response:
    """Move a job to another version of its template, or to other values; local edits are kept.

    With `dry_run` it only says what would change, and which fields both sides changed. Without,
    it is refused while such a conflict is not decided in `resolve`.
    """
    services = services_of(request)
    job = find_job(services, ref)
    body = await read_object(request)
    _only(body, _UPGRADE_KEYS)
    dry_run, values, resolve = (
        body.get("dry_run", False),
        body.get("values") or {},
        body.get("resolve") or {},
    )
    if not isinstance(dry_run, bool):
        raise invalid("dry_run", f"{dry_run!r:.60} is not a boolean", "true or false")
    for field, value in (("values", values), ("resolve", resolve)):
        if not isinstance(value, dict):
            raise invalid(field, f"{value!r:.60} is not an object", 'send {"key": ...}')
    instance = _instance(services, job)
    new = _target_version(instance, body.get("version") or "")
    plan = plan_upgrade(instance, new, values, resolve, services.gate.jobs.defaults)
    if dry_run:
        would = await _would_be(services, plan, job, actor_of(request))
        return answer(_shown_plan(services, instance, plan, would))
    _refuse_unfinished(plan)
    if plan.new.version == plan.old.version and not values:
        # It is there already: a repeated request finds so, and makes no version of nothing.
        return answer(_shown_plan(services, instance, plan, job))
    changed = await services.gate.jobs.update(
        job.id,
        plan.document,
        actor=actor_of(request),
        request_id=key,
        if_version=job.version,
        comment=f"template {instance.ref} {plan.old.version} to {plan.new.version}",
    )
    return answer(_shown_plan(services, instance, plan, changed))


async def _would_be(services: Services, plan: Plan, job: StoredJob, actor: str) -> StoredJob:
    """The job as the plan would leave it; as it is, while a value is missing."""
    if plan.needs:
        return job
    return await services.gate.jobs.update(
        job.id, plan.document, actor=actor, request_id="preview", dry_run=True
    )


def _instance(services: Services, job: StoredJob) -> Instance:
    instance = instance_of(job, by_name(_catalogue(services)))
    if instance is None:
        hint = "install one with POST /api/v1/templates/{category}/{name}/install"
        raise Refusal(
            "CONFLICT",
            f"job {job.name} was not made from a template",
            [Problem("ref", "names a job without a template", hint)],
        )
    if instance.shelf is None:
        raise not_found("template", instance.ref, "publish it again, or edit the job by hand")
    if instance.shelf.version(instance.version) is None or not instance.version:
        reason = f"version {instance.version!r} of {instance.ref} is not kept any more"
        hint = "without it local edits cannot be told from the template: edit the job by hand"
        raise Refusal("CONFLICT", reason, [Problem("version", reason, hint)])
    return instance


def _target_version(instance: Instance, wanted: str) -> Template:
    assert instance.shelf is not None, "checked before"
    new = instance.shelf.version(wanted) if isinstance(wanted, str) else None
    if new is None:
        known = ", ".join(one.version for one in instance.shelf.versions)
        raise invalid("version", f"{wanted!r:.60} is not a version of it", f"one of {known}")
    return new


def _refuse_unfinished(plan: Plan) -> None:
    """A plan that still needs a value or a decision."""
    if plan.needs:
        raise InvalidDocument(
            Problem(f"values.{variable.name}", reason, variable.description or variable.title)
            for variable, reason in plan.needs
        )
    if plan.conflicts:
        raise Refusal(
            "CONFLICT",
            "the job and the template both changed " + ", ".join(plan.conflicts),
            [
                Problem(name, "was changed here and by the template", "resolve: mine or theirs")
                for name in plan.conflicts
            ],
        )


def _shown_plan(services: Services, instance: Instance, plan: Plan, job: StoredJob) -> Document:
    assert instance.shelf is not None, "checked before"
    news = [
        {"version": one.version, "changes": one.changes}
        for one in instance.shelf.versions
        if (version_order(plan.old.version) or ())
        < (version_order(one.version) or ())
        <= (version_order(plan.new.version) or ())
    ]
    return {
        "job": blotted(shown_job(services, job), secrets_of_plan(plan)),
        "template": instance.ref,
        "from_version": plan.old.version,
        "to_version": plan.new.version,
        "news": news,
        "changes": shown_changes(plan),
        "conflicts": plan.conflicts,
        "needs": [
            {"name": variable.name, "reason": reason, **variable_document(variable)}
            for variable, reason in plan.needs
        ],
    }


# ---- publish ------------------------------------------------------------------------------------


@router.post(
    "",
    status_code=201,
    responses=documents(201, Envelope[TemplateDetail], 400, 409, 503),
    openapi_extra=takes(TemplateDocument),
)
async def publish_template(
    request: Request, key: Key, namespace: Namespace = None, dry_run: bool = False
) -> Response:
    """Publish a template, or a later version of one, as a namespace's own; YAML or JSON.

    With `dry_run` it is only checked (200).
    """
    services = services_of(request)
    text = await _text_of(request)
    loaded = read_yaml(text)
    if len(loaded) != 1:
        raise invalid("template", f"holds {len(loaded)} documents", "send one template at a time")
    template = parse_template(loaded[0])
    where = namespace or "default"
    if find(by_name(_catalogue(services)), template.ref) is not None:
        reason = f"{template.ref} comes with Chronos"
        problem = Problem("name", reason, "choose another name")
        raise Refusal("CONFLICT", reason, [problem])
    if not dry_run:
        await services.gate.templates.publish(
            template, text, namespace=where, actor=actor_of(request), request_id=key
        )
    detail = _detail(Shelf(where, (template,)), template)
    if dry_run:
        return answer(detail)
    location = f"/api/v1/templates/{template.ref}?namespace={where}"
    return answer(detail, 201, {"Location": location})


async def _text_of(request: Request) -> str:
    """The body as YAML text; JSON is written as YAML, for people to read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > TEXT_BYTES_MAX:
            raise invalid("body", f"is larger than {TEXT_BYTES_MAX} bytes", "shorten it")
    try:
        if "json" in request.headers.get("content-type", ""):
            return write_yaml(orjson.loads(bytes(body)))
        return bytes(body).decode()
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        problem = Problem("body", f"is not text that can be read: {error}", "YAML or JSON in UTF-8")
        raise Refusal("INVALID_JSON", str(problem), [problem]) from None


@router.delete(
    "/{category}/{name}", responses=documents(200, Envelope[TemplateWithdrawn], 404, 409, 503)
)
async def withdraw_template(
    request: Request,
    category: str,
    name: str,
    key: Key,
    namespace: str = "default",
    version: Annotated[str, Query(description="One version; all if left out.")] = "",
) -> Response:
    """Withdraw an own template, or one version of it; jobs that were made from it stay."""
    services = services_of(request)
    ref = f"{category}/{name}"
    index = by_name(_catalogue(services))
    own = (namespace, ref) in index
    if not own and (BUILT_IN, ref) in index:
        reason = f"{ref} comes with Chronos and cannot be withdrawn"
        raise Refusal("CONFLICT", reason, [Problem("name", reason, "own templates can")])
    await services.gate.templates.withdraw(
        ref, namespace=namespace, version=version, actor=actor_of(request), request_id=key
    )
    return answer({"template": ref, "namespace": namespace, "version": version})


# ---- inside -------------------------------------------------------------------------------------


def _catalogue(services: Services) -> list[Shelf]:
    return catalogue(services.view.templates())


def _find(
    services: Services, category: str, name: str, namespace: str | None, version: str
) -> tuple[Shelf, Template]:
    """A template's shelf and the version that is asked for.

    Raises:
        Refusal: NOT_FOUND.
    """
    ref = f"{category}/{name}"
    shelf = find(by_name(_catalogue(services)), ref, namespace or "default")
    if shelf is None:
        raise not_found(
            "template", ref, "GET /api/v1/templates lists them; own ones need namespace"
        )
    template = shelf.version(version)
    if template is None:
        known = ", ".join(one.version for one in shelf.versions)
        raise not_found("version", version, f"one of {known}")
    return shelf, template


def _only(body: Document, known: tuple[str, ...]) -> None:
    unknown = [name for name in body if name not in known]
    if unknown:
        raise InvalidDocument(
            Problem(name, "is not a known field", "one of " + ", ".join(known)) for name in unknown
        )


def _card(shelf: Shelf) -> Document:
    template = shelf.newest
    return {
        "category": template.category,
        "name": template.name,
        "version": template.version,
        "title": template.title,
        "description": template.description,
        "icon": template.icon,
        "tags": list(template.tags),
        "namespace": shelf.namespace or None,
        "built_in": shelf.namespace == BUILT_IN,
    }


def _detail(shelf: Shelf, template: Template) -> Document:
    known = {one.version: one for one in shelf.published}
    versions: list[dict[str, Any]] = [
        {
            "version": one.version,
            "changes": one.changes,
            "published_at": rfc3339(known[one.version].published_at)
            if one.version in known
            else None,
            "published_by": known[one.version].published_by if one.version in known else "",
        }
        for one in shelf.versions
    ]
    return {
        **template_document(template),
        "namespace": shelf.namespace or None,
        "built_in": shelf.namespace == BUILT_IN,
        "versions": versions,
    }


def _shown_instance(instance: Instance) -> Document:
    job, shelf = instance.job, instance.shelf
    return {
        "job_id": job.id,
        "job_name": job.name,
        "namespace": job.namespace,
        "enabled": job.enabled,
        "template": instance.ref,
        "title": shelf.newest.title if shelf else "",
        "version": instance.version,
        "latest_version": shelf.newest.version if shelf else "",
        "state": instance.state,
        "values": kept_values(job),
    }
