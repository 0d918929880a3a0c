"""clearance.toml: what an institution decides once, validated on load.

Each section is a frozen dataclass of the room it belongs to; an absent file or
section means the defaults, which are the strict ones.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from clearance.errors import SettingsInvalidError
from clearance.legal import PROFILES
from clearance.rendition import SMALLEST_EDGE, fits
from consent.admission import LANGUAGES
from consent.policy import Policy
from consent.records import MAJORITY, EvidenceLevel, ExemptionKind

if TYPE_CHECKING:
    from detector.models import UserModel

FILE_NAME = "clearance.toml"
CARRIED = (
    "creator", "credit", "copyright", "web_statement", "alt_text", "caption", "keywords",
)  # fmt: skip
"""What a copy may keep of its photo's metadata: the fields of `clearance.metadata.Rights`."""
DATA_MINING = (
    "unspecified",
    "allowed",
    "prohibited",
    "prohibited_aimltraining",
    "prohibited_genaimltraining",
    "prohibited_exceptsearchengineindexing",
    "prohibited_seeconstraint",
    "prohibited_seeembeddedrightsexpr",
    "prohibited_seelinkedrightsexpr",
)
"""What it may say about training machines: `clearance.metadata.DataMining`, in small letters."""
MOST_TAKE_DOWN_DAYS = 365
"""A later deadline is none."""
_TABLE = re.compile(r"\s*\[(?P<table>[^\[\]]+)\]")


@dataclasses.dataclass(frozen=True, slots=True)
class Institution:
    """Who publishes: printed on forms and reports.

    `legal_profile` names the law it lives under (`clearance.legal.PROFILES`),
    `privacy_contact` who answers questions of data protection, `languages` those of its
    forms, `publishing_units` who alone may publish in its name. `logo` is a picture in the
    folder of the registry, printed on forms and notices.
    """

    name: str = ""
    contact: str = ""
    authority: str = ""
    place: str = ""
    privacy_contact: str = ""
    legal_profile: str = "ch-private"
    languages: tuple[str, ...] = ("fr", "de")
    publishing_units: tuple[str, ...] = ("communication", "hr")
    logo: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Detection:
    """Which networks look at a picture, and how often a stranger may be mistaken.

    `false_positive_rate` is the FPIR: the share of strangers who would be taken
    for somebody in the gallery at the confident limit. One in a thousand is the
    rate NIST SP 800-63A asks of verification. `thorough` looks for faces at every
    size, mirrored and turned, for several times the time.
    """

    finder: str = "centerface"
    recogniser: str = "dlib_resnet"
    false_positive_rate: float = 0.001
    matching: bool = True
    thorough: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """What may leave the house without a named consent, and what a copy says of itself.

    `allow_too_small` lets faces under 12 pixels wide pass as not recognisable.
    `max_edge` is the longer edge of the largest version that is published, in
    pixels; 0 is the size of each file. `purpose` is what pictures are for where nobody
    says so; empty: not stated, so that a form must allow every purpose.

    `carry` names what a copy keeps of its photo's metadata, after the name check;
    `data_mining` is what it says about training machines on it, a word of PLUS;
    `credited` are people who may always be named as makers, `ordinary_words` words that
    name nobody by themselves although somebody bears them. `crop_share` is the least share
    of a photo that a crop without the uncleared people must keep.

    `four_eyes`: whoever asked for a publication, or found it ready, does not approve it.
    `take_down_days` are given to take down what may not stay; `take_down_owner` is the account
    that must do it, empty for the one that published it.
    """

    allow_too_small: bool = True
    max_edge: int = 0
    purpose: str = ""
    carry: tuple[str, ...] = ("creator", "credit", "copyright", "web_statement", "alt_text")
    data_mining: str = "prohibited_aimltraining"
    credited: tuple[str, ...] = ()
    ordinary_words: tuple[str, ...] = ()
    crop_share: float = 0.5
    four_eyes: bool = True
    take_down_days: int = 7
    take_down_owner: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class DeskRules:
    """How the review desk is run.

    A session ends after `idle_minutes` without a page, and after `session_hours` in any case.
    `largest_file_mib` is what may be sent to it in one file, in MiB.
    """

    idle_minutes: int = 30
    session_hours: int = 10
    largest_file_mib: int = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything the institution decides, built once and passed down.

    `models` are networks of its own, by name: docs/models.md.
    """

    institution: Institution = dataclasses.field(default_factory=Institution)
    consent: Policy = dataclasses.field(default_factory=Policy)
    detection: Detection = dataclasses.field(default_factory=Detection)
    publication: Publication = dataclasses.field(default_factory=Publication)
    desk: DeskRules = dataclasses.field(default_factory=DeskRules)
    models: Mapping[str, UserModel] = dataclasses.field(default_factory=dict)


def load_settings(path: Path) -> Settings:
    """The settings in the file, or the defaults where there is no file.

    Raises:
        SettingsInvalidError: the file cannot be read, is not TOML, or a key or
            value is not allowed; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalidError(
            "{path} cannot be read: {reason}", path=path, reason=str(error)
        ) from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalidError(
            "{path} is not valid TOML: {reason}", path=path, reason=str(error)
        ) from error
    reader = _Reader(path, text, tables)
    reader.check_sections()
    settings = Settings(
        institution=reader.section("institution", Institution()),
        consent=reader.section("consent", Policy()),
        detection=reader.section("detection", Detection()),
        publication=reader.section("publication", Publication()),
        desk=reader.section("desk", DeskRules()),
        models=reader.models(),
    )
    reader.check_networks(settings)
    reader.check_ranges(settings)
    return settings


