"""What people and programs read about the unknown faces of an album that are one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clearance.documents import Document
    from clearance.face_groups import FaceGroup, Member, Suggestion
    from clearance.language import Language

MOST_TOLD = 20
"""Groups that a summary tells, the largest: of an album of thousands nobody reads all."""


def group_lines(
    groups: Sequence[FaceGroup[Path]],
    words: Language,
    names: Mapping[str, str],
    *,
    most: int | None = MOST_TOLD,
) -> list[str]:
    """A line for each group, as a terminal shows it after an album; none without groups.

    Paths and names stand as they are: `detector.untrusted.printable` makes them fit to show.

    Args:
        groups: of the album, the largest first.
        words: of the reader.
        names: what people are called, by id; who is not among them is told by the id.
        most: groups that are told, the first; None for all.
    """
    told = groups if most is None else groups[:most]
    lines = [group_line(group, words, names) for group in told]
    if left := len(groups) - len(told):
        more = words.ngettext(
            "… and {n} more unknown person in several pictures.",
            "… and {n} more unknown people in several pictures.",
            left,
        )
        lines.append(more.format(n=words.number(left)))
    return lines


def group_line(group: FaceGroup[Path], words: Language, names: Mapping[str, str]) -> str:
    """Who is unknown, in how many pictures, and where to look; faces are numbered from 1."""
    first, suggestion = group.members[0], group.suggestion
    if suggestion is None:
        said = words.ngettext(
            "Unknown {group}: {n} picture, first in {path}, face {face}",
            "Unknown {group}: {n} pictures, first in {path}, face {face}",
            group.pictures,
        )
    else:
        said = words.ngettext(
            "Unknown {group}: {n} picture, first in {path}, face {face} – perhaps {name}, as in "
            "{example}, face {example_face}",
            "Unknown {group}: {n} pictures, first in {path}, face {face} – perhaps {name}, as in "
            "{example}, face {example_face}",
            group.pictures,
        )
    values: dict[str, object] = {
        "group": group.name,
        "n": words.number(group.pictures),
        "path": first.key,
        "face": first.face + 1,
    }
    if suggestion:
        values |= {
            "name": names.get(suggestion.person, suggestion.person),
            "example": suggestion.example.key,
            "example_face": suggestion.example.face + 1,
        }
    return said.format(**values)


def groups_document(groups: Sequence[FaceGroup[Path]]) -> list[Document]:
    """The groups for a program; faces are numbered from 1, as in the verdict on a photo.

    A suggestion names a person by the id; it is no verdict, and changes none.
    """
    return [
        {
            "group": group.name,
            "pictures": group.pictures,
            "best": _face(group.best),
            "faces": [_face(member) for member in group.members],
            "suggestion": _suggestion(group.suggestion) if group.suggestion else None,
        }
        for group in groups
    ]


def _face(member: Member[Path]) -> Document:
    return {"path": str(member.key), "face": member.face + 1}


def _suggestion(suggestion: Suggestion[Path]) -> Document:
    return {
        "person": suggestion.person,
        "by_hand": suggestion.by_hand,
        **_face(suggestion.example),
    }
