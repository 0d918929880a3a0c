"""A form that was read, packed for a person to confirm: its answers, its pages, its evidence.

One ZIP: `reading.json`, `scan.pdf` with the pages as they came from the scanner (what is kept
as evidence), and `page-N.png`, the pages laid flat, from which crops are cut.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from PIL import Image

from forms.errors import FormNotConfirmedError
from forms.form_reading import Answer, Problem
from forms.ink import Seen

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from forms.digital_signatures import DigitalSignature
    from forms.form_reading import FormReading, PageReading

_READING, _SCAN, _PORTRAIT = "reading.json", "scan.pdf", "portrait"
_MARGIN = 40
"""Pixels around a square or box that a crop shows."""
_QUALITY = 80
SIGNATURE = "signature.signature"
_GUARDIANS = ("representative.1.signature", "representative.2.signature")
_DAYS = ("signature.date", "term.end")
"""Without an end the form is not valid, as it says itself."""
_ASSENT = "representative.assent"
MATCHING, INITIALS = "matching", "matching.initials"
# Who signs digitally leaves no ink.
_ABOUT_PENS = frozenset({Problem.NOT_SIGNED, Problem.SIGNATURE_DOUBTFUL})
# With these there is no form to confirm, whoever looks at it.
_FATAL = {
    Problem.PAGE_MISSING: FormNotConfirmedError("a page is missing"),
    Problem.PAGE_TWICE: FormNotConfirmedError("a page was read twice and does not say the same"),
    Problem.NOT_FLAT: FormNotConfirmedError("a page cannot be laid flat"),
    Problem.SERIAL_TAKEN: FormNotConfirmedError("a form with this number is recorded already"),
    Problem.SERIAL_UNKNOWN: FormNotConfirmedError("its number was not printed here"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Settled:
    """The questions that were answered with yes, and the boxes that somebody wrote in."""

    yes: frozenset[str]
    written: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """A form that was read and that nobody has confirmed.

    `reading` is what `draft_of` wrote, as JSON; `scan` a PDF; `pages` PNG files by number.
    `portrait` is the photo of somebody who holds the sheet, if there is one.
    """

    reading: Mapping[str, Any]
    scan: bytes
    pages: Mapping[int, bytes]
    portrait: bytes = b""

    @property
    def serial(self) -> str:
        """The form's number."""
        return str(self.reading["serial"])

    @property
    def on_screen(self) -> bool:
        """Whether it was filled in on a screen: then nobody has signed with a pen."""
        return bool(self.reading["on_screen"])

    @property
    def level(self) -> str:
        """How well it is proved, as `consent.records.EvidenceLevel` names it.

        A digital signature is an *advanced* one where a root that the institution trusts
        vouches for the signer. Whether it is a qualified one no program here can tell.
        """
        signatures = self.reading["signatures"]
        if signatures:
            return "advanced" if all(one["trusted"] for one in signatures) else "simple"
        return "simple" if self.on_screen else "wet_ink"

    @property
    def answers(self) -> dict[str, Answer]:
        """What each question says."""
        return {name: Answer(one["answer"]) for name, one in self.reading["answers"].items()}

    @property
    def writings(self) -> dict[str, Seen]:
        """Whether somebody wrote in each box."""
        return {name: Seen(one["seen"]) for name, one in self.reading["writings"].items()}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the form as a whole."""
        return tuple(map(Problem, self.reading["problems"]))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Names of questions and boxes that a person must look at."""
        questions = [name for name, answer in self.answers.items() if answer.must_be_looked_at]
        boxes = [name for name, seen in self.writings.items() if seen is Seen.DOUBTFUL]
        return (*questions, *boxes)

    def with_portrait(self, data: bytes, suffix: str, name: str) -> Draft:
        """The draft with a photo of somebody who holds the sheet.

        Raises:
            FormNotConfirmedError: nobody asked for a portrait: without the tick for
                matching none may be kept.
        """
        if self.answers.get(MATCHING) is not Answer.YES:
            raise FormNotConfirmedError(
                "{name}: the form {serial} does not say yes to matching the face, so that no "
                "portrait is kept.",
                name=name,
                serial=self.serial,
            )
        reading = {**self.reading, "portrait": {"file": name, "suffix": suffix}}
        return dataclasses.replace(self, reading=reading, portrait=data)

    def crop(self, name: str) -> Image.Image:
        """The part of the flat page around a question or a box.

        Raises:
            KeyError: there is no such place on the form.
        """
        place = self.reading["answers"].get(name) or self.reading["writings"][name]
        return self.cut(place["page"], place["box"])

    def cut(self, page: int, box: Iterable[int]) -> Image.Image:
        """A part of a flat page, with what is around it."""
        left, top, right, bottom = box
        with Image.open(io.BytesIO(self.pages[page])) as whole:
            return whole.crop(
                (
                    max(0, left - _MARGIN),
                    max(0, top - _MARGIN),
                    min(whole.width, right + _MARGIN),
                    min(whole.height, bottom + _MARGIN),
                )
            )

    def packed(self) -> bytes:
        """The draft as one file."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_READING, json.dumps(self.reading, ensure_ascii=False))
            archive.writestr(_SCAN, self.scan)
            archive.writestr(_PORTRAIT, self.portrait)
            for number, page in self.pages.items():
                archive.writestr(f"page-{number}.png", page)
        return stream.getvalue()

    @classmethod
    def unpacked(cls, packed: bytes) -> Draft:
        """The draft in a file that `packed` made."""
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            pages = {
                int(name.removeprefix("page-").removesuffix(".png")): archive.read(name)
                for name in archive.namelist()
                if name.startswith("page-")
            }
            files = (archive.read(name) for name in (_SCAN, _PORTRAIT))
            scan, portrait = files
            return cls(json.loads(archive.read(_READING)), scan, pages, portrait)

    def settled(self, words: Mapping[str, bool], *, others: int, changes_seen: bool) -> Settled:
        """What the form says, with what a person said of some places.

        What is missing or doubtful, and what a person did not settle, is no.

        Args:
            words: what a person, who looked at the paper, says of questions and boxes.
            others: how many people sign for the person.
            changes_seen: a person has looked at what was written where none belongs.

        Raises:
            FormNotConfirmedError: it is no form that could be a consent.
        """
        self._check_whole(words, changes_seen=changes_seen)
        read = {name: answer is Answer.YES for name, answer in self.answers.items()}
        read |= {name: seen is Seen.MARKED for name, seen in self.writings.items()}
        yes = {name for name, said in {**read, **words}.items() if said}
        written = frozenset(yes & self.writings.keys())
        # Whoever is named as signing for somebody has a box of their own.
        signatures = _GUARDIANS[:others] if others else (SIGNATURE,)
        if len(self.reading["signatures"]) >= len(signatures):
            written |= set(signatures)
        for name in (*signatures, *_DAYS):
            if name not in written:
                raise FormNotConfirmedError(
                    "Nothing is written in {name} on the form {serial}. If it is, say "
                    "--answer {name}=yes.",
                    serial=self.serial,
                    name=name,
                )
        if others:
            self._check_assent(words)
        if INITIALS not in written:
            # Asked for apart from everything else, and signed apart.
            yes.discard(MATCHING)
        return Settled(frozenset(yes & self.answers.keys()), written)

    def _check_whole(self, words: Mapping[str, bool], *, changes_seen: bool) -> None:
        """That this is a form that could be confirmed, and that the words are about it."""
        known = self.answers.keys() | self.writings.keys()
        for name in words:
            if name not in known:
                raise FormNotConfirmedError(
                    "There is no question {name!r} on the form {serial}.",
                    name=name,
                    serial=self.serial,
                )
        for problem, cause in _FATAL.items():
            if problem in self.problems:
                raise FormNotConfirmedError(
                    "The form {serial} cannot be confirmed: {cause}. Read it again, or record "
                    "it by hand.",
                    serial=self.serial,
                    cause=cause,
                )
        if Problem.WRITTEN_ELSEWHERE in self.problems and not changes_seen:
            raise FormNotConfirmedError(
                "Somebody wrote on the form {serial} where no writing belongs. Look at it, and "
                "say --changes-seen if it changes nothing.",
                serial=self.serial,
            )

    def _check_assent(self, words: Mapping[str, bool]) -> None:
        """A child's no always counts, and so does that of a represented person."""
        said = self.answers.get(_ASSENT, Answer.NEITHER)
        unclear = said in {Answer.NO, Answer.BOTH, Answer.DOUBTFUL}
        if not words.get(_ASSENT, not unclear):
            raise FormNotConfirmedError(
                "The child or the represented person did not clearly agree on the form {serial}: "
                "their no counts. Note it with clearance consent refuse, or say "
                "--answer {name}=yes if the paper does.",
                serial=self.serial,
                name=_ASSENT,
            )


