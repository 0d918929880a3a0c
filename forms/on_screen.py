"""A form that was signed on a screen: what it says as a record, and as a document that proves it.

The document holds the whole wording as it was read, every answer, what was written, the strokes
of the signatures, when, and who was at the desk. It is a simple electronic signature: the law
gives it less weight than one by hand (CO 14 II bis), and the record says so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from clearance.form_options import FormOptions
from clearance.language import language
from clearance.legal import legal_profile
from consent.records import EvidenceLevel, Material
from forms import sheet
from forms.consent_form import form_template
from forms.drafts import INITIALS, MATCHING, SIGNATURE
from forms.errors import FormNotConfirmedError
from forms.outline import Box, Choices, Heading, Question, Said, Tick
from forms.strokes import Drawn
from forms.typeface import BOLD, REGULAR, legible, register_typeface
from forms.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable

    from clearance.settings import Institution
    from consent.policy import Policy
    from forms.outline import Block, Outline
    from forms.strokes import Strokes

GUARDIANS = ("representative.1", "representative.2")
BIRTH = "person.birth"
END = "term.end"
ASSENT = "representative.assent"
_SCREEN_DAYS = (".date",)
"""Boxes for the day of a signature: it is the day, and nobody writes it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Signature:
    """How somebody signed: strokes, or the name typed under the words "I sign"."""

    strokes: Strokes = ()
    typed: str = ""

    def __bool__(self) -> bool:
        """Whether anybody signed at all."""
        return bool(self.strokes or self.typed)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """What somebody said on a screen.

    Attributes:
        outline: the form as it was read.
        serial: its number.
        at: when it was sent, with the zone of the institution's clock.
        desk: who was at the desk.
        answers: yes or no by the question's name; a question without an answer is not there.
        squares: the names of squares that were ticked.
        written: what stands in boxes, also what the desk had written before.
        signatures: by the name of their box, as on paper.
        born: the day of birth.
        until: the last day of the consent.
        event: the one occasion that it is about; None for no particular one.
    """

    outline: Outline
    serial: str
    at: dt.datetime
    desk: str
    answers: Mapping[str, bool]
    squares: frozenset[str]
    written: Mapping[str, str]
    signatures: Mapping[str, Signature]
    born: dt.date
    until: dt.date
    event: str | None = None

    @property
    def name(self) -> str:
        """First name and surname, as the person wrote them."""
        names = (self.written.get(f"person.{one}", "") for one in ("first_name", "surname"))
        return " ".join(filter(None, names))

    @property
    def signed(self) -> dt.date:
        """The day of the signature."""
        return self.at.date()

    @property
    def guardians(self) -> tuple[tuple[str, str], ...]:
        """Name and relation of each who signed for the person."""
        return tuple(
            (self.written.get(f"{one}.name", ""), self.written.get(f"{one}.relation", ""))
            for one in GUARDIANS
            if self.signatures.get(f"{one}.signature")
        )

    @property
    def template(self) -> str:
        """The form and its version, as in `IR-1`."""
        return f"{self.outline.variant.template}-{self.outline.variant.version}"

    def form(self, policy: Policy) -> FormOptions:
        """The form as somebody would have typed it; whatever was not clearly answered is no.

        Raises:
            FormNotConfirmedError: a name or a signature is missing, the child or the
                represented person did not agree, or the form is not for somebody of that age.
        """
        self._check()
        represented = "represented" in self.outline.variant.name or self._adult_represented
        others = self.guardians
        yes = {name for name, said in self.answers.items() if said}
        if not self.written.get(INITIALS):
            # Asked for apart from everything else, and signed apart.
            yes.discard(MATCHING)

        def ticked(section: str) -> list[str]:
            start = f"{section}."
            return [name.removeprefix(start) for name in sorted(yes) if name.startswith(start)]

        # The first comma parts a name from the relation.
        told = [(name.replace(",", " "), relation) for name, relation in others]
        guardians = [", ".join(filter(None, one)) for one in told] if not represented else []
        return FormOptions(
            serial=self.serial,
            signed=self.signed,
            until=self.until,
            # The form asks about all places; those that the institution does not know are none.
            channel=[one for one in ticked("channel") if one in policy.channels],
            evidence=Path("signed.pdf"),
            purpose=[one for one in ticked("purpose") if one in policy.purposes],
            material=[Material(one) for one in ticked("material")],
            biometric=MATCHING in yes,
            event=self.event,
            named="naming.name" in yes,
            editing="editing.allowed" in yes,
            release=ticked("patient"),
            guardian=guardians or None,
            sole_authority="representative.sole" in self.squares and bool(guardians),
            representative=others[0][0] if represented and others else None,
            basis=self._basis if represented else "",
            level=EvidenceLevel.SIMPLE,
            own_signature=bool(self.signatures.get(SIGNATURE)),
            form=self.template,
            form_language=self.outline.language,
            collected_by=self.desk,
        )

    @property
    def patient(self) -> bool:
        """Whether the person said that they are there as a patient."""
        return self.outline.variant.name == "patient" or "capacity.patient" in self.squares

    @property
    def _adult_represented(self) -> bool:
        return "representative.adult" in self.squares

    @property
    def _basis(self) -> str:
        names = ("represented.basis", "represented.document", "representative.adult.words")
        return ", ".join(filter(None, (self.written.get(name, "") for name in names)))

    def _check(self) -> None:
        if not all(self.written.get(f"person.{one}") for one in ("surname", "first_name")):
            raise FormNotConfirmedError("Write your surname and your first name.")
        if not any(self.signatures.values()):
            raise FormNotConfirmedError("Sign the form, or type your name and tick “I sign”.")
        minor = _age(self.born, self.signed) < 18  # noqa: PLR2004 - of age, CC 14
        of_age = self.outline.variant.of_age
        if of_age and minor:
            raise FormNotConfirmedError(
                "This form is for people of 18 and over. Ask at the desk for the right one."
            )
        if of_age is False and not minor:
            raise FormNotConfirmedError(
                "This form is for people under 18. Ask at the desk for the right one."
            )
        self._check_others()

    def _check_others(self) -> None:
        needed = self.outline.variant.name == "represented" or self._adult_represented
        if needed and not (self.guardians and self._basis):
            raise FormNotConfirmedError(
                "Who represents the person must sign, and say on what basis they may."
            )
        if any(not name for name, _ in self.guardians):
            raise FormNotConfirmedError("Whoever signs for somebody writes their name as well.")
        if self.guardians and not self.answers.get(ASSENT, False):
            raise FormNotConfirmedError(
                "The child or the represented person was not said to agree: their no counts. "
                "Nothing was recorded."
            )


