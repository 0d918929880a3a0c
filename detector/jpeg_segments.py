"""The segments of a JPEG file, walked through without decoding anything (ITU-T T.81, B.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SOI, SOS, EOI = 0xD8, 0xDA, 0xD9

_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""The first marker behind the coded pixels of a scan (B.1.1.2 and B.1.1.5)."""


class Segment(NamedTuple):
    """The second byte of the marker, and where the content lies; of a scan with its pixels."""

    marker: int
    start: int
    end: int


def segments(data: bytes, start: int = 0) -> Iterator[Segment]:
    """The segments of the picture that begins at `start`, the last one its end.

    Ends early where the file is cut off or is no JPEG any more, and, with a segment `SOI`,
    where another picture begins before the end of this one: no file may hold that (B.2.1),
    and what walked on would take the other picture for a part of this one.
    """
    position = start + 2
    while position + 2 <= len(data) and data[position] == 0xFF:  # noqa: PLR2004 - a marker
        marker = data[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            position += 1
            continue
        position += 2
        if marker in (SOI, EOI):
            yield Segment(marker, position, position)
            return
        if 0xD0 <= marker <= 0xD7:  # noqa: PLR2004 - RSTn has no content
            continue
        end = position + int.from_bytes(data[position : position + 2], "big")
        if marker == SOS:
            after = _AFTER_SCAN.search(data, end)
            end = after.start() if after else len(data)
        yield Segment(marker, min(position + 2, end), end)
        position = end
