"""What a photo's file shows beside the photo: found in its bytes, whatever hides it there.

Editors, cameras and phones leave earlier or other pictures behind: thumbnails, previews,
HDR gain maps, depth maps, a second of video, layers. What is a JPEG is taken out to be
judged like the photo itself; what is none is named, because nobody has judged it.

Formats: ITU-T T.81 (JPEG), JFIF 1.02, ISO/IEC 15948 (PNG), RFC 9649 (WebP), ISO/IEC 23008-12
(HEIF), Ultra HDR 1.1 and ISO 21496-1 (gain maps), Android Motion Photo 1.0, JUMBF in JPEG
(ISO/IEC 19566-5).
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import re
import struct
from typing import TYPE_CHECKING

from PIL import ExifTags

from detector.embedded import HOSTILE, Tiff
from detector.jpeg_segments import EOI, SOI, SOS, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

    from detector.embedded import Embedded

MAX_JPEGS = 16
"""JPEGs that are taken out of one file; of more, the others are named only."""

_UNKNOWN = 1024
"""Bytes that nobody understands from which they could be a picture: a thumbnail has more."""


class Unjudged(enum.StrEnum):
    """What a file holds and nobody has judged."""

    GAIN_MAP = "gain_map"
    """The same picture once more, to brighten the first one on an HDR screen."""
    AUXILIARY = "auxiliary"
    """Depth, a mask, a gain map: a picture that belongs to the first one."""
    THUMBNAIL = "thumbnail"
    """A small picture in a form that is not read here."""
    FURTHER_PICTURE = "further_picture"
    VIDEO = "video"
    LAYERS = "layers"
    CROPPED = "cropped"
    """Programs show a part of what is coded."""
    UNREADABLE = "unreadable"
    """A picture that cannot be opened."""
    DATA = "data"
    """Bytes of which it is not known what they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class SecondPictures:
    """`jpegs` are files of their own, to be opened; `unjudged` is what is none."""

    jpegs: tuple[bytes, ...]
    unjudged: tuple[Unjudged, ...]


def second_pictures(
    image: Image.Image, untrusted_bytes: bytes, kind: str, embedded: Embedded
) -> SecondPictures:
    """What the file holds beside its first picture. No bytes make it raise.

    Args:
        image: the opened photo.
        untrusted_bytes: the whole file.
        kind: of the file, as `detector.decoding.PhotoFormat` names it.
        embedded: what was found in it.
    """
    found = _Found()
    with found.whatever_comes():
        _KINDS.get(kind, _nothing_more)(untrusted_bytes, found)
    for packet in (embedded.xmp, embedded.extended_xmp):
        found.jpegs += list(_in_base64(packet or b""))
    if kind != "JPEG" and embedded.exif:
        found.search(embedded.exif)
    with found.whatever_comes():
        if _has_uncompressed_thumbnail(image):
            found.named(Unjudged.THUMBNAIL)
    if embedded.too_large:
        found.named(Unjudged.DATA)
    taken: list[bytes] = []
    for jpeg in dict.fromkeys(found.jpegs):
        if any(trace in jpeg[:_HEAD] for trace in _GAIN_MAPS):
            found.named(Unjudged.GAIN_MAP)
        elif len(taken) < MAX_JPEGS:
            taken.append(jpeg)
        else:
            found.named(Unjudged.FURTHER_PICTURE)
    return SecondPictures(tuple(taken), tuple(one for one in Unjudged if one in found.unjudged))


# A JPEG begins with a segment of an application, tables, a comment or a frame: the fourth
# byte sets it apart from most of what only looks like one.
_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xc2\xc4\xdb\xdd\xe0-\xef\xfe]")
_JPEG_IN_BASE64 = re.compile(rb"/9j/(?:[A-Za-z0-9+/=\s]|&#x?[0-9A-Fa-f]+;)+")
_LINE_BREAK = re.compile(rb"\s|&#x?[0-9A-Fa-f]+;")
_GAIN_MAPS = (b"hdrgm:", b"hdr-gain-map", b"urn:iso:std:iso:ts:21496", b":hdrgainmap")
_HEAD = 65536
_VIDEO = re.compile(rb"ftyp(?:mp4|isom|iso\d|avc1|qt  |MSNV|3gp|hvc1|hev1)")


