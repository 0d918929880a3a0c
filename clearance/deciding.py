"""The question whether a person may be published, as the command line and programs ask it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clearance.commandline import known_channels, known_purpose, today
from clearance.registry_documents import decisions_document
from consent.decision import Decision, decide_all
from consent.records import Material, Use

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.settings import Settings
    from consent.records import Dossier


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks about a person.

    Attributes:
        channels: to be published on; none of them for every channel of the institution.
        purpose: None for that of the settings, or else for every purpose.
        material: what is to be published.
        event: None for no particular occasion.
        on: day of publication; None for today.
        until: last day of a campaign; None for none.
    """

    channels: tuple[str, ...] = ()
    purpose: str | None = None
    material: Material = Material.PHOTO
    event: str | None = None
    on: dt.date | None = None
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """About whom it was asked, for what use, and the decision on each channel."""

    dossier: Dossier
    use: Use
    decisions: Mapping[str, Decision]

    @property
    def document(self) -> dict[str, Any]:
        """The answer of `clearance decide --json`."""
        return {
            "person": self.dossier.person.id,
            "on": self.use.on.isoformat(),
            "purpose": self.use.purpose,
            "channels": decisions_document(self.decisions),
        }


def answered(question: Question, dossier: Dossier, settings: Settings, words: Language) -> Answer:
    """The decisions about a person.

    Raises:
        BadParameter: a channel or a purpose that the institution does not know.
    """
    asked = known_channels(question.channels, settings, words) or settings.consent.channels
    use = Use(
        channel=asked[0],
        on=question.on or today(),
        purpose=known_purpose(question.purpose, settings, words),
        material=question.material,
        event=question.event,
        until=question.until,
    )
    return Answer(dossier, use, decide_all(dossier, asked, use, settings.consent))
