"""Reference templates: one portrait, one face, good enough to be compared with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

from detector.errors import PortraitRejectedError
from detector.sharpness import LEAST, USUAL, sharpness_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from detector.faces import Face, Frame, Landmarks, Templates

MIN_FACE_WIDTH = 90
"""Pixels across the face of a portrait (after ISO/IEC 19794-5, full frontal)."""

_OTHER_FACE = 1 / 3
"""Share of the largest face's width from which another face spoils a portrait.

Smaller ones are passers-by, pictures on the wall, or no faces at all.
"""

_MAX_YAW = 0.2
"""How far the nose may lie beside the middle of the eyes, in eye distances."""

_MAX_ROLL = 0.6
"""Rise of the line between the eyes: 30 degrees."""

_MIN_SCORE = 0.5

_AMPLE = 2.0
"""Times the least width, beyond which a wider face makes no better portrait.

It then fills every recogniser's chip without being enlarged.
"""


class _Looks(Protocol):
    """The part of the detector that is needed here."""

    recogniser_name: str

    def find_faces(self, frame: Frame) -> tuple[Face, ...]: ...

    def templates(self, frame: Frame, faces: Sequence[Face]) -> Templates: ...


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A face that others may be compared with; `template` is float32 (d,).

    `quality` says which portraits of a person to prefer, above 0 and at most 1: the
    product of how large (1 from twice the least width), how sharp (1 from what is
    usual) and how frontal (1 straight from the front, 1/2 at the limit) the face is.
    """

    face: Face
    template: npt.NDArray[np.float32]
    recogniser: str
    quality: float = 1.0


def portrait_face(frame: Frame, detector: _Looks) -> Face:
    """The one face of a portrait, if others may be compared with it. No template is made.

    Raises:
        PortraitRejectedError: no face, several, too small, not from the front, or
            blurred; the message says what to do better.
    """
    return _good_face(frame, detector)[0]


def _good_face(frame: Frame, detector: _Looks) -> tuple[Face, float]:
    """The face of a portrait, and its quality as in `Reference`."""
    face = _only_face(detector.find_faces(frame))
    if face.box.width < MIN_FACE_WIDTH:
        raise PortraitRejectedError(
            "the face is {width} pixels wide and needs {least}; use a larger or closer picture",
            width=face.box.width,
            least=MIN_FACE_WIDTH,
        )
    turn = _turn(face.landmarks) if face.landmarks else None
    if face.landmarks is None or turn is None or turn > _MAX_YAW:
        raise PortraitRejectedError(
            "the face is turned or tilted; use a picture taken from the front"
        )
    sharp = sharpness_of(frame, face)
    if sharp < LEAST:
        raise PortraitRejectedError(
            "the face is blurred; use a picture that is in focus, taken with a steady hand"
        )
    size = min(1.0, face.box.width / (_AMPLE * MIN_FACE_WIDTH))
    return face, size * min(1.0, sharp / USUAL) * (1 - turn / (2 * _MAX_YAW))


def reference_template(frame: Frame, detector: _Looks) -> Reference:
    """The template of the one person in a portrait.

    Raises:
        PortraitRejectedError: as `portrait_face`, or the face cannot be measured.
    """
    face, quality = _good_face(frame, detector)
    template = detector.templates(frame, [face])[0]
    if not np.isfinite(template).all():
        raise PortraitRejectedError("the face cannot be measured; use another picture")
    return Reference(face, template, detector.recogniser_name, quality)


def _only_face(faces: Sequence[Face]) -> Face:
    if not faces:
        raise PortraitRejectedError(
            "no face was found; use a well-lit picture of the person from the front"
        )
    largest = max(faces, key=lambda face: face.box.width)
    rivals = [face for face in faces if face.box.width >= largest.box.width * _OTHER_FACE]
    if len(rivals) > 1:
        raise PortraitRejectedError(
            "{n} faces were found; crop the picture so that only the person is in it",
            n=len(rivals),
        )
    if largest.score < _MIN_SCORE:
        raise PortraitRejectedError(
            "the face is hardly visible; use a sharp, well-lit picture from the front"
        )
    return largest


def _turn(points: Landmarks) -> float | None:
    """How far the nose lies beside the middle of the eyes, in eye distances.

    None for a head that is tilted too far, or mirrored.
    """
    eyes = points.eye_distance
    across = points.right_eye[0] - points.left_eye[0]
    rise = points.right_eye[1] - points.left_eye[1]
    if across <= 0 or abs(rise) > _MAX_ROLL * across:
        return None
    # Along the line of the eyes, so that a tilted head is not taken for a turned one.
    middle = np.add(points.left_eye, points.right_eye) / 2
    nose = np.subtract(points.nose, middle)
    return float(abs(nose @ (across, rise)) / eyes**2)
