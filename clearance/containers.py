"""What an exported file carries beside its picture: what was composed for it, and nothing else.

A photo's file may hold the hidden faces a second time (thumbnail, preview, second
picture, bytes after the end), the place, the owner and a history. The encoder writes
none of it; this is the independent look at the bytes. It is a list of what may be
there, so that a kind of metadata nobody thought of is found as well, and every
structure is read to its last byte, so that nothing lies between two of them.

Not looked into: the compressed data themselves. A JPEG or WebP may hold bits behind its
last coded pixel that no decoder shows; our encoders are handed pixels, and have none.

Formats: ITU-T T.81 and JFIF 1.02 (JPEG), ISO/IEC 15948 (PNG), RFC 9649 and 6386 (WebP),
ISO/IEC 14496-12 and 23008-12 (AVIF), the AV1 specification (its open bitstream units);
XMP part 3 and ICC.1:2010 annex B (where metadata and colour profiles lie in each).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from PIL import PngImagePlugin


@dataclasses.dataclass(frozen=True, slots=True)
class Carried:
    """What a copy carries beside its picture, to the byte.

    Attributes:
        xmp: a whole packet; empty for none.
        icc_profile: a whole colour profile; None for none.
    """

    xmp: bytes = b""
    icc_profile: bytes | None = None


NOTHING: Final = Carried()

_TRAILER = "bytes after the end of the picture"


def embed_options(format: str, carried: Carried) -> dict[str, object]:
    """How Pillow is told to write what is carried, and nothing that an image remembers.

    Args:
        format: Pillow's name: JPEG, PNG, WEBP or AVIF.
        carried: what goes into the file; for JPEG the packet has at most 65,502 bytes.

    Returns:
        Keyword arguments for `Image.save`.

    Raises:
        ValueError: not a format of publication.
    """
    # Without a word on it, Pillow takes some of these from `Image.info`.
    options: dict[str, object] = {"exif": b"", "icc_profile": carried.icc_profile}
    if format == "PNG":
        notes = PngImagePlugin.PngInfo()
        if carried.xmp:
            notes.add_itxt(_PNG_XMP, carried.xmp)
        return options | {"pnginfo": notes}
    if format not in {"JPEG", "WEBP", "AVIF"}:
        raise ValueError(f"{format} is not a format of publication")
    if format == "JPEG":
        options["comment"] = b""
    return options | {"xmp": carried.xmp}


def foreign_parts(data: bytes, carried: Carried = NOTHING) -> tuple[str, ...]:
    """Names of everything in an encoded picture that is neither the picture nor carried.

    What is carried must be there once, to the byte: "XMP missing" is a finding as well.

    Args:
        data: a whole file, as Pillow writes it: JPEG with one scan, PNG of 8-bit RGB,
            WebP, AVIF.
        carried: what was put in.

    Returns:
        Each name once; nothing for a file that holds just what it should.
    """
    blocks = _Blocks(carried)
    found: dict[str, None] = {}
    try:
        for name in itertools.chain(_parts(data, blocks), blocks.missing()):
            found[name] = None
    except (struct.error, IndexError, KeyError, zlib.error):
        found["a damaged structure"] = None
    return tuple(found)


class _Blocks:
    """Holds what is met in a file against what it is to carry."""

    def __init__(self, carried: Carried) -> None:
        self._wanted = {"XMP": carried.xmp, "colour profile": carried.icc_profile or b""}
        self._met: set[str] = set()

    def xmp(self, content: bytes) -> Iterator[str]:
        return self._meet("XMP", content)

    def profile(self, content: bytes) -> Iterator[str]:
        return self._meet("colour profile", content)

    def missing(self) -> Iterator[str]:
        for name, content in self._wanted.items():
            if content and name not in self._met:
                yield f"{name} missing"

    @property
    def wants_xmp(self) -> bool:
        return bool(self._wanted["XMP"])

    @property
    def wants_profile(self) -> bool:
        return bool(self._wanted["colour profile"])

    def _meet(self, name: str, content: bytes) -> Iterator[str]:
        if name in self._met:
            yield f"a second {name}"
        elif not self._wanted[name]:
            yield f"{name} that was not to be there"
        elif content != self._wanted[name]:
            yield f"{name} other than was written"
        self._met.add(name)


def _parts(data: bytes, blocks: _Blocks) -> Iterator[str]:
    if data.startswith(b"\xff\xd8"):
        return _jpeg_parts(data, blocks)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_parts(data, blocks)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_parts(data, blocks)
    if data[4:12] == b"ftypavif":
        return _avif_parts(data, blocks)
    return iter(("an unknown format",))


# --- JPEG ----------------------------------------------------------------------------------

_MARK = 0xFF
"""Every marker begins so."""
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_HUFFMAN, _QUANTISATION = 0xC4, 0xDB
_FRAME = {0xC0, 0xC1}
"""Baseline and extended sequential: one scan holds the whole picture."""
_APP0, _APP1, _APP2, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEF, 0xFE
_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
"""Version 1.01, no resolution, no thumbnail."""
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_PROFILE = b"ICC_PROFILE\0"
_AFTER_SCAN = re.compile(rb"\xff[^\x00]")


def _jpeg_parts(data: bytes, blocks: _Blocks) -> Iterator[str]:
    picture, profile, jfif = _JpegPicture(), _JpegProfile(), 0
    for marker, content in _jpeg_segments(data):
        if marker == _APP0:
            jfif += 1
            if content != _JFIF or jfif > 1:
                yield "APP0 with a thumbnail, a resolution or more"
        elif marker == _APP1 and content.startswith(_JPEG_XMP):
            yield from blocks.xmp(content.removeprefix(_JPEG_XMP))
        elif marker == _APP2 and content.startswith(_JPEG_PROFILE):
            profile.add(content.removeprefix(_JPEG_PROFILE))
        elif marker == _END_OF_IMAGE:
            if content:
                yield _TRAILER
        elif not picture.add(marker, content):
            yield f"segment {_jpeg_name(marker)}"
    yield from picture.parts()
    yield from profile.parts(blocks)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each; that of the last, the end, is whatever lies behind it."""
    position = 2
    while True:
        mark, marker = struct.unpack_from(">BB", data, position)
        if mark != _MARK:
            raise struct.error("no marker")
        if marker == _END_OF_IMAGE:
            yield marker, data[position + 2 :]
            return
        (length,) = struct.unpack_from(">H", data, position + 2)
        yield marker, _piece(data, position + 4, length - 2)
        position += 2 + length
        if marker == _START_OF_SCAN:
            end = _AFTER_SCAN.search(data, position)
            if end is None:
                raise struct.error("no end")
            position = end.start()


