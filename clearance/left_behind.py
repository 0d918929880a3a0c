"""What a photo's file says that its copy does not: by the names of blocks and properties."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clearance.hints import Hints
    from detector.faces import Frame


class Block(enum.StrEnum):
    """A part of a file that is never in a copy, whatever it says."""

    EXIF = "exif"
    XMP = "xmp"
    IPTC = "iptc"
    COMMENT_BLOCK = "comment_block"
    CREDENTIAL = "credential"
    COORDINATES = "coordinates"
    REGIONS = "regions"
    FURTHER_PICTURES = "further_pictures"


def left_behind(
    frame: Frame, hints: Hints, said: Mapping[str, tuple[str, ...]], carried: Collection[str]
) -> tuple[str, ...]:
    """The blocks of the photo's file, then the properties that the copy does not repeat.

    Args:
        frame: the photo as opened.
        hints: what its file says.
        said: the texts of each property of the file, by the property's name.
        carried: the names of the properties that the copy has.

    Returns:
        Values of `Block`, then names of `said`; each once.
    """
    embedded = frame.embedded
    there = {
        Block.EXIF: embedded.exif is not None,
        Block.XMP: embedded.xmp is not None,
        Block.IPTC: embedded.iptc is not None,
        Block.COMMENT_BLOCK: embedded.comment is not None,
        Block.CREDENTIAL: embedded.credential,
        Block.COORDINATES: hints.place,
        Block.REGIONS: bool(hints.regions),
        Block.FURTHER_PICTURES: bool(frame.other_views or frame.unjudged),
    }
    blocks = (block.value for block, found in there.items() if found)
    texts = (name for name, values in said.items() if any(values) and name not in carried)
    return (*blocks, *texts)
