"""What else lies in a photo's file: the blocks that say who, where and by whom.

Found while the photo is open and kept as they are, undecoded. A block is worth no
photo: one that cannot be taken out is None and `damaged`, and hostile bytes raise
nothing. No numpy, as
photos are decoded while it is still being imported. Formats: Adobe XMP specification
part 3 (where each kind of file keeps its packet), TIFF 6.0 and BigTIFF, ISO/IEC
14496-12 (boxes), C2PA 2.1 appendix A (where a credential lies).
"""

from __future__ import annotations

import dataclasses
import re
import struct
import zlib
from typing import TYPE_CHECKING, Final, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from PIL import Image

    from detector.decoding import PhotoFormat

_T = TypeVar("_T")

MAX_BLOCK = 8 * 2**20
"""Bytes of one block. Captions and regions take kilobytes; more is a picture, or an attack."""

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
"""Tags of a TIFF structure that point at the directories of EXIF and of the place."""

_UPRIGHT = 1
_SIDEWAYS = 5
"""From this orientation on, width and height change places."""
_LAST_ORIENTATION = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Embedded:
    """The undecoded blocks of one file.

    Attributes:
        exif: a TIFF structure, without the header of JPEG. Of a TIFF file only the
            entries about people, place and rights, as a structure of its own.
        xmp: the packet as it is, in any encoding.
        extended_xmp: a second packet, with what did not fit into one segment of a JPEG.
        iptc: datasets of IPTC IIM.
        comment: JPEG and GIF comments; of a PNG "Title: ..." lines. Encoding unknown.
        credential: there is a C2PA manifest store.
        orientation: EXIF's, 1 to 8, by which we turned the stored raster; 1 in HEIF and
            AVIF, whose own rotation is part of the picture.
        container_turn: by what the rotation of a HEIF or AVIF file turned it, 1 to 8 as
            EXIF counts; 1 in other files. Of HEIF it is what EXIF says, in which phones
            repeat it.
        stored_size: width and height of the raster that was turned by `orientation`.
        too_large: a block was left out because of its size.
        damaged: a block was left out because it could not be taken out of the file.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    extended_xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    credential: bool = False
    orientation: int = _UPRIGHT
    container_turn: int = _UPRIGHT
    stored_size: tuple[int, int] = (0, 0)
    too_large: bool = False
    damaged: bool = False


NOTHING_EMBEDDED: Final = Embedded()
"""Of a file that holds its picture only."""


def embedded_in(
    image: Image.Image, untrusted_bytes: bytes, kind: PhotoFormat, *, turned: bool
) -> Embedded:
    """The blocks of an opened photo. No bytes make it raise.

    Args:
        image: its first picture, loaded.
        untrusted_bytes: the whole file.
        kind: of the file.
        turned: the decoder has applied the rotation already.
    """
    try:
        found = _FINDERS.get(kind.value, _in_info)(image, untrusted_bytes)
    except HOSTILE:
        found = _Blocks(damaged=True)
    exif = _without_header(found.exif)
    turn, container = _UPRIGHT, _UPRIGHT
    width, height = image.size
    if turned:
        container = _turn(image.info.get("original_orientation"))
    else:
        turn = _turn(found.orientation or _quietly(lambda: image.getexif().get(_ORIENTATION)))
        in_exif = _quietly(lambda: Tiff.of(exif or b"").number(0, _ORIENTATION))
        if kind.value == "AVIF" and in_exif:
            # Pillow has put the container's rotation there, whatever it found.
            turn, container = _UPRIGHT, turn
        if max(turn if kind.value == "TIFF" else _UPRIGHT, container) >= _SIDEWAYS:
            # Pillow turns a TIFF while loading; the container's rotation is to come.
            width, height = height, width
    return Embedded(
        exif=_bounded(exif),
        xmp=_bounded(found.xmp),
        extended_xmp=_bounded(found.extended_xmp),
        iptc=_bounded(found.iptc),
        comment=_bounded(found.comment),
        credential=found.credential,
        orientation=turn,
        container_turn=container,
        stored_size=(width, height),
        damaged=found.damaged,
        too_large=found.too_large
        or any(
            block is not None and len(block) > MAX_BLOCK
            for block in (found.exif, found.xmp, found.extended_xmp, found.iptc, found.comment)
        ),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class TiffEntry:
    """One entry of a directory: where its value lies, not yet read."""

    kind: int
    count: int
    start: int
    length: int


@dataclasses.dataclass(frozen=True, slots=True)
class Tiff:
    """The directories of a TIFF structure that are about its picture; nothing is decoded.

    `order` is "<" or ">", as in `struct`. `directories` are the first one (0), EXIF_IFD
    and GPS_IFD, as far as there are any, each by tag. `broken`: one of them is cut off, and
    has only what stands before.
    """

    data: bytes
    order: str
    directories: dict[int, dict[int, TiffEntry]]
    broken: bool

    @classmethod
    def of(cls, data: bytes) -> Tiff:
        """The directories of `data`.

        Raises:
            ValueError: it is no TIFF structure.
            struct.error: it ends before its first directory.
        """
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None:
            raise ValueError("no byte order")
        (version,) = struct.unpack_from(f"{order}H", data, 2)
        layout = _LAYOUTS.get(version)
        if layout is None:
            raise ValueError("no TIFF version")
        (offset,) = struct.unpack_from(order + layout.offset, data, layout.first)
        first, broken = _directory(data, order, layout, offset)
        tiff = cls(data, order, {0: first}, broken)
        for pointer in (EXIF_IFD, GPS_IFD):
            to = tiff.number(0, pointer)
            if to is not None:
                tiff.directories[pointer], cut = _directory(data, order, layout, to)
                broken |= cut
        return dataclasses.replace(tiff, broken=broken)

    def value(self, directory: int, tag: int) -> bytes | None:
        """The bytes of a value as they are; None where there is none or it is cut off.

        None as well where it is longer than MAX_BLOCK.
        """
        entry = self.directories.get(directory, {}).get(tag)
        if entry is None or entry.length > MAX_BLOCK:
            return None
        if entry.start + entry.length > len(self.data):
            return None
        return self.data[entry.start : entry.start + entry.length]

    def number(self, directory: int, tag: int) -> int | None:
        """A single whole number, unsigned; None for anything else."""
        entry = self.directories.get(directory, {}).get(tag)
        if entry is None or entry.count != 1 or entry.kind not in _WHOLE_NUMBERS:
            return None
        value = self.value(directory, tag)
        return None if value is None else int.from_bytes(value, _ENDIAN[self.order])


@dataclasses.dataclass(frozen=True, slots=True)
class _Layout:
    """How many bytes say what, in TIFF and in BigTIFF; letters as in `struct`."""

    first: int
    offset: str
    entries: str
    entry: str
    inline: int
    """A value of so many bytes lies in the entry itself."""


_LAYOUTS = {
    42: _Layout(first=4, offset="I", entries="H", entry="HHI4s", inline=4),
    43: _Layout(first=8, offset="Q", entries="Q", entry="HHQ8s", inline=8),
}
_ENDIAN: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
# Bytes of one value of each type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8, 129: 1}  # BigTIFF's, and EXIF 3.0's UTF-8
_WHOLE_NUMBERS = {1, 3, 4, 13, 16, 18}
_MAX_ENTRIES = 4096

_ORIENTATION = 274
_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP, _TIFF_CREDENTIAL = 700, 33723, 34377, 52545
# Description, artist, copyright and what Windows calls title, comment, author, keywords,
# subject; the user's comment; the place.
_ABOUT = {
    0: (270, 315, 33432, 40091, 40092, 40093, 40094, 40095),
    EXIF_IFD: (37510,),
    GPS_IFD: (1, 2, 3, 4),
}

_PHOTOSHOP_IPTC = 0x0404
_PHOTOSHOP_HEADER = b"Photoshop 3.0\0"
_EXIF_HEADER = b"Exif\0\0"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
_GUID = 32
_EXTENDED_GUID = re.compile(rb"HasExtendedXMP(?:>|\s*=\s*[\"'])\s*([0-9A-Fa-f]{32})")
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([0-9])")
_PNG_LINES = ("Title", "Description", "Comment", "Author")
_GIF_XMP, _GIF_XMP_TRAILER = b"\x0bXMP DataXMP", b"\x01\xff\xfe\xfd"
_GIF_CREDENTIAL = b"C2PA_GIF"
_ISO_CREDENTIAL = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@dataclasses.dataclass(slots=True)
class _Blocks:
    """What was found; the orientation is None where Pillow still knows it."""

    exif: bytes | None = None
    xmp: bytes | None = None
    extended_xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    credential: bool = False
    orientation: int | None = None
    too_large: bool = False
    damaged: bool = False

    def taken(self, find: Callable[[], bytes | None]) -> bytes | None:
        """A block, or None and a note where it is there and cannot be taken out."""
        try:
            return find()
        except HOSTILE:
            self.damaged = True
            return None


HOSTILE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What hostile bytes make parsers raise. Anything else is a mistake of ours, and is raised."""


