"""A person's word on who a face is: to which face it belongs, and when it is not taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from clearance.errors import WordRefusedError
from clearance.not_a_face import face_in, words_about
from detector.faces import Certainty, Match

if TYPE_CHECKING:
    from consent.records import Identification
    from detector.faces import Face


def region(
    faces: Sequence[Face], number: int, person: str, said: Iterable[Identification]
) -> tuple[int, int, int, int]:
    """The box of one face of a file, for a person's word that it is somebody.

    Args:
        faces: every face of the file, in the order in which they are numbered.
        number: which face, from 1.
        person: the id of whom it is said to be.
        said: whom people recognised in this very file already.

    Raises:
        WordRefusedError: there is no such face, nobody can look at it, another lies over
            it, or the person was recognised in another face: nobody is in a picture twice.
    """
    face = face_in(faces, number)
    for other, word in enumerate(words_about(faces, said), 1):
        if word and word.person == person and other != number:
            raise WordRefusedError(
                "face {other} is said to be that person already, and nobody is in a picture "
                "twice: take that back first, with --undo",
                other=other,
            )
    return (face.box.left, face.box.top, face.box.right, face.box.bottom)


def contested_by(
    matches: Sequence[Match], words: Sequence[Identification | None]
) -> tuple[Match, ...]:
    """The matches, with whoever was recognised by a person no longer certain in another face."""
    taken = {word.person: number for number, word in enumerate(words) if word}
    return tuple(
        dataclasses.replace(match, certainty=Certainty.LOOK, contested=True)
        if match.person in taken and taken[match.person] != number
        else match
        for number, match in enumerate(matches)
    )
