"""`chronosctl`: the client of a cluster's REST API.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable.
"""

from __future__ import annotations

import typer

from app.cli.commands import (
    advice,
    backfills,
    calendars,
    cluster,
    demo,
    events,
    executions,
    findings,
    forecasts,
    imports,
    jobs,
    pauses,
    replay,
    reports,
    search,
    sql,
    templates,
    views,
)
from app.cli.session import ApiKey, Confirmed, Url, remember

app = typer.Typer(
    name="chronosctl",
    help="Talk to a Chronos cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(jobs.app, name="job")
app.add_typer(executions.app, name="execution")
app.add_typer(findings.app, name="finding")
app.add_typer(forecasts.models, name="model")
app.add_typer(replay.app, name="replay")
app.add_typer(cluster.app, name="cluster")
app.add_typer(imports.app, name="import")
app.add_typer(templates.app, name="template")
app.add_typer(reports.app, name="report")
app.add_typer(sql.app, name="query")
app.add_typer(demo.demo, name="demo")
app.add_typer(backfills.app, name="backfill")
app.add_typer(calendars.app, name="calendars")
app.command("events")(events.events)
app.command("advice")(advice.advice)
app.command("balance")(advice.balance)
app.command("timeline")(views.timeline)
app.command("calendar")(views.calendar)
app.command("export")(reports.export)
app.command("forecast")(forecasts.forecast)
app.command("risk")(forecasts.risk)
app.command("batch")(forecasts.batch)
app.command("sql")(sql.sql)
app.command("search")(search.search)
app.command("pause")(pauses.pause)
app.command("resume")(pauses.resume)
app.command("pauses")(pauses.pauses)
app.command("why")(pauses.why)
app.command("missed")(backfills.missed)


@app.callback()
def root(
    context: typer.Context, url: Url = None, api_key: ApiKey = None, confirmed: Confirmed = False
) -> None:
    """Talk to a Chronos cluster."""
    remember(context, url, api_key, confirmed)


def main() -> None:
    """The program `chronosctl`."""
    app()


if __name__ == "__main__":
    main()