def _quietly(find: Callable[[], _T]) -> _T | None:
    """What `find` gives, or None."""
    try:
        return find()
    except HOSTILE:
        return None


def _bounded(block: bytes | None) -> bytes | None:
    return block if block and len(block) <= MAX_BLOCK else None


def _turn(orientation: object) -> int:
    """The orientation, or 1 for what is none; as Pillow, which turns by nothing else."""
    known = isinstance(orientation, int) and _UPRIGHT <= orientation <= _LAST_ORIENTATION
    return int(orientation) if isinstance(orientation, int) and known else _UPRIGHT


def _without_header(exif: bytes | None) -> bytes | None:
    return exif.removeprefix(_EXIF_HEADER) if exif else exif


def _as_bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return bytes(value) if isinstance(value, bytes | bytearray) else None


def _in_info(image: Image.Image, _: bytes) -> _Blocks:
    """What Pillow and pillow-heif have left in `image.info`."""
    return _Blocks(
        exif=_as_bytes(image.info.get("exif")),
        xmp=_as_bytes(image.info.get("xmp")),
        comment=_as_bytes(image.info.get("comment")),
    )


def _in_jpeg(image: Image.Image, _: bytes) -> _Blocks:
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])

    def of(name: str, header: bytes) -> list[bytes]:
        return [s[len(header) :] for kind, s in segments if kind == name and s.startswith(header)]

    packets = of("APP1", _XMP_HEADER)
    # A long block is cut into segments; the header repeats.
    exif, resources = of("APP1", _EXIF_HEADER), of("APP13", _PHOTOSHOP_HEADER)
    blocks = _Blocks(
        exif=b"".join(exif) or None,
        xmp=packets[-1] if packets else None,  # as Pillow, which may turn the photo by it
        comment=b"\n".join(of("COM", b"")) or None,
        credential=any(b"c2pa" in segment for segment in of("APP11", b"JP")),
    )
    blocks.iptc = blocks.taken(lambda: _photoshop_iptc(b"".join(resources)))
    guid = _EXTENDED_GUID.search(blocks.xmp or b"")
    if guid:
        pieces = of("APP1", _EXTENDED_XMP_HEADER + guid[1])
        blocks.extended_xmp = blocks.taken(lambda: _joined(pieces))
    return blocks


