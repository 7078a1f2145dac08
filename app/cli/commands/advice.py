"""`chronosctl advice` and `chronosctl balance`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from app.cli.output import Form, Output, rows, show, write
from app.cli.session import connected, say

SLOTS: Final = ("hour", "score", "success_rate", "duration_ms", "lateness_ms", "runs", "load")
MOVES: Final = ("job", "minutes", "schedule", "new_schedule", "window", "new_window")
DONE: Final = ("job", "version", "schedule", "reason")

_SLOTS_SHOWN: Final = 5


def advice(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="Id, or namespace/name.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="The last 30 days with the suggestion.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Follow it in a new version.")] = False,
    part: Annotated[str, typer.Option(help="With --apply: all, schedule or retry.")] = "all",
    note: Annotated[str, typer.Option(help="With --apply: why; kept with the version.")] = "",
    output: Form = Output.TABLE,
) -> None:
    """Say what a job's past advises about its schedule and its retries."""
    if preview and apply:
        raise typer.BadParameter("choose one", param_hint="--preview or --apply")
    with connected(context) as client:
        if apply:
            done = client.apply_recommendations(job, part, note)
            told = f"version {done['new_version']}: {done['job']['schedule']}"
            undo = f"chronosctl job rollback {done['job']['id']} {done['previous_version']}"
            show(done, output, [told, f"undo it with: {undo}"])
        elif preview:
            found = client.preview_recommendations(job)
            show(found, output, _preview(found))
        else:
            found = client.recommendations(job)
            show(found, output, _advice(found))


def _advice(found: dict[str, Any]) -> list[str]:
    suggested = found["suggested_schedule"] or "none"
    lines = [
        f"schedule:   {found['schedule']} ({found['timezone']}), {found['runs']} runs",
        f"suggested:  {suggested}: {found['why']}",
        f"confidence: {found['confidence']:.2f}",
        f"retries:    {found['retry']['why']}",
    ]
    if test := found["backtest"]:
        held = "held" if test["holds"] else "did not hold"
        lines.append(
            f"back-test:  {held} on {test['judged']} later runs: time {test['time_saved']:+.1%}, "
            f"failures {test['failures_saved']:+.1%} saved"
        )
    lines += [f"* {text}" for text in found["insights"]]
    return lines + rows(_rounded(found["optimal_time_slots"][:_SLOTS_SHOWN]), SLOTS)


def _rounded(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in one.items()
        }
        for one in slots
    ]


def _preview(found: dict[str, Any]) -> list[str]:
    sides = [found["today"], *([found["suggested"]] if found["suggested"] else [])]
    lines = rows(_rounded(sides), ("schedule", "fires", "failing", "turnaround_ms"))
    lines.append(f"{len(found['gone'])} fires go, {len(found['added'])} come: {found['why']}")
    return lines


def balance(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Move the jobs.")] = False,
    job: Annotated[
        list[str] | None, typer.Option("--job", help="With --apply: only this job's id; repeat it.")
    ] = None,
    undo: Annotated[str | None, typer.Option(help="Take this batch back, e.g. bal_...")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    switched_off: Annotated[
        bool, typer.Option("--switched-off", help="Count jobs that are switched off, too.")
    ] = False,
    output: Form = Output.TABLE,
) -> None:
    """Show how full the minutes of the coming week are, and which jobs could thin them out."""
    if apply and undo:
        raise typer.BadParameter("choose one", param_hint="--apply or --undo")
    with connected(context) as client:
        if undo:
            _told(client.undo_balance(undo), output)
        elif apply:
            chosen = [{"id": one} for one in job] if job else None
            done = client.apply_balance(chosen, switched_off=switched_off, namespace=namespace)
            _told(done, output)
            if done["changed"]:
                say(f"undo it with: chronosctl balance --undo {done['batch']}")
        else:
            plan = client.balance(switched_off=switched_off, namespace=namespace)
            moves = [
                one | {"job": f"{one['namespace']}/{one['job_name']}"} for one in plan["moves"]
            ]
            before, after = plan["before"], plan["after"]
            head = (
                f"fullest minute: {before['starts']} starts, {after['starts']} after "
                f"{len(moves)} moves; most under way: {before['load']}, then {after['load']}"
            )
            show(plan, output, [head, *(rows(moves, MOVES) if moves else [plan["why"]])])


def _told(done: dict[str, Any], output: Output) -> None:
    show(done, output, rows([*done["changed"], *done["skipped"]], DONE))
    if output is Output.TABLE:
        write(f"{done['batch']}: {len(done['changed'])} changed, {len(done['skipped'])} left alone")