class _JpegProfile:
    """A colour profile, which may lie in several segments: each says which of how many."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, int]] = []
        self._content = b""

    def add(self, content: bytes) -> None:
        self._parts.append((content[0], content[1]))
        self._content += content[2:]

    def parts(self, blocks: _Blocks) -> Iterator[str]:
        count = len(self._parts)
        if self._parts != [(number, count) for number in range(1, count + 1)]:
            yield "a colour profile in disorder"
        if self._parts:
            yield from blocks.profile(self._content)


class _JpegPicture:
    """One frame, one scan, and the tables that they use: every byte of their segments."""

    def __init__(self) -> None:
        self._defined: list[tuple[int, int]] = []
        self._used: set[tuple[int, int]] = set()
        self._frames: list[tuple[int, ...]] = []
        self._scans: list[tuple[int, ...]] = []

    def add(self, marker: int, content: bytes) -> bool:
        """Whether the segment belongs to a picture."""
        if marker in _FRAME:
            # Precision, height, width, then name, sampling and table of each component.
            numbers = struct.unpack(">BHHB9B", content)
            self._frames.append(numbers[4::3])
            self._used |= {(_QUANTISATION, table) for table in numbers[6::3]}
        elif marker == _START_OF_SCAN:
            # Name and tables of each component, then which coefficients: all.
            numbers = struct.unpack(">10B", content)
            self._scans.append(numbers[1:7:2])
            for tables in numbers[2:7:2]:
                self._used |= {(_HUFFMAN, tables >> 4), (_HUFFMAN, 0x10 | tables & 0xF)}
            if (numbers[0], *numbers[7:]) != (3, 0, 63, 0):
                raise struct.error("part of a scan")
        elif marker == _QUANTISATION:
            position = 0
            while position < len(content):
                self._defined.append((marker, content[position] & 0xF))
                position += 65 if content[position] < 0x10 else 129  # noqa: PLR2004 - 16 bits
            self._read_all(position, content)
        elif marker == _HUFFMAN:
            position = 0
            while position < len(content):
                self._defined.append((marker, content[position]))
                position += 17 + sum(content[position + 1 : position + 17])
            self._read_all(position, content)
        else:
            return False
        return True

    def parts(self) -> Iterator[str]:
        if len(self._frames) != 1 or self._frames != self._scans:
            yield "more or less than one picture"
        if sorted(self._defined) != sorted(self._used):
            yield "tables that the picture does not use"

    @staticmethod
    def _read_all(position: int, content: bytes) -> None:
        if position != len(content):
            raise struct.error("table length")


def _jpeg_name(marker: int) -> str:
    if _APP0 <= marker <= _APP15:
        return f"APP{marker - _APP0}"
    return "COM" if marker == _COMMENT else f"{marker:#04x}"


# --- PNG -----------------------------------------------------------------------------------

_PNG_XMP = "XML:com.adobe.xmp"
_PNG_PLAIN_XMP = _PNG_XMP.encode() + b"\0\0\0\0\0"
"""Neither compressed, nor with a language or a translated keyword."""
_PNG_PROFILE = b"ICC Profile\0\0"
_RGB_OF_8_BITS = [8, 2, 0, 0, 0]
_BEHIND = b"behind the end"


def _png_parts(data: bytes, blocks: _Blocks) -> Iterator[str]:
    picture = _PngPicture()
    for kind, content in _png_chunks(data):
        if kind == b"iTXt" and content.startswith(_PNG_PLAIN_XMP):
            yield from blocks.xmp(content.removeprefix(_PNG_PLAIN_XMP))
        elif kind == b"iCCP" and content.startswith(_PNG_PROFILE):
            yield from blocks.profile(_inflated(content.removeprefix(_PNG_PROFILE)))
        elif kind == _BEHIND:
            yield _TRAILER
        elif not picture.add(kind, content):
            yield f"chunk {_printable(kind)}"
    yield from picture.parts()


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each, and what lies behind the last, if anything."""
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        content = _piece(data, position + 8, length)
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        if zlib.crc32(content, zlib.crc32(kind)) != checksum:
            raise struct.error("checksum")
        yield kind, content
        position += 12 + length
    if position != len(data):
        yield _BEHIND, data[position:]


