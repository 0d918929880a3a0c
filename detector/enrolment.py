"""Reference templates: one portrait, one face, good enough to be compared with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

from detector.errors import PortraitRejectedError

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


class _Looks(Protocol):
    """The part of the detector that is needed here."""

    recogniser_name: str

    def find_faces(self, frame: Frame) -> tuple[Face, ...]: ...

    def templates(self, frame: Frame, faces: Sequence[Face]) -> Templates: ...


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A face that others may be compared with; `template` is float32 (d,)."""

    face: Face
    template: npt.NDArray[np.float32]
    recogniser: str


def portrait_face(frame: Frame, detector: _Looks) -> Face:
    """The one face of a portrait, if others may be compared with it. No template is made.

    Raises:
        PortraitRejectedError: no face, several, too small, or not from the front;
            the message says what to do better.
    """
    face = _only_face(detector.find_faces(frame))
    if face.box.width < MIN_FACE_WIDTH:
        raise PortraitRejectedError(
            "the face is {width} pixels wide and needs {least}; use a larger or closer picture",
            width=face.box.width,
            least=MIN_FACE_WIDTH,
        )
    if face.landmarks is None or not _frontal(face.landmarks):
        raise PortraitRejectedError(
            "the face is turned or tilted; use a picture taken from the front"
        )
    return face


def reference_template(frame: Frame, detector: _Looks) -> Reference:
    """The template of the one person in a portrait.

    Raises:
        PortraitRejectedError: as `portrait_face`, or the face cannot be measured.
    """
    face = portrait_face(frame, detector)
    template = detector.templates(frame, [face])[0]
    if not np.isfinite(template).all():
        raise PortraitRejectedError("the face cannot be measured; use another picture")
    return Reference(face, template, detector.recogniser_name)


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


def _frontal(points: Landmarks) -> bool:
    """Whether the person looks towards the camera, roughly."""
    eyes = points.eye_distance
    across = points.right_eye[0] - points.left_eye[0]
    rise = points.right_eye[1] - points.left_eye[1]
    if across <= 0 or abs(rise) > _MAX_ROLL * across:
        return False
    # Along the line of the eyes, so that a tilted head is not taken for a turned one.
    middle = np.add(points.left_eye, points.right_eye) / 2
    nose = np.subtract(points.nose, middle)
    return bool(abs(nose @ (across, rise)) / eyes <= _MAX_YAW * eyes)
