"""The record of processing: what a law wants written down about the use of this program.

Facts come from the settings and the registry, and are counts, never people. The sentences
are legal content and stand in `clearance/profiles`. What only the institution knows is
left blank, to be filled in by hand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clearance import registry_words
from clearance.language import Language, language
from clearance.legal import LegalProfile, legal_profile, legal_texts
from consent.policy import CHANNELS
from consent.records import Capacity, EvidenceLevel, ExemptionKind

if TYPE_CHECKING:
    import datetime as dt

    from clearance.settings import Institution
    from consent.policy import Policy

_UNITS = ("communication", "hr")
_LINE_ENDS = re.compile("[\\r\\n\\t\\v\\f\\x85\\u2028\\u2029]+")
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_BLANK = "_" * 20


@dataclasses.dataclass(frozen=True, slots=True)
class RegistryFigures:
    """How much is in the registry; `by_capacity` counts people by `Capacity`."""

    people: int
    consents: int
    templates: int
    portraits: int
    by_capacity: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingRecord:
    """The facts of a record of processing, in no language yet.

    `matching` is whether faces are compared; `version` is that of the program.
    """

    institution: Institution
    policy: Policy
    matching: bool
    figures: RegistryFigures
    made_on: dt.date
    version: str


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One heading of the record and what stands below it, as plain text.

    Attributes:
        key: names the section in every language.
        heading: the heading, without its number.
        text: a sentence before all else.
        rows: labels and their values.
        points: sentences of equal weight.
        blanks: labels of what is filled in by hand.
    """

    key: str
    heading: str
    text: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    points: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()


def record_of_processing(
    institution: Institution,
    policy: Policy,
    *,
    matching: bool,
    figures: RegistryFigures,
    made_on: dt.date,
    version: str,
) -> ProcessingRecord:
    """The record of what an institution does with this program.

    Raises:
        LegalTextUnknownError: the institution's legal profile is not known.
    """
    legal_profile(institution.legal_profile, "en")
    return ProcessingRecord(
        institution=institution,
        policy=policy,
        matching=matching,
        figures=figures,
        made_on=made_on,
        version=version,
    )


def record_title(record: ProcessingRecord, code: str) -> tuple[str, str]:
    """What the law calls the record, and what this entry of it is about.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
    """
    profile = legal_profile(record.institution.legal_profile, code)
    return profile.record_title, str(legal_texts("record", code)["document"]["subtitle"])


def record_head(record: ProcessingRecord, code: str) -> tuple[tuple[str, str], ...]:
    """Under which profile, on what day and with what the record was made.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
    """
    texts = legal_texts("record", code)["document"]
    profile = legal_profile(record.institution.legal_profile, code)
    return (
        (texts["profile"], f"{profile.title} ({profile.name})"),
        (texts["made"], language(code).date(record.made_on)),
        (texts["tool"], f"Clearance {record.version}"),
    )


def record_sections(record: ProcessingRecord, code: str) -> tuple[Section, ...]:
    """Everything the record says, in reading order.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
    """
    profile = legal_profile(record.institution.legal_profile, code)
    teller = _Teller(record, profile, legal_texts("record", code), language(code))
    return tuple(teller.sections())


def record_document(record: ProcessingRecord, code: str = "en") -> dict[str, Any]:
    """The record as JSON: the facts, which are never translated, and the sections.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
    """
    figures = record.figures
    return {
        "made_on": record.made_on.isoformat(),
        "tool": {"clearance": record.version},
        "institution": dataclasses.asdict(record.institution),
        "matching": record.matching,
        "figures": {
            "people": figures.people,
            "consents": figures.consents,
            "templates": figures.templates,
            "portraits": figures.portraits,
            "by_capacity": dict(figures.by_capacity),
        },
        "policy": dataclasses.asdict(record.policy),
        "language": code,
        "title": " – ".join(record_title(record, code)),
        "sections": [dataclasses.asdict(section) for section in record_sections(record, code)],
    }


