"""An internal file beside a photo, in which picture programs show its faces and verdicts.

digiKam, darktable and ExifTool read `photo.jpg.xmp`. It names people and says why they may
not be seen: so it is for its owner's eyes, and never published. The photo itself is not
touched. It is a view of the verdict, not its record; nothing is ever read from it.

Formats: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, 5.9 (regions:
the middle of the area, as shares of the *stored* raster, before EXIF's orientation); EXIF
2.32, 4.6.4 (orientation); XMP part 1, 8.4 (labels); digiKam's and Lightroom's tag lists.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.errors import ExportError, ExportRefusedError
from clearance.metadata import NAMESPACES, array, compose, parse, qualified, simple
from clearance.results import Outcome
from consent.files import write_whole

if TYPE_CHECKING:
    from detector.faces import Box

_TOOL = "Clearance"
_UPRIGHT, _SIDEWAYS = 1, 5
"""EXIF's orientations: as stored; and from which on width and height are exchanged."""
_MOST = 1 << 22
"""Bytes of a sidecar that we might have written; one with 500 faces has 300,000."""
_NO_CHANNELS: Mapping[str, Outcome] = {}


class SidecarExistsError(ExportRefusedError):
    """Another program keeps its own notes where the sidecar would be."""


@dataclasses.dataclass(frozen=True, slots=True)
class SidecarFace:
    """One face as it is shown.

    Attributes:
        box: in pixels of the upright picture.
        name: who it is; empty where nobody knows.
        verdict: on this face, in words.
        why: the reasons, in words; empty for none.
    """

    box: Box
    name: str
    verdict: str
    why: str


def sidecar(
    photo_name: str,
    stored_size: tuple[int, int],
    orientation: int,
    faces: Sequence[SidecarFace],
    outcome: Outcome,
    channels: Mapping[str, Outcome] = _NO_CHANNELS,
) -> bytes:
    """The content of a sidecar.

    The label is green only for a picture that may be published as it is. One of which a
    copy was made with heads hidden is yellow: the sidecar lies beside the photo.

    Args:
        photo_name: name of the photo's file.
        stored_size: width and height of the raster as it is stored.
        orientation: EXIF's, 1 to 8, by which it was turned upright.
        faces: in any order.
        outcome: the verdict on the photo.
        channels: the verdict per channel; each becomes a tag of its own.

    Returns:
        An XMP packet; the same for the same arguments.

    Raises:
        ValueError: the orientation is none, or a side has no pixels.
    """
    if not _UPRIGHT <= orientation <= 8 or min(stored_size) < 1:  # noqa: PLR2004
        raise ValueError("no raster")
    width, height = stored_size
    tags: list[tuple[str, ...]] = [(_TOOL, outcome.value)]
    tags += [(_TOOL, channel, verdict.value) for channel, verdict in channels.items()]
    regions = "".join(_region(face, stored_size, orientation) for face in faces)
    applied = f"<stDim:w>{width}</stDim:w><stDim:h>{height}</stDim:h><stDim:unit>pixel</stDim:unit>"
    return compose(
        [
            simple("xmp:CreatorTool", _TOOL),
            simple("xmp:Label", _label(outcome)),
            simple("xmpMM:PreservedFileName", photo_name),
            array("dc:subject", "Bag", map("/".join, tags)),
            array("digiKam:TagsList", "Seq", map("/".join, tags)),
            array("lr:hierarchicalSubject", "Bag", map("|".join, tags)),
            _structure(
                "mwg-rs:Regions",
                _structure("mwg-rs:AppliedToDimensions", applied)
                + f"<mwg-rs:RegionList><rdf:Bag>{regions}</rdf:Bag></mwg-rs:RegionList>",
            )
            if faces
            else "",
        ]
    )


def sidecar_path(photo: Path) -> Path:
    """Where the sidecar of a photo lies: beside it, with one more suffix."""
    return photo.with_name(f"{photo.name}.xmp")


