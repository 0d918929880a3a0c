"""The clearance report as one HTML file: nothing in it is fetched, and nothing runs."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, TextIO

from clearance.results import Outcome, VideoResult
from detector.errors import DetectorError
from forms.html_parts import as_data, as_text, fact_rows, row, strong
from forms.report_charts import as_hex, bar_as_svg
from forms.report_crops import face_crop, opening_once
from forms.report_parts import is_the_judged_one, thumbnail
from forms.report_stills import Stills
from forms.report_tables import Blank, ReportTables, Verdict, of_several
from forms.report_video_pages import VideoPages
from forms.report_words import ReportWords, what_may_go_out, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clearance.results import FaceResult, PhotoResult
    from detector.faces import Frame
    from forms.clearance_report import OpenPhoto, ReportHead, Still
    from forms.report_tables import Cell, SmallTable

_WIDE = 640
"""Longer side of a thumbnail in pixels."""
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { color: #12466b; margin-bottom: .3rem; } h2 { margin: 2.2rem 0 .4rem; font-size: 1.05rem;
  border-top: 3px solid; padding-top: .4rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid #d4dade; padding: .28rem .5rem .28rem 0; vertical-align: top; }
.facts th { width: 12rem; color: #5a646c; font-weight: 400; }
.facts td { overflow-wrap: anywhere; } .hash { font: 12px monospace;
  word-break: break-all; } .lead { border-left: 5px solid; background: #f1f5f8; padding: .8rem 1rem;
  margin: 1.2rem 0; } .lead strong { display: block; font-size: 1.15rem; }
.shown { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr); gap: 1rem; }
figure { margin: 0; position: relative; align-self: start; } img { width: 100%; display: block; }
.box { position: absolute; border: 2px solid; } .box b { position: absolute; left: -2px;
  top: -1.3em; font-size: 11px; color: #fff; padding: 0 .3em; }
.verdict { font-weight: 600; } .faces .verdict { white-space: nowrap; }
footer { color: #5a646c; margin: 2rem 0; }
h3 { margin: 1.2rem 0 .2rem; font-size: .95rem; color: #12466b; } h3 + p { margin: 0 0 .3rem;
  color: #5a646c; font-size: .85rem; } .small, .faces { font-size: .85rem; }
.faces td:first-child { width: 4.5rem; } img.crop { width: 4rem; height: 4rem; object-fit: contain;
  object-position: left top; } .none { color: #5a646c; }
.square { display: inline-block; width: .8rem; height: .8rem; border: 1px solid #1a1a1a; }
.bar { margin: .8rem 0; } .bar small { color: #5a646c; } .bar svg { width: 100%; display: block; }
.bar text { fill: #fff; font: bold 18px sans-serif; text-anchor: middle; }
.key { margin-right: 1rem; font-size: .85rem; } .key i { display: inline-block; width: .7rem;
  height: .7rem; margin-right: .3rem; }
.timeline { margin: .3rem 0 .8rem; } .timeline > svg { width: 100%; display: block; }
.timeline text { font-size: 15px; fill: #1f2933; } .timeline .key { white-space: nowrap;
  display: inline-block; } .timeline .key svg { vertical-align: -3px; }
.moments img { width: 15rem; }
@media print { body { margin: 0; max-width: none; } tr, figure { break-inside: avoid; }
  * { print-color-adjust: exact; } }
"""


def write_html(
    stream: TextIO,
    results: Sequence[PhotoResult],
    head: ReportHead,
    open_photo: OpenPhoto,
    still: Still | None = None,
) -> None:
    """Write the report picture by picture, so that an album of any length needs the room of one."""
    writer = _Writer(ReportWords.of(results, head), open_photo, Stills(still))
    for part in writer.document(results):
        stream.write(part)