@dataclasses.dataclass(frozen=True, slots=True)
class PageFiles:
    """A page as files: the scan as JPEG, and flat as PNG, empty where it was not read.

    A tenth of the pixels' size: the pages of a whole stack wait for the others of their forms.
    """

    scan: bytes
    flat: bytes


def page_files(page: PageReading) -> PageFiles:
    """The pictures of a page, to be kept instead of its pixels."""
    stream = io.BytesIO()
    Image.fromarray(page.scan.grey).save(stream, "JPEG", quality=_QUALITY)
    flat = b"" if page.flat is None else _png(Image.fromarray(page.flat))
    return PageFiles(stream.getvalue(), flat)


def draft_of(
    form: FormReading,
    files: Mapping[int, PageFiles],
    read_on: dt.date,
    problems: Iterable[Problem] = (),
    *,
    original: bytes | None = None,
    signatures: Sequence[DigitalSignature] = (),
) -> Draft:
    """The draft of a form as it was read.

    Args:
        form: what was read.
        files: the pictures of its pages, by their numbers on the form.
        read_on: the day.
        problems: those that the registry knows of.
        original: the PDF itself, where it holds this form and nothing else: the evidence
            of a form that was filled in on a screen.
        signatures: of that file.
    """
    reading = {
        "serial": form.serial,
        "template": form.layout.template,
        "version": form.layout.version,
        "language": form.layout.language,
        "fingerprint": form.layout.fingerprint,
        "read_on": read_on.isoformat(),
        "on_screen": any(page.scan.on_screen for page in form.pages.values()),
        "problems": [
            problem.value
            for problem in (*form.problems, *problems)
            if not (signatures and problem in _ABOUT_PENS)
        ],
        "pages": [
            {
                "page": number,
                "file": page.scan.path.name,
                "number": page.scan.number,
                "sha256": page.scan.sha256,
            }
            for number, page in form.pages.items()
        ],
        "answers": {
            name: {
                "answer": one.answer.value,
                "confidence": round(one.confidence, 3),
                "doubts": [sight.doubt.value for sight in one.sights if sight.doubt],
                "page": one.page,
                "box": list(one.box),
            }
            for name, one in form.answers.items()
        },
        "writings": {
            name: {
                "seen": one.sight.seen.value,
                "confidence": round(one.sight.confidence, 3),
                "doubts": [one.sight.doubt.value] if one.sight.doubt else [],
                "page": one.page,
                "box": list(one.sight.box),
            }
            for name, one in form.writings.items()
        },
        "signatures": [
            {
                "signer": one.signer,
                "signed_at": one.signed_at.isoformat() if one.signed_at else None,
                "stamped": one.stamped,
                "trusted": one.trusted,
            }
            for one in signatures
        ],
        "portrait": None,
        "elsewhere": [
            {"page": number, "box": list(box)}
            for number, page in form.pages.items()
            for box in page.elsewhere
        ],
    }
    pages = {number: one.flat for number, one in files.items() if one.flat}
    scan = original or _evidence(form.serial, [files[number].scan for number in form.pages])
    return Draft(reading, scan, pages)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _evidence(serial: str, scans: Sequence[bytes]) -> bytes:
    """The pages of the form as they were scanned, in order, as one PDF."""
    stream = io.BytesIO()
    first, *others = (Image.open(io.BytesIO(scan)) for scan in scans)
    first.save(
        stream, "PDF", save_all=True, append_images=others, title=serial, quality=_QUALITY + 10
    )
    return stream.getvalue()
