"""What people read about an album as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.bursts import Likeness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clearance.bursts import PictureGroup
    from clearance.event_roster import EventRoster
    from clearance.language import Language


def alike(groups: Sequence[PictureGroup[Path]], words: Language) -> list[str]:
    """How many pictures are copies of others, and how many were taken of one moment."""
    lines = []
    copies = [group for group in groups if group.likeness is Likeness.DUPLICATES]
    spare = sum(len(group.keys) - 1 for group in copies)
    if spare:
        said = words.ngettext(
            "{n} picture is a copy of another, byte for byte.",
            "{n} pictures are copies of others, byte for byte.",
            spare,
        )
        lines.append(said.format(n=words.number(spare)))
    bursts = [group for group in groups if group.likeness is Likeness.BURST]
    if bursts:
        pictures = sum(len(group.keys) for group in bursts)
        said = words.ngettext(
            "{pictures} pictures show {n} moment: look at them side by side.",
            "{pictures} pictures show {n} moments: look at them side by side.",
            len(bursts),
        )
        lines.append(said.format(n=words.number(len(bursts)), pictures=words.number(pictures)))
    return lines


def not_compared(faces: int, words: Language) -> list[str]:
    """How many unknown faces are in no group because nobody compared them."""
    if not faces:
        return []
    said = words.ngettext(
        "{n} unknown face was seen in an earlier run and is in no group: --again compares it too.",
        "{n} unknown faces were seen in an earlier run and are in no group: --again compares them "
        "too.",
        faces,
    )
    return [said.format(n=words.number(faces))]


def compared_with(roster: EventRoster, words: Language) -> list[str]:
    """Whom faces are compared with where that is not everybody, and who is left out."""
    lines = []
    if roster.elsewhere:
        said = words.ngettext(
            "{n} person agreed for other occasions only, and is not looked for.",
            "{n} people agreed for other occasions only, and are not looked for.",
            roster.elsewhere,
        )
        lines.append(said.format(n=words.number(roster.elsewhere)))
    if roster.unknown:
        said = words.ngettext(
            "{n} row of the list is about nobody in the registry.",
            "{n} rows of the list are about nobody in the registry.",
            roster.unknown,
        )
        lines.append(said.format(n=words.number(roster.unknown)))
    return lines


def left(files: int, words: Language) -> str:
    """That a run was stopped before it was through."""
    said = words.ngettext(
        "Stopped: {n} picture was not judged and is not clear. Run it again to go on.",
        "Stopped: {n} pictures were not judged and are not clear. Run it again to go on.",
        files,
    )
    return said.format(n=words.number(files))
