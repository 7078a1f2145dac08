"""`chronosctl forecast`, `chronosctl risk`, `chronosctl batch`, `chronosctl model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, columns_of, fields, rows, show, write
from app.cli.session import connected

models = typer.Typer(help="Models: what tells forecasts and risks.", no_args_is_help=True)

COLUMNS: Final = ("id", "kind", "namespace", "job_name", "version", "verdict", "why")
Job = Annotated[str | None, typer.Argument(help="Id, or namespace/name; else all jobs.")]


def forecast(
    context: typer.Context,
    job: Job = None,
    horizon: Annotated[str, typer.Option(help="How far ahead, such as 24h or 7d.")] = "24h",
    output: Form = Output.TABLE,
) -> None:
    """Tell the load of the coming hours; of a JOB, also how long its coming runs take."""
    with connected(context) as client:
        if job is None:
            found = client.load_forecast(horizon)
            lines = [line for one in found["measures"] for line in _load(one)]
        else:
            found = client.job_forecast(job, horizon)
            lines = _load(found["load"]) + _durations(found)
    show(found, output, lines)


def _load(measure: Mapping[str, Any]) -> list[str]:
    card = measure["card"]
    why = card["why"] if card else "no model was trained yet"
    return [f"{measure['unit']}: {why}", *_points(measure["points"][-48:], 1.0), ""]


def _durations(found: Mapping[str, Any]) -> list[str]:
    card = found["duration_card"]
    why = card["why"] if card else "no model was trained yet"
    return [f"seconds a run: {why}", *_points(found["runs"], 1000.0)]


def _points(points: Sequence[Mapping[str, Any]], unit: float) -> list[str]:
    if not points:
        return []
    names = ("mean", "low", "high")
    lines = [[one["at"], *(f"{one[name] / unit:.1f}" for name in names)] for one in points]
    return columns_of([["AT", "EXPECTED", "LOW", "HIGH"], *lines])


def risk(context: typer.Context, job: Job = None, output: Form = Output.TABLE) -> None:
    """Rank the next runs by their risk; of a JOB, tell both risks and why."""
    with connected(context) as client:
        found = client.risks() if job is None else client.job_risk(job)
    lines = columns_of(
        [["RISK", "BASE", "OF", "JOB", "NEXT RUN", "WHY"], *map(_risk, found["risks"])]
    )
    if job is None and not found["risks"]:
        lines = [f"(none: no model beats its base rate; {found['silent']} claim nothing)"]
    show(found, output, lines)


def _risk(one: Mapping[str, Any]) -> list[str]:
    told = one["probability"] is not None
    why = "; ".join(reason["text"] for reason in one["reasons"]) if told else one["why"]
    shares = [f"{one[name]:.1%}" if told else "-" for name in ("probability", "base_rate")]
    name = f"{one['namespace']}/{one['job_name']}" + ("" if one["enabled"] else " (off)")
    return [*shares, one["outcome"], name, one["next_run"] or "-", why]


def batch(
    context: typer.Context,
    tag: Annotated[list[str] | None, typer.Option(help="key:value; all must hold.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339; else now.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339; else 12 h after since.")] = None,
    by: Annotated[str | None, typer.Option(help="A deadline, RFC 3339.")] = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Take in jobs that are off, as if on.")
    ] = False,
    output: Form = Output.TABLE,
) -> None:
    """Tell when the jobs that fire in a span will be over, and which of them decides."""
    with connected(context) as client:
        found = client.batch_forecast(
            tag=tag, namespace=namespace, since=since, until=until, by=by, disabled=disabled
        )
    lines = [f"{found['jobs']} jobs, {found['fires']} fires: {found['why']}"]
    if found["p50"]:
        lines += [f"over in half of the draws by {found['p50']}, in nine of ten by {found['p90']}"]
    if found["by_share"] is not None:
        lines += [f"over by {found['by']} in {found['by_share']:.0%} of them"]
    lines += [f"{one['job_name']} ends last in {one['share']:.0%}" for one in found["deciders"]]
    lines += [f"{one['job_name']} has run too seldom" for one in found["unknown"]]
    show(found, output, lines)


@models.command("list")
def list_models(
    context: typer.Context,
    kind: Annotated[
        str | None, typer.Option(help="load_runs, load_busy, duration, fails, slow; with commas.")
    ] = None,
    verdict: Annotated[
        str | None, typer.Option(help="shown, baseline, not_shown, not_enough_data.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", help="Id, or namespace/name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 200,
    output: Form = Output.TABLE,
) -> None:
    """List the latest card of each kind and job."""
    with connected(context) as client:
        found = client.models(kind=kind, verdict=verdict, job=job, limit=limit)
    show(found["models"], output, rows(found["models"], COLUMNS))


@models.command("show")
def show_model(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(help="The model's id.")],
    output: Form = Output.TABLE,
) -> None:
    """Show a card: how the model was tested, and the versions before it."""
    with connected(context) as client:
        card = client.model(identity)
    short = {name: value for name, value in card.items() if name not in ("numbers", "versions")}
    lines = [*fields(short), "", *rows(card["versions"], ("version", "trained_at", "why"))]
    show(card, output, lines)


@models.command()
def train(context: typer.Context, job: Job = None) -> None:
    """Ask the leader to train now: a JOB's models, or all."""
    with connected(context) as client:
        asked = client.train_models(job)
    write(f"asked for at {asked['requested_at']}; see chronosctl model list")
