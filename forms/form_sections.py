"""The sections of a consent form: what each asks, drawn on paper.

Names of squares and boxes mean the same on every form, so that whoever reads one back need
not know which form it is.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from forms import sheet
from forms.typeface import BOLD, legible
from forms.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clearance.settings import Institution
    from forms.logo import Logo
    from forms.sheet import Sheet
    from forms.wording import Text, Words

    Section = Callable[["Form"], None]

_LOGO = (110.0, 29.0)
"""Most width and height of a logo in points, at the right of the title."""


@dataclasses.dataclass(slots=True)
class Form:
    """A form that is being drawn: the page under the pen, its words, and the next number."""

    paper: Sheet
    words: Words
    institution: Institution | None
    logo: Logo | None = None
    number: int = 0

    def heading(self, key: str) -> None:
        """The title of a section, with the next number."""
        self.number += 1
        self.paper.heading(self.number, self.words[key])

    def fields(
        self,
        names: Mapping[str, tuple[str, float]],
        *,
        height: float = 26,
    ) -> None:
        """Boxes side by side: by name, the key of the label and the share of the width."""
        labels = ((name, self.words[key], share) for name, (key, share) in names.items())
        self.paper.fields(*labels, height=height)

    def texts(self, keys: Iterable[str], section: str) -> dict[str, Text]:
        """Some sentences of a section by their keys."""
        return {key: self.words[f"{section}.{key}"] for key in keys}


def _bold(text: Text) -> Text:
    return tuple(f"<b>{one}</b>" for one in text)


def head(form: Form, subtitle: str) -> None:
    """Title, institution, and where the code stands. `subtitle` is the key of the line below."""
    paper, words = form.paper, form.words
    titles = words["form.title"]
    if len(titles) == 1:
        paper.text_at(sheet.LEFT, sheet.TOP - 15, titles[0], 18, font=BOLD)
        paper.text_at(sheet.LEFT, sheet.TOP - 28, words[subtitle][0], 9.5, colour=sheet.FAINT)
    else:
        for line, title in enumerate(titles):
            paper.text_at(sheet.LEFT, sheet.TOP - 9.5 - 14 * line, title, 13.5, font=BOLD)
        below = joined(words[subtitle])
        size = paper.fitted(below, 8.0, sheet.CODE_LEFT - 10 - sheet.LEFT, least=6.0)
        paper.text_at(sheet.LEFT, sheet.TOP - 34.5, below, size, colour=sheet.FAINT)
    if form.logo:
        form.logo.draw(paper.canvas, sheet.CODE_LEFT - 10, sheet.TOP - 30, *_LOGO)
    house = form.institution
    lines = (
        ("form.institution", _place_and_name(house)),
        ("form.contact", house.contact if house else ""),
        ("form.authority", house.authority if house else ""),
    )
    # Two languages leave less room for what the institution is called.
    small = 8.5 if len(titles) == 1 else 7.0
    start = sheet.LEFT + 8 + max(paper.width(words.line(key), small) for key, _ in lines)
    for index, (key, text) in enumerate(lines):
        baseline = sheet.TOP - 44 - index * 12 - 2 * (len(titles) - 1)
        paper.text_at(sheet.LEFT, baseline, words.line(key), small, colour=sheet.FAINT)
        _draw_institution(paper, start, baseline, text)
    paper.below_code()
    paper.skip(10)


def _draw_institution(paper: Sheet, start: float, baseline: float, text: str) -> None:
    room = sheet.CODE_LEFT - 10 - start
    if text.strip():
        shown = legible(" ".join(text.split()))
        paper.text_at(start, baseline, shown, paper.fitted(shown, sheet.BODY, room))
    else:
        # What the settings do not say is left to a pen or a stamp.
        paper.rule(start, start + room, baseline - 1.5)


def _place_and_name(institution: Institution | None) -> str:
    if institution is None:
        return ""
    return ", ".join(part for part in (institution.name, institution.place) if part.strip())


def opening(*more: str) -> Section:
    """That one decides freely, and that a blank is a no; before it what is said of this form."""

    def draw(form: Form) -> None:
        for key in more:
            form.paper.paragraph(form.words[key], gap=1)
        form.paper.paragraph(form.words["intro.free"], gap=1)
        form.paper.paragraph(form.words["intro.blank"], gap=0)

    return draw


# --- who ---------------------------------------------------------------------------------------

_CAPACITIES = ("patient", "staff", "visitor", "volunteer", "student", "other")


def person(form: Form) -> None:
    """Somebody, of any age and capacity."""
    form.heading("person.heading")
    _names(form)
    form.fields({"person.contact": ("person.contact", 1.6), "person.birth": ("person.birth", 1)})
    _capacity(form, _CAPACITIES)


def adult(*capacities: str) -> Section:
    """Somebody of 18 and over, who comes as one of the capacities; none where it is clear."""

    def draw(form: Form) -> None:
        form.heading("person.heading")
        _names(form)
        form.fields({"person.contact": ("person.contact", 1)})
        if capacities:
            _capacity(form, capacities)

    return draw


def child(form: Form) -> None:
    """Somebody under 18, whose birthday ends it."""
    form.heading("minor.person")
    _names(form)
    form.fields({"person.contact": ("minor.contact", 1.6), "person.birth": ("minor.birth", 1)})
    _capacity(form, ("patient", "visitor", "student", "other"))
    form.paper.paragraph(form.words["minor.meant"], gap=1)


def represented_person(form: Form) -> None:
    """An adult for whom somebody else decides."""
    form.heading("represented.person")
    _names(form)
    form.fields({"person.contact": ("person.contact", 1)})
    _capacity(form, ("patient", "visitor", "other"))
    form.paper.paragraph(form.words["represented.meant"], gap=1)


def member_of_staff(form: Form) -> None:
    """Somebody who works there."""
    form.heading("person.heading")
    _names(form)
    form.fields({"staff.function": ("staff.function", 1), "staff.unit": ("staff.unit", 1)})
    form.fields({"person.contact": ("person.contact", 1)})
    form.paper.paragraph(form.words["staff.free"], gap=1)


def anybody_in_a_crowd(form: Form) -> None:
    """Name and contact in one line."""
    form.heading("person.heading")
    names = {"surname": 1.0, "first_name": 0.9, "contact": 1.4}
    form.fields({f"person.{key}": (f"person.{key}", share) for key, share in names.items()})


def _names(form: Form) -> None:
    form.fields(
        {"person.surname": ("person.surname", 1), "person.first_name": ("person.first_name", 1)}
    )


def _capacity(form: Form, capacities: Iterable[str]) -> None:
    choices = form.texts(capacities, "person")
    form.paper.choices("capacity", form.words["person.capacity"], choices)


# --- what, what for, where, how long ----------------------------------------------------------


def session(form: Form) -> None:
    """The occasion at which the pictures are taken."""
    form.heading("session.heading")
    form.fields({"session.event": ("session.event", 1.6), "session.date": ("session.date", 1)})
    form.fields(
        {
            "session.place": ("session.place", 1.6),
            "session.photographer": ("session.photographer", 1),
        }
    )


def short_session(form: Form) -> None:
    """The occasion in one line."""
    form.heading("session.heading")
    form.fields({"session.event": ("session.event", 1.6), "session.date": ("session.date", 1)})


def material(form: Form) -> None:
    """What may be recorded."""
    form.heading("material.heading")
    form.paper.questions("material", form.words.section("material"))


def purpose(form: Form) -> None:
    """What for."""
    form.heading("purpose.heading")
    form.paper.questions("purpose", form.words.section("purpose"), lines=("other",))


def purpose_of_an_event(form: Form) -> None:
    """What for, where there is one occasion and nothing else."""
    form.heading("purpose.heading")
    form.paper.questions("purpose", form.texts(("events", "services"), "purpose"))


def channels(form: Form) -> None:
    """Where, each by itself."""
    form.heading("channel.heading")
    for channel, text in form.words.section("channel").items():
        form.paper.question(f"channel.{channel}", text)


def what_in_a_crowd(form: Form) -> None:
    """What may be recorded and what for, under one heading."""
    form.heading("crowd.question")
    form.paper.questions("material", form.texts(("photo", "video"), "crowd"))
    form.paper.questions("purpose", form.texts(("events", "services"), "crowd"))


def channels_in_a_crowd(form: Form) -> None:
    """Where, in few words."""
    form.heading("channel.heading")
    form.paper.questions("channel", form.words.section("crowd_channel"))


def term(form: Form) -> None:
    """Until when, and how far what is online can be seen."""
    form.heading("term.heading")
    _end(form)
    required, territory = form.words["term.required"], form.words["term.territory"]
    both = tuple(f"{one} {other}" for one, other in zip(required, territory, strict=True))
    form.paper.paragraph(both, gap=1)


def short_term(form: Form) -> None:
    """Until when."""
    _end(form)
    form.paper.paragraph(form.words["term.required"], gap=1)


def _end(form: Form) -> None:
    form.paper.box_after("term.end", form.words["term.end"], 120)


def naming(form: Form) -> None:
    """Whether the name and the function may stand with the pictures."""
    form.heading("naming.heading")
    for key, text in form.words.section("naming").items():
        form.paper.question(f"naming.{key}", text)


def editing(form: Form) -> None:
    """What may be done to the pictures, and what never is."""
    form.heading("editing.heading")
    form.paper.question("editing.allowed", form.words["editing.allowed"])
    form.paper.paragraph(form.words["editing.never"])


def short_editing(form: Form) -> None:
    """What may be done to the pictures."""
    form.paper.question("editing.allowed", form.words["editing.allowed"])


# --- what is asked apart ----------------------------------------------------------------------


def secrecy(heading: str) -> Section:
    """What one may learn of a patient. `heading` is the key of its title."""

    def draw(form: Form) -> None:
        form.heading(heading)
        form.paper.paragraph(form.words["patient.text"])
        for key in ("presence", "service", "diagnosis"):
            form.paper.question(f"patient.{key}", form.words[f"patient.{key}"])

    return draw


def matching(form: Form) -> None:
    """Whether a program may compare the face: initialled apart."""
    form.heading("matching.heading")
    form.paper.paragraph(form.words["matching.text"])
    form.paper.question("matching", _bold(form.words["matching.question"]))
    form.paper.box_after("matching.initials", form.words["matching.initials"], 60)


# --- who signs ---------------------------------------------------------------------------------


def representative(form: Form) -> None:
    """Somebody who signs for a child, or for an adult."""
    form.heading("representative.heading")
    form.paper.paragraph(form.words["representative.text"])
    _signing_for(form, 2)
    form.paper.tick_line("representative.sole", form.words["representative.sole"])
    form.paper.tick_line("representative.adult", form.words["representative.adult"], write=True)
    form.paper.question("representative.assent", form.words["representative.assent"])


def guardians(form: Form) -> None:
    """Everybody who holds parental responsibility, and what the child says."""
    form.heading("minor.heading")
    form.paper.paragraph(form.words["minor.text"])
    _signing_for(form, 2)
    form.paper.tick_line("representative.sole", form.words["representative.sole"])
    form.paper.question("representative.assent", form.words["minor.assent"])


def legal_representative(form: Form) -> None:
    """Who decides for an adult, on what basis, and what that adult says."""
    form.heading("represented.heading")
    form.paper.paragraph(form.words["represented.text"])
    _signing_for(form, 1)
    form.fields(
        {
            "represented.basis": ("represented.basis", 1),
            "represented.document": ("represented.document", 1),
        }
    )
    form.fields({"represented.wish": ("represented.wish", 1)})
    form.paper.question("representative.assent", form.words["represented.assent"])


def _signing_for(form: Form, people: int) -> None:
    shares = {"name": 1.5, "relation": 0.8, "date": 0.7, "signature": 1.5}
    for number in range(1, people + 1):
        form.fields(
            {
                f"representative.{number}.{key}": (f"representative.{key}", share)
                for key, share in shares.items()
            }
        )


def notes(form: Form) -> None:
    """What one must know before one signs."""
    form.heading("notes.heading")
    for text in form.words.section("notes").values():
        form.paper.paragraph(text, gap=2)


def short_notes(form: Form) -> None:
    """The same in one paragraph."""
    form.heading("notes.heading")
    form.paper.paragraph(form.words["crowd.notes"])


def signature(text: str) -> Section:
    """Place, date and signature under a sentence, whose key is given."""

    def draw(form: Form) -> None:
        form.heading("signature.heading")
        form.paper.paragraph(_bold(form.words[text]))
        shares = {"place": 1.0, "date": 0.8, "signature": 2.0}
        names = {f"signature.{key}": (f"signature.{key}", share) for key, share in shares.items()}
        form.fields(names, height=36)

    return draw


def office(form: Form) -> None:
    """What the office notes."""
    form.paper.heading(None, form.words["office.heading"])
    shares = {"received": 0.7, "portrait": 0.7, "collected": 1.0, "checked": 1.1}
    form.fields({f"office.{key}": (f"office.{key}", share) for key, share in shares.items()})
    form.paper.choices("office", (), form.texts(("identity", "copy", "scanned"), "office"))


def short_office(form: Form) -> None:
    """What the office notes of one of many."""
    form.paper.choices("office", (), form.texts(("identity", "copy", "scanned"), "office"))
