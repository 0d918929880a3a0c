"""A form without paper: its very words in their order, for whoever reads it on a screen.

The same sections that are drawn on a sheet (`forms.form_sections`) are noted here one after the
other, so that what is read on a screen and what is printed can never differ.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, cast

from forms import form_sections as ask
from forms.form_sections import Form
from forms.variants import variant_named
from forms.wording import Words, joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forms.sheet import Sheet
    from forms.variants import Variant
    from forms.wording import Text

_FOR_THE_OFFICE = (ask.office, ask.short_office)
_BOLD = re.compile(r"<b>(.*?)</b>", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section; `number` is None where it has none."""

    number: int | None
    text: str
    kind: str = "heading"


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """Running text; parts of it may stand between `<b>` and `</b>`, and nothing else is markup."""

    markup: str
    kind: str = "said"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A question to answer with yes or no; `line` is whether there is room for words as well."""

    name: str
    markup: str
    line: bool = False
    kind: str = "question"


@dataclasses.dataclass(frozen=True, slots=True)
class Choices:
    """Squares of which some are ticked, by name."""

    name: str
    label: str
    items: tuple[tuple[str, str], ...]
    kind: str = "choices"


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """A place to write in: a box, or a line."""

    name: str
    label: str
    kind: str = "box"


@dataclasses.dataclass(frozen=True, slots=True)
class Tick:
    """One square with its text; `line` is whether there is room for words as well."""

    name: str
    text: str
    line: bool = False
    kind: str = "tick"


Block = Heading | Said | Question | Choices | Box | Tick


@dataclasses.dataclass(frozen=True, slots=True)
class Outline:
    """A form in one language.

    Attributes:
        variant: which form it is.
        language: one of `forms.wording.LANGUAGES`.
        title: what stands at its top.
        subtitle: for whom it is.
        blocks: what follows, in order; what the office fills in is left out.
        yes: the word for it.
        no: the word for it.
    """

    variant: Variant
    language: str
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    yes: str
    no: str

    @property
    def questions(self) -> tuple[str, ...]:
        """The names of all questions."""
        return tuple(one.name for one in self.blocks if isinstance(one, Question))

    @property
    def boxes(self) -> tuple[str, ...]:
        """The names of all places to write in, lines after a question or a square among them."""
        named = [one.name for one in self.blocks if isinstance(one, Box)]
        lines = [f"{one.name}.words" for one in self.blocks if isinstance(one, Question | Tick)]
        return (*named, *lines)

    @property
    def squares(self) -> tuple[str, ...]:
        """The names of all single squares."""
        ticks = [one.name for one in self.blocks if isinstance(one, Tick)]
        choices = [one for one in self.blocks if isinstance(one, Choices)]
        return (*ticks, *(f"{one.name}.{key}" for one in choices for key, _ in one.items))


def outline(variant: str, language: str) -> Outline:
    """A form as it is read on a screen.

    Raises:
        FormVariantError: there is no form of that name.
        FormLanguageError: there is none in that language.
    """
    chosen = variant_named(variant)
    words = Words(language)
    noted = _Noted()
    # The sections ask a sheet for nothing but what is noted here.
    form = Form(cast("Sheet", noted), words, None)
    for section in chosen.sections:
        if section not in _FOR_THE_OFFICE:
            section(form)
    return Outline(
        chosen,
        language,
        words.line("form.title"),
        words.line(chosen.subtitle),
        tuple(noted.blocks),
        words.line("form.yes"),
        words.line("form.no"),
    )


def runs(markup: str) -> tuple[tuple[bool, str], ...]:
    """A text in pieces, each with whether it is bold."""
    pieces = _BOLD.split(markup)
    return tuple((bool(place % 2), piece) for place, piece in enumerate(pieces) if piece)


class _Noted:
    """Takes the place of a sheet, and notes what is drawn on it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def heading(self, number: int | None, text: Text) -> None:
        self.blocks.append(Heading(number, joined(text)))

    def paragraph(self, markup: Text, *, gap: float = 0) -> None:
        self.blocks.append(Said(joined(markup)))

    def question(self, name: str, markup: Text) -> None:
        self.blocks.append(Question(name, joined(markup)))

    def questions(self, name: str, items: Mapping[str, Text], *, lines: Sequence[str] = ()) -> None:
        for key, text in items.items():
            self.blocks.append(Question(f"{name}.{key}", joined(text), key in lines))

    def choices(self, name: str, label: Text, items: Mapping[str, Text]) -> None:
        told = tuple((key, joined(text)) for key, text in items.items())
        self.blocks.append(Choices(name, joined(label), told))

    def fields(self, *labels: tuple[str, Text, float], height: float = 0) -> None:
        for name, text, _ in labels:
            self.blocks.append(Box(name, joined(text)))

    def box_after(self, name: str, text: Text, width: float) -> None:
        self.blocks.append(Box(name, joined(text)))

    def tick_line(self, name: str, text: Text, *, write: bool = False) -> None:
        self.blocks.append(Tick(name, joined(text), write))
