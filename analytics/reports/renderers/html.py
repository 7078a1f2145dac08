"""A report as one HTML file: opens offline, follows the reader's light or dark, prints well."""

from __future__ import annotations

from html import escape
from typing import Final

from analytics.reports.document import Chart, Figure, Report, Section, Table
from analytics.reports.renderers.svg import svg
from analytics.reports.wording import shown

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the file may load: nothing; a report holds text that others wrote."""
STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--soft:#f4f6fa;--text:#111827;--grey:#5b6678;
--line:#e2e6ee;--calm:#4f46e5;--bad:#dc2626;--good:#15803d}
@media(prefers-color-scheme:dark){:root{--bg:#0b0e14;--soft:#141924;--text:#e6e9ef;--grey:#8b95a5;
--line:#232a38;--calm:#8b8bf5;--bad:#f87171;--good:#4ade80}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1040px;margin:0 auto;padding:40px 24px 64px}h1{font-size:28px;margin:0 0 4px}
h2{font-size:19px;margin:40px 0 8px}h3{font-size:14px;margin:20px 0 8px;color:var(--grey);
font-weight:600}p{margin:0 0 8px}.meta{color:var(--grey);margin-bottom:16px}
.lead{font-size:17px}.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;
margin:24px 0}.figure{background:var(--soft);border:1px solid var(--line);border-radius:10px;
padding:14px 16px}.figure b{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.figure span{color:var(--grey);font-size:13px}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}th{text-align:left;color:var(--grey);
font-weight:600;border-bottom:1px solid var(--line);padding:6px 12px 6px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:6px 12px 6px 0;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{width:100%;height:auto;display:block}svg text{fill:var(--grey);font-size:11px}
.g{stroke:var(--line)}rect.calm,circle.calm{fill:var(--calm)}rect.bad,circle.bad{fill:var(--bad)}
rect.good,circle.good{fill:var(--good)}.l{fill:none;stroke-width:2}.l.calm{stroke:var(--calm)}
.l.bad{stroke:var(--bad)}.l.good{stroke:var(--good)}.key{display:flex;gap:16px;font-size:13px;
color:var(--grey);margin:4px 0 0 64px}.key i{display:inline-block;width:10px;height:10px;
border-radius:2px;margin-right:6px}@media(max-width:700px){.figures{grid-template-columns:1fr 1fr}}
@media print{:root{--bg:#fff;--soft:#fff;--text:#000;--grey:#444;--line:#ccc;--calm:#4f46e5;
--bad:#dc2626}main{max-width:none;padding:0}h2,h3{break-after:avoid}tr,svg,.figure{
break-inside:avoid}thead{display:table-header-group}}
"""


def html(report: Report) -> bytes:
    """The file, UTF-8; all that people or targets wrote is escaped."""
    filters = "".join(f" · {name} {value}" for name, value in report.filters.items())
    meta = f"{report.since} to {report.until} (UTC), days and hours of {report.zone}{filters}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body><main>",
        f'<h1>{escape(report.title)}</h1><p class="meta">{escape(meta)}</p>',
        f'<p class="lead">{escape(report.summary)}</p>',
        f'<div class="figures">{"".join(map(_figure, report.figures))}</div>',
        *map(_section, report.sections),
        "</main></body></html>",
    ]
    return "".join(parts).encode(errors="replace")


def _figure(figure: Figure) -> str:
    value = escape(shown(figure.value, figure.unit))
    return (
        f'<div class="figure"><span>{escape(figure.title)}</span><b>{value}</b>'
        f"<span>{escape(figure.note)}</span></div>"
    )


def _section(section: Section) -> str:
    prose = "".join(f"<p>{escape(text)}</p>" for text in section.prose)
    charts = "".join(map(_chart, section.charts))
    tables = "".join(map(_table, section.tables))
    return f"<section><h2>{escape(section.title)}</h2>{prose}{charts}{tables}</section>"


def _chart(chart: Chart) -> str:
    if not chart.labels:
        return ""
    key = "".join(
        f'<span><i style="background:var(--{tone})"></i>{escape(name)}</span>'
        for tone, name in zip(chart.tones, chart.series, strict=True)
    )
    return f'<h3>{escape(chart.title)}</h3>{svg(chart)}<div class="key">{key}</div>'


def _table(table: Table) -> str:
    title = f"<h3>{escape(table.title)}</h3>"
    if not table.rows:
        return f'{title}<p class="meta">None in this span.</p>'
    looks = ["" if column.unit == "text" else ' class="n"' for column in table.columns]
    head = "".join(
        f'<th scope="col"{look}>{escape(column.title)}</th>'
        for look, column in zip(looks, table.columns, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{look}>{escape(shown(cell, column.unit))}</td>"
            for look, column, cell in zip(looks, table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    frame = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    region = f'tabindex="0" role="region" aria-label="{escape(table.title)}"'
    return f'{title}<div class="wide" {region}>{frame}</div>'
