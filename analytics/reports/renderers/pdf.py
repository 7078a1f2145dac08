"""A report as PDF, A4: the same prose, figures, charts and tables."""

from __future__ import annotations

import io
from html import escape
from typing import Any, Final, Literal

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from analytics.reports.document import Chart, Report, Section, Table
from analytics.reports.renderers.svg import step_of, top_of
from analytics.reports.wording import shown

WIDE: Final = A4[0] - 36 * mm
HIGH: Final = 110.0
LEFT: Final = 36.0
TONES: Final = {
    "calm": colors.HexColor("#4f46e5"),
    "bad": colors.HexColor("#dc2626"),
    "good": colors.HexColor("#15803d"),
}
GREY: Final = colors.HexColor("#5b6678")
RULE: Final = colors.HexColor("#e2e6ee")
_LOOKS: Final = getSampleStyleSheet()
TITLE: Final = ParagraphStyle("title", _LOOKS["Heading1"], fontSize=18, spaceAfter=2)
HEAD: Final = ParagraphStyle("head", _LOOKS["Heading2"], fontSize=13, spaceBefore=12)
NAME: Final = ParagraphStyle("name", _LOOKS["Heading4"], fontSize=9, textColor=GREY)
TEXT: Final = ParagraphStyle("text", _LOOKS["BodyText"], fontSize=10, leading=14)
META: Final = ParagraphStyle("meta", TEXT, fontSize=8, textColor=GREY)
CELL: Final = ParagraphStyle("cell", TEXT, fontSize=7.5, leading=9.5, wordWrap="CJK")
NUMBER: Final = ParagraphStyle("number", CELL, alignment=2)


def pdf(report: Report) -> bytes:
    """The file; equal reports give equal bytes. Letters outside Latin-1 read as a question mark."""
    sink = io.BytesIO()
    frame = SimpleDocTemplate(
        sink,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=report.title,
        author="Chronos",
        invariant=1,
    )
    filters = "".join(f" · {name} {value}" for name, value in report.filters.items())
    story: list[Flowable] = [
        _said(report.title, TITLE),
        _said(f"{report.since} to {report.until} (UTC), clock of {report.zone}{filters}", META),
        _said(report.summary, TEXT),
        Spacer(1, 6),
        _figures(report),
    ]
    for section in report.sections:
        story += _section(section)
    frame.build(story, onFirstPage=_page, onLaterPages=_page)
    return sink.getvalue()


def _said(text: str, look: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_printable(text)), look)


def _printable(text: str) -> str:
    """What the standard fonts can draw."""
    return text.replace("“", '"').replace("”", '"').encode("latin-1", "replace").decode("latin-1")


def _page(canvas: Canvas, frame: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.setFillColor(GREY)
    canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, f"Page {frame.page}")


def _figures(report: Report) -> Grid:
    cells = [
        [_said(figure.title, META) for figure in report.figures],
        [_said(shown(figure.value, figure.unit), HEAD) for figure in report.figures],
        [_said(figure.note, META) for figure in report.figures],
    ]
    return Grid(cells, colWidths=[WIDE / len(report.figures)] * len(report.figures))


def _section(section: Section) -> list[Flowable]:
    story: list[Flowable] = [_said(section.title, HEAD)]
    story += [_said(text, TEXT) for text in section.prose]
    for chart in section.charts:
        if chart.labels:
            story += [_said(chart.title, NAME), _drawing(chart)]
    for table in section.tables:
        story += [_said(table.title, NAME), _grid(table)]
    return story


def _grid(table: Table) -> Flowable:
    if not table.rows:
        return _said("None in this span.", META)
    looks = [CELL if column.unit == "text" else NUMBER for column in table.columns]
    shares = [3.0 if column.unit == "text" else 1.5 for column in table.columns]
    lines = [
        [_said(column.title, look) for column, look in zip(table.columns, looks, strict=True)],
        *(
            [
                _said(shown(cell, column.unit), look)
                for cell, column, look in zip(row, table.columns, looks, strict=True)
            ]
            for row in table.rows
        ),
    ]
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    widths = [WIDE * one / sum(shares) for one in shares]
    return Grid(lines, colWidths=widths, repeatRows=1, style=TableStyle(style))


def _drawing(chart: Chart) -> Drawing:
    drawing, top = Drawing(WIDE, HIGH + 14), top_of(chart)
    wide = (WIDE - LEFT) / len(chart.labels)
    for mark in (0.0, top / 2, top):
        y = 14 + mark / top * (HIGH - 10)
        drawing.add(Line(LEFT, y, WIDE, y, strokeColor=RULE, strokeWidth=0.5))
        drawing.add(_label(LEFT - 4, y - 2, shown(mark, chart.unit), "end"))
    for place in range(0, len(chart.labels), step_of(len(chart.labels))):
        drawing.add(_label(LEFT + wide * (place + 0.5), 3, chart.labels[place], "middle"))
    floor = [14.0] * len(chart.labels)
    for tone, values in zip(chart.tones, chart.series.values(), strict=True):
        color, points = TONES[tone], []
        for place, value in enumerate(values):
            high, x = (value or 0) / top * (HIGH - 10), LEFT + wide * (place + 0.5)
            if chart.shape == "bars":
                bar = min(wide * 0.7, 24)
                box = Rect(x - bar / 2, floor[place], bar, high)
                box.fillColor, box.strokeColor = color, None
                drawing.add(box)
                floor[place] += high
            elif value is not None:
                points += [x, 14 + high]
        if len(points) > 2:
            drawing.add(PolyLine(points, strokeColor=color, strokeWidth=1.4))
    return drawing


def _label(x: float, y: float, text: str, anchor: Literal["middle", "end"]) -> String:
    return String(x, y, text, fontSize=6.5, fillColor=GREY, textAnchor=anchor)
