"""The small tables of a report on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer, Table

from forms.report_parts import INK, RULE
from forms.report_style import BARE, NOTE, SMALL, SMALL_SECTION, as_markup, grid
from forms.report_style import Verdict as SetVerdict
from forms.report_tables import Blank, SmallTable, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clearance.language import Language
    from forms.report_tables import Cell

_SHORT = 9
"""A table of up to so many rows stands on one page."""
_SIZE = 7.5
_SQUARE = 7.5


def set_tables(
    tables: Iterable[SmallTable], language: Language, width: float
) -> Iterator[Flowable]:
    """The tables one below the other, each with its heading."""
    for table in tables:
        yield Spacer(0, 8)
        top, body = _set(table, language, width)
        if len(table.rows) <= _SHORT:
            yield KeepTogether([*top, body])
        else:
            yield CondPageBreak(100)
            yield from top
            yield body


def set_abreast(
    tables: Sequence[SmallTable], language: Language, width: float, gap: float
) -> Flowable:
    """Short tables side by side, each as wide as the others."""
    each = (width - gap * (len(tables) - 1)) / len(tables)
    cells: list[object] = []
    widths: list[float] = []
    for number, table in enumerate(tables):
        if number:
            cells.append("")
            widths.append(gap)
        top, body = _set(table, language, each)
        cells.append([*top, body])
        widths.append(each)
    beside = Table([cells], colWidths=widths)
    beside.setStyle(BARE)
    return beside


def _set(table: SmallTable, language: Language, width: float) -> tuple[list[Flowable], Flowable]:
    """The heading with its note, and the table itself."""
    whole = sum(table.shares)
    widths = [width * share / whole for share in table.shares]
    rows = [
        [_cell(cell, language, room) for cell, room in zip(row, widths, strict=True)]
        for row in table.rows
    ]
    top: list[Flowable] = [Paragraph(as_markup(table.title), SMALL_SECTION)]
    if table.note:
        top.append(Paragraph(as_markup(table.note), NOTE))
    headed = any(table.headings)
    return top, grid(table.headings if headed else (), rows, widths)


def _cell(cell: Cell, language: Language, width: float) -> Flowable:
    match cell:
        case Verdict(outcome, below):
            word = SetVerdict(language, outcome, width - 8, size=_SIZE)
            if not below:
                return word
            both = Table([[word], [Paragraph(as_markup(below), SMALL)]], colWidths=[width - 8])
            both.setStyle(BARE)
            both.hAlign = "LEFT"
            return both
        case Blank.SQUARE:
            return _Square()
        case Blank.LINE:
            return Spacer(0, 0)
    return Paragraph(as_markup(cell), SMALL)


class _Square(Flowable):
    """A box to tick with a pen."""

    def __init__(self) -> None:
        super().__init__()
        self.width = self.height = _SQUARE + 1

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        self.canv.setStrokeColor(INK)
        self.canv.setFillColor(RULE)
        self.canv.setLineWidth(0.7)
        self.canv.rect(0.5, 0, _SQUARE, _SQUARE, stroke=1, fill=0)
