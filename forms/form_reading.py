"""Reads a page that was filled in with a pen: every answer, every signature, every doubt.

What is read is never a consent. Missing or doubtful is no, and a person confirms the rest.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

import numpy as np

from forms.ink import SIGNATURE, WORDS, Page, Seen, Sight
from forms.page_codes import Foreign, PageCode, read_code
from forms.rectifying import lay_flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from forms.layout import Layout
    from forms.scans import Grey, Scan


_HELD_UP = 0.06
"""Side of the code as a share of the photo's shorter side: of a whole sheet it is 0.1."""


class Answer(enum.StrEnum):
    """What a pair of squares, or a single one, says."""

    YES = "yes"
    NO = "no"
    NEITHER = "neither"
    """Nothing is ticked. It counts as no."""
    BOTH = "both"
    """Yes and no are ticked. It counts as no."""
    DOUBTFUL = "doubtful"
    """A person must look; until then it counts as no."""

    @property
    def must_be_looked_at(self) -> bool:
        """Whether the paper itself says nothing clear."""
        return self in {Answer.BOTH, Answer.DOUBTFUL}


class Problem(enum.StrEnum):
    """What is wrong with a page or a form as a whole."""

    NOT_FLAT = "not_flat"
    """Its corners are not to be seen: it cannot be laid flat."""
    CUT_OFF = "cut_off"
    WRITTEN_ELSEWHERE = "written_elsewhere"
    """There is ink where none belongs: words changed by hand."""
    PAGE_MISSING = "page_missing"
    PAGE_TWICE = "page_twice"
    """A page was scanned twice, and the two do not say the same."""
    NOT_SIGNED = "not_signed"
    SIGNATURE_DOUBTFUL = "signature_doubtful"
    NO_DATE = "no_date"
    NO_END = "no_end"
    """Without an end date the form is not valid."""
    SERIAL_TAKEN = "serial_taken"
    """A form with this serial is recorded already."""
    SERIAL_UNKNOWN = "serial_unknown"
    """This institution has not printed it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One question as it was read. `sights` are its squares: of a pair yes and no."""

    name: str
    page: int
    answer: Answer
    sights: tuple[Sight, ...]

    @property
    def confidence(self) -> float:
        """How sure that is, 0 to 1: as sure as the least sure square."""
        return min(sight.confidence for sight in self.sights)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """What holds all its squares, in pixels of the flat page."""
        boxes = [sight.box for sight in self.sights]
        low = (min(box[0] for box in boxes), min(box[1] for box in boxes))
        return *low, max(box[2] for box in boxes), max(box[3] for box in boxes)


