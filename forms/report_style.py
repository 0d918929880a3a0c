"""How a report looks: type sizes, tables, and foreign text made safe to set."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from forms.report_parts import ACCENT, COLOURS, FAINT, INK, RULE, draw_sign
from forms.typeface import BOLD, REGULAR, legible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.lib.colors import Color

    from clearance.language import Language
    from clearance.results import Outcome


MARGIN = 17 * mm
TEXT_WIDTH = A4[0] - 2 * MARGIN
_LONGEST = 600
_SMALLEST = 5.5


def style(name: str, size: float, **more: Any) -> ParagraphStyle:
    """A type size, with whatever differs from running text."""
    settings = {"fontName": REGULAR, "leading": size * 1.28, "textColor": INK, "splitLongWords": 1}
    return ParagraphStyle(name, fontSize=size, **{**settings, **more})


TITLE = style("title", 22, fontName=BOLD, textColor=ACCENT)
SECTION = style("section", 13, fontName=BOLD, textColor=ACCENT, spaceBefore=12, spaceAfter=4)
NAME = style("name", 11, fontName=BOLD)
BODY = style("body", 9.5, spaceAfter=3)
CELL = style("cell", 8.5)
SMALL = style("small", 7.5)
NOTE = style("note", 8, textColor=FAINT, spaceAfter=2)
SMALL_SECTION = style(
    "small_section", 9.5, fontName=BOLD, textColor=ACCENT, spaceBefore=6, spaceAfter=2
)
NUMBER = style("number", 8.5, alignment=TA_RIGHT)
LABEL = style("label", 8, textColor=FAINT)
LABEL_RIGHT = style("label_right", 8, textColor=FAINT, alignment=TA_RIGHT)
LEAD = style("lead", 12.5, fontName=BOLD)
COUNT = style("count", 17, fontName=BOLD)
POINT = style("point", 9.5, leftIndent=11, bulletIndent=1, spaceAfter=3, bulletFontName=REGULAR)

FONT = ("FONTNAME", (0, 0), (-1, -1), REGULAR)
"""For every table: else ReportLab names Helvetica in the file, which is not embedded."""

BARE = TableStyle(
    [
        FONT,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
    ]
)


def grid(
    header: Sequence[str],
    rows: Sequence[list[Any]],
    widths: Sequence[float],
    *,
    numbers: Sequence[int] = (),
) -> Table:
    """A calm table: a rule under the head and between rows, the head again on each page.

    `numbers` are the columns whose head stands at the right, above the figures. An empty
    `header` is none.
    """
    head = [
        Paragraph(as_markup(text), LABEL_RIGHT if column in numbers else LABEL)
        for column, text in enumerate(header)
    ]
    heads = [head] if head else []
    table = Table([*heads, *rows], colWidths=list(widths), repeatRows=len(heads))
    table.setStyle(
        TableStyle(
            [
                FONT,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW" if head else "LINEABOVE", (0, 0), (-1, 0), 0.8, ACCENT),
                ("LINEBELOW", (0, len(heads)), (-1, -1), 0.4, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def fact_table(rows: Sequence[tuple[str, str]], width: float, label_width: float) -> Flowable:
    """Labels and their values; the values are markup."""
    if not rows:
        return Spacer(0, 0)
    cells = [[Paragraph(as_markup(label), LABEL), Paragraph(value, CELL)] for label, value in rows]
    table = Table(cells, colWidths=[label_width, width - label_width])
    table.setStyle(TableStyle([*BARE.getCommands(), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]))
    return table


class Verdict(Flowable):
    """The outcome as a sign and in words; the colour only repeats them."""

    def __init__(
        self,
        language: Language,
        outcome: Outcome,
        width: float,
        *,
        bold: bool = False,
        size: float = 8.5,
    ) -> None:
        super().__init__()
        said = language.outcome(outcome)
        word = as_markup(said)
        self._outcome = outcome
        self._sign = size
        self.width = max(width, 40)
        fitting = _fitting(said, self.width - self._sign_room, size, BOLD if bold else REGULAR)
        self._words = Paragraph(
            f"<b>{word}</b>" if bold else word, _coloured(COLOURS[outcome], fitting)
        )

    @property
    def _sign_room(self) -> float:
        return self._sign + 3.5

    def wrap(self, _width: float, height: float) -> tuple[float, float]:
        """Its own width, and what the words need of height."""
        _, self.height = self._words.wrap(self.width - self._sign_room, height)
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        draw_sign(self.canv, self._outcome, 0, self.height - self._sign - 1.2, self._sign)
        self._words.drawOn(self.canv, self._sign_room, 0)


def _fitting(words: str, room: float, size: float, font: str) -> float:
    """The size at which the longest word needs no break; at least the smallest one to be read."""
    longest = max((stringWidth(word, font, size) for word in words.split()), default=0)
    return size if longest <= room else max(_SMALLEST, size * room / longest - 0.01)


@functools.cache
def _coloured(colour: Color, size: float) -> ParagraphStyle:
    """Text of a table in a colour."""
    return style("verdict", size, textColor=colour)


def as_markup(text: str) -> str:
    """Foreign text as markup: every character is seen, none is obeyed.

    Of a text too long for a page, such as a path of 4000 characters, both ends stay.
    """
    shown = legible(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST // 2]} … {shown[-_LONGEST // 2 :]}"
    return escape(shown)