class _Writer:
    def __init__(self, words: ReportWords, open_photo: OpenPhoto, stills: Stills) -> None:
        self._words = words
        self._language = words.head.language
        self._open_photo = opening_once(open_photo)
        self._tables = ReportTables(words)
        self._videos = VideoPages(words, stills)

    def document(self, results: Sequence[PhotoResult]) -> Iterator[str]:
        """The whole file, in reading order."""
        words, _ = self._words, self._language.gettext
        counts = collections.Counter(map(what_may_go_out, results))
        title = as_text(words.title)
        # No script, no address: the file shows what is in it and asks nobody.
        policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        yield (
            f'<!doctype html>\n<html lang="{self._language.code}">\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f'<meta name="robots" content="noindex">\n<title>{title}</title>\n'
            f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n"
        )
        rows = [(label, as_text(text or "–")) for label, text in words.opening(results)]
        yield fact_rows(rows)
        worst = Outcome.worst(counts)
        yield (
            f'<div class="lead" style="border-color:{as_hex(worst)}">'
            f"<strong>{as_text(words.lead(counts))}</strong>"
            f"{as_text(words.counted(counts, results))}</div>\n"
        )
        if len(results) > 1:
            outcomes = [result.outcome for result in results]
            yield bar_as_svg(
                _("The verdicts on the pictures as they are"), outcomes, self._language
            )
            yield from self._list(results)
        for table in self._tables.people(results):
            yield self._small(table)
        yield self._small(self._tables.exemptions(results))
        for number, result in enumerate(results, 1):
            yield from self._section(number, result, single=len(results) == 1)
        heading, *points = words.limits()
        yield f"<h2>{as_text(heading)}</h2>\n<ul>\n"
        yield "".join(f"<li>{as_text(point)}</li>\n" for point in points)
        copy = (
            _("Internal copy: it names people. Do not pass it on.")
            if words.head.names
            else _("Copy without people’s names; the name of a file may still hold one.")
        )
        yield f"</ul>\n<footer>{as_text(copy)}</footer>\n</html>\n"

    def _list(self, results: Sequence[PhotoResult]) -> Iterator[str]:
        _ = self._language.gettext
        title = _("All pictures, first those that need a person")
        yield f"<h2>{as_text(title)}</h2>\n<table>\n"
        headings = (
            _("No."),
            _("Picture"),
            _("Verdict"),
            _("Faces"),
            _("Faces that need something"),
        )
        yield row(map(as_text, headings), "th")
        for number, result in worst_first(results):
            yield row(
                (
                    str(number),
                    f'<a href="#picture{number}">{as_text(result.path.name)}</a>',
                    self._verdict(result.outcome),
                    str(len(result.faces)),
                    as_text(self._words.needs(result)),
                )
            )
        yield "</table>\n"

    def _section(self, number: int, result: PhotoResult, *, single: bool) -> Iterator[str]:
        _ = self._language.gettext
        yield (
            f'<section id="picture{number}">\n<h2 style="border-color:{as_hex(result.outcome)}">'
            f"{number}. {as_text(result.path.name)} · {self._verdict(result.outcome)}</h2>\n"
        )
        if isinstance(result, VideoResult):
            yield "<div><div>\n"
        else:
            yield f'<div class="shown"><figure>{self._picture(result)}</figure><div>\n'
        yield fact_rows(
            [
                (
                    fact.label,
                    f'<span class="hash">{as_text(fact.text)}</span>'
                    if fact.is_hash
                    else strong(fact.text)
                    if fact.strong
                    else as_text(fact.text),
                )
                for fact in self._words.file_facts(result)
            ]
        )
        yield "<table>\n"
        yield row((as_text(_("Channel (bold: asked for)")), as_text(_("Verdict"))), "th")
        for channel, outcome in result.channels.items():
            name = as_text(self._language.channel(channel))
            asked = channel in result.asked
            yield row((f"<b>{name}</b>" if asked else name, self._verdict(outcome)))
        yield "</table>\n</div></div>\n"
        yield from self._below(result)
        if not single and of_several([result]):
            for table in self._tables.people([result]):
                yield self._small(table)
        if result.export:
            yield self._small(self._tables.metadata(result.export))
            yield self._small(self._tables.proofs(result.export))
        yield self._small(self._tables.checklist(result))
        yield "</section>\n"

    def _below(self, result: PhotoResult) -> Iterator[str]:
        """What stands below the facts: the faces, or that there are none."""
        _ = self._language.gettext
        if result.faces:
            if len(result.faces) > 1:
                outcomes = [face.outcome for face in result.faces]
                yield bar_as_svg(_("The verdicts on the faces"), outcomes, self._language)
            if isinstance(result, VideoResult):
                yield from self._videos.below(result)
            else:
                yield from self._faces(result)
        elif isinstance(result, VideoResult) and result.outcome is not Outcome.FAILED:
            yield self._videos.nobody(result)
        elif result.outcome is not Outcome.FAILED:
            said = _("No face was found. This is not proof that nobody is in the picture.")
            yield f"<p>{as_text(said)}</p>\n"

    def _faces(self, result: PhotoResult) -> Iterator[str]:
        yield '<table class="faces">\n' + row(map(as_text, self._words.face_headings()), "th")
        for place, face in enumerate(result.faces, 1):
            yield self._face(place, result, face)
        yield "</table>\n"

    def _face(self, number: int, result: PhotoResult, face: FaceResult) -> str:
        return row(
            (
                f"<b>{number}</b><br>{self._crop(number, result, face)}",
                as_text(self._words.person(face)),
                self._verdict(face.outcome),
                as_text(self._words.reasons(face)),
                "<br>".join(map(as_text, self._words.likeness(face))),
                "<br>".join(map(as_text, self._words.forms(face))),
                as_text(self._words.reviewer(face)),
            )
        )

    def _crop(self, number: int, result: PhotoResult, face: FaceResult) -> str:
        """The face itself if it may be seen; else a word in its place."""
        _ = self._language.gettext
        frame = self._opened(result)
        pixels = face_crop(frame, result, face) if frame else None
        if pixels is None:
            said = _("not shown")
            return f'<span class="none">{as_text(said)}</span>'
        alt = as_text(_("Face {n}").format(n=number))
        return f'<img class="crop" alt="{alt}" src="{as_data(pixels)}">'

    def _opened(self, result: PhotoResult) -> Frame | None:
        """The picture that was judged; None where it is gone, or another by now."""
        try:
            frame = self._open_photo(result.path)
        except (DetectorError, OSError):
            return None
        return frame if is_the_judged_one(frame, result) else None

    def _small(self, table: SmallTable | None) -> str:
        """A small table with its heading; nothing for none."""
        if table is None:
            return ""
        parts = [f"<h3>{as_text(table.title)}</h3>\n"]
        if table.note:
            parts.append(f"<p>{as_text(table.note)}</p>\n")
        parts.append('<table class="small">\n')
        if any(table.headings):
            parts.append(row(map(as_text, table.headings), "th"))
        parts += [row(map(self._cell, cells)) for cells in table.rows]
        return "".join([*parts, "</table>\n"])

    def _cell(self, cell: Cell) -> str:
        match cell:
            case Verdict(outcome, below):
                return self._verdict(outcome) + (f"<br>{as_text(below)}" if below else "")
            case Blank.SQUARE:
                return '<span class="square"></span>'
            case Blank.LINE:
                return ""
        return as_text(cell)

    def _verdict(self, outcome: Outcome) -> str:
        words = as_text(self._language.outcome(outcome))
        return f'<span class="verdict" style="color:{as_hex(outcome)}">{words}</span>'

    def _picture(self, result: PhotoResult) -> str:
        """The picture with every uncleared head hidden, and its faces numbered."""
        _ = self._language.gettext
        if result.outcome is Outcome.FAILED or not result.width or not result.height:
            return as_text(_("The picture cannot be opened now."))
        try:
            frame = self._open_photo(result.path)
        except (DetectorError, OSError):
            return as_text(_("The picture cannot be opened now."))
        if not is_the_judged_one(frame, result):
            return as_text(_("The file has changed since it was examined."))
        pixels = thumbnail(frame, result, min(1.0, _WIDE / max(frame.width, frame.height)))
        alt = as_text(result.path.name)
        boxes = []
        for number, face in enumerate(result.faces, 1):
            box = face.face.box.clipped(result.width, result.height)
            place = (
                f"left:{box.left / result.width:.2%};top:{box.top / result.height:.2%};"
                f"width:{box.width / result.width:.2%};height:{box.height / result.height:.2%}"
            )
            colour = as_hex(face.outcome)
            boxes.append(
                f'<span class="box" style="{place};border-color:{colour}">'
                f'<b style="background:{colour}">{number}</b></span>'
            )
        return f'<img alt="{alt}" src="{as_data(pixels)}">{"".join(boxes)}'
