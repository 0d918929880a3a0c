"""The values of the registry: people, signed forms, what became of them, uses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
import secrets

# Crockford's base 32: no I, L, O or U, so that an id survives a telephone call.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISHEARD = str.maketrans("OIL", "011")
_ID_LENGTH = 8
MAJORITY = 18
"""Age in years from which a person is of age: Swiss Civil Code, article 14."""
WORLD = "world"
"""The territory of a form that sets no border; what is on the internet needs it."""
_ID = re.compile(rf"p-[{_ALPHABET}]{{{_ID_LENGTH}}}")
_PUBLICATION = re.compile(rf"pub-[{_ALPHABET}]{{{_ID_LENGTH}}}")


class Capacity(enum.StrEnum):
    """As what a person is in the picture."""

    PATIENT = "patient"
    STAFF = "staff"
    VISITOR = "visitor"
    VOLUNTEER = "volunteer"
    STUDENT = "student"
    SPEAKER = "speaker"
    OTHER = "other"


class Status(enum.StrEnum):
    """What a person is to the institution today."""

    ACTIVE = "active"
    LEFT = "left"
    DECEASED = "deceased"


class Material(enum.StrEnum):
    """What is recorded of a person."""

    PHOTO = "photo"
    VIDEO = "video"
    VOICE = "voice"
    QUOTATION = "quotation"


class EvidenceLevel(enum.StrEnum):
    """How well a consent is proved, from weakest to strongest.

    In Swiss law only a qualified electronic signature with a qualified time stamp
    equals one by hand (CO 14 II bis).
    """

    VERBAL = "verbal"
    SIMPLE = "simple"
    ADVANCED = "advanced"
    WET_INK = "wet_ink"
    QUALIFIED = "qualified"

    @property
    def rank(self) -> int:
        """Place in the order of strength, 0 for the weakest."""
        return list(EvidenceLevel).index(self)


class Role(enum.StrEnum):
    """For whom somebody signs."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class ExemptionKind(enum.StrEnum):
    """Why an institution holds that somebody's consent is not needed."""

    INCIDENTAL = "incidental"
    CROWD = "crowd"
    PUBLIC_FIGURE = "public_figure"
    PRESS_INTEREST = "press_interest"


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be in a picture. The id means nothing outside the registry.

    `name` is what people read; where `coded`, a reference code that stands for it.
    `contact` is how to reach the person, `language` the one to write in: fr, de, it, en.
    """

    id: str
    name: str
    added_on: dt.date
    born: dt.date | None = None
    coded: bool = False
    contact: str = ""
    language: str = ""
    capacity: Capacity = Capacity.OTHER
    status: Status = Status.ACTIVE

    def minor_on(self, day: dt.date) -> bool:
        """Whether the person is known to be under age on that day.

        Who is born on 29 February is of age on 1 March. A person without a date of
        birth on file counts as of age: the registry cannot know better.
        """
        age = self.age_on(day)
        return age is not None and age < MAJORITY

    def age_on(self, day: dt.date) -> int | None:
        """Age in whole years on that day; None where the day of birth is not on file."""
        if self.born is None:
            return None
        birthday_to_come = (day.month, day.day) < (self.born.month, self.born.day)
        return day.year - self.born.year - birthday_to_come

    @property
    def last_day_as_minor(self) -> dt.date | None:
        """The day before the eighteenth birthday; None where the day of birth is not on file."""
        if self.born is None:
            return None
        year = self.born.year + MAJORITY
        try:
            birthday = self.born.replace(year=year)
        except ValueError:  # 29 February
            birthday = dt.date(year, 3, 1)
        return birthday - dt.timedelta(days=1)


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
    """What proves a consent: SHA-256, kind and size in bytes of the file, and its strength."""

    sha256: str
    suffix: str
    size: int
    level: EvidenceLevel = EvidenceLevel.WET_INK


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a form says yes to. A question without an answer was answered no.

    `event` limits it to the pictures of one occasion. `territory` is `WORLD` or country
    codes (ISO 3166, two letters). Both ends of the term are days on which it holds.
    """

    materials: frozenset[Material]
    channels: frozenset[str]
    purposes: frozenset[str]
    valid_from: dt.date
    valid_until: dt.date
    event: str | None = None
    territory: frozenset[str] = frozenset({WORLD})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Secrecy:
    """What a patient allows a picture to reveal: being there, the service, the diagnosis."""

    presence: bool = False
    service: bool = False
    diagnosis: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The further questions of a form, each answered by itself.

    `remuneration` says what is paid, empty for nothing.
    """

    biometric: bool = False
    named: bool = False
    editing: bool = False
    secrecy: Secrecy = Secrecy()
    remuneration: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Somebody who signed a form, and for whom.

    `relation` is a guardian's to the child, `basis` what lets a representative act: a
    curatorship, a mandate.
    """

    role: Role
    name: str = ""
    relation: str = ""
    basis: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The form as a document: which text was signed, and who took it in.

    `template` and `version` name the printed form, empty and 0 for one of another origin.
    `id_check` says how the signatory's identity was checked, `confirmed_by` who compared what
    a program had read with the paper; empty where a person typed it all.
    """

    template: str = ""
    version: int = 0
    language: str = ""
    collected_by: str = ""
    id_check: str = ""
    confirmed_by: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Supersession:
    """An older form that a newer one takes the place of; `channels` None is all of it."""

    serial: str
    channels: frozenset[str] | None = None

    def takes(self, channel: str) -> bool:
        """Whether the older form's answer for the channel no longer counts."""
        return self.channels is None or channel in self.channels


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One signed form: who agreed to what, and the proof of it.

    `sole_authority` is one guardian's declaration to hold parental authority alone.
    `supersedes` names the forms this one renews.
    """

    serial: str
    person: str
    signed: dt.date
    scope: Scope
    evidence: Evidence
    recorded_on: dt.date
    terms: Terms = Terms()
    signatories: tuple[Signatory, ...] = (Signatory(role=Role.SELF),)
    sole_authority: bool = False
    paper: Paper = Paper()
    supersedes: tuple[Supersession, ...] = ()

    def signed_by(self, role: Role) -> tuple[Signatory, ...]:
        """Whoever signed in that role."""
        return tuple(one for one in self.signatories if one.role is role)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A person took a consent back: for one channel, or wholly when `channel` is None.

    `serials` are the forms that were on file when it was recorded, or, where `only`, those
    it is about and no other. `effective` is the day on which the person said so.
    """

    effective: dt.date
    channel: str | None = None
    serials: frozenset[str] = frozenset()
    only: bool = False
    recorded_on: dt.date
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A person said no: to one channel, or to everything when `channel` is None.

    `by_child` marks the no of somebody under age, which no guardian's yes outweighs.
    `taken_back` is the day on which the person expressly changed their mind.
    """

    id: str
    on: dt.date
    channel: str | None = None
    serials: frozenset[str] = frozenset()
    by_child: bool = False
    note: str = ""
    taken_back: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing of a person may be published, and nobody may erase them, until it is lifted."""

    id: str
    on: dt.date
    by: str
    reason: str
    lifted_on: dt.date | None = None
    lifted_by: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Somebody answers for it that a person's consent is not needed.

    `channels` empty means none; `event` limits it as in a scope.
    """

    id: str
    kind: ExemptionKind
    reason: str
    approver: str
    on: dt.date
    valid_until: dt.date
    channels: frozenset[str]
    event: str | None = None
    ended_on: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything on file about one person that decides what may be published.

    `lookalikes` are the ids of people who were said to look like this one.
    """

    person: Person
    consents: tuple[Consent, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    holds: tuple[Hold, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    lookalikes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse the form of somebody else: it would clear the wrong person.

        Raises:
            ValueError: a consent is another person's, or two have one serial.
        """
        if any(consent.person != self.person.id for consent in self.consents):
            raise ValueError("the consents of one person are asked for, not of several")
        if len({consent.serial for consent in self.consents}) < len(self.consents):
            raise ValueError("a serial is of one form")

    def consent(self, serial: str) -> Consent | None:
        """The form with that serial."""
        return next((one for one in self.consents if one.serial == serial), None)


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """A person's word that a region of one exact file shows somebody.

    `picture` and `box` are as in `NotAFace`; `by` recognised `person`.
    """

    id: str
    picture: str
    box: tuple[int, int, int, int]
    person: str
    by: str
    on: dt.date
    taken_back: dt.date | None = None
    taken_back_by: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Showing:
    """That a file of a publication shows somebody who can be recognised.

    `id` is random and says nothing of the person; `serials` are the forms that it rests on,
    none for an exemption, until `until`.
    """

    id: str
    person: str
    serials: tuple[str, ...] = ()
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody wants to do with a picture.

    `on` is the day of publication, `until` the last day of the campaign: the same day
    when None. `purpose` None is a use whose purpose nobody stated, which needs a yes to
    every purpose; `event` None is a picture of no named occasion.
    """

    channel: str
    on: dt.date
    purpose: str | None = None
    material: Material = Material.PHOTO
    event: str | None = None
    until: dt.date | None = None


def new_person_id() -> str:
    """A random id, short and unambiguous to read aloud."""
    return "p-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def new_publication_id() -> str:
    """A random id of a publication, as short and unambiguous as that of a person."""
    return "pub-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def new_id() -> str:
    """A random id for anything else that is on file: a portrait, a word, a hold."""
    return secrets.token_hex(8)


def person_id_in(text: str) -> str | None:
    """The id a person meant by the text, or None where it cannot be one.

    Lower case and the letters O, I and L, which no id has, are understood.
    """
    prefix, _, rest = text.strip().partition("-")
    candidate = "p-" + rest.upper().translate(_MISHEARD)
    return candidate if prefix.lower() == "p" and _ID.fullmatch(candidate) else None


def publication_id_in(text: str) -> str | None:
    """The id of a publication that somebody meant, or None where it cannot be one.

    Lower case and the letters O, I and L, which no id has, are understood.
    """
    prefix, _, rest = text.strip().partition("-")
    candidate = "pub-" + rest.upper().translate(_MISHEARD)
    return candidate if prefix.lower() == "pub" and _PUBLICATION.fullmatch(candidate) else None


def same_event(one: str, other: str) -> bool:
    """Whether two spellings mean the same occasion: case and spaces do not count."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