def _age(born: dt.date, on: dt.date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


# --- the document ------------------------------------------------------------------------------

_BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.5, leading=12.5, textColor=sheet.INK)
_TITLE = ParagraphStyle("title", _BODY, fontName=BOLD, fontSize=16, leading=20)
_HEADING = ParagraphStyle(
    "heading",
    _BODY,
    fontName=BOLD,
    fontSize=10.5,
    leading=14,
    spaceBefore=8,
    spaceAfter=2,
    textColor=sheet.ACCENT,
)
_SMALL = ParagraphStyle("small", _BODY, fontSize=8, leading=10, textColor=sheet.FAINT)
_ROOM = sheet.RIGHT - sheet.LEFT


def signed_document(form: SignedForm, institution: Institution) -> bytes:
    """The form with its answers and signatures as a PDF: what is kept, and what is handed out."""
    register_typeface()
    stream = io.BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=sheet.LEFT,
        rightMargin=sheet.LEFT,
        topMargin=40,
        bottomMargin=44,
        title=f"{form.outline.title} {form.serial}",
        lang=form.outline.language,
    )

    def foot(canvas: Canvas, built: SimpleDocTemplate) -> None:
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(sheet.FAINT)
        texts = load_wording(form.outline.language).texts
        canvas.drawString(sheet.LEFT, 26, f"{texts['form.serial']} {form.serial}")
        canvas.drawRightString(sheet.RIGHT, 26, str(built.page))

    document.build(_story(form, institution), onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue()


def _story(form: SignedForm, institution: Institution) -> list[Flowable]:
    texts = load_wording(form.outline.language).texts
    story: list[Flowable] = [
        Paragraph(form.outline.title, _TITLE),
        Paragraph(form.outline.subtitle, _SMALL),
        Spacer(0, 6),
    ]
    house = {
        texts["form.institution"]: ", ".join(filter(None, (institution.name, institution.place))),
        texts["form.contact"]: institution.contact,
        texts["form.authority"]: institution.authority,
    }
    story.append(_facts(house))
    for block in form.outline.blocks:
        story += _block(block, form)
    story.append(Spacer(0, 6))
    law = legal_profile(institution.legal_profile, form.outline.language).image_right
    story.append(Paragraph(escape(law), _SMALL))
    story.append(KeepTogether(_protocol(form, texts)))
    return story


def _block(block: Block, form: SignedForm) -> list[Flowable]:
    match block:
        case Heading():
            number = f"{block.number}   " if block.number else ""
            return [Paragraph(number + escape(block.text), _HEADING)]
        case Said():
            return [Paragraph(block.markup, _BODY), Spacer(0, 3)]
        case Question():
            said = form.answers.get(block.name)
            word = {True: form.outline.yes, False: form.outline.no, None: "–"}[said]
            words = form.written.get(f"{block.name}.words", "")
            asked = block.markup + (f" {_plain(words)}" if words else "")
            return [_pair(asked, f"<b>{escape(word)}</b>", 0.86)]
        case Choices():
            chosen = [text for key, text in block.items if f"{block.name}.{key}" in form.squares]
            return [_pair(escape(block.label), f"<b>{escape(', '.join(chosen)) or '–'}</b>", 0.35)]
        case Tick():
            ticked = form.outline.yes if block.name in form.squares else "–"
            words = form.written.get(f"{block.name}.words", "")
            return [_pair(f"{escape(block.text)} {_plain(words)}", f"<b>{ticked}</b>", 0.86)]
        case Box():
            return _box(block, form)


def _box(block: Box, form: SignedForm) -> list[Flowable]:
    if block.name.endswith(".signature"):
        signature = form.signatures.get(block.name, Signature())
        label = Paragraph(escape(block.label), _SMALL)
        if signature.strokes:
            return [KeepTogether([label, Drawn(signature.strokes), Spacer(0, 4)])]
        typed = f"<b>{_plain(signature.typed)}</b>" if signature.typed else "–"
        return [_pair(escape(block.label), typed, 0.35)]
    return [_pair(escape(block.label), f"<b>{_plain(_written(block.name, form)) or '–'}</b>", 0.35)]


def _written(name: str, form: SignedForm) -> str:
    if name.endswith(_SCREEN_DAYS) and name != "session.date":
        signed = form.signatures.get(name.removesuffix("date") + "signature")
        return _day(form.signed) if signed else ""
    return {BIRTH: _day(form.born), END: _day(form.until)}.get(name) or form.written.get(name, "")


def _protocol(form: SignedForm, texts: Mapping[str, str]) -> list[Flowable]:
    from clearance import registry_words

    words = language(form.outline.language)
    _ = words.gettext
    printed = form_template(form.outline.language, form.outline.variant.name)
    signed_with = {
        True: _("drawn on the screen"),
        False: _("name typed, and “I sign” ticked"),
    }
    kinds = {signed_with[bool(one.strokes)] for one in form.signatures.values() if one}
    facts = {
        texts["form.serial"]: form.serial,
        _("form"): texts["form.template"].format(
            template=form.outline.variant.template,
            version=form.outline.variant.version,
            language=form.outline.language,
            hash=printed.fingerprint[:16],
        ),
        _("signed at"): form.at.isoformat(sep=" ", timespec="seconds"),
        _("at the desk"): form.desk,
        _("day of birth"): _day(form.born),
        _("only for"): form.event or "",
        _("signature"): ", ".join(sorted(kinds)),
        _("proof"): registry_words.level(EvidenceLevel.SIMPLE, words),
    }
    return [Paragraph(escape(_("How it was signed")), _HEADING), _facts(facts)]


def _facts(facts: Mapping[str, str]) -> Table:
    # A table has one row at least.
    told = {name: fact for name, fact in facts.items() if fact} or {"": "–"}
    rows = [
        [Paragraph(escape(name), _SMALL), Paragraph(_plain(fact), _BODY)]
        for name, fact in told.items()
    ]
    return _table(rows, 0.3)


def _pair(left: str, right: str, share: float) -> Table:
    return _table([[Paragraph(left, _BODY), Paragraph(right, _BODY)]], share)


def _table(rows: list[list[Paragraph]], share: float) -> Table:
    table = Table(rows, colWidths=[_ROOM * share, _ROOM * (1 - share)], hAlign="LEFT")
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ]
    )
    return table


def _plain(text: str) -> str:
    """What somebody wrote, as text and nothing else."""
    return escape(legible(" ".join(text.split())))


def _day(day: dt.date) -> str:
    return day.strftime("%d.%m.%Y")
