"""Pages of small pictures: a whole album to be looked through by eye, bursts side by side.

Internal: nobody is hidden, and whoever has not agreed is to be seen.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from clearance.bursts import Likeness
from clearance.results import Outcome
from detector.photo import small_photo_from_bytes
from forms.atomic import written_whole
from forms.contact_cells import CellPainter, Entry
from forms.report_charts import OutcomeBar
from forms.report_margin import BOTTOM, TOP, draw_margin
from forms.report_parts import ACCENT, COLOURS, SHADE, VerdictSign
from forms.report_style import (
    FONT,
    LEAD,
    MARGIN,
    TEXT_WIDTH,
    TITLE,
    as_markup,
    fact_table,
)
from forms.report_words import ReportWords
from forms.streamed_canvas import StreamedCanvas
from forms.typeface import BOLD, REGULAR, register_typeface

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from clearance.bursts import PictureGroup
    from clearance.results import PhotoResult
    from detector.faces import SmallPhoto
    from forms.clearance_report import ReportHead, Still
    from forms.contact_cells import OpenSmall

_HEADING = 17.0
_HEADING_SIZE = 9.0
_BETWEEN = 8.0
"""Points between pictures that are alike and what stands above them."""
_FEWEST, _MOST = 1, 12


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """How many pictures stand side by side, and how many rows a full page has at least.

    Rows of pictures that are wider than high are lower, so that there are more of them.
    """

    columns: int = 4
    rows: int = 5

    def __post_init__(self) -> None:
        """Refuse what has no room for a picture.

        Raises:
            ValueError: fewer than 1 or more than 12.
        """
        if not all(_FEWEST <= count <= _MOST for count in (self.columns, self.rows)):
            raise ValueError(f"a sheet has {_FEWEST} to {_MOST} columns and rows")

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of the room of one picture, in points."""
        high = (A4[1] - TOP - BOTTOM - _HEADING) / self.rows
        return TEXT_WIDTH / self.columns, high


@dataclasses.dataclass(frozen=True, slots=True)
class _Block:
    """Pictures that stand together; `framed` ones are alike."""

    heading: str
    entries: tuple[Entry, ...]
    framed: bool = False


def small_opener(read: Callable[[Path], bytes]) -> OpenSmall:
    """What opens pictures for `write_contact_sheet`, from what reads files.

    Args:
        read: gives the bytes of a picture, as `clearance.album_sources.AlbumSources.read`.
    """

    def opened(path: Path, longer_side: int) -> SmallPhoto:
        return small_photo_from_bytes(read(path), path, longer_side)

    return opened


def write_contact_sheet(  # noqa: PLR0913 - each of them stands for itself
    results: Sequence[PhotoResult],
    path: Path,
    head: ReportHead,
    open_small: OpenSmall,
    groups: Iterable[PictureGroup[Path]] = (),
    *,
    only: Collection[Outcome] = frozenset(Outcome),
    grid: Grid | None = None,
    still: Still | None = None,
) -> None:
    """Write a PDF in which every picture is seen small, with its faces and its verdict.

    Pictures that are alike stand first, each group under a heading of its own; all others
    follow in the order of the results. A picture stands once. Its number is its place among
    the results, as in the clearance report. One that cannot be opened, or is no longer the
    one that was judged, is not shown; a sign and words stand in its place.

    The file is the same for the same arguments. However many pictures there are, one is in
    memory at a time; small ones wait in a nameless file in the folder of `path`.

    Args:
        results: the verdicts, in the order of the album.
        path: the PDF; it is replaced if it exists.
        head: what the sheet says about itself; its language, institution and days count.
        open_small: opens a picture; see `small_opener`.
        groups: pictures that are alike, by their paths, as `clearance.bursts.groups`.
        only: the verdicts whose pictures are shown; the counts are of all pictures.
        grid: how many pictures a page has.
        still: takes a picture out of a video, as for `forms.clearance_report.write_report`;
            without it words stand in place of a video.

    Raises:
        DocumentNotWrittenError: the file cannot be written.
    """
    register_typeface()
    sheet = _Sheet(ReportWords.of(results, head), grid or Grid(), open_small, still)
    with written_whole(path) as stream:
        _ = head.language.gettext
        margin = functools.partial(
            draw_margin, head=head, title=_("Contact sheet"), notice=sheet.notice
        )
        with StreamedCanvas(
            stream,
            path.parent,
            draw=margin,
            pagesize=A4,
            pageCompression=1,
            invariant=1,
            initialFontName=REGULAR,
            lang=head.language.code,
        ) as canvas:
            canvas.setTitle(_("Contact sheet"))
            canvas.setAuthor(head.institution.name)
            canvas.setCreator("Clearance")
            # Else the document would have been made at the beginning of the year 2000.
            canvas.setDateFormatter(lambda *_: f"{head.made_at:D:%Y%m%d%H%M%S}")
            sheet.draw(canvas, results, groups, frozenset(only))


