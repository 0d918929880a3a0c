"""The clearance report as one HTML file: nothing in it is fetched, and nothing runs."""

from __future__ import annotations

import base64
import collections
import io
from html import escape
from typing import TYPE_CHECKING, TextIO

from PIL import Image

from clearance.results import Outcome
from detector.errors import DetectorError
from forms.report_charts import as_hex, bar_as_svg
from forms.report_crops import face_crop, opening_once
from forms.report_parts import is_the_judged_one, thumbnail
from forms.report_tables import Blank, ReportTables, Verdict, of_several
from forms.report_words import ReportWords, what_may_go_out, worst_first
from forms.typeface import legible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clearance.results import FaceResult, PhotoResult
    from detector.faces import Frame, Pixels
    from forms.clearance_report import OpenPhoto, ReportHead
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
@media print { body { margin: 0; max-width: none; } tr, figure { break-inside: avoid; }
  * { print-color-adjust: exact; } }
"""


def write_html(
    stream: TextIO, results: Sequence[PhotoResult], head: ReportHead, open_photo: OpenPhoto
) -> None:
    """Write the report picture by picture, so that an album of any length needs the room of one."""
    writer = _Writer(ReportWords.of(results, head), open_photo)
    for part in writer.document(results):
        stream.write(part)


class _Writer:
    def __init__(self, words: ReportWords, open_photo: OpenPhoto) -> None:
        self._words = words
        self._language = words.head.language
        self._open_photo = opening_once(open_photo)
        self._tables = ReportTables(words)

    def document(self, results: Sequence[PhotoResult]) -> Iterator[str]:
        """The whole file, in reading order."""
        words, _ = self._words, self._language.gettext
        counts = collections.Counter(map(what_may_go_out, results))
        title = _text(words.title)
        # No script, no address: the file shows what is in it and asks nobody.
        policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        yield (
            f'<!doctype html>\n<html lang="{self._language.code}">\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f'<meta name="robots" content="noindex">\n<title>{title}</title>\n'
            f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n"
        )
        rows = [(label, _text(text or "–")) for label, text in words.opening(results)]
        yield _facts(rows)
        worst = Outcome.worst(counts)
        yield (
            f'<div class="lead" style="border-color:{as_hex(worst)}">'
            f"<strong>{_text(words.lead(counts))}</strong>"
            f"{_text(words.counted(counts, results))}</div>\n"
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
        yield f"<h2>{_text(heading)}</h2>\n<ul>\n"
        yield "".join(f"<li>{_text(point)}</li>\n" for point in points)
        copy = (
            _("Internal copy: it names people. Do not pass it on.")
            if words.head.names
            else _("Copy without people’s names; the name of a file may still hold one.")
        )
        yield f"</ul>\n<footer>{_text(copy)}</footer>\n</html>\n"

    def _list(self, results: Sequence[PhotoResult]) -> Iterator[str]:
        _ = self._language.gettext
        title = _("All pictures, first those that need a person")
        yield f"<h2>{_text(title)}</h2>\n<table>\n"
        headings = (
            _("No."),
            _("Picture"),
            _("Verdict"),
            _("Faces"),
            _("Faces that need something"),
        )
        yield _row(map(_text, headings), "th")
        for number, result in worst_first(results):
            yield _row(
                (
                    str(number),
                    f'<a href="#picture{number}">{_text(result.path.name)}</a>',
                    self._verdict(result.outcome),
                    str(len(result.faces)),
                    _text(self._words.needs(result)),
                )
            )
        yield "</table>\n"

    def _section(self, number: int, result: PhotoResult, *, single: bool) -> Iterator[str]:
        _ = self._language.gettext
        yield (
            f'<section id="picture{number}">\n<h2 style="border-color:{as_hex(result.outcome)}">'
            f"{number}. {_text(result.path.name)} · {self._verdict(result.outcome)}</h2>\n"
            f'<div class="shown"><figure>{self._picture(result)}</figure><div>\n'
        )
        yield _facts(
            [
                (
                    fact.label,
                    f'<span class="hash">{_text(fact.text)}</span>'
                    if fact.is_hash
                    else _strong(fact.text)
                    if fact.strong
                    else _text(fact.text),
                )
                for fact in self._words.file_facts(result)
            ]
        )
        yield "<table>\n"
        yield _row((_text(_("Channel (bold: asked for)")), _text(_("Verdict"))), "th")
        for channel, outcome in result.channels.items():
            name = _text(self._language.channel(channel))
            asked = channel in result.asked
            yield _row((f"<b>{name}</b>" if asked else name, self._verdict(outcome)))
        yield "</table>\n</div></div>\n"
        if result.faces:
            if len(result.faces) > 1:
                outcomes = [face.outcome for face in result.faces]
                yield bar_as_svg(_("The verdicts on the faces"), outcomes, self._language)
            yield '<table class="faces">\n' + _row(map(_text, self._words.face_headings()), "th")
            for place, face in enumerate(result.faces, 1):
                yield self._face(place, result, face)
            yield "</table>\n"
        elif result.outcome is not Outcome.FAILED:
            said = _("No face was found. This is not proof that nobody is in the picture.")
            yield f"<p>{_text(said)}</p>\n"
        if not single and of_several([result]):
            for table in self._tables.people([result]):
                yield self._small(table)
        if result.export:
            yield self._small(self._tables.metadata(result.export))
            yield self._small(self._tables.proofs(result.export))
        yield self._small(self._tables.checklist(result))
        yield "</section>\n"

    def _face(self, number: int, result: PhotoResult, face: FaceResult) -> str:
        return _row(
            (
                f"<b>{number}</b><br>{self._crop(number, result, face)}",
                _text(self._words.person(face)),
                self._verdict(face.outcome),
                _text(self._words.reasons(face)),
                "<br>".join(map(_text, self._words.likeness(face))),
                "<br>".join(map(_text, self._words.forms(face))),
                _text(self._words.reviewer(face)),
            )
        )

    def _crop(self, number: int, result: PhotoResult, face: FaceResult) -> str:
        """The face itself if it may be seen; else a word in its place."""
        _ = self._language.gettext
        frame = self._opened(result)
        pixels = face_crop(frame, result, face) if frame else None
        if pixels is None:
            said = _("not shown")
            return f'<span class="none">{_text(said)}</span>'
        alt = _text(_("Face {n}").format(n=number))
        return f'<img class="crop" alt="{alt}" src="{_as_data(pixels)}">'

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
        parts = [f"<h3>{_text(table.title)}</h3>\n"]
        if table.note:
            parts.append(f"<p>{_text(table.note)}</p>\n")
        parts.append('<table class="small">\n')
        if any(table.headings):
            parts.append(_row(map(_text, table.headings), "th"))
        parts += [_row(map(self._cell, row)) for row in table.rows]
        return "".join([*parts, "</table>\n"])

    def _cell(self, cell: Cell) -> str:
        match cell:
            case Verdict(outcome, below):
                return self._verdict(outcome) + (f"<br>{_text(below)}" if below else "")
            case Blank.SQUARE:
                return '<span class="square"></span>'
            case Blank.LINE:
                return ""
        return _text(cell)

    def _verdict(self, outcome: Outcome) -> str:
        words = _text(self._language.outcome(outcome))
        return f'<span class="verdict" style="color:{as_hex(outcome)}">{words}</span>'

    def _picture(self, result: PhotoResult) -> str:
        """The picture with every uncleared head hidden, and its faces numbered."""
        _ = self._language.gettext
        if result.outcome is Outcome.FAILED or not result.width or not result.height:
            return _text(_("The picture cannot be opened now."))
        try:
            frame = self._open_photo(result.path)
        except (DetectorError, OSError):
            return _text(_("The picture cannot be opened now."))
        if not is_the_judged_one(frame, result):
            return _text(_("The file has changed since it was examined."))
        pixels = thumbnail(frame, result, min(1.0, _WIDE / max(frame.width, frame.height)))
        alt = _text(result.path.name)
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
        return f'<img alt="{alt}" src="{_as_data(pixels)}">{"".join(boxes)}'


def _as_data(pixels: Pixels) -> str:
    """The picture as an address that holds it."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def _text(words: str) -> str:
    """Foreign text as HTML: every character is seen, none is obeyed."""
    return escape(legible(words), quote=True)


def _strong(words: str) -> str:
    return f"<b>{_text(words)}</b>"


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<tr><th>{_text(label)}</th><td>{fact}</td></tr>\n" for label, fact in rows)
    return f'<table class="facts">\n{"".join(cells)}</table>\n'


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>\n"
