"""Every key of clearance.toml as a field of a page: its name for people, and what it means."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from clearance import registry_words
from clearance.commandline import N_
from clearance.legal import PROFILES, legal_profile
from clearance.settings import CARRIED, DATA_MINING, Settings
from consent.admission import LANGUAGES
from consent.policy import CHANNELS, PURPOSES
from consent.records import EvidenceLevel, ExemptionKind
from review.errors import FieldRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from clearance.language import Language
    from review.visit import Visit

    _Choices = Callable[[], Iterable[tuple[str, str]]]

OWN_NAMES = {"fr": "Français", "de": "Deutsch", "it": "Italiano", "en": "English"}
"""Languages as those call them who speak them."""


class Kind(enum.StrEnum):
    """How a key is asked for."""

    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    YES = "yes"
    ONE = "one"
    SOME = "some"
    LIST = "list"


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One key of the file.

    Attributes:
        name: as the file has it.
        label: as people call it; English, translated where it is shown.
        meaning: a sentence or two; likewise.
        kind: how it is asked for.
    """

    name: str
    label: str
    meaning: str
    kind: Kind = Kind.TEXT


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One section of the file, with its title and what it is about."""

    name: str
    title: str
    about: str
    keys: tuple[Key, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One of the values that may be chosen, and how people call it."""

    value: str
    label: str


