"""The words people read, in French, German, Italian and English."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gettext
import locale
import os
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from clearance.results import FaceReason, Outcome
from consent.decision import Caution, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.rate import MatchingRate
    from clearance.rendition import Rendition
    from clearance.results import FaceResult, PhotoResult

LANGUAGES = ("fr", "de", "it", "en")
DEFAULT = "en"
_CATALOGUES = Path(__file__).resolve().parent.parent / "locale"


@runtime_checkable
class Translatable(Protocol):
    """An error of any room of ours: an English template and what it is filled with."""

    @property
    def template(self) -> str:
        """The sentence, with a name in braces for each value."""

    @property
    def values(self) -> Mapping[str, object]:
        """What stands for the names."""


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """One language: its code, and the two functions that translate into it.

    By convention callers bind `_ = language.gettext`, the name the message
    extractor looks for.
    """

    code: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]

    def date(self, day: dt.date) -> str:
        """The day as people here write it: 21.11.2026, in English 2026-11-21."""
        return day.isoformat() if self.code == "en" else day.strftime("%d.%m.%Y")

    def error(self, error: Exception, *, names: bool = True) -> str:
        """What went wrong; what the system or a library says stays as it is.

        Without `names` nothing is repeated that may name people: of a path the file's name
        stays, of other texts an ellipsis.
        """
        if not isinstance(error, Translatable):
            return str(error) if names else "…"
        values = {name: self._told(value, names) for name, value in error.values.items()}
        sentence = self.gettext(error.template)
        return sentence.format(**values) if values else sentence

    def _told(self, value: object, names: bool) -> object:
        match value:
            case Exception():
                return self.error(value, names=names)
            case dt.date():
                return self.date(value)
            case PurePath() if not names:
                return value.name
            case str() if not names:
                return "…"
        return value

    def outcome(self, outcome: Outcome) -> str:
        """A verdict in a word or two."""
        _ = self.gettext
        words: Mapping[Outcome, str] = {
            Outcome.CLEARED: _("cleared"),
            Outcome.EXEMPT: _("exempt"),
            Outcome.NOT_RECOGNISABLE: _("not recognisable"),
            Outcome.REDACTED: _("hidden"),
            Outcome.REVIEW: _("look at it"),
            Outcome.BLOCKED: _("blocked"),
            Outcome.FAILED: _("failed"),
        }
        return words[outcome]

    def reason(self, reason: FaceReason | Reason) -> str:
        """Why, in words a layperson reads."""
        _ = self.gettext
        words: Mapping[FaceReason | Reason, str] = {
            FaceReason.UNKNOWN_PERSON: _("nobody in the registry looks like this"),
            FaceReason.NO_REGISTRY: _("there is no registry of consents yet"),
            FaceReason.LIKELY_MATCH: _("looks similar, but not enough to be sure"),
            FaceReason.DOUBTFUL_SIZE: _("small face: a familiar eye may recognise it"),
            FaceReason.TOO_SMALL: _("too small to be recognised"),
            FaceReason.MATCHED_TWICE: _("two faces look like the same person"),
            FaceReason.LOOKALIKE: _("has a look-alike: a machine cannot tell them apart"),
            FaceReason.MINOR: _("looks like a minor on file: a person must decide"),
            FaceReason.NOT_A_FACE: _("no face, as a person said"),
            FaceReason.NOT_A_FACE_DOUBTED: _(
                "a person said that this is no face, but it resembles somebody"
            ),
            FaceReason.NOT_A_FACE_UNCHECKED: _(
                "a person said that this is no face, and it was not compared with everybody"
            ),
            FaceReason.RECOGNISED: _("a person said who it is"),
            FaceReason.RECOGNISED_DOUBTED: _(
                "a person said who it is, but it resembles somebody else"
            ),
            FaceReason.TRACK_MIXED: _("its moments are not all alike: perhaps it is two people"),
            FaceReason.FOUND_IN_COPY: _("seen only when the copy was checked: look at it"),
            FaceReason.EXEMPTED: _("exempt: somebody answers for it that no consent is needed"),
            Reason.DECEASED: _("the person has died: a person must decide, with the family"),
            Reason.ON_HOLD: _("everything about the person is on hold"),
            Reason.REFUSED: _("the person said no"),
            Reason.REFUSED_BY_CHILD: _("the child said no, which no guardian outweighs"),
            Reason.NO_CONSENT: _("no signed consent on file"),
            Reason.NOT_YET_VALID: _("the consent is not valid yet on that date"),
            Reason.EXPIRED: _("the consent has expired"),
            Reason.WITHDRAWN: _("the consent was withdrawn"),
            Reason.SUPERSEDED: _("a newer form takes the place of the consent"),
            Reason.OF_AGE_NOW: _("guardians signed, and the person is of age now: ask them anew"),
            Reason.SIGNATURE_MISSING: _("the person has not signed"),
            Reason.GUARDIAN_MISSING: _("a guardian’s signature is missing"),
            Reason.MINOR_SIGNATURE_MISSING: _("the young person’s own signature is missing"),
            Reason.EVIDENCE_TOO_WEAK: _("the consent is not proved well enough"),
            Reason.SECRECY_NOT_RELEASED: _(
                "a patient, who has not released from medical secrecy that they were there"
            ),
            Reason.MATERIAL_NOT_COVERED: _("the consent does not cover this material"),
            Reason.CHANNEL_NOT_COVERED: _("the consent does not cover this channel"),
            Reason.PURPOSE_NOT_COVERED: _(
                "the consent does not cover the purpose; if none is stated, it must cover all"
            ),
            Reason.EVENT_NOT_COVERED: _("the consent is for one occasion only, and not for this"),
            Reason.TERRITORY_NOT_COVERED: _("the channel is seen where the consent does not reach"),
        }
        return words[reason]

    def caution(self, caution: Caution) -> str:
        """What somebody must be told although the use is allowed."""
        _ = self.gettext
        words: Mapping[Caution, str] = {
            Caution.ENDS_BEFORE_CAMPAIGN: _("the consent ends before the campaign does"),
            Caution.HAS_LEFT: _(
                "has left the institution: ask whether the picture is still wanted"
            ),
            Caution.REMUNERATED: _("was paid for: a lawyer should look at the form"),
        }
        return words[caution]

    def why(self, face: FaceResult) -> str:
        """Every reason of a verdict, and what a person said of the face: its words, who, when."""
        parts = self.grounds(face)
        if face.said:
            parts.append(f"{face.said.reason} ({face.said.by}, {self.date(face.said.on)})")
        if face.recognised:
            parts.append(f"{face.recognised.by}, {self.date(face.recognised.on)}")
        return "; ".join(parts)

    def grounds(self, face: FaceResult) -> list[str]:
        """Every reason of a verdict, and what somebody must be told all the same."""
        reasons = [self.reason(reason) for reason in face.reasons]
        return [*reasons, *(self.caution(caution) for caution in face.cautions)]

    def rendition(self, result: PhotoResult, rendition: Rendition) -> str:
        """Which version of a picture its verdict is about, and which it is not."""
        said = self.gettext(
            "Judged for a version of at most {edge} pixels ({width} × {height}). The file itself, "
            "{full_width} × {full_height}, is larger and is not covered by this verdict."
        )
        return said.format(
            edge=rendition.max_edge,
            width=rendition.width,
            height=rendition.height,
            full_width=result.width,
            full_height=result.height,
        )

    def up_to(self, edge: int) -> str:
        """The largest version that verdicts are about."""
        said = self.gettext("versions of at most {edge} pixels on the longer edge")
        return said.format(edge=edge)

    def only_up_to(self, edge: int) -> str:
        """What verdicts about a largest version leave out."""
        said = self.gettext("This is only about {versions}; larger files are not covered.")
        return said.format(versions=self.up_to(edge))

    def rate(self, rate: MatchingRate) -> str:
        """How often a stranger would be taken for somebody enrolled."""
        if rate.strangers is None:
            said = self.ngettext(
                "No match counts as certain with {people} person enrolled: too little was measured "
                "for that. A person must look at every likeness.",
                "No match counts as certain with {people} people enrolled: too little was measured "
                "for that. A person must look at every likeness.",
                rate.people,
            )
            return said.format(people=self.number(rate.people))
        said = self.ngettext(
            "In a gallery of {people} person, about 1 stranger in {strangers} would be taken for "
            "somebody.",
            "In a gallery of {people} people, about 1 stranger in {strangers} would be taken for "
            "somebody.",
            rate.people,
        )
        return said.format(people=self.number(rate.people), strangers=self.number(rate.strangers))

    def number(self, number: int) -> str:
        """The number with its thousands set apart as people here do."""
        between = {"fr": "\u00a0", "en": ","}.get(self.code, "’")
        return f"{number:,}".replace(",", between)

    def channel(self, channel: str) -> str:
        """A channel's name; an institution's own channel keeps the name it has."""
        _ = self.gettext
        words = {
            "intranet": _("intranet"),
            "website": _("website"),
            "social": _("social networks"),
            "press": _("press"),
            "print": _("print"),
            "newsletter": _("newsletter"),
            "tv": _("TV and video"),
        }
        return words.get(channel, channel)


def language(code: str | None = None) -> Language:
    """The language asked for, else the one of the user's environment, else English.

    An unknown code counts as none: words are never a reason to fail.
    """
    chosen = _short(code) or _from_environment() or DEFAULT
    catalogue = gettext.translation("clearance", _CATALOGUES, [chosen], fallback=True)
    return Language(chosen, catalogue.gettext, catalogue.ngettext)


def _from_environment() -> str | None:
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG")]
    # Windows sets none of them; there the C library knows the user's language.
    names.append(locale.getlocale()[0])
    return next((short for name in names if (short := _short(name))), None)


def _short(code: str | None) -> str | None:
    first = (code or "").split(":")[0].replace("-", "_").split("_")[0].split(".")[0].lower()
    # Windows spells languages out ("French_Switzerland").
    # "C" and "POSIX" ask for no language, which is English here.
    spelled = {"french": "fr", "german": "de", "italian": "it", "english": "en"}
    spelled |= {"c": "en", "posix": "en"}
    short = spelled.get(first, first)
    return short if short in LANGUAGES else None