class _PngPicture:
    """One picture, to the last byte of its pixels: one cut in its header holds more."""

    def __init__(self) -> None:
        self._headers = 0
        self._left = 0
        self._stream = zlib.decompressobj()

    def add(self, kind: bytes, content: bytes) -> bool:
        """Whether the chunk belongs to a picture."""
        if kind == b"IHDR":
            width, height, *how = struct.unpack(">IIBBBBB", content)
            if how != _RGB_OF_8_BITS:
                raise struct.error("pixels other than RGB of 8 bits")
            self._headers += 1
            # Each row says first how it was filtered.
            self._left = height * (1 + 3 * width)
        elif kind == b"IDAT":
            if self._stream.eof:
                self._left = -1
            while content and self._left >= 0 and not self._stream.eof:
                self._left -= len(self._stream.decompress(content, 1 << 20))
                content = self._stream.unconsumed_tail
        else:
            return kind == b"IEND" and not content
        return True

    def parts(self) -> Iterator[str]:
        if self._headers != 1:
            yield "more or less than one picture"
        if self._left or not self._stream.eof or self._stream.unused_data:
            yield "more or less pixels than the picture has"


_MOST_INFLATED = 1 << 22
"""No profile that we write comes near it."""


def _inflated(packed: bytes) -> bytes:
    """What is packed, to the last byte.

    Raises:
        zlib.error: damaged, far too large, or there is more behind it.
    """
    stream = zlib.decompressobj()
    content = stream.decompress(packed, _MOST_INFLATED)
    if not stream.eof or stream.unused_data:
        raise zlib.error("more or less than one stream")
    return content


# --- WebP ----------------------------------------------------------------------------------

_WEBP_PICTURE = {b"VP8 ", b"VP8L"}
_WEBP_PROFILE_FLAG, _WEBP_XMP_FLAG = 0x20, 0x04


def _webp_parts(data: bytes, blocks: _Blocks) -> Iterator[str]:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 != len(data):
        yield _TRAILER
    order: list[bytes] = []
    declared = drawn = b""
    for kind, content in _webp_chunks(data):
        order.append(kind)
        if kind == b"VP8X":
            declared = content
        elif kind == b"ICCP":
            yield from blocks.profile(content)
        elif kind == b"XMP ":
            yield from blocks.xmp(content)
        elif kind in _WEBP_PICTURE:
            drawn = _webp_extent(kind, content)
        else:
            yield f"chunk {_printable(kind)}"
    pictures = [kind for kind in order if kind in _WEBP_PICTURE]
    if len(pictures) != 1:
        yield "more or less than one picture"
    yield from _webp_frame(order, pictures, declared, drawn, blocks)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position < len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind, _piece(data, position + 8, length)
        position += 8 + length
        if length % 2:
            if data[position] != 0:
                raise struct.error("padding that is not empty")
            position += 1


