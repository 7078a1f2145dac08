"""`chronosctl template`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.documents import STDIN, reference
from app.cli.output import Form, Output, cell, columns_of, fields, rows, show, to_yaml, write
from app.cli.session import REFUSED, connected, refuse
from app.workbench.source import read_yaml
from engine.core.errors import InvalidDocument, Problem

app = typer.Typer(help="Templates: jobs with gaps to fill.", no_args_is_help=True)

COLUMNS: Final = ("category", "name", "version", "title", "namespace", "tags")
INSTANCE_COLUMNS: Final = (
    *("namespace", "job_name", "template", "version", "latest_version", "state"),
)
CHANGE_COLUMNS: Final = ("kind", "field", "mine", "theirs", "result")

Template = Annotated[str, typer.Argument(help="category/name, as `template list` shows it.")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Where the job, or an own template, is.")
]
Version = Annotated[str | None, typer.Option("--version", help="The newest if left out.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="variable=value; repeat it.")]
SetFile = Annotated[
    list[str] | None,
    typer.Option("--set-file", help="variable=FILE, for secrets; - is standard input."),
]
Values = Annotated[
    Path | None, typer.Option("--values", help="YAML or JSON of values; --set comes on top.")
]
Name = Annotated[str | None, typer.Option("--name", help="The job's name.")]


@app.command("list")
def list_templates(
    context: typer.Context,
    q: Annotated[str | None, typer.Option("-q", help="Words to find.")] = None,
    category: str | None = None,
    tag: str | None = None,
    namespace: Namespace = None,
    output: Form = Output.TABLE,
) -> None:
    """List templates, the best match first."""
    with connected(context) as client:
        data = client.templates(q=q, category=category, tag=tag, namespace=namespace)
    found = data["templates"]
    lines = rows([{**one, "tags": ", ".join(one["tags"])} for one in found], COLUMNS)
    show(found, output, lines)


@app.command()
def get(
    context: typer.Context,
    template: Template,
    namespace: Namespace = None,
    version: Version = None,
    output: Form = Output.TABLE,
) -> None:
    """Show what a template does and what it asks for."""
    with connected(context) as client:
        data = client.template(template, namespace=namespace, version=version)
    head = {key: data[key] for key in ("title", "version", "description", "documentation")}
    head["versions"] = ", ".join(one["version"] for one in data["versions"])
    show(data, output, [*fields(head), "", *_variables(data["variables"])])


def _variables(variables: dict[str, dict[str, Any]]) -> list[str]:
    told = [
        {
            "variable": name + ("*" if one.get("required") else ""),
            "type": one["type"],
            "default": one.get("default"),
            "title": one["title"],
            "example": "" if one["type"] == "secret" else one.get("example"),
        }
        for name, one in variables.items()
    ]
    return [*rows(told, ("variable", "type", "default", "title", "example")), "* must be given"]


@app.command()
def export(
    context: typer.Context,
    template: Template,
    namespace: Namespace = None,
    version: Version = None,
) -> None:
    """Print a template as YAML, fit to be edited and published."""
    with connected(context) as client:
        sys.stdout.write(client.template_yaml(template, namespace=namespace, version=version))


@app.command()
def preview(
    context: typer.Context,
    template: Template,
    set_values: Set = None,
    set_files: SetFile = None,
    values: Values = None,
    name: Name = None,
    namespace: Namespace = None,
    version: Version = None,
    output: Form = Output.TABLE,
) -> None:
    """Show the job that the values would make, and its next runs."""
    with connected(context) as client:
        asked = _request(_given(values, set_values, set_files), name, namespace, version)
        data = client.preview_template(template, asked)
    job = to_yaml(data["job"]).splitlines()
    show(data, output, [*job, "", data["words"], *rows(data["next"], ("utc", "local"))])


@app.command()
def install(
    context: typer.Context,
    template: Template,
    set_values: Set = None,
    set_files: SetFile = None,
    values: Values = None,
    name: Name = None,
    namespace: Namespace = None,
    version: Version = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let it fire at once.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """Create the job that the values make; it is disabled unless --enable is given."""
    with connected(context) as client:
        asked = _request(_given(values, set_values, set_files), name, namespace, version)
        job = client.install_template(template, {**asked, "enabled": enable})
    state = f"next run {job['next_run']}" if job["enabled"] else "disabled"
    show(job, output, [f"{reference(job)} created from {template} ({job['id']}), {state}"])


@app.command()
def instances(
    context: typer.Context,
    template: Annotated[str | None, typer.Argument(help="category/name; all if left out.")] = None,
    namespace: Namespace = None,
    output: Form = Output.TABLE,
) -> None:
    """List the jobs that were made from templates, and which can be upgraded."""
    with connected(context) as client:
        data = client.template_instances(template=template, namespace=namespace)
    show(data["instances"], output, rows(data["instances"], INSTANCE_COLUMNS))


@app.command()
def upgrade(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(help="The job's id, or namespace/name.")],
    set_values: Set = None,
    set_files: SetFile = None,
    values: Values = None,
    version: Version = None,
    take: Annotated[
        str | None, typer.Option(help="Who wins every conflict: mine or theirs.")
    ] = None,
    resolve: Annotated[
        list[str] | None, typer.Option(help="field=mine or field=theirs, for one conflict.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
    output: Form = Output.TABLE,
) -> None:
    """Move a job to a later version of its template; local edits are kept.

    With --dry-run exit code 1 when a value or a decision is still needed.
    """
    with connected(context) as client:
        given = _given(values, set_values, set_files)
        decided = _pairs(resolve, "--resolve") | ({"*": take} if take else {})
        data = client.upgrade_job(
            ref, given, version=version or "", resolve=decided, dry_run=dry_run
        )
    show(data, output, _told(data, dry_run))
    if dry_run and (data["conflicts"] or data["needs"]):
        refuse(_open(data), REFUSED)


def _told(data: dict[str, Any], dry_run: bool) -> Iterable[str]:
    verb = "would go" if dry_run else "went"
    span = f"from {data['from_version']} to {data['to_version']}"
    yield f"{reference(data['job'])} {verb} {span} of {data['template']}"
    for news in data["news"]:
        if news["changes"]:
            yield f"  {news['version']}: {news['changes']}"
    yield ""
    table = [[cell(change[name]) for name in CHANGE_COLUMNS] for change in data["changes"]]
    yield from columns_of([[name.upper() for name in CHANGE_COLUMNS], *table])


def _open(data: dict[str, Any]) -> str:
    asks = [f"--set {one['name']}=... ({one['reason']})" for one in data["needs"]]
    asks += [f"--resolve {name}=mine or theirs" for name in data["conflicts"]]
    return "still needed: " + ", ".join(asks)


@app.command()
def publish(
    context: typer.Context,
    file: Annotated[Path, typer.Option("-f", "--file", help="YAML; - is standard input.")],
    namespace: Namespace = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, and change nothing.")] = False,
) -> None:
    """Publish a template, or a later version of one, as a namespace's own."""
    with connected(context) as client:
        data = client.publish_template(_text(file), namespace=namespace, dry_run=dry_run)
    done = "would be published" if dry_run else "published"
    write(f"{data['category']}/{data['name']} {data['version']} {done} in {data['namespace']}")


