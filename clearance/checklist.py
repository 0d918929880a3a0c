"""What a person must look for in a picture beside faces: the program never answers it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING

from clearance.results import VideoResult
from consent.records import Material

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.results import PhotoResult


class ChecklistItem(enum.StrEnum):
    """One question about a picture, in the order in which somebody looks for it."""

    BADGES = "badges"
    """Badges and name tags."""
    SCREENS = "screens"
    NOTES = "notes"
    """Whiteboards, notes, labels on doors and beds."""
    WRISTBANDS = "wristbands"
    """Wristbands and charts of patients."""
    WORKS = "works"
    """Logos, trade marks, works of art and music of others."""
    VOICE = "voice"
    SECRECY = "secrecy"
    """Medical secrecy: whatever tells that, or why, somebody is treated."""
    DIGNITY = "dignity"
    """Of the people shown."""


_HEARD = frozenset({Material.VIDEO, Material.VOICE})


def checklist_for(material: Material = Material.PHOTO) -> tuple[ChecklistItem, ...]:
    """What a person must answer for a file of this material; a voice only where one is heard."""
    return tuple(
        item for item in ChecklistItem if item is not ChecklistItem.VOICE or material in _HEARD
    )


def checklist_of(result: PhotoResult) -> tuple[ChecklistItem, ...]:
    """What a person must answer for a file that was judged; of a video that is silent no voice."""
    if isinstance(result, VideoResult):
        return checklist_for(Material.VIDEO if result.sound else Material.PHOTO)
    return checklist_for(result.use.material) if result.use else checklist_for()


def question(item: ChecklistItem, words: Language) -> str:
    """What a person is asked; yes means that something must be done before publication."""
    _ = words.gettext
    told: Mapping[ChecklistItem, str] = {
        ChecklistItem.BADGES: _("Can a badge or a name tag be read?"),
        ChecklistItem.SCREENS: _("Can something on a screen be read?"),
        ChecklistItem.NOTES: _("Can a whiteboard, a note or a sign at a door or bed be read?"),
        ChecklistItem.WRISTBANDS: _("Can a patient’s wristband, label or chart be read?"),
        ChecklistItem.WORKS: _("Are there logos, trade marks, works of art or music of others?"),
        ChecklistItem.VOICE: _("Can somebody be recognised by their voice?"),
        ChecklistItem.SECRECY: _(
            "Does it tell that, or why, somebody is treated (medical secrecy)?"
        ),
        ChecklistItem.DIGNITY: _("Could it hurt the dignity of somebody shown?"),
    }
    return told[item]