class _Found:
    """What was met so far."""

    def __init__(self) -> None:
        self.jpegs: list[bytes] = []
        self.unjudged: set[Unjudged] = set()

    def named(self, what: Unjudged) -> None:
        self.unjudged.add(what)

    def search(self, block: bytes) -> bool:
        """Take the JPEGs out of a block; False where there are none."""
        found = list(_jpegs_in(block))
        self.jpegs += found
        return bool(found)

    def unknown(self, block: bytes) -> None:
        """A block of which nobody knows what it is."""
        if not self.search(block) and len(block.strip(b"\0")) >= _UNKNOWN:
            self.named(Unjudged.DATA)

    def whatever_comes(self) -> _Suspicious:
        """A block in which hostile bytes raise: then nobody knows what they hold."""
        return _Suspicious(self)


class _Suspicious:
    def __init__(self, found: _Found) -> None:
        self._found = found

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        hostile = kind is not None and issubclass(kind, HOSTILE)
        if hostile:
            self._found.named(Unjudged.DATA)
        return hostile


def _jpegs_in(block: bytes) -> Iterator[bytes]:
    """Every JPEG in a block that is not inside another one."""
    position = 0
    while match := _JPEG.search(block, position):
        start = match.start()
        # One that is cut off goes on to the end of the block.
        end = _end(block, start)
        yield block[start:end]
        position = max(end, match.end())


def _end(data: bytes, start: int) -> int:
    """The first byte behind a JPEG; the end of the data for one without an end."""
    for marker, begin, end in segments(data, start):
        if marker == EOI:
            return end
        if marker == SOI:
            return begin - 2
    return len(data)


def _in_base64(packet: bytes) -> Iterator[bytes]:
    for match in _JPEG_IN_BASE64.finditer(packet):
        text = _LINE_BREAK.sub(b"", match[0])
        try:
            yield base64.b64decode(text[: len(text) // 4 * 4])
        except binascii.Error:
            yield text  # which opens as no picture


_COMPRESSION, _STRIPS = 259, 273
_OLD_JPEG = 6


def _has_uncompressed_thumbnail(image: Image.Image) -> bool:
    exif = image.getexif()
    if image.format == "TIFF" or not exif:
        return False
    tags = exif.get_ifd(ExifTags.IFD.IFD1)
    return _STRIPS in tags and tags.get(_COMPRESSION) != _OLD_JPEG


# --- JPEG -----------------------------------------------------------------------------------

_APP0, _APP11 = 0xE0, 0xEB
# A block that does not fit into a segment goes on in the next, behind the same header.
_HEADERS = {0xE1: (b"Exif\0\0", 6), _APP11: (b"JP", 16), 0xED: (b"Photoshop 3.0\0", 14)}
_THUMBNAIL_SIZE = slice(12, 14)


def _in_jpeg(data: bytes, found: _Found) -> None:
    joined: dict[int, bytes] = {}
    behind = len(data)
    for marker, start, end in segments(data):
        behind = start - 2 if marker == SOI else end
        if marker == SOI:
            break
        if marker == SOS or not 0xC0 <= marker <= 0xFE:  # noqa: PLR2004 - segments with content
            continue
        content = data[start:end]
        header, length = _HEADERS.get(marker, (b"\xff", 0))
        if content.startswith(header):
            joined[marker] = joined.get(marker, b"") + content[length:]
        else:
            found.search(content)
        if marker == _APP0:
            _named_in_app0(content, found)
    for content in joined.values():
        found.search(content)
    _behind_jpeg(data[behind:], found)


def _named_in_app0(content: bytes, found: _Found) -> None:
    jfif = content.startswith(b"JFIF\0") and 0 not in content[_THUMBNAIL_SIZE].ljust(2, b"\0")
    jfxx = content.startswith(b"JFXX\0") and content[5:6] in (b"\x11", b"\x13")
    if jfif or jfxx:
        found.named(Unjudged.THUMBNAIL)


def _behind_jpeg(tail: bytes, found: _Found) -> None:
    behind = list(_jpegs_in(tail))
    found.jpegs += behind
    if _VIDEO.search(tail):
        found.named(Unjudged.VIDEO)
        return
    for jpeg in behind:
        tail = tail.replace(jpeg, b"", 1)
    if len(tail.strip(b"\0")) >= _UNKNOWN:
        found.named(Unjudged.DATA)


# --- PNG and WebP -----------------------------------------------------------------------------

# Chunks of which it is known that they hold no picture beside the first.
_PNG_CHUNKS = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB"),
    *(b"cICP", b"mDCV", b"cLLI", b"tEXt", b"zTXt", b"iTXt", b"bKGD", b"hIST", b"pHYs", b"sPLT"),
    *(b"eXIf", b"tIME", b"acTL", b"fcTL", b"fdAT"),
}
_WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"EXIF", b"XMP ", b"ANIM", b"ANMF"}
_CREDENTIAL_CHUNKS = {b"caBX", b"C2PA"}


