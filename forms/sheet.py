"""A page of paper that is filled from the top down and refuses to overflow."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Paragraph

from forms.errors import FormOverflowError
from forms.typeface import BOLD, REGULAR, legible
from forms.wording import joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reportlab.pdfgen.canvas import Canvas

    from forms.wording import Text

WIDTH, HEIGHT = A4
LEFT = 16 * mm
RIGHT = WIDTH - LEFT
TOP = HEIGHT - 14 * mm
BOTTOM = 13.5 * mm

BODY = 10.0
LABEL = 7.5
_HEADING, _LEAST_HEADING = 10.5, 8.5
SQUARE = 3.6 * mm
SQUARE_LINE = 0.9
FIDUCIAL = 5 * mm
FIDUCIAL_INSET = 6 * mm
STRIP_TOP = HEIGHT - 9.8 * mm
STRIP_BOTTOM = 7.6 * mm
CODE = 21 * mm
CODE_LEFT = RIGHT - CODE
CODE_BOTTOM = TOP - CODE

INK = HexColor("#1a1a1a")
ACCENT = HexColor("#12466b")
FAINT = HexColor("#5a646c")
RULE = HexColor("#8a949c")

_BODY_STYLE = ParagraphStyle(
    "body", fontName=REGULAR, fontSize=BODY, leading=12.3, textColor=INK, splitLongWords=1
)
# Two columns are narrow: a little smaller, a line holds as many words as a newspaper's.
_BESIDE_STYLE = ParagraphStyle("beside", _BODY_STYLE, fontSize=9.0, leading=11.2)
_BETWEEN = 14.0
"""Points between the columns of two languages."""
_LEAST_LINE = 110.0
"""Points that a line to write on must have; else it stands below its text."""
_GAP = 3.0


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A square to tick: its answer's name, its page from 1, its place in points.

    `left` and `bottom` count from the lower left corner of the page.
    """

    name: str
    page: int
    left: float
    bottom: float
    size: float = SQUARE


@dataclasses.dataclass(frozen=True, slots=True)
class Blank:
    """A place to write in: its name, its page from 1, its place in points as in `Mark`.

    `framed` is whether its edges are printed; a mere line to write on has its place above.
    """

    name: str
    page: int
    left: float
    bottom: float
    width: float
    height: float
    framed: bool = True


