"""Failures: what failed, grouped by cause, host, status code and job, with first and last seen."""

from __future__ import annotations

from analytics.reports.asked import Asked
from analytics.reports.document import Chart, Column, Figure, Report, Section, Table, table
from analytics.reports.registry import ReportKind, kinds
from analytics.reports.totals import totals
from analytics.reports.wording import compared, counted, share, shown
from engine.history.reader import Ask, Rows

SEEN = (Column("first_seen", "First seen", "text"), Column("last_seen", "Last seen", "text"))
GROUPS = {"cause": "Cause", "host": "Host", "status_code": "Status"}


@kinds.register("failures")
class Failures(ReportKind):
    """See the module."""

    title = "Failures"
    explanation = "What failed, by cause, host, status code and job, with first and last seen."

    @staticmethod
    def write(ask: Ask, asked: Asked) -> Report:
        """The document; a failure is a run that failed or whose end is unknown."""
        now, before = totals(ask)
        days = ask("report_days")
        told = ask("report_failures")
        grouped = {name: [row[1:] for row in told if row[0] == name] for name in GROUPS}
        worst = ask("report_failures_by_job")
        part = share(now.bad, now.judged)
        chart = Chart(
            title="Failures by day",
            shape="bars",
            unit="count",
            labels=tuple(row[0] for row in days),
            series={"failed": tuple(row[3] for row in days)},
            tones=("bad",),
        )
        return Report(
            kind="failures",
            title=Failures.title,
            summary=_summary(now.bad, now.judged, grouped["cause"]),
            figures=(
                Figure(
                    title="Failures",
                    value=now.bad,
                    unit="count",
                    note=compared(now.bad, before.bad, "count"),
                ),
                Figure(
                    title="Share of runs",
                    value=part,
                    unit="share",
                    note=compared(part, share(before.bad, before.judged), "share"),
                ),
                Figure(
                    title="Jobs with failures",
                    value=len(worst),
                    unit="count",
                    note="50 are listed at most",
                ),
                Figure(
                    title="Unknown ends",
                    value=now.unknown,
                    unit="count",
                    note="no node could tell how they ended",
                ),
            ),
            sections=(
                Section(
                    title="Worst jobs", charts=(chart,), tables=(_worst(worst),), prose=_of(worst)
                ),
                *(
                    Section(title=f"By {title.lower()}", tables=(_group(name, title, rows),))
                    for (name, title), rows in zip(GROUPS.items(), grouped.values(), strict=True)
                ),
            ),
            **asked.heading(),
        )


def _summary(bad: int, judged: int, causes: Rows) -> str:
    if not bad:
        return f"None of {counted(judged, 'run')} failed."
    commonest = causes[0]
    return (
        f"{bad:,} of {counted(judged, 'run')} failed; the commonest cause, "
        f"“{commonest[0]}”, accounts for {shown(commonest[1] / bad, 'share')}."
    )


def _of(worst: Rows) -> tuple[str, ...]:
    if not worst:
        return ("No job had a failure.",)
    job, failures, ended = worst[0][:3]
    return (f"{job} failed most: {failures:,} of its {counted(ended, 'run')}.",)


def _worst(rows: Rows) -> Table:
    columns = (
        Column("job", "Job", "text"),
        Column("failures", "Failures"),
        Column("judged", "Runs"),
        Column("share", "Share", "share"),
        *SEEN,
        Column("commonest_cause", "Commonest cause", "text"),
    )
    return table("jobs", "Jobs, most failures first", columns, rows)


def _group(name: str, title: str, rows: Rows) -> Table:
    columns = (
        Column(name, title, "text"),
        Column("failures", "Failures"),
        Column("jobs", "Jobs"),
        *SEEN,
        Column("latest_job", "Latest job", "text"),
    )
    return table(f"by_{name}", f"Failures by {title.lower()}", columns, rows)