def write_sidecar(photo: Path, content: bytes) -> Path:
    """Write the sidecar of a photo, readable by its owner only.

    It is complete or not there at all, also after a power cut.

    Args:
        photo: the original; it is not opened.
        content: as `sidecar` returns it.

    Returns:
        The sidecar.

    Raises:
        SidecarExistsError: one that another program wrote, or added to, is there.
        ExportError: it cannot be written.
    """
    target = sidecar_path(photo)
    with _explained(target):
        if os.path.lexists(target) and not _is_ours(target):
            raise SidecarExistsError(
                "{path} was written by another program and is left as it is: "
                "move it away to have one written here.",
                path=target,
            )
        write_whole(target, content)
    return target


def _label(outcome: Outcome) -> str:
    """The colour as Lightroom and digiKam name it."""
    if outcome in {Outcome.BLOCKED, Outcome.FAILED}:
        return "Red"
    return "Yellow" if outcome in {Outcome.REVIEW, Outcome.REDACTED} else "Green"


def _region(face: SidecarFace, stored_size: tuple[int, int], orientation: int) -> str:
    upright = stored_size[::-1] if orientation >= _SIDEWAYS else stored_size
    box = face.box.clipped(*upright)
    first = _stored(box.left / upright[0], box.top / upright[1], orientation)
    second = _stored(box.right / upright[0], box.bottom / upright[1], orientation)
    (left, right), (top, bottom) = map(sorted, zip(first, second, strict=True))
    numbers = zip(
        "xywh",
        ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top),
        strict=True,
    )
    area = "".join(f"<stArea:{name}>{number:.9f}</stArea:{name}>" for name, number in numbers)
    said = ": ".join(filter(None, (face.verdict, face.why)))
    return _structure(
        "rdf:li",
        _structure("mwg-rs:Area", f"{area}<stArea:unit>normalized</stArea:unit>")
        + simple("mwg-rs:Type", "Face")
        # There also where it is empty: a face, and nobody has said whose.
        + (simple("mwg-rs:Name", face.name) or "<mwg-rs:Name></mwg-rs:Name>")
        + simple("mwg-rs:Description", said),
    )


def _stored(x: float, y: float, orientation: int) -> tuple[float, float]:
    """A point of the upright picture in the stored raster, both as shares of the sides."""
    return {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }.get(orientation, (x, y))


def _structure(name: str, fields: str) -> str:
    return f'<{name} rdf:parseType="Resource">{fields}</{name}>'


def _is_ours(path: Path) -> bool:
    """Whether we wrote a sidecar and nobody has added to it since.

    A program that adds something writes names of its own, and most put theirs in the
    place of ours.
    """
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        return False
    try:
        description = parse(content).find("rdf:RDF/rdf:Description", NAMESPACES)
        if description is None:
            return False
        names = [qualified(name) for one in description.iter() for name in (one.tag, *one.attrib)]
    except ValueError:
        return False
    tool = description.findtext("xmp:CreatorTool", namespaces=NAMESPACES)
    return tool == _TOOL and set(names) <= _OUR_NAMES


_OUR_NAMES = {
    "xmp:CreatorTool", "xmp:Label", "xmpMM:PreservedFileName",
    "dc:subject", "digiKam:TagsList", "lr:hierarchicalSubject",
    "mwg-rs:Regions", "mwg-rs:AppliedToDimensions", "mwg-rs:RegionList",
    "mwg-rs:Area", "mwg-rs:Type", "mwg-rs:Name", "mwg-rs:Description",
    "stDim:w", "stDim:h", "stDim:unit",
    "stArea:x", "stArea:y", "stArea:w", "stArea:h", "stArea:unit",
    "rdf:Description", "rdf:about", "rdf:Bag", "rdf:Seq", "rdf:li", "rdf:parseType",
}  # fmt: skip


@contextlib.contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            "{path} cannot be written beside the photo ({reason}): make the folder writable, "
            "or leave out --sidecar.",
            path=target,
            reason=error.strerror or str(error),
        ) from error
