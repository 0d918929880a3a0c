"""A look at a photo: what its file shows, before anybody decides about it.

Looking is nearly all of the work and needs neither the registry nor its key: only the bytes of
the photo, the networks, and the templates of those who may be matched. So it may happen in
other processes, while what is decided stays in one place.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from clearance.hints import Hints, hints_of
from detector.faces import Certainty, Face, Frame, Match
from detector.matching import Gallery, Limits, match, worth_a_second_look
from detector.photo import open_photo
from detector.sharpness import is_sharp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from detector.detector import Detector
    from detector.second_pictures import Unjudged


@dataclasses.dataclass(frozen=True, slots=True)
class Eyes:
    """What a photo is looked at with.

    `gallery` holds the templates of people whose consent allows matching today.
    """

    detector: Detector
    gallery: Gallery
    limits: Limits
    open_photo: Callable[[Path], Frame] = open_photo


@dataclasses.dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one photo told: without its pixels, and without any template.

    `faces` stand from the top down, then from the left; `matches` say whom each resembles, in
    the same order. `hints` are what the file itself says, `unjudged` the pictures in it that
    nobody can judge.
    """

    path: Path
    sha256: str
    width: int
    height: int
    faces: tuple[Face, ...]
    matches: tuple[Match, ...]
    hints: Hints
    unjudged: tuple[Unjudged, ...] = ()


def look_at(path: Path, eyes: Eyes) -> tuple[Frame, Looked]:
    """The photo, and what a look at it told.

    Raises:
        PhotoUnreadableError: the file cannot be judged.
        ModelMissingError, BackendMissingError: a network cannot be loaded.
    """
    frame = eyes.open_photo(path)
    faces = eyes.detector.find_faces(frame)
    looked = Looked(
        path=frame.path,
        sha256=frame.sha256,
        width=frame.width,
        height=frame.height,
        faces=faces,
        matches=identify(frame, faces, eyes),
        hints=hints_of(frame),
        unjudged=frame.unjudged,
    )
    return frame, looked


def identify(frame: Frame, faces: Sequence[Face], eyes: Eyes) -> tuple[Match, ...]:
    """The best candidate for each face, in the order of the faces.

    Templates of the picture's faces live in this function only, and none is
    computed while nobody is enrolled. A quick template tells who is certainly
    nobody's match; only the others are measured carefully. Nobody is sure of a
    blurred face.
    """
    if not faces or not len(eyes.gallery):
        return (Match.nobody(),) * len(faces)
    probes = eyes.detector.templates(frame, faces, quick=True)
    near = worth_a_second_look(probes, eyes.gallery, eyes.limits)
    careful = eyes.detector.templates(frame, [faces[row] for row in near])
    probes = np.full_like(probes, np.nan)
    probes[near] = careful
    matches = match(probes, faces, eyes.gallery, eyes.limits)
    return tuple(
        one if one.certainty is not Certainty.CONFIDENT or is_sharp(frame, face) else one.to_look_at
        for one, face in zip(matches, faces, strict=True)
    )
