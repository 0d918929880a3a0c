"""A look at a photo: what its file shows, before anybody decides about it.

Looking is nearly all of the work and needs neither the registry nor its key: only the bytes of
the photo, the networks, and the templates of those who may be matched. So it may happen in
other processes, while what is decided stays in one place.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from clearance.bursts import perceptual_hash, taken_at
from clearance.hints import Hints, hints_of
from detector.faces import Certainty, Face, Frame, Match
from detector.matching import Gallery, Limits, match
from detector.photo import open_photo
from detector.sharpness import is_sharp, sharpness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from detector.detector import Detector
    from detector.faces import Templates
    from detector.second_pictures import Unjudged


@dataclasses.dataclass(frozen=True, slots=True)
class Eyes:
    """What a photo is looked at with.

    `gallery` holds the templates of people whose consent allows matching today; `grouping` says
    whether strangers are compared with one another, from picture to picture.
    """

    detector: Detector
    gallery: Gallery
    limits: Limits
    open_photo: Callable[[Path], Frame] = open_photo
    grouping: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one photo told: without its pixels, and without any template.

    `faces` stand from the top down, then from the left; `matches` say whom each resembles, in
    the same order. `hints` are what the file itself says, `unjudged` the pictures in it that
    nobody can judge. `likeness` is its `perceptual_hash`, `taken` what its camera's clock showed.
    """

    path: Path
    sha256: str
    width: int
    height: int
    faces: tuple[Face, ...]
    matches: tuple[Match, ...]
    hints: Hints
    unjudged: tuple[Unjudged, ...] = ()
    likeness: int = 0
    taken: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a look told, and what its faces are compared with one another by.

    `templates` is float32 (n, d), a row per face, not a number where nothing was measured; None
    where nobody compares. They stay in memory, and are never written. `sharpness` is of each
    face, empty where nobody compares.
    """

    looked: Looked
    templates: Templates | None = dataclasses.field(default=None, repr=False)
    sharpness: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Before:
    """Where an earlier run saw the faces of a photo, without landmarks.

    `sha256` is of the bytes in which it saw them.
    """

    sha256: str
    faces: tuple[Face, ...]


def look_at(path: Path, eyes: Eyes, before: Before | None = None) -> tuple[Frame, Sight]:
    """The photo, and what a look at it told.

    Where an earlier run has found the faces in the same bytes, only their landmarks are
    looked for, to compare them with whom they were not compared with.

    Raises:
        PhotoUnreadableError: the file cannot be judged.
        ModelMissingError, BackendMissingError: a network cannot be loaded.
    """
    frame = eyes.open_photo(path)
    if before and before.sha256 == frame.sha256:
        faces = eyes.detector.find_again(frame, before.faces)
    else:
        faces = eyes.detector.find_faces(frame)
    matches, templates = identify(frame, faces, eyes)
    looked = Looked(
        path=frame.path,
        sha256=frame.sha256,
        width=frame.width,
        height=frame.height,
        faces=faces,
        matches=matches,
        hints=hints_of(frame),
        unjudged=frame.unjudged,
        likeness=perceptual_hash(frame.pixels),
        taken=taken_at(frame.embedded.exif),
    )
    if not eyes.grouping or templates is None:
        return frame, Sight(looked)
    sharpness = tuple(
        sharpness_of(frame, face) if np.isfinite(row).all() else 0.0
        for face, row in zip(faces, templates, strict=True)
    )
    return frame, Sight(looked, templates, sharpness)


def identify(
    frame: Frame, faces: Sequence[Face], eyes: Eyes
) -> tuple[tuple[Match, ...], Templates | None]:
    """The best candidate for each face, in the order of the faces, and how they were measured.

    No template is computed while nobody is enrolled and strangers are not compared. A few quick
    looks tell who is certainly nobody's match; only the others are measured carefully, however
    small: a likeness stands against a word that this is no face. Nobody is sure of a blurred face.
    """
    if not faces or not (len(eyes.gallery) or eyes.grouping):
        return (Match.nobody(),) * len(faces), None
    if not len(eyes.gallery):
        return (Match.nobody(),) * len(faces), _strangers(frame, faces, eyes, None)
    probes = eyes.detector.probes(frame, faces, eyes.gallery, eyes.limits)
    matches = match(probes, faces, eyes.gallery, eyes.limits)
    sure = tuple(
        one if one.certainty is not Certainty.CONFIDENT or is_sharp(frame, face) else one.to_look_at
        for one, face in zip(matches, faces, strict=True)
    )
    return sure, _strangers(frame, faces, eyes, probes) if eyes.grouping else None


def _strangers(
    frame: Frame, faces: Sequence[Face], eyes: Eyes, probes: Templates | None
) -> Templates | None:
    """Templates by which faces are compared with those of other pictures, a row each.

    Those that were made to compare them with the gallery, and a quick one of every other face
    that is large enough; not a number for the rest, and None where there is none at all.
    """
    from clearance.face_groups import SMALLEST_EYES

    rows = [
        row
        for row, face in enumerate(faces)
        if face.landmarks
        and face.landmarks.eye_distance >= SMALLEST_EYES
        and (probes is None or not np.isfinite(probes[row]).all())
    ]
    if not rows:
        return probes
    some = eyes.detector.templates(frame, [faces[row] for row in rows], quick=True)
    templates = np.full((len(faces), some.shape[1]), np.nan, some.dtype)
    if probes is not None:
        templates[:] = probes
    templates[rows] = some
    return templates
