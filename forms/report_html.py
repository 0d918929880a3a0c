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
from forms.report_parts import COLOURS, is_the_judged_one, thumbnail
from forms.report_words import ReportWords, decimal, one_in, what_may_go_out
from forms.typeface import legible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clearance.results import FaceResult, PhotoResult
    from forms.clearance_report import OpenPhoto, ReportHead

_WIDE = 640
"""Longer side of a thumbnail in pixels."""
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { color: #12466b; margin-bottom: .3rem; } h2 { margin: 2.2rem 0 .4rem; font-size: 1.05rem;
  border-top: 3px solid; padding-top: .4rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid #d4dade; padding: .28rem .5rem .28rem 0; vertical-align: top; }
.facts th { width: 12rem; color: #5a646c; font-weight: 400; } .hash { font: 12px monospace;
  word-break: break-all; } .lead { border-left: 5px solid; background: #f1f5f8; padding: .8rem 1rem;
  margin: 1.2rem 0; } .lead strong { display: block; font-size: 1.15rem; }
.shown { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr); gap: 1rem; }
figure { margin: 0; position: relative; } img { width: 100%; display: block; }
.box { position: absolute; border: 2px solid; } .box b { position: absolute; left: -2px;
  top: -1.3em; font-size: 11px; color: #fff; padding: 0 .3em; }
.verdict { font-weight: 600; white-space: nowrap; } footer { color: #5a646c; margin: 2rem 0; }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } }
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
        self._open_photo = open_photo

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
            f'<div class="lead" style="border-color:{_colour(worst)}">'
            f"<strong>{_text(words.lead(counts))}</strong>"
            f"{_text(words.counted(counts, results))}</div>\n"
        )
        if len(results) > 1:
            yield from self._list(results)
        for number, result in enumerate(results, 1):
            yield from self._section(number, result)
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
        yield f"<h2>{_text(_('All pictures'))}</h2>\n<table>\n"
        headings = (
            _("No."),
            _("Picture"),
            _("Verdict"),
            _("Faces"),
            _("Faces that need something"),
        )
        yield _row(map(_text, headings), "th")
        order = sorted(enumerate(results, 1), key=lambda pair: -pair[1].outcome.severity)
        for number, result in order:
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

    def _section(self, number: int, result: PhotoResult) -> Iterator[str]:
        _ = self._language.gettext
        yield (
            f'<section id="picture{number}">\n<h2 style="border-color:{_colour(result.outcome)}">'
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
            yield "<table>\n" + _row(map(_text, self._words.face_headings()), "th")
            yield "".join(self._face(number, face) for number, face in enumerate(result.faces, 1))
            yield "</table>\n"
        elif result.outcome is not Outcome.FAILED:
            said = _("No face was found. This is not proof that nobody is in the picture.")
            yield f"<p>{_text(said)}</p>\n"
        yield "</section>\n"

    def _face(self, number: int, face: FaceResult) -> str:
        return _row(
            (
                str(number),
                _text(self._words.person(face)),
                self._verdict(face.outcome),
                _text(self._words.reasons(face)),
                _text(one_in(face.match.rate)),
                _text(decimal(face.match.margin)),
                "<br>".join(map(_text, self._words.forms(face))),
            )
        )

    def _verdict(self, outcome: Outcome) -> str:
        words = _text(self._language.outcome(outcome))
        return f'<span class="verdict" style="color:{_colour(outcome)}">{words}</span>'

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
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=80)
        data = base64.b64encode(stream.getvalue()).decode("ascii")
        alt = _text(result.path.name)
        boxes = []
        for number, face in enumerate(result.faces, 1):
            box = face.face.box.clipped(result.width, result.height)
            place = (
                f"left:{box.left / result.width:.2%};top:{box.top / result.height:.2%};"
                f"width:{box.width / result.width:.2%};height:{box.height / result.height:.2%}"
            )
            colour = _colour(face.outcome)
            boxes.append(
                f'<span class="box" style="{place};border-color:{colour}">'
                f'<b style="background:{colour}">{number}</b></span>'
            )
        return f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">{"".join(boxes)}'


def _text(words: str) -> str:
    """Foreign text as HTML: every character is seen, none is obeyed."""
    return escape(legible(words), quote=True)


def _strong(words: str) -> str:
    return f"<b>{_text(words)}</b>"


def _colour(outcome: Outcome) -> str:
    return f"#{COLOURS[outcome].hexval()[2:]}"


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<tr><th>{_text(label)}</th><td>{fact}</td></tr>\n" for label, fact in rows)
    return f'<table class="facts">\n{"".join(cells)}</table>\n'


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>\n"