_INSTITUTION = Section(
    "institution",
    N_("Institution"),
    N_("Who publishes: it stands on forms, notices and reports."),
    (
        Key("name", N_("Name"), N_("Printed on forms and reports.")),
        Key("place", N_("Place"), N_("Printed beside the name on reports.")),
        Key(
            "contact",
            N_("Contact"),
            N_("Where people ask questions and withdraw their consent: an address or a phone."),
        ),
        Key(
            "privacy_contact",
            N_("Privacy contact"),
            N_("Who answers questions of data protection, as the record of processing names it."),
        ),
        Key(
            "authority",
            N_("Supervisory authority"),
            N_("The data protection authority that hears complaints."),
        ),
        Key("legal_profile", N_("Law"), N_("The law you live under."), Kind.ONE),
        Key("languages", N_("Languages of forms"), N_("The languages of your forms."), Kind.SOME),
        Key(
            "publishing_units",
            N_("Units that publish"),
            N_("Who alone publishes in the institution’s name."),
            Kind.LIST,
        ),
        Key(
            "logo",
            N_("Logo"),
            N_(
                "A picture in the folder of the registry, printed on forms and notices, such as "
                "logo.png."
            ),
        ),
    ),
)
_CONSENT = Section(
    "consent",
    N_("Consent"),
    N_("What you demand of a consent before anybody is published."),
    (
        Key(
            "channels",
            N_("Channels"),
            N_("Where the institution publishes. A channel that is not listed is never cleared."),
            Kind.LIST,
        ),
        Key(
            "purposes",
            N_("Purposes"),
            N_(
                "What your forms ask about, each by itself. Empty: they do not tell purposes "
                "apart, and none is asked of a use."
            ),
            Kind.LIST,
        ),
        Key(
            "worldwide_channels",
            N_("Channels seen everywhere"),
            N_(
                "Channels that a form with a smaller territory does not cover. Every channel of "
                "your own counts among them."
            ),
            Kind.LIST,
        ),
        Key("country", N_("Country"), N_("Where the other channels are seen: two letters.")),
        Key(
            "minimum_evidence",
            N_("Weakest proof that clears"),
            N_("How a form must be signed at least, from weakest to strongest."),
            Kind.ONE,
        ),
        Key(
            "guardians",
            N_("Guardians"),
            N_("How many guardians sign for a minor, unless one declares to decide alone; 1 or 2."),
            Kind.NUMBER,
        ),
        Key(
            "minor_signs_from",
            N_("Minors sign from"),
            N_("Age from which a minor signs as well."),
            Kind.NUMBER,
        ),
        Key(
            "combine_forms",
            N_("Combine forms"),
            N_(
                "Two forms may together allow what neither does. One for a single occasion or "
                "country is not completed elsewhere."
            ),
            Kind.YES,
        ),
        Key(
            "exemptions",
            N_("Exemptions that count"),
            N_(
                "Which reasons for doing without a consent count. Each needs a reason and somebody "
                "who answers for it, and none ever counts for patients, minors, or whoever said no."
            ),
            Kind.SOME,
        ),
        Key(
            "portrait_days",
            N_("Days a portrait waits"),
            N_(
                "How long a portrait waits for a consent with the biometric tick before it is "
                "deleted."
            ),
            Kind.NUMBER,
        ),
        Key(
            "retention_years",
            N_("Years people are kept"),
            N_(
                "How long a person is kept after the last form ended or was withdrawn, for claims; "
                "then they are due to be erased."
            ),
            Kind.NUMBER,
        ),
    ),
)
_DETECTION = Section(
    "detection",
    N_("Recognition"),
    N_("Which networks look at a picture, and how sure they must be."),
    (
        Key(
            "finder",
            N_("Finds faces"),
            N_("The network that finds faces: centerface, face_recognition, or one of your own."),
        ),
        Key(
            "recogniser",
            N_("Compares faces"),
            N_("The network that compares them: dlib_resnet, face_recognition, or your own."),
        ),
        Key(
            "false_positive_rate",
            N_("Strangers mistaken"),
            N_(
                "Share of strangers who may be taken for somebody enrolled at the confident limit; "
                "at most 0.01."
            ),
            Kind.SHARE,
        ),
        Key(
            "matching",
            N_("Compare faces"),
            N_("Without it nobody’s face is ever compared, and everybody is unknown."),
            Kind.YES,
        ),
        Key(
            "thorough",
            N_("Look thoroughly"),
            N_(
                "Look for faces at every size, mirrored and turned, in every picture: finds more "
                "and takes several times as long."
            ),
            Kind.YES,
        ),
    ),
)
_PUBLICATION = Section(
    "publication",
    N_("Publication"),
    N_("What may leave the house, and what a copy says of itself."),
    (
        Key(
            "allow_too_small",
            N_("Tiny faces pass"),
            N_("Faces under 12 pixels wide pass as not recognisable. Without it they block."),
            Kind.YES,
        ),
        Key(
            "purpose",
            N_("Usual purpose"),
            N_(
                "What pictures are for where nobody says so. Not stated: a form must allow every "
                "purpose."
            ),
            Kind.ONE,
        ),
        Key(
            "max_edge",
            N_("Largest version"),
            N_(
                "Longer edge, in pixels, of the largest version you publish; 0: each file at its "
                "own size. Verdicts are about that version only, and hidden copies have its size."
            ),
            Kind.NUMBER,
        ),
        Key(
            "carry",
            N_("Kept in copies"),
            N_(
                "What a copy keeps of its photo’s metadata, after the name check. Everything else "
                "stays behind."
            ),
            Kind.SOME,
        ),
        Key(
            "data_mining",
            N_("Training machines"),
            N_("What a copy says about training machines on it, a word of PLUS."),
            Kind.ONE,
        ),
        Key(
            "credited",
            N_("Photographers always named"),
            N_(
                "Photographers who may always be named as creator, in the credit line and in the "
                "copyright notice, whatever they signed as people in pictures."
            ),
            Kind.LIST,
        ),
        Key(
            "ordinary_words",
            N_("Ordinary words"),
            N_(
                "Words that name nobody by themselves although somebody in the registry bears "
                "them: Koch, Berg, Bach. Beside the given name they still do."
            ),
            Kind.LIST,
        ),
        Key(
            "crop_share",
            N_("Smallest crop"),
            N_(
                "The least share of a picture that a crop without the uncleared people must keep "
                "to be offered; above 0, at most 1."
            ),
            Kind.SHARE,
        ),
        Key(
            "four_eyes",
            N_("Four eyes"),
            N_("Whoever asked for a publication, or found it ready, may not approve it."),
            Kind.YES,
        ),
        Key(
            "take_down_days",
            N_("Days to take down"),
            N_(
                "Days that are given to take down a publication whose consent was withdrawn or has "
                "ended; 0 to 365."
            ),
            Kind.NUMBER,
        ),
        Key(
            "take_down_owner",
            N_("Who takes down"),
            N_("The account that must take it down; empty: the one that published it."),
        ),
    ),
)
_DESK = Section(
    "desk",
    N_("Desk"),
    N_("How these pages are run. Sessions and sizes count from the next start."),
    (
        Key(
            "idle_minutes",
            N_("Minutes without a page"),
            N_("After so long without a page a session ends; 1 to 720."),
            Kind.NUMBER,
        ),
        Key(
            "session_hours",
            N_("Hours of a session"),
            N_("After so long it ends in any case; 1 to 24."),
            Kind.NUMBER,
        ),
        Key(
            "largest_file_mib",
            N_("Largest file"),
            N_("The largest file that may be sent to the desk, in MiB."),
            Kind.NUMBER,
        ),
    ),
)
SECTIONS = (_INSTITUTION, _CONSENT, _DETECTION, _PUBLICATION, _DESK)