def _in_png(data: bytes, found: _Found) -> None:
    position, kind = 8, b""
    while position + 8 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        _chunk(kind, data[position + 8 : position + 8 + length], _PNG_CHUNKS, found)
        position += 12 + length
    found.unknown(data[position:])


def _in_webp(data: bytes, found: _Found) -> None:
    (size,) = struct.unpack_from("<I", data, 4)
    end, position = min(len(data), 8 + size), 12
    while position + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, position)
        _chunk(kind, data[position + 8 : position + 8 + length], _WEBP_CHUNKS, found)
        position += 8 + length + length % 2
    found.unknown(data[end:])


def _chunk(kind: bytes, content: bytes, known: set[bytes], found: _Found) -> None:
    if kind in _CREDENTIAL_CHUNKS:
        found.search(content)
    elif kind not in known:
        found.unknown(content)


# --- HEIF and AVIF -----------------------------------------------------------------------------

_ISO_BOXES = {b"ftyp", b"meta", b"mdat"}
_ISO_VIDEO = {b"moov", b"mpvd", b"moof"}
_NO_PICTURE = {b"Exif", b"mime", b"uri "}
_TRANSPARENCY = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_FULL_BOX = 4
"""Bytes of version and flags."""


def _in_iso(data: bytes, found: _Found) -> None:
    for kind, content in _boxes(data):
        if kind in _ISO_VIDEO:
            found.named(Unjudged.VIDEO)
        elif kind == b"meta":
            _in_meta(content[_FULL_BOX:], found)
        elif kind not in _ISO_BOXES:
            found.unknown(content)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            header = 16
        end = position + size if size else len(data)
        if end < position + header:
            raise ValueError("a box that ends before it begins")
        yield kind, data[position + header : end]
        position = end
    if data[position:].strip(b"\0"):
        yield b"", data[position:]


def _in_meta(meta: bytes, found: _Found) -> None:
    """The items of a HEIF file: which belong to the picture that is shown, and which do not."""
    parts = dict(_boxes(meta))
    primary = int.from_bytes(parts[b"pitm"][_FULL_BOX:], "big")
    kinds = dict(_items(parts[b"iinf"]))
    references = list(_references(parts.get(b"iref", bytes(_FULL_BOX))))
    properties = dict(_boxes(parts.get(b"iprp", b"")))
    owned = list(_owned(properties.get(b"ipco", b""), properties.get(b"ipma", b"")))
    transparency = {item for item, kind, content in owned if kind == b"auxC" and _alpha(content)}
    # What the first picture is put together of, and what says where one sees through it.
    shown = {primary}
    while (
        more := {
            item
            for kind, source, target in references
            for item in [target] * (kind == b"dimg" and source in shown)
            + [source] * (kind == b"auxl" and source in transparency and target in shown)
        }
        - shown
    ):
        shown |= more
    if any(item in shown and kind == b"clap" for item, kind, _ in owned):
        found.named(Unjudged.CROPPED)
    refers = {source: kind for kind, source, target in references if target in shown}
    belongs = {b"thmb": Unjudged.THUMBNAIL, b"auxl": Unjudged.AUXILIARY}
    for item, kind in kinds.items():
        if item not in shown and kind not in _NO_PICTURE:
            another = Unjudged.GAIN_MAP if kind == b"tmap" else Unjudged.FURTHER_PICTURE
            found.named(belongs.get(refers.get(item, b""), another))
    for kind, content in parts.items():
        if kind in (b"jumb", b"idat"):
            found.search(content)