def _joined(pieces: Iterable[bytes]) -> bytes | None:
    """The pieces of an extended packet in order; None if one is missing.

    Each begins with the length of the whole and its own place in it.
    """
    whole = b""
    placed = sorted((struct.unpack_from(">II", piece), piece[8:]) for piece in pieces)
    for (length, offset), piece in placed:
        if offset != len(whole) or length > MAX_BLOCK:
            return None
        whole += piece
    return whole or None


def _photoshop_iptc(resources: bytes) -> bytes | None:
    """The IPTC datasets among Photoshop's image resources."""
    position = 0
    while resources[position : position + 4] == b"8BIM":
        (code,) = struct.unpack_from(">H", resources, position + 4)
        position += 6
        name = 1 + resources[position]
        position += name + name % 2
        (size,) = struct.unpack_from(">I", resources, position)
        position += 4
        if code == _PHOTOSHOP_IPTC:
            return resources[position : position + size]
        position += size + size % 2
    return None


def _in_png(image: Image.Image, data: bytes) -> _Blocks:
    blocks = _in_info(image, data)
    blocks.exif = blocks.exif or _raw_profile(image, "exif")
    blocks.xmp = blocks.xmp or _raw_profile(image, "xmp")
    iptc = _raw_profile(image, "iptc")
    if iptc:
        blocks.iptc = _quietly(lambda: _photoshop_iptc(iptc)) or iptc
    texts: dict[str, str] = getattr(image, "text", {})
    lines = [f"{key}: {texts[key]}" for key in _PNG_LINES if texts.get(key)]
    blocks.comment = "\n".join(lines).encode("utf-8", "replace") or None
    chunks: list[tuple[bytes, ...]] = getattr(image, "private_chunks", [])
    blocks.credential = any(chunk[0] == b"caBX" for chunk in chunks)
    return blocks


def _raw_profile(image: Image.Image, name: str) -> bytes | None:
    """A block that ImageMagick has written as hexadecimal text, after three lines."""
    text = image.info.get(f"Raw profile type {name}")
    if not isinstance(text, str):
        return None
    return _quietly(lambda: bytes.fromhex("".join(text.split("\n")[3:])))


def _in_webp(image: Image.Image, data: bytes) -> _Blocks:
    blocks = _in_info(image, data)
    blocks.credential = any(kind == b"C2PA" for kind in _riff_chunks(data))
    return blocks


def _riff_chunks(data: bytes) -> Iterator[bytes]:
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind
        position += 8 + length + length % 2


def _in_gif(image: Image.Image, data: bytes) -> _Blocks:
    blocks = _in_info(image, data)
    start = data.find(_GIF_XMP)
    if start >= 0:
        start += len(_GIF_XMP)
        # The packet is not in sub-blocks: 258 bytes behind it lead every reader out again.
        end = data.find(_GIF_XMP_TRAILER, start)
        blocks.xmp = data[start:end] if end >= 0 else None
    blocks.credential = _GIF_CREDENTIAL in data
    return blocks