def settings_text(settings: Settings) -> str:
    """A clearance.toml that says every key of the settings, ready to be edited.

    Networks of the institution's own are not written: their sections have no defaults.
    """
    lines = ["# What this institution decides once. Times are days; a list is in brackets."]
    for field in dataclasses.fields(settings):
        section = getattr(settings, field.name)
        if not dataclasses.is_dataclass(section):
            continue
        lines += ["", f"[{field.name}]"]
        lines += [
            f"{item.name} = {_toml(getattr(section, item.name))}"
            for item in dataclasses.fields(section)
        ]
    return "\n".join(lines) + "\n"


_Section = TypeVar("_Section", Institution, Policy, Detection, Publication, DeskRules)


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    text: str
    tables: Mapping[str, object]

    def check_sections(self) -> None:
        """No section has a name that means nothing: a typing error must not be silent."""
        known = {field.name: None for field in dataclasses.fields(Settings)}
        for name in self.tables:
            if name not in known:
                cause = SettingsInvalidError(
                    "is not a section; there are {known}", known=", ".join(known)
                )
                raise self.complaint(None, name, cause)

    def section(self, name: str, default: _Section) -> _Section:
        """The dataclass `default` with the table's values in place of its own."""
        table = self.tables.get(name, {})
        if not isinstance(table, dict):
            cause = SettingsInvalidError("must be a section: write [{name}]", name=name)
            raise self.complaint(None, name, cause)
        known = {field.name: getattr(default, field.name) for field in dataclasses.fields(default)}
        for key in table:
            if key not in known:
                cause = SettingsInvalidError(
                    "is not known; there are {known}", known=", ".join(known)
                )
                raise self.complaint(name, key, cause)
        values = {key: self.value(name, key, value, known[key]) for key, value in table.items()}
        return dataclasses.replace(default, **values)

    def models(self) -> Mapping[str, UserModel]:
        """The networks of the institution's own; what reads them is imported only for them."""
        tables = self.tables.get("models")
        if tables is None:
            return {}
        if not isinstance(tables, dict):
            cause = SettingsInvalidError("must be a section: write [{name}]", name="models.NAME")
            raise self.complaint(None, "models", cause)
        from clearance.model_settings import read_models

        return read_models(tables, self.path.parent, self.complaint)

    def check_networks(self, settings: Settings) -> None:
        """A network of the institution's own is chosen for what it can do."""
        for key in ("finder", "recogniser"):
            chosen = settings.models.get(getattr(settings.detection, key))
            if chosen and chosen.kind != key:
                cause = SettingsInvalidError(
                    "names [models.{name}], which is a {kind}", name=chosen.name, kind=chosen.kind
                )
                raise self.complaint("detection", key, cause)

    def value(self, section: str, key: str, value: object, default: object) -> Any:
        """The value, of the same kind as the default."""
        if isinstance(default, tuple):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                cause = SettingsInvalidError(
                    "must be a list of texts, like {example}", example='["website"]'
                )
                raise self.complaint(section, key, cause)
            return tuple(value)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not type(default):
            wanted = {
                bool: SettingsInvalidError("must be true or false"),
                int: SettingsInvalidError("must be a whole number"),
                float: SettingsInvalidError("must be a number"),
                str: SettingsInvalidError("must be a text"),
            }
            raise self.complaint(section, key, wanted[type(default)])
        return value

    def check_ranges(self, settings: Settings) -> None:
        """Values that are of the right kind and still make no sense."""
        if not 0 < settings.detection.false_positive_rate <= 0.01:  # noqa: PLR2004
            cause = SettingsInvalidError("must be above 0, at most 0.01")
            raise self.complaint("detection", "false_positive_rate", cause)
        self.check_policy(settings.consent)
        for key, value, known in (
            ("legal_profile", (settings.institution.legal_profile,), PROFILES),
            ("languages", settings.institution.languages, LANGUAGES),
        ):
            if not value or not set(value) <= set(known):
                raise self.complaint("institution", key, _one_of(known))
        purposes = settings.consent.purposes
        if settings.publication.purpose and settings.publication.purpose not in purposes:
            raise self.complaint("publication", "purpose", _one_of(purposes))
        self.check_copies(settings.publication)
        for key, most in (
            ("idle_minutes", 720),
            ("session_hours", 24),
            ("largest_file_mib", 65536),
        ):
            self.check_between("desk", key, getattr(settings.desk, key), 1, most)
        if not fits(settings.publication.max_edge):
            cause = SettingsInvalidError("must be 0, or at least {least}", least=SMALLEST_EDGE)
            raise self.complaint("publication", "max_edge", cause)

    def check_copies(self, publication: Publication) -> None:
        """What a copy says of itself is what can be said."""
        if not set(publication.carry) <= set(CARRIED):
            raise self.complaint("publication", "carry", _one_of(CARRIED))
        if publication.data_mining not in DATA_MINING:
            raise self.complaint("publication", "data_mining", _one_of(DATA_MINING))
        if not 0 < publication.crop_share <= 1:
            cause = SettingsInvalidError("must be above 0, at most 1")
            raise self.complaint("publication", "crop_share", cause)
        if not 0 <= publication.take_down_days <= MOST_TAKE_DOWN_DAYS:
            cause = SettingsInvalidError(
                "must be a number from {least} to {most}", least=0, most=MOST_TAKE_DOWN_DAYS
            )
            raise self.complaint("publication", "take_down_days", cause)

    def check_policy(self, policy: Policy) -> None:
        """What the institution demands must be something that can be demanded."""
        for key, some in (
            ("channels", policy.channels),
            ("purposes", policy.purposes),
            ("worldwide_channels", policy.worldwide_channels),
        ):
            empty = key == "channels" and not some
            if empty or len(set(some)) < len(some) or not all(map(str.strip, some)):
                cause = SettingsInvalidError("must name each one once, and none that is blank")
                raise self.complaint("consent", key, cause)
        if policy.minimum_evidence not in tuple(EvidenceLevel):
            raise self.complaint("consent", "minimum_evidence", _one_of(EvidenceLevel))
        if not set(policy.exemptions) <= set(ExemptionKind):
            raise self.complaint("consent", "exemptions", _one_of(ExemptionKind))
        if not re.fullmatch("[A-Z]{2}", policy.country):
            cause = SettingsInvalidError("must be a country code of two letters, such as CH")
            raise self.complaint("consent", "country", cause)
        for key, least, most in (
            ("guardians", 1, 2),
            ("minor_signs_from", 0, MAJORITY),
            ("portrait_days", 0, 3650),
            ("retention_years", 1, 100),
        ):
            self.check_between("consent", key, getattr(policy, key), least, most)

    def check_between(self, section: str, key: str, value: int, least: int, most: int) -> None:
        """A number that is neither too small nor too large."""
        if not least <= value <= most:
            cause = SettingsInvalidError(
                "must be a number from {least} to {most}", least=least, most=most
            )
            raise self.complaint(section, key, cause)

    def complaint(
        self, section: str | None, key: str, cause: SettingsInvalidError
    ) -> SettingsInvalidError:
        """The error for one key, with the line it stands on; the cause is said of the key."""
        where = f"[{section}] {key}".rstrip() if section else f"[{key}]"
        return SettingsInvalidError(
            "{path}, line {line}: {where} {cause}",
            path=self.path,
            line=self.line(section, key),
            where=where,
            cause=cause,
        )

    def line(self, section: str | None, key: str) -> int:
        """The line of a key; of the section when the key is written in another way."""
        current, found = None, 1
        for number, line in enumerate(self.text.splitlines(), 1):
            if table := _TABLE.match(line):
                current = table["table"].strip()
                if current == (section or key) or current.startswith(f"{section or key}."):
                    found = found if found > 1 else number
            elif current == section and re.match(rf"\s*{re.escape(key)}\s*=", line):
                return number
        if section and "." in section and found == 1:
            # A section within a section may be written as one of its keys.
            outer, _, inner = section.rpartition(".")
            return self.line(outer, inner)
        return found


def _one_of(known: Iterable[str]) -> SettingsInvalidError:
    return SettingsInvalidError("must be one of {known}", known=", ".join(known))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return toml_text(value) if isinstance(value, str) else str(value)


def toml_text(text: str) -> str:
    """A text as TOML writes it."""
    # A JSON string is a TOML basic string: same quotes, same escapes; but for this character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
