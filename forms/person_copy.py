"""The sheet that the person takes home: what was asked, and a slip to take it back.

It has no code and no corner squares: where it lies among scans, it is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4

from clearance.legal import legal_profile
from forms import sheet
from forms.sheet import Sheet
from forms.typeface import BOLD, legible
from forms.wording import BESIDE, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.pdfgen.canvas import Canvas

    from clearance.settings import Institution
    from forms.sheet import Mark
    from forms.wording import Text, Words

_NAME = "copy"
_CUT = 240.0
"""Height in points above which the sheet is cut off."""
_SERIAL_ABOVE, _SERIAL_BELOW = sheet.TOP - 15, _CUT - 34.0
# Of a long form the answers that people ask about afterwards.
_SECTIONS = ("material", "purpose", "channel", "naming", "patient", "matching")
_ROW, _TICK = 12.0, 8.0
_SMALL, _SMALLEST = 8.5, 6.0


def define_copy(
    canvas: Canvas, words: Words, institution: Institution | None, marks: Sequence[Mark]
) -> None:
    """Draw what is the same on every copy once. `marks` are the squares of the form.

    Raises:
        FormOverflowError: the institution's contact is too long.
    """
    canvas.beginForm(_NAME, 0, 0, *A4)
    paper = Sheet(canvas, 1, words["form.yes"], words["form.no"])
    paper.text_at(sheet.LEFT, sheet.TOP - 15, words.line("copy.title"), 18, font=BOLD)
    paper.skip(28)
    paper.paragraph(words["copy.keep"])
    _house(paper, words, institution)
    _answers(paper, words, marks)
    for key in ("withdrawal", "recall"):
        if paper.top > _CUT + 60:
            paper.paragraph(words[f"notes.{key}"], gap=2)
    if institution and paper.top > _CUT + 60:
        paper.paragraph(
            tuple(
                legal_profile(institution.legal_profile, language).image_right
                for language in words.language.split(BESIDE)
            )
        )
    _slip(paper, words, institution)
    canvas.endForm()


def draw_copy(canvas: Canvas, words: Words, serial: str) -> None:
    """A page of the copy for one form."""
    canvas.doForm(_NAME)
    canvas.setFillColor(sheet.INK)
    canvas.setFont(BOLD, 10)
    shown = f"{words['form.serial'][0]} {serial}"
    for baseline in (_SERIAL_ABOVE, _SERIAL_BELOW):
        canvas.drawRightString(sheet.RIGHT, baseline, shown)


def _house(paper: Sheet, words: Words, institution: Institution | None) -> None:
    told = (
        ("form.institution", institution.name if institution else ""),
        ("form.contact", institution.contact if institution else ""),
        ("form.authority", institution.authority if institution else ""),
    )
    start = sheet.LEFT + 8 + max(paper.width(words.line(key), _SMALL) for key, _ in told)
    for key, text in told:
        paper.skip(12)
        paper.text_at(sheet.LEFT, paper.top, words.line(key), _SMALL, colour=sheet.FAINT)
        shown = legible(" ".join(text.split()))
        if shown:
            size = paper.fitted(shown, sheet.BODY, sheet.RIGHT - start)
            paper.text_at(start, paper.top, shown, size)
        else:
            paper.rule(start, sheet.RIGHT, paper.top - 1.5)
    paper.skip(8)


def _answers(paper: Sheet, words: Words, marks: Sequence[Mark]) -> None:
    """Every question in few words, with squares of no meaning to any program."""
    asked = dict.fromkeys(
        mark.name.removesuffix(".yes") for mark in marks if mark.name.endswith(".yes")
    )
    for name in asked:
        if name.split(".")[0] in _SECTIONS:
            paper.skip(_ROW)
            _answer(paper, words, name)
    paper.skip(18)
    until = words.line("copy.until")
    paper.text_at(sheet.LEFT, paper.top, until, _SMALL)
    start = sheet.LEFT + paper.width(until, _SMALL) + 6
    paper.rule(start, start + 130, paper.top - 1.5)
    paper.skip(8)


def _answer(paper: Sheet, words: Words, name: str) -> None:
    right, baseline = sheet.RIGHT, paper.top
    for word in (words.line("form.no"), words.line("form.yes")):
        right -= paper.width(word, 7.5)
        paper.text_at(right, baseline, word, 7.5)
        right -= _TICK + 3
        paper.canvas.setStrokeColor(sheet.RULE)
        paper.canvas.setLineWidth(0.6)
        paper.canvas.rect(right, baseline - 1, _TICK, _TICK, stroke=1, fill=0)
        right -= 6
    shown, size = _short(words, name), _SMALL
    while size > _SMALLEST and paper.width(shown, size) > right - sheet.LEFT:
        size -= 0.25
    shown = paper.clipped(shown, size, right - sheet.LEFT)
    paper.text_at(sheet.LEFT, baseline, shown, size)
    paper.leader(sheet.LEFT + paper.width(shown, size), right, baseline)


def _short(words: Words, name: str) -> str:
    """A question in few words."""
    section, _, key = name.partition(".")
    found: Text
    if section == "channel":
        found = words[f"crowd_channel.{key}"]
    elif section == "matching":
        found = words["copy.matching"]
    else:
        found = words[name]
    return joined(tuple(text.replace("<b>", "").replace("</b>", "") for text in found))


def _slip(paper: Sheet, words: Words, institution: Institution | None) -> None:
    canvas = paper.canvas
    canvas.setStrokeColor(sheet.FAINT)
    canvas.setLineWidth(0.8)
    canvas.setDash([4, 3])
    canvas.line(0, _CUT, sheet.WIDTH, _CUT)
    canvas.setDash([])
    paper.text_at(sheet.LEFT, _CUT - 11, words.line("copy.cut"), 7, colour=sheet.FAINT)
    line = _SERIAL_BELOW
    for slip in words["copy.slip"]:
        paper.text_at(sheet.LEFT, line, slip, 13, font=BOLD)
        line -= 16
    line -= 8
    paper.text_at(sheet.LEFT, line, words.line("copy.withdraw"), sheet.BODY)
    line -= 19
    left = sheet.LEFT
    for key in ("all", "some"):
        canvas.setStrokeColor(sheet.INK)
        canvas.setLineWidth(sheet.SQUARE_LINE)
        canvas.rect(left, line - 1.6, sheet.SQUARE, sheet.SQUARE, stroke=1, fill=0)
        left += sheet.SQUARE + 5
        text = words.line(f"copy.{key}")
        paper.text_at(left, line, text, sheet.BODY)
        left += paper.width(text, sheet.BODY) + 16
    paper.rule(left - 8, sheet.RIGHT, line - 1.5)
    paper.top = line - 14
    paper.fields(
        ("copy.name", words["copy.name"], 1.5),
        ("copy.date", words["signature.date"], 0.7),
        ("copy.signature", words["signature.signature"], 1.5),
        height=30,
    )
    contact = legible(" ".join(institution.contact.split())) if institution else ""
    for text in words["copy.send"]:
        paper.skip(11)
        shown = text.format(contact=contact or "____________________________")
        size = paper.fitted(shown, _SMALL, sheet.RIGHT - sheet.LEFT, least=5.5)
        paper.text_at(sheet.LEFT, paper.top, shown, size)