def _webp_frame(
    order: list[bytes], pictures: list[bytes], declared: bytes, drawn: bytes, blocks: _Blocks
) -> Iterator[str]:
    """What is wrong with the order of the chunks, and with the one that announces them."""
    # Animation, EXIF and transparency have flags as well, and some bits are reserved.
    flags = _WEBP_PROFILE_FLAG * blocks.wants_profile | _WEBP_XMP_FLAG * blocks.wants_xmp
    wanted = [
        *[b"VP8X"] * bool(flags),
        *[b"ICCP"] * blocks.wants_profile,
        *pictures[:1],
        *[b"XMP "] * blocks.wants_xmp,
    ]
    if order != wanted:
        yield "chunks other than those of the picture, or in another order"
    if declared != (struct.pack("<I", flags) + drawn if flags else b""):
        yield "chunk VP8X other than the picture's"


def _webp_extent(kind: bytes, content: bytes) -> bytes:
    """Width and height, each less one, in three bytes each: as VP8X has them."""
    if kind == b"VP8 ":
        # Behind three bytes of flags and three of a start code; the upper bits scale.
        width, height = struct.unpack_from("<HH", content, 6)
        sides = (width & 0x3FFF) - 1, (height & 0x3FFF) - 1
    else:
        bits = int.from_bytes(content[1:5], "little")
        sides = bits & 0x3FFF, bits >> 14 & 0x3FFF
    return b"".join(struct.pack("<i", side)[:3] for side in sides)


# --- AVIF ----------------------------------------------------------------------------------