def section_named(name: str) -> Section | None:
    """The section of that name; None for none."""
    return next((one for one in SECTIONS if one.name == name), None)


def options(section: str, key: str, settings: Settings, words: Language) -> tuple[Option, ...]:
    """What may be chosen for a key, in a reader's language; empty where anything may be said."""
    known = _choices(settings, words).get(f"{section}.{key}")
    return tuple(Option(value, label) for value, label in known()) if known else ()


def _choices(settings: Settings, words: Language) -> Mapping[str, _Choices]:
    _ = words.gettext

    def purposes() -> Iterator[tuple[str, str]]:
        yield "", _("not stated")
        for one in settings.consent.purposes:
            yield one, registry_words.purpose(one, words) or one

    return {
        "institution.legal_profile": lambda: (
            (one, legal_profile(one, words.code).title) for one in PROFILES
        ),
        # In their own languages, as the switch has them.
        "institution.languages": lambda: ((one, OWN_NAMES[one]) for one in LANGUAGES),
        "consent.minimum_evidence": lambda: (
            (one, registry_words.level(one, words)) for one in EvidenceLevel
        ),
        "consent.exemptions": lambda: (
            (one, registry_words.exemption(one, words)) for one in ExemptionKind
        ),
        "publication.purpose": purposes,
        "publication.carry": lambda: ((one, _carried(one, words)) for one in CARRIED),
        "publication.data_mining": lambda: ((one, _mining(one, words)) for one in DATA_MINING),
    }


def shown(section: str, key: Key, value: object, settings: Settings, words: Language) -> str:
    """A value as people read it."""
    _ = words.gettext
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    named = {one.value: one.label for one in options(section, key.name, settings, words)}
    if section == "consent" and key.name in ("channels", "worldwide_channels"):
        named = {one: words.channel(one) for one in CHANNELS}
    if section == "consent" and key.name == "purposes":
        named = {one: registry_words.purpose(one, words) or one for one in PURPOSES}
    if isinstance(value, tuple):
        return ", ".join(str(named.get(one, one)) for one in value) or _("none")
    return named.get(str(value), str(value)) or _("empty")


def sent(section: Section, visit: Visit) -> Mapping[str, object]:
    """What the form of a section says, by key.

    Raises:
        FieldRefusedError: a number is no number.
    """
    return {key.name: _sent(key, visit) for key in section.keys}


def _sent(key: Key, visit: Visit) -> object:
    match key.kind:
        case Kind.YES:
            return bool(visit.text(key.name))
        case Kind.SOME:
            return visit.texts(key.name)
        case Kind.LIST:
            return listed(visit.text(key.name, most=20_000).splitlines())
        case Kind.NUMBER:
            return _number(key, visit.text(key.name), int)
        case Kind.SHARE:
            return _number(key, visit.text(key.name).replace(",", "."), float)
    return visit.text(key.name)


def listed(lines: Iterable[str]) -> tuple[str, ...]:
    """What stands on lines of its own; empty ones are nothing."""
    return tuple(line.strip() for line in lines if line.strip())


def _number(key: Key, text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise FieldRefusedError("must be a number", key=key.name) from None


def _carried(name: str, words: Language) -> str:
    _ = words.gettext
    return {
        "creator": _("creator"),
        "credit": _("credit line"),
        "copyright": _("copyright notice"),
        "web_statement": _("address of the terms"),
        "alt_text": _("text for who cannot see it"),
        "caption": _("caption"),
        "keywords": _("keywords"),
    }[name]


def _mining(name: str, words: Language) -> str:
    _ = words.gettext
    return {
        "unspecified": _("says nothing"),
        "allowed": _("allowed"),
        "prohibited": _("forbidden"),
        "prohibited_aimltraining": _("forbidden to train AI"),
        "prohibited_genaimltraining": _("forbidden to train AI that makes pictures or texts"),
        "prohibited_exceptsearchengineindexing": _("forbidden except for search engines"),
        "prohibited_seeconstraint": _("forbidden, with a constraint that is named"),
        "prohibited_seeembeddedrightsexpr": _("forbidden, by terms in the file"),
        "prohibited_seelinkedrightsexpr": _("forbidden, by terms that are linked"),
    }[name]