@dataclasses.dataclass(frozen=True, slots=True)
class _Sheet:
    """Sets the pictures, page after page."""

    words: ReportWords
    grid: Grid
    open_small: OpenSmall
    still: Still | None = None

    @property
    def head(self) -> ReportHead:
        """What the sheet says about itself."""
        return self.words.head

    @property
    def notice(self) -> str:
        """Whom the sheet is for."""
        return self.head.language.gettext(
            "Internal: shows people who have not agreed. Do not pass it on."
        )

    def draw(
        self,
        canvas: StreamedCanvas,
        results: Sequence[PhotoResult],
        groups: Iterable[PictureGroup[Path]],
        only: frozenset[Outcome],
    ) -> None:
        """Draw every page, and write the document."""
        shown = [
            Entry(number, result, self._note(result), self._problem(result))
            for number, result in enumerate(results, 1)
            if result.outcome in only
        ]
        top = self._draw_opening(canvas, results, len(shown))
        painter = CellPainter(self.head.language, self.open_small, self.still)
        rows = list(self._rows(self._blocks(shown, groups)))
        for row in rows:
            top -= _BETWEEN if row.heading else 0
            if top - row.height(self.grid) < BOTTOM:
                canvas.showPage()
                top = A4[1] - TOP
                row = row.on_a_new_page(self.head.language.gettext("{heading} (continued)"))  # noqa: PLW2901
            top = self._draw_row(canvas, painter, row, top)
        canvas.showPage()
        canvas.save()

    def _note(self, result: PhotoResult) -> str:
        """What of a picture needs a person, or what its verdict leaves out."""
        if result.outcome is Outcome.FAILED:
            return self.head.language.gettext("not judged")
        if not result.outcome.publishable:
            return self.words.needs(result)
        return self.head.language.up_to(result.rendition.max_edge) if result.rendition else ""

    def _problem(self, result: PhotoResult) -> str:
        return self.words.problem(result.problem) if result.problem else ""

    def _draw_opening(
        self, canvas: StreamedCanvas, results: Sequence[PhotoResult], shown: int
    ) -> float:
        """What the sheet is about; the height in points at which it ends."""
        top = A4[1] - TOP
        for flowable in self._opening(results, shown):
            _, high = flowable.wrapOn(canvas, TEXT_WIDTH, top)
            top -= high
            flowable.drawOn(canvas, MARGIN, top)
        return top

    def _opening(self, results: Sequence[PhotoResult], shown: int) -> Iterator[Flowable]:
        _ = self.head.language.gettext
        rows = [(label, as_markup(text or "–")) for label, text in self.words.about(results)]
        if shown < len(results):
            said = _("{n} of {total} pictures").format(n=shown, total=len(results))
            rows.append((_("Shown"), as_markup(said)))
        yield Paragraph(as_markup(_("Contact sheet")), TITLE)
        yield Spacer(0, 8)
        yield self._warning()
        yield Spacer(0, 6)
        yield fact_table(rows, TEXT_WIDTH, 40 * mm)
        if results:
            yield Spacer(0, 4)
            title = _("The verdicts on the pictures as they are")
            outcomes = [result.outcome for result in results]
            yield OutcomeBar(title, outcomes, self.head.language, TEXT_WIDTH)
        else:
            yield Paragraph(as_markup(_("No picture was examined.")), LEAD)
        yield Spacer(0, 8)

    def _warning(self) -> Flowable:
        cells = [[VerdictSign(Outcome.FAILED, 16), Paragraph(as_markup(self.notice), LEAD)]]
        box = Table(cells, colWidths=[12 * mm, TEXT_WIDTH - 12 * mm])
        box.setStyle(
            TableStyle(
                [
                    FONT,
                    ("BACKGROUND", (0, 0), (-1, -1), SHADE),
                    ("LINEBEFORE", (0, 0), (0, -1), 4, COLOURS[Outcome.FAILED], "butt"),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (0, -1), 10),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
                ]
            )
        )
        return box

    def _blocks(
        self, shown: Sequence[Entry], groups: Iterable[PictureGroup[Path]]
    ) -> Iterator[_Block]:
        """The groups in the order of their first picture, then what is in none of them."""
        _ = self.head.language.gettext
        left = {entry.result.path: entry for entry in shown}
        found = []
        # Bursts first: they hold the copies of their files as well.
        for group in sorted(groups, key=lambda group: group.likeness is Likeness.DUPLICATES):
            alike = [left[key] for key in dict.fromkeys(group.keys) if key in left]
            if len(alike) > 1:
                found.append(self._group(group.likeness, alike))
                for entry in alike:
                    del left[entry.result.path]
        yield from sorted(found, key=lambda block: block.entries[0].number)
        if left:
            yield _Block(_("All other pictures") if found else "", tuple(left.values()))

    def _group(self, likeness: Likeness, alike: Sequence[Entry]) -> _Block:
        _, ngettext = self.head.language.gettext, self.head.language.ngettext
        if likeness is Likeness.DUPLICATES:
            said = ngettext("{n} copy of one file", "{n} copies of one file", len(alike))
            entries = tuple(alike)
        else:
            said = ngettext("{n} picture of one moment", "{n} pictures of one moment", len(alike))
            entries = tuple(self._with_copies_told(alike))
        return _Block(said.format(n=len(alike)), entries, framed=True)

    def _with_copies_told(self, alike: Iterable[Entry]) -> Iterator[Entry]:
        """Of several copies of one file in a burst, the later ones name the first."""
        same = self.head.language.gettext("same file as no. {n}")
        first: dict[str, int] = {}
        for entry in alike:
            number = first.setdefault(entry.result.sha256 or "", entry.number)
            if entry.result.sha256 and number != entry.number:
                yield dataclasses.replace(entry, note=same.format(n=number))
            else:
                yield entry

    def _rows(self, blocks: Iterable[_Block]) -> Iterator[_Row]:
        for block in blocks:
            for start in range(0, len(block.entries), self.grid.columns):
                entries = block.entries[start : start + self.grid.columns]
                yield _Row(block, entries, block.heading if start == 0 else "")

    def _draw_row(
        self, canvas: StreamedCanvas, painter: CellPainter, row: _Row, top: float
    ) -> float:
        """Draw one row; the height in points at which it ends."""
        wide = self.grid.cell[0]
        bottom = top - row.height(self.grid)
        if row.block.framed:
            canvas.setFillColor(SHADE)
            canvas.rect(MARGIN - 6, bottom, TEXT_WIDTH + 8, top - bottom, stroke=0, fill=1)
            canvas.setFillColor(ACCENT)
            canvas.rect(MARGIN - 6, bottom, 2, top - bottom, stroke=0, fill=1)
        if row.heading:
            canvas.setFillColor(ACCENT)
            canvas.setFont(BOLD, _HEADING_SIZE)
            canvas.drawString(MARGIN, top - _HEADING + 5, row.heading)
        high = row.height(self.grid, heading=False)
        for column, entry in enumerate(row.entries):
            painter.draw(canvas, entry, (MARGIN + column * wide, bottom, wide, high))
        return bottom


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """Pictures side by side, and what stands above them."""

    block: _Block
    entries: tuple[Entry, ...]
    heading: str

    def height(self, grid: Grid, *, heading: bool = True) -> float:
        """In points: no higher than its highest picture needs."""
        high = max(entry.height(grid.cell) for entry in self.entries)
        return high + (_HEADING if heading and self.heading else 0)

    def on_a_new_page(self, continued: str) -> _Row:
        """The same row where its block began on an earlier page."""
        if self.heading or not self.block.heading:
            return self
        return dataclasses.replace(self, heading=continued.format(heading=self.block.heading))
