"""The forms that there are: one for everybody, and shorter ones for those who know which."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from forms import form_sections as ask
from forms.errors import FormVariantError

if TYPE_CHECKING:
    from forms.form_sections import Section


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A form: its name, what its code says of it, and its sections in their order.

    `template` and `version` stand on the paper. The version is raised with every change of
    the wording or of a square's place; `python -m forms.layout` then keeps the new one beside
    the old ones. `sides` is how many pages it may have in one language, and twice as many in
    two. `of_age` is whether it is for adults only; None where for everybody. `one_occasion`: it
    says of itself that it is about one occasion only.
    """

    name: str
    template: str
    version: int
    sides: int
    subtitle: str
    sections: tuple[Section, ...]
    of_age: bool | None = True
    one_occasion: bool = False


_WHAT = (ask.session, ask.material, ask.purpose, ask.channels, ask.term, ask.naming, ask.editing)
_END = (ask.notes, ask.signature("signature.text"), ask.office)

_ALL = (
    Variant(
        "general",
        "IR",
        1,
        2,
        "form.subtitle",
        (
            ask.opening(),
            ask.person,
            *_WHAT,
            ask.secrecy("patient.heading"),
            ask.matching,
            ask.representative,
            *_END,
        ),
        of_age=None,
    ),
    Variant(
        "adult",
        "IA",
        1,
        2,
        "subtitle.adult",
        (
            ask.opening(),
            ask.adult("visitor", "volunteer", "student", "other"),
            *_WHAT,
            ask.matching,
            *_END,
        ),
    ),
    Variant(
        "minor",
        "IM",
        1,
        2,
        "subtitle.minor",
        (
            ask.opening(),
            ask.child,
            *_WHAT,
            ask.secrecy("patient.heading"),
            ask.matching,
            ask.notes,
            ask.guardians,
            ask.signature("minor.signature"),
            ask.office,
        ),
        of_age=False,
    ),
    Variant(
        "patient",
        "IP",
        1,
        2,
        "subtitle.patient",
        (
            ask.opening(),
            ask.adult(),
            *_WHAT,
            ask.secrecy("patient_form.heading"),
            ask.matching,
            *_END,
        ),
    ),
    Variant(
        "represented",
        "IL",
        1,
        2,
        "subtitle.represented",
        (
            ask.opening(),
            ask.represented_person,
            *_WHAT,
            ask.secrecy("patient.heading"),
            ask.matching,
            ask.notes,
            ask.legal_representative,
            ask.signature("represented.signature"),
            ask.office,
        ),
    ),
    Variant(
        "staff",
        "IS",
        1,
        2,
        "subtitle.staff",
        (ask.opening(), ask.member_of_staff, *_WHAT, ask.matching, *_END),
    ),
    Variant(
        "event",
        "IE",
        1,
        2,
        "subtitle.event",
        (
            ask.opening("event.text"),
            ask.adult("visitor", "volunteer", "student", "staff", "other"),
            ask.session,
            ask.material,
            ask.purpose_of_an_event,
            ask.channels,
            ask.term,
            ask.naming,
            ask.editing,
            ask.matching,
            *_END,
        ),
        one_occasion=True,
    ),
    Variant(
        "crowd",
        "IC",
        1,
        1,
        "subtitle.crowd",
        (
            ask.opening("crowd.text"),
            ask.anybody_in_a_crowd,
            ask.short_session,
            ask.what_in_a_crowd,
            ask.channels_in_a_crowd,
            ask.short_term,
            ask.short_editing,
            ask.matching,
            ask.short_notes,
            ask.signature("signature.text"),
            ask.short_office,
        ),
        one_occasion=True,
    ),
)
VARIANTS = {variant.name: variant for variant in _ALL}
"""Every form that is printed now, by its name."""
GENERAL = "general"
ONE_OCCASION = frozenset(variant.template for variant in _ALL if variant.one_occasion)
"""Templates, in whatever version, that are about one occasion only."""


def variant_named(name: str) -> Variant:
    """The form of that name.

    Raises:
        FormVariantError: there is none.
    """
    try:
        return VARIANTS[name]
    except KeyError as error:
        raise FormVariantError(
            "There is no form {name!r}. Choose one of {known}.",
            name=name,
            known=", ".join(VARIANTS),
        ) from error