@dataclasses.dataclass(frozen=True, slots=True)
class Writing:
    """A place to write in, as it was seen; nobody reads what is written there."""

    name: str
    page: int
    sight: Sight


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PageReading:
    """One page of a form.

    `flat` is the page laid flat, from which every crop is cut; None where it could not be,
    and then nothing was read. `elsewhere` are places with ink where none belongs.
    """

    scan: Scan
    code: PageCode
    flat: Grey | None
    answers: tuple[Reading, ...] = ()
    writings: tuple[Writing, ...] = ()
    elsewhere: tuple[tuple[int, int, int, int], ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def held_up(self) -> bool:
        """Whether the sheet is a small part of a photo: somebody holds it up."""
        sides = np.linalg.norm(self.code.corners - np.roll(self.code.corners, 1, axis=0), axis=1)
        return bool(sides.max() < _HELD_UP * min(self.scan.grey.shape))

    @property
    def was_read(self) -> bool:
        """Whether it could be laid flat."""
        return Problem.NOT_FLAT not in self.problems


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FormReading:
    """A form put together from its pages: a draft, for a person to confirm."""

    serial: str
    layout: Layout
    pages: Mapping[int, PageReading]
    problems: tuple[Problem, ...]

    @property
    def answers(self) -> Mapping[str, Reading]:
        """Every question by its name; none of a page that is missing."""
        return {one.name: one for page in self.pages.values() for one in page.answers}

    @property
    def writings(self) -> Mapping[str, Writing]:
        """Every place to write in by its name."""
        return {one.name: one for page in self.pages.values() for one in page.writings}


def read_page(scan: Scan) -> PageReading | Foreign:
    """What a page says; or why it is none of our forms."""
    code = read_code(scan.grey)
    if isinstance(code, Foreign):
        return code
    flat = lay_flat(scan.grey, code)
    if flat is None:
        return PageReading(scan, code, None, problems=(Problem.NOT_FLAT,))
    page = Page(flat, code.layout, code.page)
    squares = {mark.name: page.square(mark) for mark in code.layout.marks if mark.page == code.page}
    writings = tuple(
        Writing(
            blank.name,
            code.page,
            page.blank(blank, SIGNATURE if blank.name.endswith(".signature") else WORDS),
        )
        for blank in code.layout.blanks
        if blank.page == code.page
    )
    elsewhere = tuple(page.elsewhere())
    problems = [Problem.CUT_OFF] * flat.clipped + [Problem.WRITTEN_ELSEWHERE] * bool(elsewhere)
    answers = tuple(_answers(squares, code.page))
    return PageReading(scan, code, flat.grey, answers, writings, elsewhere, tuple(problems))


def _answers(squares: Mapping[str, Sight], page: int) -> Iterable[Reading]:
    for name, sight in squares.items():
        question, _, side = name.rpartition(".")
        if side == "no" and f"{question}.yes" in squares:
            continue
        if side == "yes":
            other = squares[f"{question}.no"]
            yield Reading(question, page, _of_pair(sight.seen, other.seen), (sight, other))
        else:
            yield Reading(name, page, _of_single(sight.seen), (sight,))


def _of_pair(yes: Seen, no: Seen) -> Answer:
    if Seen.DOUBTFUL in (yes, no):
        return Answer.DOUBTFUL
    return {
        (Seen.MARKED, Seen.EMPTY): Answer.YES,
        (Seen.EMPTY, Seen.MARKED): Answer.NO,
        (Seen.MARKED, Seen.MARKED): Answer.BOTH,
    }.get((yes, no), Answer.NEITHER)


def _of_single(seen: Seen) -> Answer:
    return {Seen.MARKED: Answer.YES, Seen.EMPTY: Answer.NEITHER}.get(seen, Answer.DOUBTFUL)


def join_pages(pages: Iterable[PageReading]) -> tuple[FormReading, ...]:
    """The forms that the pages make, in the order in which their first page came."""
    by_serial: dict[str, list[PageReading]] = {}
    for page in pages:
        by_serial.setdefault(page.code.serial, []).append(page)
    return tuple(_joined(serial, found) for serial, found in by_serial.items())


def _joined(serial: str, found: list[PageReading]) -> FormReading:
    layout = found[0].code.layout
    problems: dict[Problem, None] = {}
    pages: dict[int, PageReading] = {}
    for page in found:
        if page.code.layout != layout:
            problems[Problem.PAGE_TWICE] = None
            continue
        earlier = pages.setdefault(page.code.page, page)
        if earlier is page:
            continue
        if page.was_read and not earlier.was_read:
            pages[page.code.page] = page
        elif page.was_read and _said(earlier) != _said(page):
            problems[Problem.PAGE_TWICE] = None
    if len(pages) < layout.pages:
        problems[Problem.PAGE_MISSING] = None
    for number in sorted(pages):
        problems |= dict.fromkeys(pages[number].problems)
    form = FormReading(serial, layout, dict(sorted(pages.items())), ())
    problems |= dict.fromkeys(_signing(form))
    return dataclasses.replace(form, problems=tuple(problems))


def _said(page: PageReading) -> tuple[object, ...]:
    return (
        *(one.answer for one in page.answers),
        *(one.sight.seen for one in page.writings),
    )


_SIGNATURES = ("signature.signature", "representative.1.signature", "representative.2.signature")


def _signing(form: FormReading) -> Iterable[Problem]:
    """What the form lacks to be a form at all."""
    seen = {name: writing.sight.seen for name, writing in form.writings.items()}
    signed = {seen.get(name, Seen.EMPTY) for name in _SIGNATURES}
    if Seen.DOUBTFUL in signed:
        yield Problem.SIGNATURE_DOUBTFUL
    elif Seen.MARKED not in signed:
        yield Problem.NOT_SIGNED
    if seen.get("signature.date", Seen.EMPTY) is not Seen.MARKED:
        yield Problem.NO_DATE
    if seen.get("term.end", Seen.EMPTY) is not Seen.MARKED:
        yield Problem.NO_END