def record_markdown(record: ProcessingRecord, code: str) -> str:
    """The record as Markdown, to be edited further.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
    """
    title, subtitle = record_title(record, code)
    note = legal_texts("record", code)["document"]["note"]
    blocks = [f"# {_plain(title)}", _plain(subtitle), _table(record_head(record, code))]
    blocks.append(_plain(note))
    for number, section in enumerate(record_sections(record, code), 1):
        blocks.append(f"## {number}. {_plain(section.heading)}")
        blocks.append(_plain(section.text))
        blocks.append(_table(section.rows))
        blocks.append("\n".join(f"- {_plain(point)}" for point in section.points))
        blocks.append("\n".join(f"- {_plain(label)} {_BLANK}" for label in section.blanks))
    return "\n\n".join(filter(None, blocks)) + "\n"


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    if not rows:
        return ""
    lines = [f"| {_plain(label)} | {_plain(value)} |" for label, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


def _plain(text: str) -> str:
    """Text on one line in which Markdown sees no marks."""
    return _MARKS.sub(r"\\\1", _LINE_ENDS.sub(" ", text))


@dataclasses.dataclass(frozen=True, slots=True)
class _Teller:
    """Turns the facts into sentences; one method a section."""

    record: ProcessingRecord
    profile: LegalProfile
    texts: Mapping[str, Mapping[str, str]]
    words: Language

    def sections(self) -> Iterator[Section]:
        """All of them, in reading order."""
        yield self._section("controller", rows=self._controller())
        yield self._section("law", rows=self._law())
        yield self._section("purposes", points=self._purposes())
        yield self._section("people", rows=self._people(), points=self._others())
        yield self._section("data", points=self._data())
        yield self._section("sensitive", rows=self._sensitive())
        yield self._section("ground", points=self._ground())
        yield self._section("recipients", text="text", rows=self._recipients())
        yield self._section("abroad", points=self._abroad(), blanks=("providers",))
        yield self._section("retention", rows=self._retention())
        yield self._section("security", points=self._security(), blanks=("blank",))
        yield self._section("decisions", points=self._decisions())
        blanks = ("photographer", "agency", "hosting", "support")
        yield self._section("processors", text="text", blanks=blanks)
        yield self._section("confirm", text="text", points=self._to_confirm())
        yield self._section("signature", blanks=("filled", "checked", "review"))

    def _section(
        self,
        key: str,
        *,
        text: str = "",
        rows: tuple[tuple[str, str], ...] = (),
        points: tuple[str, ...] = (),
        blanks: tuple[str, ...] = (),
    ) -> Section:
        said = self.texts[key]
        labels = tuple(said[label] for label in blanks)
        return Section(key, said["heading"], said[text] if text else "", rows, points, labels)

    def _said(self, section: str, *keys: str) -> tuple[str, ...]:
        return tuple(self.texts[section][key] for key in keys)

    def _controller(self) -> tuple[tuple[str, str], ...]:
        said, institution = self.texts["controller"], self.record.institution
        missing = f"[{self.texts['document']['missing']}]"
        contact = self.profile.authority_contact
        named = ", ".join(filter(None, (self.profile.authority, contact)))
        units = ", ".join(
            said[unit] if unit in _UNITS else unit for unit in institution.publishing_units
        )
        return (
            (said["name"], institution.name or missing),
            (said["place"], institution.place or missing),
            (said["contact"], institution.contact or missing),
            (said["privacy"], institution.privacy_contact or missing),
            (said["authority"], institution.authority or named),
            (said["units"], units or missing),
        )

    def _law(self) -> tuple[tuple[str, str], ...]:
        profile = self.profile
        told = {
            "act": profile.data_protection_act,
            "image": profile.image_right,
            "duty": profile.record_duty,
            "secrecy": profile.secrecy,
            "access": profile.access_right,
            "erasure": profile.erasure,
            "minors": profile.minors,
        }
        return tuple((self.texts["law"][key], text) for key, text in told.items())

    def _purposes(self) -> tuple[str, ...]:
        said, asked = self.texts["purposes"], self.record.policy.purposes
        names = ", ".join(registry_words.purpose(one, self.words) for one in asked)
        published = said["published"].format(purposes=names) if asked else said["untold"]
        return (*self._said("purposes", "check", "prove"), published)

    def _people(self) -> tuple[tuple[str, str], ...]:
        said, figures = self.texts["people"], self.record.figures
        capacities = tuple(
            (
                said["capacity"].format(capacity=registry_words.capacity(one, self.words)),
                str(figures.by_capacity[one]),
            )
            for one in Capacity
            if figures.by_capacity.get(one)
        )
        total = (said["total"], str(figures.people))
        return (total, *capacities, (said["consents"], str(figures.consents)))

    def _others(self) -> tuple[str, ...]:
        return self._said("people", "represent", "staff", "bystanders")

    def _data(self) -> tuple[str, ...]:
        portraits = self.texts["data"]["portrait"].format(n=self.record.figures.portraits)
        before = self._said("data", "person", "consent", "refusal")
        return (*before, portraits, *self._said("data", "picture", "log"))

    def _sensitive(self) -> tuple[tuple[str, str], ...]:
        said, figures = self.texts["sensitive"], self.record.figures
        templates = said["templates_rule"].format(n=figures.templates)
        if figures.templates and not self.record.matching:
            templates = f"{templates} {said['templates_unused']}"
        patients = figures.by_capacity.get(Capacity.PATIENT, 0)
        return (
            (said["templates"], templates),
            (said["health"], said["health_rule"].format(n=patients)),
            (said["other"], said["other_rule"]),
        )

    def _ground(self) -> tuple[str, ...]:
        said, policy = self.texts["ground"], self.record.policy
        level = registry_words.level(EvidenceLevel(policy.minimum_evidence), self.words)
        guardians = said["guardians_one" if policy.guardians == 1 else "guardians_two"]
        kinds = ", ".join(
            registry_words.exemption(ExemptionKind(one), self.words) for one in policy.exemptions
        )
        return (
            said["consent" if policy.purposes else "consent_untold"],
            said["evidence"].format(level=level),
            guardians.format(age=policy.minor_signs_from),
            said["biometric"].format(basis=self.profile.biometric_basis),
            said["exemptions"].format(kinds=kinds) if kinds else said["no_exemptions"],
        )

    def _recipients(self) -> tuple[tuple[str, str], ...]:
        said = self.texts["recipients"]
        return tuple(
            (self.words.channel(channel), said[channel if channel in CHANNELS else "own"])
            for channel in self.record.policy.channels
        )

    def _abroad(self) -> tuple[str, ...]:
        said, policy = self.texts["abroad"], self.record.policy
        seen = [one for one in policy.channels if policy.is_worldwide(one)]
        names = ", ".join(map(self.words.channel, seen))
        return (said["tool"], said["worldwide"].format(channels=names) if seen else said["local"])

    def _retention(self) -> tuple[tuple[str, str], ...]:
        said, policy = self.texts["retention"], self.record.policy
        days, years = policy.portrait_days, policy.retention_years
        waiting = said["days_one" if days == 1 else "days_many"].format(n=days)
        told = {
            "waiting": waiting if days else said["at_once"],
            "portraits": said["portraits_rule"],
            "faces": said["faces_rule" if self.record.matching else "faces_off"],
            "forms": said["forms_one" if years == 1 else "forms_many"].format(n=years),
            "held": said["held_rule"],
            "log": said["log_rule"],
            "backups": said["backups_rule"],
        }
        return tuple((said[key], text) for key, text in told.items())

    def _security(self) -> tuple[str, ...]:
        keys = ("encryption", "erasure", "log", "offline", "roles", "copies")
        return self._said("security", *keys)

    def _decisions(self) -> tuple[str, ...]:
        if not self.record.matching:
            return self._said("decisions", "matching_off", "unknown")
        keys = ("matching_on", "cleared", "unknown", "protected", "alternative")
        return self._said("decisions", *keys)

    def _to_confirm(self) -> tuple[str, ...]:
        keys = ["numbers", "representation", "retention", "past", "staff"]
        if self.record.matching:
            keys[1:1] = ["bystanders", "impact"]
        return (*self.profile.to_confirm, *self._said("confirm", *keys))
