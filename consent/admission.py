"""What the registry admits: names, files and forms that make sense."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from consent.errors import RecordInvalidError
from consent.policy import Policy
from consent.records import Consent

MAX_NAME = 200
MAX_SERIAL = 64
MAX_REASON = 500
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
    if cause := _objection_to_line(untrusted_name, MAX_NAME):
        raise RecordInvalidError("the name cannot be kept: {cause}", cause=cause)
    return " ".join(unicodedata.normalize("NFC", untrusted_name).split())


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
    if cause := _objection_to_line(untrusted_serial, MAX_SERIAL):
        raise RecordInvalidError("the serial cannot be kept: {cause}", cause=cause)
    return untrusted_serial.strip()


def admitted_author(untrusted_name: str) -> str:
    """Who says something of a picture, as it is kept.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := _objection_to_line(untrusted_name, MAX_NAME):
        raise RecordInvalidError("who says so cannot be kept: {cause}", cause=cause)
    return " ".join(unicodedata.normalize("NFC", untrusted_name).split())


def admitted_reason(untrusted_reason: str) -> str:
    """Why somebody says it, as it is kept.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    if cause := _objection_to_line(untrusted_reason, MAX_REASON):
        raise RecordInvalidError("the reason cannot be kept: {cause}", cause=cause)
    return " ".join(unicodedata.normalize("NFC", untrusted_reason).split())


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


def check_consent(consent: Consent, on: dt.date, policy: Policy) -> None:
    """Refuse a form that contradicts itself or the institution's policy.

    Raises:
        RecordInvalidError: the message names the field.
    """
    if cause := _objection_to_consent(consent, on, policy):
        raise RecordInvalidError(
            "the form {serial} cannot be recorded: {cause}", serial=consent.serial, cause=cause
        )


def _objection_to_consent(
    consent: Consent, on: dt.date, policy: Policy
) -> RecordInvalidError | None:
    signed, until = consent.signed, consent.valid_until
    if signed > on:
        return RecordInvalidError("it is signed on {signed}, which is still to come", signed=signed)
    if until < signed:
        return RecordInvalidError(
            "it ends on {until}, before it was signed on {signed}", until=until, signed=signed
        )
    if until < consent.valid_from:
        return RecordInvalidError(
            "it ends on {until}, before it begins on {begin}", until=until, begin=consent.valid_from
        )
    if not consent.channels:
        return RecordInvalidError("it names no channel; a form without a tick allows nothing")
    if unknown := sorted(consent.channels - set(policy.channels)):
        return RecordInvalidError(
            "{unknown}: no such channel; there are {known}",
            unknown=", ".join(unknown),
            known=", ".join(policy.channels),
        )
    return None


def _objection_to_line(untrusted_text: str, longest: int) -> RecordInvalidError | None:
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
