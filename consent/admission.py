"""What the registry admits: names, days, texts and files that make sense."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata

from consent.errors import RecordInvalidError
from consent.records import Person

MAX_NAME = 200
MAX_SERIAL = 64
MAX_REASON = 500
MAX_CONTACT = 500
LANGUAGES = ("fr", "de", "it", "en")
# Nobody has reached 123; what is older is a typing error.
MAX_AGE = 120
# Control and format characters (among them those that turn the writing
# direction), halves of characters, private ones, line and paragraph separators.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Needed to spell names in Persian and several Indian scripts.
_JOINERS = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def admitted_name(untrusted_name: str) -> str:
    """The name as it is kept: composed, with single spaces.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := objection_to_line(untrusted_name, MAX_NAME):
        raise RecordInvalidError("the name cannot be kept: {cause}", cause=cause)
    return _composed(untrusted_name)


def admitted_person(person: Person, on: dt.date) -> Person:
    """The person with every text as it is kept.

    Raises:
        RecordInvalidError: a detail cannot be kept.
    """
    return dataclasses.replace(
        person,
        name=admitted_name(person.name),
        born=admitted_birth(person.born, on) if person.born else None,
        contact=admitted_contact(person.contact),
        language=admitted_language(person.language),
    )


def admitted_birth(born: dt.date, on: dt.date) -> dt.date:
    """The day of birth, as it was given.

    Raises:
        RecordInvalidError: it is still to come, or too long ago.
    """
    if born > on:
        cause = RecordInvalidError("{born} is still to come", born=born)
    elif on.year - born.year > MAX_AGE:
        cause = RecordInvalidError(
            "{born} is more than {years} years ago", born=born, years=MAX_AGE
        )
    else:
        return born
    raise RecordInvalidError("the day of birth cannot be kept: {cause}", cause=cause)


def name_key(name: str) -> str:
    """What two spellings of the same name have in common: case and spaces do not count."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def admitted_serial(untrusted_serial: str) -> str:
    """The serial as it is kept, without spaces around it.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := objection_to_line(untrusted_serial, MAX_SERIAL):
        raise RecordInvalidError("the serial cannot be kept: {cause}", cause=cause)
    return untrusted_serial.strip()


def admitted_author(untrusted_name: str) -> str:
    """Who says something of a picture, as it is kept.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := objection_to_line(untrusted_name, MAX_NAME):
        raise RecordInvalidError("who says so cannot be kept: {cause}", cause=cause)
    return _composed(untrusted_name)


def admitted_reason(untrusted_reason: str) -> str:
    """Why somebody says it, as it is kept.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := objection_to_line(untrusted_reason, MAX_REASON):
        raise RecordInvalidError("the reason cannot be kept: {cause}", cause=cause)
    return _composed(untrusted_reason)


def admitted_scan(data: bytes, untrusted_suffix: str) -> str:
    """The suffix as it is kept, for a scan that has something in it.

    Raises:
        RecordInvalidError: the file is empty, or the suffix is none.
    """
    if cause := _objection_to_file(data, untrusted_suffix):
        raise RecordInvalidError("the scan of the form cannot be kept: {cause}", cause=cause)
    return untrusted_suffix.lower()


def admitted_portrait(data: bytes, untrusted_suffix: str) -> str:
    """The suffix as it is kept, for a portrait that has something in it.

    Raises:
        RecordInvalidError: the file is empty, or the suffix is none.
    """
    if cause := _objection_to_file(data, untrusted_suffix):
        raise RecordInvalidError("the portrait cannot be kept: {cause}", cause=cause)
    return untrusted_suffix.lower()


def admitted_contact(untrusted_contact: str) -> str:
    """How to reach a person, as it is kept; it may be empty.

    Raises:
        RecordInvalidError: it is too long, or has control characters.
    """
    if not untrusted_contact.strip():
        return ""
    if cause := objection_to_line(untrusted_contact, MAX_CONTACT):
        raise RecordInvalidError("the contact cannot be kept: {cause}", cause=cause)
    return _composed(untrusted_contact)


def admitted_note(untrusted_note: str) -> str:
    """A remark, as it is kept; it may be empty.

    Raises:
        RecordInvalidError: it is too long, or has control characters.
    """
    if not untrusted_note.strip():
        return ""
    if cause := objection_to_line(untrusted_note, MAX_REASON):
        raise RecordInvalidError("the remark cannot be kept: {cause}", cause=cause)
    return _composed(untrusted_note)


def admitted_language(untrusted_code: str) -> str:
    """The language to write to a person in, as it is kept; it may be empty.

    Raises:
        RecordInvalidError: it is none of the four.
    """
    code = untrusted_code.strip().lower()
    if code and code not in LANGUAGES:
        raise RecordInvalidError(
            "{code!r} is not a language of the forms; there are {known}",
            code=untrusted_code,
            known=", ".join(LANGUAGES),
        )
    return code


def admitted_form_language(untrusted_code: str) -> str:
    """The language of a signed form, or its two side by side, as in `fr+de`; may be empty.

    Raises:
        RecordInvalidError: it is none of the four, and no two of them.
    """
    first, beside, second = untrusted_code.partition("+")
    languages = [admitted_language(one) for one in (first, second)]
    if not beside:
        return languages[0]
    if not all(languages) or languages[0] == languages[1]:
        raise RecordInvalidError(
            "{code!r} is not a language of the forms; there are {known}",
            code=untrusted_code,
            known=", ".join(LANGUAGES),
        )
    return "+".join(languages)


def _composed(text: str) -> str:
    """The text as it is kept: letters composed, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def objection_to_line(untrusted_text: str, longest: int) -> RecordInvalidError | None:
    """Why a text cannot be kept as one line; None if it can."""
    text = untrusted_text.strip()
    if not text:
        return RecordInvalidError("it is blank")
    if len(text) > longest:
        return RecordInvalidError(
            "it has {length} characters; {longest} are allowed", length=len(text), longest=longest
        )
    if any(unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS for char in text):
        return RecordInvalidError("it has characters that cannot be seen; type it anew")
    return None


def _objection_to_file(data: bytes, untrusted_suffix: str) -> RecordInvalidError | None:
    if not data:
        return RecordInvalidError("the file is empty; name another one")
    if not _SUFFIX.fullmatch(untrusted_suffix.lower()):
        return RecordInvalidError(
            "its name needs a suffix like .pdf or .jpg, not {suffix!r}", suffix=untrusted_suffix
        )
    return None
