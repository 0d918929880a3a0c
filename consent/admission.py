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
    name = _line("the name", untrusted_name, MAX_NAME)
    return " ".join(unicodedata.normalize("NFC", name).split())


def name_key(name: str) -> str:
    """What two spellings of the same name have in common: case and spaces do not count."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def admitted_serial(untrusted_serial: str) -> str:
    """The serial as it is kept, without spaces around it.

    Raises:
        RecordInvalidError: it is blank, too long, or has control characters.
    """
    return _line("the serial", untrusted_serial, MAX_SERIAL)


def admitted_file(what: str, data: bytes, untrusted_suffix: str) -> str:
    """The suffix as it is kept, for a file that has something in it.

    Raises:
        RecordInvalidError: the file is empty, or the suffix is none.
    """
    if not data:
        raise RecordInvalidError(f"{what} is empty; give the file itself")
    suffix = untrusted_suffix.lower()
    if not _SUFFIX.fullmatch(suffix):
        raise RecordInvalidError(f"{what} needs a suffix like .pdf or .jpg, not {suffix!r}")
    return suffix


def check_consent(consent: Consent, on: dt.date, policy: Policy) -> None:
    """Refuse a form that contradicts itself or the institution's policy.

    Raises:
        RecordInvalidError: the message names the field.
    """
    unknown = sorted(consent.channels - set(policy.channels))
    complaints = {
        f"it is signed on {consent.signed}, which is still to come": consent.signed > on,
        f"it ends on {consent.valid_until}, before it was signed on {consent.signed}": (
            consent.valid_until < consent.signed
        ),
        f"it ends on {consent.valid_until}, before it begins on {consent.valid_from}": (
            consent.valid_until < consent.valid_from
        ),
        "it names no channel; a form without a tick allows nothing": not consent.channels,
        f"{', '.join(unknown)}: no such channel; there are {', '.join(policy.channels)}": (
            bool(unknown)
        ),
    }
    for complaint, applies in complaints.items():
        if applies:
            raise RecordInvalidError(f"the form {consent.serial} cannot be recorded: {complaint}")


def _line(what: str, untrusted_text: str, longest: int) -> str:
    text = untrusted_text.strip()
    if not text:
        raise RecordInvalidError(f"{what} is blank")
    if len(text) > longest:
        raise RecordInvalidError(f"{what} has {len(text)} characters; {longest} are allowed")
    if any(unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS for char in text):
        raise RecordInvalidError(f"{what} has characters that cannot be seen; type it anew")
    return text