class Sheet:
    """One page under the pen: `top` is how far down it is written.

    The squares it draws are collected in `marks`, and the places to write in in `blanks`,
    so that what is printed and what a reader of scans looks for can never differ. A text
    in two languages stands in two columns; a short one in one line after the other.
    """

    def __init__(self, canvas: Canvas, page: int, yes: Text, no: Text) -> None:
        self.canvas = canvas
        self.page = page
        self.top = TOP
        self.marks: list[Mark] = []
        self.blanks: list[Blank] = []
        self._columns = len(yes)
        self._yes, self._no = joined(yes), joined(no)
        # One width for every pair, so that the squares stand in two straight columns.
        self._no_left = RIGHT - SQUARE - 4 - stringWidth(self._no, REGULAR, BODY)
        self._yes_left = self._no_left - SQUARE - 14 - stringWidth(self._yes, REGULAR, BODY)
        self._pair_width = RIGHT - self._yes_left

    @property
    def right(self) -> float:
        """Where text must end: beside the code it has less room than below."""
        return CODE_LEFT - 10 if self.top > CODE_BOTTOM - 2 else RIGHT

    def below_code(self) -> None:
        """Go on where the whole width is free."""
        self.top = min(self.top, CODE_BOTTOM - 3)

    def heading(self, number: int | None, text: Text) -> None:
        """A section's title over a thin line."""
        before = f"{number}   " if number else ""
        lines = [before + joined(text)]
        if stringWidth(lines[0], BOLD, _HEADING) > self.right - LEFT:
            lines = [before + text[0], *text[1:]]
        indent = stringWidth(before, BOLD, _HEADING)
        for index, line in enumerate(lines):
            self._down(15.5 if index == 0 else 12.5)
            left = LEFT + (indent if index else 0)
            size = _HEADING
            while size > _LEAST_HEADING and stringWidth(line, BOLD, size) > self.right - left:
                size -= 0.25
            self._fit(line, size, self.right - left, font=BOLD)
            self.text_at(left, self.top + 1, line, size, font=BOLD, colour=ACCENT)
        self.canvas.setStrokeColor(ACCENT)
        self.canvas.setLineWidth(0.7)
        self.canvas.line(LEFT, self.top - 2.6, self.right, self.top - 2.6)
        self._down(4.6)

    def paragraph(self, markup: Text, *, gap: float = _GAP) -> None:
        """Running text over the width of the page, or in a column for each language."""
        self._down(self._in_columns(markup, LEFT, self.right) + gap)

    def question(self, name: str, markup: Text) -> None:
        """A question with its Yes and No at the right edge."""
        self.below_code()
        height = self._in_columns(markup, LEFT, self._yes_left - 10, leader=True)
        self._pair(name, 0.0, self.top - height + self._style.leading - BODY)
        self._down(max(height, SQUARE) + 3.1)

    def questions(self, name: str, items: Mapping[str, Text], *, lines: Sequence[str] = ()) -> None:
        """Short questions in two columns; those in `lines` leave room to write on.

        In two languages each has the whole width.
        """
        self.below_code()
        if self._columns > 1:
            for key, text in items.items():
                if key in lines:
                    self._question_with_line(f"{name}.{key}", text)
                else:
                    self.question(f"{name}.{key}", text)
            return
        middle = (LEFT + RIGHT) / 2
        column = (RIGHT - LEFT) / 2
        for index, (key, words) in enumerate(items.items()):
            short = joined(words)
            left = LEFT if index % 2 == 0 else middle + 8
            shift = 0.0 if index % 2 else column + 8
            self.text_at(left, self.top - BODY, short, BODY)
            if key in lines:
                start = left + stringWidth(short, REGULAR, BODY) + 5
                end = self._yes_left - shift - 8
                self._line_to_write_on(f"{name}.{key}.words", start, end, self.top - BODY - 1.5)
            self._pair(f"{name}.{key}", shift, self.top - BODY)
            if index % 2 or index == len(items) - 1:
                self._down(14.6)

    def _question_with_line(self, name: str, text: Text) -> None:
        shown = joined(text)
        self.text_at(LEFT, self.top - BODY, shown, BODY)
        start = LEFT + stringWidth(shown, REGULAR, BODY) + 5
        self._line_to_write_on(f"{name}.words", start, self._yes_left - 10, self.top - BODY - 1.5)
        self._pair(name, 0.0, self.top - BODY)
        self._down(14.6)

    def choices(self, name: str, label: Text, items: Mapping[str, Text]) -> None:
        """Squares in running text, of which some are ticked; wraps where the line ends."""
        self.below_code()
        shown = joined(label)
        self.text_at(LEFT, self.top - BODY, shown, BODY)
        start = LEFT + (stringWidth(shown, REGULAR, BODY) + 10 if shown else 0)
        if self._columns > 1 and shown:
            self._down(14.6)
            start = LEFT
        left = start
        for key, texts in items.items():
            text = joined(texts)
            width = SQUARE + 4 + stringWidth(text, REGULAR, BODY)
            if left + width > RIGHT:
                self._down(14.6)
                left = start
            self._square(f"{name}.{key}", left, self.top - BODY)
            self.text_at(left + SQUARE + 4, self.top - BODY, text, BODY)
            left += width + 13
        self._down(15)

    def fields(self, *labels: tuple[str, Text, float], height: float = 26) -> None:
        """Boxes to write in, side by side: name, small label, and share of the width of each."""
        self.below_code()
        total = sum(share for _, _, share in labels)
        gap = 5.0
        room = RIGHT - LEFT - gap * (len(labels) - 1)
        widths = [room * share / total for _, _, share in labels]
        # Two languages stand below each other where one of the labels is too long for a line.
        stacked = any(
            stringWidth(joined(text), REGULAR, LABEL) > width - 6
            for (_, text, _), width in zip(labels, widths, strict=True)
        )
        height += (LABEL + 1) * (self._columns - 1) * stacked
        left = LEFT
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.6)
        for (name, text, _), width in zip(labels, widths, strict=True):
            self.canvas.roundRect(left, self.top - height, width, height, 1.5)
            shown = text if stacked else (joined(text),)
            for line, label in enumerate(shown):
                self._fit(label, LABEL, width - 6)
                baseline = self.top - LABEL - 1.2 - line * (LABEL + 1)
                self.text_at(left + 3, baseline, label, LABEL, colour=FAINT)
            self._blank(name, left, self.top - height, width, height)
            left += width + gap
        self._down(height + 3.6)

    def tick_line(self, name: str, text: Text, *, write: bool = False) -> None:
        """One square with its text, and a line to write on after it if asked."""
        self.below_code()
        self._square(name, LEFT, self.top - BODY)
        start = LEFT + SQUARE + 5
        shown = joined(text)
        lines: Text = (shown,) if stringWidth(shown, REGULAR, BODY) <= RIGHT - start else text
        for index, line in enumerate(lines):
            self._down(11.6 if index else 0)
            self.text_at(start, self.top - BODY, line, BODY)
        if write:
            after = start + stringWidth(lines[-1], REGULAR, BODY) + 5
            if RIGHT - after < _LEAST_LINE:
                self._down(15)
                after = start
            self._line_to_write_on(f"{name}.words", after, RIGHT, self.top - BODY - 1.5)
        self._down(14.2)

    def _in_columns(self, text: Text, left: float, right: float, *, leader: bool = False) -> float:
        """Draw wrapped text below `top`, a column for each language; gives its height.

        `leader`: with dots from the end of the text to the squares.
        """
        width = (right - left - _BETWEEN * (len(text) - 1)) / len(text)
        paragraphs = [Paragraph(markup, self._style) for markup in text]
        height = max(paragraph.wrap(width, HEIGHT)[1] for paragraph in paragraphs)
        for column, paragraph in enumerate(paragraphs):
            start = left + column * (width + _BETWEEN)
            low = self.top - paragraph.height
            paragraph.drawOn(self.canvas, start, low)
            if leader and column == len(text) - 1:
                # The squares stand at the last line of the longer text.
                longest = paragraph.height >= height
                end = start + paragraph.getActualLineWidths0()[-1] if longest else start - 5
                self.leader(end, self._yes_left, self.top - height + 2.6)
        return float(height)

    @property
    def _style(self) -> ParagraphStyle:
        return _BESIDE_STYLE if self._columns > 1 else _BODY_STYLE

    def text_at(
        self,
        left: float,
        baseline: float,
        text: str,
        size: float,
        *,
        font: str = REGULAR,
        colour: Color = INK,
    ) -> None:
        """One line of text at a place."""
        self.canvas.setFillColor(colour)
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, baseline, text)

    def text_right(self, right: float, baseline: float, text: str, size: float) -> None:
        """One line of text that ends at a place."""
        self.text_at(right - stringWidth(text, REGULAR, size), baseline, text, size)

    @staticmethod
    def width(text: str, size: float) -> float:
        """How much room one line of text takes."""
        return float(stringWidth(text, REGULAR, size))

    @classmethod
    def clipped(cls, text: str, size: float, width: float) -> str:
        """A line of text that is cut where the room ends, and says so."""
        shown = text
        while shown and cls.width(shown, size) > width:
            shown = shown[:-2].rstrip("… ,") + "…"
        return shown

    def rule(self, left: float, right: float, y: float) -> None:
        """A line to write on."""
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(left, y, right, y)

    def box_after(self, name: str, text: Text, width: float, *, height: float = 18) -> None:
        """A label and, after it, a box to write in."""
        self.below_code()
        height += 6 * (self._columns - 1)
        for index, line in enumerate(text):
            middle = self.top - height / 2 - 3.5
            baseline = middle + 11.4 * ((len(text) - 1) / 2 - index)
            self.text_at(LEFT, baseline, line, BODY, font=BOLD)
        start = LEFT + max(stringWidth(line, BOLD, BODY) for line in text) + 8
        self.canvas.setStrokeColor(INK)
        self.canvas.setLineWidth(0.8)
        self.canvas.roundRect(start, self.top - height, width, height, 1.5)
        self._blank(name, start, self.top - height, width, height)
        self._down(height + 4)

    def fiducials(self) -> None:
        """A square in each corner; the upper left one is hollow, so a scan knows its way up."""
        far_x = WIDTH - FIDUCIAL_INSET - FIDUCIAL
        far_y = HEIGHT - FIDUCIAL_INSET - FIDUCIAL
        self.canvas.setFillColor(INK)
        for x, y in ((FIDUCIAL_INSET, FIDUCIAL_INSET), (far_x, FIDUCIAL_INSET), (far_x, far_y)):
            self.canvas.rect(x, y, FIDUCIAL, FIDUCIAL, stroke=0, fill=1)
        self.canvas.setStrokeColor(INK)
        self.canvas.setLineWidth(FIDUCIAL / 4)
        inner = FIDUCIAL * 3 / 4
        offset = FIDUCIAL / 8
        self.canvas.rect(FIDUCIAL_INSET + offset, far_y + offset, inner, inner, stroke=1, fill=0)

    @classmethod
    def fitted(cls, text: str, size: float, width: float, *, least: float = 7.0) -> float:
        """The size at which foreign text, such as an institution's name, fits the width.

        Raises:
            FormOverflowError: it does not even fit at the smallest legible size.
        """
        while size > least and stringWidth(text, REGULAR, size) > width:
            size -= 0.25
        cls._fit(text, size, width)
        return size

    def skip(self, points: float) -> None:
        """Leave room."""
        self._down(points)

    def leader(self, left: float, right: float, y: float) -> None:
        """Dots that lead the eye from the end of a question to its squares."""
        self.canvas.saveState()
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.6)
        self.canvas.setDash([0.6, 3])
        self.canvas.line(left + 5, y, right - 6, y)
        self.canvas.restoreState()

    def _pair(self, name: str, shift: float, baseline: float) -> None:
        for answer, word, left in (
            ("yes", self._yes, self._yes_left - shift),
            ("no", self._no, self._no_left - shift),
        ):
            self._square(f"{name}.{answer}", left, baseline)
            self.text_at(left + SQUARE + 4, baseline, word, BODY)

    def _square(self, name: str, left: float, baseline: float) -> None:
        bottom = baseline - 1.6
        self.canvas.setStrokeColor(INK)
        self.canvas.setLineWidth(SQUARE_LINE)
        self.canvas.rect(left, bottom, SQUARE, SQUARE, stroke=1, fill=0)
        self.marks.append(Mark(name, self.page, round(left, 2), round(bottom, 2)))

    def _line_to_write_on(self, name: str, left: float, right: float, y: float) -> None:
        self.rule(left, right, y)
        self._blank(name, left, y, right - left, BODY + 3, framed=False)

    def _blank(
        self,
        name: str,
        left: float,
        bottom: float,
        width: float,
        height: float,
        *,
        framed: bool = True,
    ) -> None:
        x, y, across, up = (round(number, 2) for number in (left, bottom, width, height))
        self.blanks.append(Blank(name, self.page, x, y, across, up, framed=framed))

    @staticmethod
    def _fit(text: str, size: float, width: float, *, font: str = REGULAR) -> None:
        if stringWidth(text, font, size) > width:
            raise FormOverflowError(
                "{text!r} is too long for its place on the form.", text=legible(text)
            )

    def _down(self, points: float) -> None:
        self.top -= points
        if self.top < BOTTOM:
            raise FormOverflowError(
                "The wording does not fit page {page}: {points} points too long.",
                page=self.page,
                points=round(BOTTOM - self.top),
            )
