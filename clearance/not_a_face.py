"""A person's word that a face is none: to which face it belongs, and when it is not taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from clearance.errors import WordRefusedError
from detector.faces import Box

if TYPE_CHECKING:
    from consent.records import Identification, NotAFace
    from detector.faces import Face, Match

_Word = TypeVar("_Word", "NotAFace", "Identification")

SAME_REGION = 0.5
"""Intersection over union from which a face is the one that a word was about.

The same bytes give the same boxes as long as the detector is the same; another
one draws them a little differently. At a half and more, two boxes in one place
are nearly always of one thing; and where two faces both reach it, the word is
about neither.
"""


def words_about(faces: Sequence[Face], said: Iterable[_Word]) -> tuple[_Word | None, ...]:
    """What was said of each face of a picture, in the order of the faces; the newest counts.

    Args:
        faces: every face of the picture.
        said: what was said of this very file, oldest first.
    """
    about: dict[int, _Word] = {}
    for word in said:
        near = [
            number
            for number, face in enumerate(faces)
            if _can_be_looked_at(face) and face.box.iou(Box(*word.box)) >= SAME_REGION
        ]
        if len(near) == 1:
            about[near[0]] = word
    return tuple(about.get(number) for number in range(len(faces)))


def regions(
    faces: Sequence[Face], matches: Sequence[Match], numbers: Iterable[int]
) -> tuple[tuple[int, int, int, int], ...]:
    """The boxes of some faces of one file, for a person's word that they are none.

    Args:
        faces: every face of the file, in the order in which they are numbered.
        matches: whom each resembles.
        numbers: which faces, from 1.

    Returns:
        Left, top, right, bottom of each.

    Raises:
        WordRefusedError: there is no such face, nobody can look at it, another lies
            over it, or it resembles somebody enrolled.
    """
    # Each once: a number may be given twice.
    chosen = tuple(dict.fromkeys(numbers))
    for number in chosen:
        _refuse(number, faces, matches)
    boxes = (faces[number - 1].box for number in chosen)
    return tuple((box.left, box.top, box.right, box.bottom) for box in boxes)


def words_on(
    faces: Sequence[Face], numbers: Iterable[int], said: Iterable[_Word]
) -> tuple[_Word, ...]:
    """Every word on some faces of one file, to be taken back; `said` is all of the file.

    Raises:
        WordRefusedError: there is no such face, or nothing was said of it.
    """
    on_file = tuple(said)
    found: dict[str, _Word] = {}
    for number in numbers:
        box = _face(faces, number).box
        about = {word.id: word for word in on_file if box.iou(Box(*word.box)) >= SAME_REGION}
        if not about:
            raise WordRefusedError("nobody has said anything of face {number}", number=number)
        found |= about
    return tuple(found.values())


def face_in(faces: Sequence[Face], number: int) -> Face:
    """The face with that number, if somebody can look at it and mean it alone.

    Raises:
        WordRefusedError: there is none, nobody can look at it, or another lies over it.
    """
    face = _face(faces, number)
    if not _can_be_looked_at(face):
        raise WordRefusedError(
            "face {number} is not in the picture that a viewer shows but in another one inside "
            "the file: save the visible picture as a new file, and check that",
            number=number,
        )
    if sum(face.box.iou(other.box) >= SAME_REGION for other in faces) > 1:
        raise WordRefusedError(
            "another face lies over face {number}, so the word could be about either: hide both "
            "with --blur",
            number=number,
        )
    return face


def _refuse(number: int, faces: Sequence[Face], matches: Sequence[Match]) -> None:
    face_in(faces, number)
    if matches[number - 1].resembles_somebody:
        raise WordRefusedError(
            "face {number} resembles somebody in the registry, so nobody can say that it is no "
            "face: hide it with --blur",
            number=number,
        )


def _face(faces: Sequence[Face], number: int) -> Face:
    if not 1 <= number <= len(faces):
        raise WordRefusedError(
            "there is no face {number}: {count} were found in this picture",
            number=number,
            count=len(faces),
        )
    return faces[number - 1]


def _can_be_looked_at(face: Face) -> bool:
    """Whether the face is in the picture that viewers show, and not in a hidden one."""
    return face.view == 0
