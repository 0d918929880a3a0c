"""Portraits: checked when they come in, described when a consent allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.errors import EvidenceUnreadableError
from consent.records import Portrait, StoredPortrait
from detector.decoding import PhotoLimits
from detector.enrolment import portrait_face, reference_template
from detector.errors import PhotoUnreadableError, PortraitRejectedError
from detector.matching import Gallery
from detector.photo import photo_from_bytes, read_file
from detector.untrusted import printable

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.detector import Detector
    from detector.scoring import ScoreModel

# A scanned form of a few pages; far above any real one.
MAX_EVIDENCE_BYTES = 64 * 2**20


def read_portrait(untrusted_path: Path, detector: Detector) -> Portrait:
    """The portrait's file, after the quality gate. No template is made.

    Raises:
        PhotoUnreadableError: the file is not a photo.
        PortraitRejectedError: it does not show one person, large and frontal enough.
    """
    return portrait_from(read_file(untrusted_path), untrusted_path, detector)


def portrait_from(untrusted_bytes: bytes, untrusted_path: Path, detector: Detector) -> Portrait:
    """As `read_portrait`, for bytes that are not in a file; the path is only a name.

    Raises:
        PhotoUnreadableError: the bytes are no photo.
        PortraitRejectedError: it does not show one person, large and frontal enough.
    """
    frame = photo_from_bytes(untrusted_bytes, untrusted_path)
    try:
        portrait_face(frame, detector)
    except PortraitRejectedError as error:
        raise PortraitRejectedError(
            "{name}: {cause}", name=printable(untrusted_path.name), cause=error
        ) from error
    return Portrait(untrusted_bytes, untrusted_path.suffix.lower())


def reference_templates(
    portraits: Sequence[StoredPortrait], detector: Detector
) -> Mapping[str, bytes]:
    """A template for each portrait, by portrait id: float32, little-endian.

    Raises:
        PhotoUnreadableError, PortraitRejectedError: a portrait no longer passes the
            gate it once passed: the detector has changed.
    """
    templates = {}
    for portrait in portraits:
        frame = photo_from_bytes(portrait.data, Path(portrait.id + portrait.suffix))
        reference = reference_template(frame, detector)
        templates[portrait.id] = reference.template.astype("<f4").tobytes()
    return templates


def gallery_of(
    stored: Iterable[tuple[str, bytes]], recogniser: str, model: ScoreModel | None = None
) -> Gallery:
    """The people a face is compared with, from the registry's templates."""
    templates_of: dict[str, list[npt.NDArray[np.float32]]] = {}
    for person, template in stored:
        row = np.frombuffer(template, "<f4").astype(np.float32)
        templates_of.setdefault(person, []).append(row)
    return Gallery.of(templates_of, recogniser, model)


def read_evidence(untrusted_path: Path) -> bytes:
    """The bytes of the scan.

    Raises:
        EvidenceUnreadableError: the file cannot be evidence.
    """
    try:
        return read_file(untrusted_path, PhotoLimits(file_bytes=MAX_EVIDENCE_BYTES))
    except PhotoUnreadableError as error:
        raise EvidenceUnreadableError(
            "The scan of the form cannot be used: {cause}", cause=error
        ) from error