@app.command()
def withdraw(
    context: typer.Context,
    template: Template,
    namespace: Namespace = None,
    version: Annotated[str | None, typer.Option("--version", help="One version only.")] = None,
) -> None:
    """Withdraw an own template; jobs that were made from it stay."""
    with connected(context) as client:
        data = client.withdraw_template(template, namespace=namespace or "default", version=version)
    write(f"{data['template']} {data['version'] or '(all versions)'} withdrawn")


# ---- inside -------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if path == STDIN else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        hint = "name a readable file, or - for standard input"
        raise InvalidDocument([Problem(str(path), reason, hint)]) from None


def _given(
    file: Path | None, pairs: Sequence[str] | None, files: Sequence[str] | None
) -> dict[str, Any]:
    """Values from a file, from `--set` and from `--set-file`, later ones on top."""
    values: dict[str, Any] = {}
    if file is not None:
        for document in read_yaml(_text(file), str(file)):
            if not isinstance(document, dict):
                raise InvalidDocument([Problem(str(file), "is not an object", "variable: value")])
            values |= document
    values |= _pairs(pairs, "--set")
    for name, path in _pairs(files, "--set-file").items():
        values[name] = _text(Path(path)).rstrip("\n")
    return values


def _pairs(pairs: Sequence[str] | None, option: str) -> dict[str, str]:
    found = {}
    for pair in pairs or ():
        name, mark, value = pair.partition("=")
        if not mark or not name:
            raise InvalidDocument([Problem(option, "is not name=value", f"{option} name=value")])
        found[name] = value
    return found


def _request(
    values: dict[str, Any], name: str | None, namespace: str | None, version: str | None
) -> dict[str, Any]:
    named = {"name": name, "namespace": namespace, "version": version}
    return {"values": values, **{key: text for key, text in named.items() if text}}
