"""Forms of people who are put on file with them: checked before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consent.admission import admitted_person
from consent.contradictions import check_consent
from consent.records import Dossier, Person

if TYPE_CHECKING:
    import datetime as dt

    from clearance.form_options import FormOptions
    from clearance.language import Language
    from clearance.recording import Counter

_NOBODY = "p-00000000"
"""Stands for the id of somebody who has none yet."""


def newcomer(name: str, born: dt.date | None, on: dt.date) -> Person:
    """Somebody who is not on file.

    Raises:
        RecordInvalidError: the name or the day cannot be kept.
    """
    return admitted_person(Person(_NOBODY, name, on, born), on)


def check_form_of(
    person: Person, form: FormOptions, scan: bytes, counter: Counter, words: Language
) -> None:
    """That a form of somebody who is not on file could be recorded.

    Raises:
        RecordInvalidError: it contradicts itself, the person or the policy.
        BadParameter: it names a channel that there is not.
    """
    consent = form.consent(person.id, scan, counter.settings, words, today=counter.on)
    check_consent(consent, Dossier(person=person), counter.settings.consent)