def _in_iso(image: Image.Image, data: bytes) -> _Blocks:
    blocks = _in_info(image, data)
    blocks.credential = bool(_quietly(lambda: _iso_credential(data)))
    return blocks


def _iso_credential(data: bytes) -> bool:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            header = 16
        end = position + size if size else len(data)
        if kind == b"uuid" and data.startswith(_ISO_CREDENTIAL, position + header):
            return True
        if kind == b"meta" and data.find(b"jumb", position, end) >= 0:
            return True
        if end < position + header:
            return False
        position = end
    return False


def _in_tiff(_: Image.Image, data: bytes) -> _Blocks:
    tiff = Tiff.of(data)
    large = [
        entry.length > MAX_BLOCK
        for tag, entry in tiff.directories[0].items()
        if tag in (_TIFF_XMP, _TIFF_IPTC)
    ]
    blocks = _Blocks(
        xmp=tiff.value(0, _TIFF_XMP),
        iptc=tiff.value(0, _TIFF_IPTC),
        credential=_TIFF_CREDENTIAL in tiff.directories[0],
        too_large=any(large),
    )
    blocks.exif = blocks.taken(lambda: _people_and_rights(tiff))
    if blocks.iptc is None:
        resources = tiff.value(0, _TIFF_PHOTOSHOP)
        blocks.iptc = blocks.taken(lambda: _photoshop_iptc(resources or b""))
    # Pillow forgets the orientation while it loads the picture. Like here, it takes
    # that of XMP only where there is no other.
    if _ORIENTATION in tiff.directories[0]:
        blocks.orientation = tiff.number(0, _ORIENTATION) or _UPRIGHT
    else:
        named = _XMP_ORIENTATION.search(blocks.xmp or b"")
        blocks.orientation = int(named[1]) if named else _UPRIGHT
    return blocks


def _people_and_rights(tiff: Tiff) -> bytes | None:
    """A small TIFF structure with the entries of a large one that are about people.

    A TIFF file *is* such a structure, with the whole picture in it.
    """
    directories: dict[int, list[tuple[int, TiffEntry, bytes]]] = {}
    for directory, tags in _ABOUT.items():
        for tag in tags:
            value = tiff.value(directory, tag)
            if value is not None:
                entry = tiff.directories[directory][tag]
                directories.setdefault(directory, []).append((tag, entry, value))
    if not directories:
        return None
    # Each directory is two bytes, twelve for an entry and four; then the values.
    first = directories.pop(0, [])
    starts, end = {}, 8 + 2 + 12 * (len(first) + len(directories)) + 4
    for directory, entries in directories.items():
        starts[directory] = end
        end += 2 + 12 * len(entries) + 4
    order = tiff.order
    for directory, start in starts.items():
        pointer = struct.pack(f"{order}I", start)
        first.append((directory, TiffEntry(4, 1, 0, 4), pointer))
    first.sort(key=lambda entry: entry[0])
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    values = b""
    for entries in (first, *directories.values()):
        head += struct.pack(f"{order}H", len(entries))
        for tag, entry, value in entries:
            place = value.ljust(4, b"\0")
            if len(value) > 4:  # noqa: PLR2004 - what fits into the entry
                place = struct.pack(f"{order}I", end + len(values))
                values += value
            head += struct.pack(f"{order}HHI4s", tag, entry.kind, entry.count, place)
        head += bytes(4)
    return head + values


def _directory(
    data: bytes, order: str, layout: _Layout, offset: int
) -> tuple[dict[int, TiffEntry], bool]:
    """The entries of the types that we know, by tag; and whether it is cut off."""
    entries: dict[int, TiffEntry] = {}
    step = struct.calcsize(order + layout.entry)
    try:
        (count,) = struct.unpack_from(order + layout.entries, data, offset)
        position = offset + struct.calcsize(order + layout.entries)
        for _ in range(min(count, _MAX_ENTRIES)):
            tag, kind, values, place = struct.unpack_from(order + layout.entry, data, position)
            position += step
            if kind in _SIZES:
                length = _SIZES[kind] * values
                start = position - layout.inline
                if length > layout.inline:
                    (start,) = struct.unpack(order + layout.offset, place)
                entries.setdefault(tag, TiffEntry(kind, values, start, length))
    except struct.error:
        return entries, True
    return entries, False


_FINDERS: dict[str, Callable[[Image.Image, bytes], _Blocks]] = {
    "JPEG": _in_jpeg,
    "PNG": _in_png,
    "WEBP": _in_webp,
    "GIF": _in_gif,
    "TIFF": _in_tiff,
    "HEIF": _in_iso,
    "AVIF": _in_iso,
}
