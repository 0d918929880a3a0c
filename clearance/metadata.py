"""What an exported file carries besides its picture: nothing.

A photo's file may hold the hidden faces a second time (thumbnail, preview,
second picture, bytes after the end), the place, the owner and a history. The
encoder writes none of it; this is the independent look at the bytes. It is a
list of what may be there, so that a kind of metadata nobody thought of is found
as well. Formats: ITU-T T.81 and JFIF 1.02 (JPEG), ISO/IEC 15948 (PNG), RFC 9649
(WebP), ISO/IEC 14496-12 and 23008-12 (AVIF).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_JFIF_LENGTH = 16
"""Of the JFIF segment without a thumbnail, its length field included."""
_JPEG_PICTURE = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD}
"""Frame headers, Huffman tables, scans, quantisation tables, restart interval."""
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_PNG_PICTURE = {b"IHDR", b"IDAT", b"IEND"}
_WEBP_PICTURE = {b"VP8 ", b"VP8L"}
_AVIF_FILE = [b"ftyp", b"meta", b"mdat"]
_AVIF_META = {b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp"}
_TRAILER = "bytes after the end of the picture"


def foreign_parts(data: bytes) -> tuple[str, ...]:
    """Names of everything in an encoded picture that is not the picture.

    Args:
        data: a whole file: JPEG, PNG, WebP or AVIF.
    """
    try:
        return tuple(_parts(data))
    except (struct.error, IndexError):
        return ("a damaged structure",)


def _parts(data: bytes) -> Iterator[str]:
    if data.startswith(b"\xff\xd8"):
        return _jpeg_parts(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_parts(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_parts(data)
    if data[4:12] == b"ftypavif":
        return _avif_parts(data)
    return iter(("an unknown format",))


def _jpeg_parts(data: bytes) -> Iterator[str]:
    position = 2
    while True:
        start, marker = struct.unpack_from(">BB", data, position)
        if start != 0xFF:  # noqa: PLR2004 - every marker begins so
            yield "a damaged structure"
            return
        if marker == 0xD9:  # noqa: PLR2004 - end of image
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == 0xE0:  # noqa: PLR2004 - APP0
            if data[position + 4 : position + 9] != b"JFIF\0" or length != _JFIF_LENGTH:
                yield "APP0 with a thumbnail"
        elif marker not in _JPEG_PICTURE:
            yield f"segment {_jpeg_name(marker)}"
        position += 2 + length
        if marker == 0xDA:  # noqa: PLR2004 - start of scan: compressed data follow
            end = _AFTER_SCAN.search(data, position)
            if end is None:
                yield "a damaged structure"
                return
            position = end.start()
    if position + 2 != len(data):
        yield _TRAILER


def _jpeg_name(marker: int) -> str:
    first, last, comment = 0xE0, 0xEF, 0xFE
    if first <= marker <= last:
        return f"APP{marker - first}"
    return "COM" if marker == comment else f"{marker:#04x}"


def _png_parts(data: bytes) -> Iterator[str]:
    position = 8
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind not in _PNG_PICTURE:
            yield f"chunk {_printable(kind)}"
        position += 12 + length
    if position != len(data):
        yield _TRAILER


def _webp_parts(data: bytes) -> Iterator[str]:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 != len(data):
        yield _TRAILER
    position, pictures = 12, 0
    while position < len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        pictures += kind in _WEBP_PICTURE
        if kind not in _WEBP_PICTURE:
            yield f"chunk {_printable(kind)}"
        position += 8 + length + length % 2
    if pictures != 1 or position != len(data):
        yield "more or less than one picture"


def _avif_parts(data: bytes) -> Iterator[str]:
    boxes = list(_iso_boxes(data, 0, len(data)))
    if [kind for kind, _, _ in boxes] != _AVIF_FILE:
        yield "boxes other than ftyp, meta, mdat"
    for _, start, end in (box for box in boxes if box[0] == b"meta"):
        # A "full" box: four bytes of version and flags come first.
        for kind, inner_start, inner_end in _iso_boxes(data, start + 4, end):
            if kind not in _AVIF_META:
                yield f"box {_printable(kind)}"
            if kind == b"iinf":
                yield from _avif_items(data, inner_start, inner_end)
            if kind == b"iprp" and b"colrprof" in data[inner_start:inner_end]:
                yield "a colour profile"


def _avif_items(data: bytes, start: int, end: int) -> Iterator[str]:
    """Items beside the one coded picture: EXIF, XMP, thumbnails, gain maps."""
    kinds = [data[inner + 8 : inner + 12] for _, inner, _ in _iso_boxes(data, start + 6, end)]
    if kinds != [b"av01"]:
        yield "items " + ", ".join(map(_printable, kinds))


def _iso_boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box between two positions."""
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:  # noqa: PLR2004 - a box holds at least its header
            # Sizes of zero and one are legal ("to the end", "64 bits follow"),
            # but our encoder does not write them.
            raise struct.error("box size")
        yield kind, start + 8, start + size
        start += size


def _printable(name: bytes) -> str:
    return name.decode("ascii", "replace").strip()