_AVIF_FILE = [b"ftyp", b"meta", b"mdat"]
_AVIF_BRANDS = {b"avif", b"mif1", b"miaf", b"MA1A", b"MA1B"}
_AVIF_META = [b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp"]
_AVIF_SAID = {
    b"hdlr": bytes(8) + b"pict" + bytes(13),
    b"pitm": bytes(5) + b"\1",
    b"iref": bytes(4) + struct.pack(">I4sHHH", 14, b"cdsc", 2, 1, 1),
}
"""Boxes that never say anything else: the first item is the picture, the second is about it."""
_AVIF_PICTURE = b"\2\0\0\0\0\1\0\0av01Color\0"
_AVIF_XMP = b"\2\0\0\0\0\2\0\0mimeXMP\0application/rdf+xml\0"
_AVIF_COLOURS = {struct.pack(">4sHHHB", b"nclx", *said, 6, 0x80) for said in ((1, 13), (2, 2))}
"""sRGB, and as the profile says."""
_AVIF_PIXELS = b"\0\0\0\0\3\x08\x08\x08"
_AV1_ALLOWED = {1, 2, 3, 4, 6}
"""Sequence header, temporal delimiter, frame header, tiles, both: no metadata, no padding."""


def _avif_parts(data: bytes, blocks: _Blocks) -> Iterator[str]:
    boxes = list(_iso_boxes(data, 0, len(data)))
    if [kind for kind, _, _ in boxes] != _AVIF_FILE:
        yield "boxes other than ftyp, meta, mdat"
        return
    (_, *brands), (_, *meta), (_, *media) = boxes
    yield from _avif_brands(data[slice(*brands)])
    (flags,) = struct.unpack_from(">I", data, meta[0])
    inner = [(kind, data[start:end]) for kind, start, end in _iso_boxes(data, meta[0] + 4, meta[1])]
    content = dict(inner)
    wanted = [*_AVIF_META, *([b"iref"] if blocks.wants_xmp else [])]
    if sorted(kind for kind, _ in inner) != sorted(wanted) or flags:
        names = ", ".join(_printable(kind) for kind, _ in inner)
        yield f"boxes other than those of the picture ({names})"
    for kind, said in _AVIF_SAID.items():
        if content.get(kind, said) != said:
            yield f"box {_printable(kind)}"
    items = content[b"iinf"]
    told = [items[start:end] for _, start, end in _iso_boxes(items, 6, len(items))]
    if told != [_AVIF_PICTURE, *([_AVIF_XMP] if blocks.wants_xmp else [])]:
        yield "items " + ", ".join(_printable(one[8:12]) for one in told)
    if items[:6] != struct.pack(">IH", 0, len(told)):
        yield "box iinf"
    places = _avif_places(content[b"iloc"], len(told))
    yield from _tiled(sorted(places), *media)
    for (start, length), item in zip(places, told, strict=True):
        if item == _AVIF_PICTURE:
            yield from _av1_parts(data[start : start + length])
        elif item == _AVIF_XMP:
            yield from blocks.xmp(data[start : start + length])
    yield from _avif_properties(content[b"iprp"], blocks)


def _avif_brands(content: bytes) -> Iterator[str]:
    compatible = [content[at : at + 4] for at in range(8, len(content), 4)]
    if content[:8] != b"avif" + bytes(4) or len(compatible) != len(set(compatible)):
        yield "box ftyp"
    if not _AVIF_BRANDS.issuperset(compatible):
        yield "box ftyp"


def _avif_places(content: bytes, count: int) -> list[tuple[int, int]]:
    """Where the bytes of each item lie, and how many; the items are numbered from 1."""
    entries = list(struct.iter_unpack(">HHHII", content[8:]))
    expected = [(number, 0, 1) for number in range(1, count + 1)]
    # Offsets and lengths of four bytes each, and no base to add.
    head = struct.pack(">IHH", 0, 0x4400, count)
    if content[:8] != head or [entry[:3] for entry in entries] != expected:
        raise struct.error("item places")
    return [entry[3:] for entry in entries]


def _tiled(places: list[tuple[int, int]], start: int, end: int) -> Iterator[str]:
    for where, length in places:
        if where != start:
            yield "bytes between the items"
        start = where + length
    if start != end:
        yield "bytes behind the items"


def _avif_properties(content: bytes, blocks: _Blocks) -> Iterator[str]:
    described = list(_iso_boxes(content, 0, len(content)))
    if [kind for kind, _, _ in described] != [b"ipco", b"ipma"]:
        yield "properties of more than the picture"
        return
    (_, start, end), (_, owners_start, owners_end) = described
    properties = [(kind, content[a:b]) for kind, a, b in _iso_boxes(content, start, end)]
    plain = [kind for kind, said in properties if said[:4] != b"prof"]
    if sorted(plain) != [b"av1C", b"colr", b"ispe", b"pixi"]:
        yield "properties " + ", ".join(_printable(kind) for kind in plain)
    for kind, said in properties:
        if kind == b"colr" and said.startswith(b"prof"):
            yield from blocks.profile(said[4:])
        elif not _is_plain(kind, said):
            yield f"property {_printable(kind)}"
    # The picture owns every property; a decoder must know that of its configuration.
    owned = bytes(
        number | (0x80 if kind == b"av1C" else 0) for number, (kind, _) in enumerate(properties, 1)
    )
    expected = struct.pack(">IIHB", 0, 1, 1, len(owned)) + owned
    if content[owners_start:owners_end] != expected:
        yield "box ipma"


def _is_plain(kind: bytes, said: bytes) -> bool:
    """Whether a property has room for nothing but what it is for."""
    if kind == b"ispe":
        return len(said) == 12 and not any(said[:4])  # noqa: PLR2004 - flags, width, height
    if kind == b"av1C":
        # No open bitstream units behind it.
        return len(said) == 4 and said[0] == 0x81 and said[3] == 0  # noqa: PLR2004
    return said == _AVIF_PIXELS if kind == b"pixi" else said in _AVIF_COLOURS


def _av1_parts(data: bytes) -> Iterator[str]:
    """Units of a coded picture that are not the picture."""
    position, headers, frames = 0, 0, 0
    while position < len(data):
        head = data[position]
        kind = head >> 3 & 0xF
        if head & 0x85 or not head & 0x02:
            # Forbidden, extension or reserved bits, or a unit without its size.
            yield "a coded picture of another kind"
            return
        size, position = _leb128(data, position + 1)
        position += size
        if kind not in _AV1_ALLOWED:
            yield f"unit {kind} in the coded picture"
        headers += kind == 1
        frames += kind in {3, 6}
    if position != len(data):
        raise struct.error("unit length")
    if (headers, frames) != (1, 1):
        yield "more or less than one picture"


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where it ends."""
    value = 0
    for shift in range(0, 56, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - no more bytes
            return value, position
    raise struct.error("a number that is too long")


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


def _piece(data: bytes, start: int, length: int) -> bytes:
    piece = data[start : start + length]
    if len(piece) != length:
        raise struct.error("more bytes than there are")
    return piece


def _printable(name: bytes) -> str:
    return name.decode("ascii", "replace").strip()
