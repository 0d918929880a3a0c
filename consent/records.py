"""The values of the registry: people, signed consents, withdrawals, uses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import secrets

# Crockford's base 32: no I, L, O or U, so that an id survives a telephone call.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISHEARD = str.maketrans("OIL", "011")
_ID_LENGTH = 8
MAJORITY = 18
"""Age in years from which a person is of age: Swiss Civil Code, article 14."""
_ID = re.compile(rf"p-[{_ALPHABET}]{{{_ID_LENGTH}}}")


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be in a picture. The id means nothing outside the registry."""

    id: str
    name: str
    added_on: dt.date
    born: dt.date | None = None

    def minor_on(self, day: dt.date) -> bool:
        """Whether the person is known to be under age on that day.

        Who is born on 29 February is of age on 1 March. A person without a date of
        birth on file counts as of age: the registry cannot know better.
        """
        if self.born is None:
            return False
        birthday_to_come = (day.month, day.day) < (self.born.month, self.born.day)
        return day.year - self.born.year - birthday_to_come < MAJORITY


@dataclasses.dataclass(frozen=True, slots=True)
class Portrait:
    """A photo of one person alone; `suffix` is the kind of file, like ".jpg"."""

    data: bytes = dataclasses.field(repr=False)
    suffix: str


@dataclasses.dataclass(frozen=True, slots=True)
class StoredPortrait:
    """A portrait as the registry gives it back, decrypted, with the day it was added."""

    id: str
    data: bytes = dataclasses.field(repr=False)
    suffix: str
    added_on: dt.date


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """The scan that proves a consent: its SHA-256, kind of file and size in bytes."""

    sha256: str
    suffix: str
    size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Withdrawal:
    """A person took a consent back: for one channel, or wholly when `channel` is None."""

    effective: dt.date
    channel: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One signed form: who agreed to which channels, from when until when.

    `biometric` is the separate tick for matching the person's face. Both ends of
    the term are days on which the consent holds.
    """

    serial: str
    person: str
    signed: dt.date
    valid_from: dt.date
    valid_until: dt.date
    channels: frozenset[str]
    biometric: bool
    evidence: Evidence
    recorded_on: dt.date
    withdrawals: tuple[Withdrawal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotAFace:
    """A person's word on a region of one exact file: a poster, a statue, a pattern.

    `picture` is the file's SHA-256, `box` the region in pixels of the upright
    picture: left, top, right, bottom, the last two exclusive. `by` is who says so.
    """

    id: str
    picture: str
    box: tuple[int, int, int, int]
    by: str
    reason: str
    on: dt.date


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """What somebody wants to do with a picture: publish it on a channel, on a day."""

    channel: str
    on: dt.date


def new_person_id() -> str:
    """A random id, short and unambiguous to read aloud."""
    return "p-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def new_portrait_id() -> str:
    """A random id for a portrait."""
    return secrets.token_hex(8)


def new_word_id() -> str:
    """A random id for what somebody said of a picture."""
    return secrets.token_hex(8)


def person_id_in(text: str) -> str | None:
    """The id a person meant by the text, or None where it cannot be one.

    Lower case and the letters O, I and L, which no id has, are understood.
    """
    prefix, _, rest = text.strip().partition("-")
    candidate = "p-" + rest.upper().translate(_MISHEARD)
    return candidate if prefix.lower() == "p" and _ID.fullmatch(candidate) else None