def _items(iinf: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and kind of every item."""
    # The count has two bytes in version 0 and four later.
    entries = iinf[_FULL_BOX + (4 if iinf[0] else 2) :]
    for _, infe in _boxes(entries):
        wide = infe[0] >= 3  # noqa: PLR2004 - the version with long numbers
        number = _FULL_BOX + (4 if wide else 2)
        yield int.from_bytes(infe[_FULL_BOX:number], "big"), infe[number + 2 : number + 6]


def _owned(ipco: bytes, ipma: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The properties of every item: its number, and the kind and content of each."""
    known = list(_boxes(ipco))
    if not ipma:
        return
    flags = int.from_bytes(ipma[1:_FULL_BOX], "big")
    number = ">I" if ipma[0] else ">H"
    index, rank = (">H", 0x7FFF) if flags & 1 else (">B", 0x7F)
    (entries,) = struct.unpack_from(">I", ipma, _FULL_BOX)
    position = _FULL_BOX + 4
    for _ in range(entries):
        (item,) = struct.unpack_from(number, ipma, position)
        position += struct.calcsize(number) + 1
        for _ in range(ipma[position - 1]):
            place = struct.unpack_from(index, ipma, position)[0] & rank
            position += struct.calcsize(index)
            if place:
                yield item, *known[place - 1]


def _alpha(aux: bytes) -> bool:
    """Whether the content of an auxC box says that an item is transparency."""
    return any(name in aux for name in _TRANSPARENCY)


def _references(iref: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, source and target of every reference."""
    code = ">I" if iref[0] else ">H"
    step = struct.calcsize(code)
    for kind, content in _boxes(iref[_FULL_BOX:]):
        (source,) = struct.unpack_from(code, content, 0)
        (count,) = struct.unpack_from(">H", content, step)
        for index in range(count):
            yield kind, source, struct.unpack_from(code, content, step + 2 + index * step)[0]


# --- TIFF, BMP, GIF ----------------------------------------------------------------------------

_TIFF_RESOURCES, _TIFF_LAYERS = 34377, 37724


def _in_tiff(data: bytes, found: _Found) -> None:
    tiff = Tiff.of(data)
    resources = tiff.directories[0].get(_TIFF_RESOURCES)
    if resources:
        found.search(data[resources.start : resources.start + resources.length])
    if _TIFF_LAYERS in tiff.directories[0]:
        found.named(Unjudged.LAYERS)


def _in_bmp(data: bytes, found: _Found) -> None:
    (pixels,) = struct.unpack_from("<I", data, 10)
    (header, width, height, _, depth, _, size) = struct.unpack_from("<IiiHHII", data, 14)
    # Bitmasks and a palette of 256 colours may lie between.
    most_before = 14 + header + 16 + 1024
    found.unknown(data[min(most_before, pixels) : pixels])
    rows = size or (width * depth + 31) // 32 * 4 * abs(height)
    found.unknown(data[pixels + rows :])


def _nothing_more(_: bytes, __: _Found) -> None:
    """A GIF keeps everything in blocks of 255 bytes, where no picture of another kind fits."""


_KINDS: dict[str, Callable[[bytes, _Found], None]] = {
    "JPEG": _in_jpeg,
    "PNG": _in_png,
    "WEBP": _in_webp,
    "HEIF": _in_iso,
    "AVIF": _in_iso,
    "TIFF": _in_tiff,
    "BMP": _in_bmp,
}
