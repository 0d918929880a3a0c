"""Which kind of video a file is, by its own bytes, and whether the whole of it is there.

ffmpeg would find out by itself, and would then also read lists that name other files, scripts and
devices. So it is told what to read, and reads it as nothing else.
"""

from __future__ import annotations

import enum
import itertools
import os
from typing import TYPE_CHECKING, BinaryIO

from detector.errors import VideoUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_BYTES = 4096
"""As many from its start tell the kind of a file."""
# Pictures and raw photos in the same boxes, by their major brand.
_STILLS = frozenset(
    {
        *(b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"),
        *(b"msf1", b"miaf", b"crx ", b"jxl "),
    }
)
# Boxes with which an MP4 or MOV may begin: ISO/IEC 14496-12; QuickTime File Format.
_FIRST_BOXES = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"styp"}
)
_NO_TEXT = frozenset(range(0x20)) - frozenset(b"\t\r\n\f")
_LIST_STARTS = (
    b"#EXTM3U",
    b"ffconcat",
    b"v=0",
    b"[playlist]",
    b"[Reference]",
    b"<?xml",
    b"<MPD",
    b"<smil",
    b"<asx",
    b"WEBVTT",
    b"RTSPtext",
)


class Container(enum.StrEnum):
    """The kinds that are read; the value is ffmpeg's name of what reads it."""

    MP4 = "mov"
    MATROSKA = "matroska"
    AVI = "avi"
    TRANSPORT_STREAM = "mpegts"
    PROGRAM_STREAM = "mpeg"
    GIF = "gif"
    WEBP = "webp_anim"
    APNG = "apng"


class Foreign(enum.StrEnum):
    """Kinds that are videos and are not read."""

    WINDOWS_MEDIA = "Windows Media"
    FLASH = "Flash Video"
    OGG = "Ogg"
    MXF = "MXF"
    REAL = "RealMedia"


_FOREIGN = {
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": Foreign.WINDOWS_MEDIA,
    b"FLV\x01": Foreign.FLASH,
    b"OggS": Foreign.OGG,
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01": Foreign.MXF,
    b".RMF": Foreign.REAL,
}
ANIMATIONS = frozenset({Container.GIF, Container.WEBP, Container.APNG})
"""Pictures that move: a few bytes of them make many pixels."""


def kind_of(head: bytes) -> Container | Foreign | None:  # noqa: PLR0911 - a list of kinds
    """The kind of video that begins like this; None where it is none.

    Args:
        head: the first bytes, HEAD_BYTES where there are as many.
    """
    # Only the box of all samples is so large that its length has a first byte.
    if head[4:8] in _FIRST_BOXES and (head[0] == 0 or head[4:8] == b"mdat"):
        return None if head[8:12] in _STILLS else Container.MP4
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Container.MATROSKA
    if head.startswith(b"RIFF"):
        return _riff_kind(head)
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return Container.GIF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Container.APNG if _is_animated_png(head) else None
    if head.startswith(b"\0\0\x01\xba"):
        return Container.PROGRAM_STREAM
    if _is_transport_stream(head):
        return Container.TRANSPORT_STREAM
    return next((kind for start, kind in _FOREIGN.items() if head.startswith(start)), None)


def names_others(head: bytes) -> bool:
    """Whether the file is a list, a description or a script: text that is no video itself."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.lower().startswith(tuple(each.lower() for each in _LIST_STARTS)):
        return True
    return bool(start) and not set(head) & _NO_TEXT


def _riff_kind(head: bytes) -> Container | None:
    if head[8:12] in {b"AVI ", b"AVIX"}:
        return Container.AVI
    # The animation flag of the extended header: RFC 9649, 2.7.
    animated = head[8:16] == b"WEBPVP8X" and any(flags & 0b10 for flags in head[20:21])
    return Container.WEBP if animated else None


def _is_animated_png(head: bytes) -> bool:
    """An acTL chunk before the first data, with more than one picture: PNG 3rd edition, 11.3.6."""
    place = 8
    while place + 16 <= len(head):
        length, name = int.from_bytes(head[place : place + 4]), head[place + 4 : place + 8]
        if name == b"acTL":
            return int.from_bytes(head[place + 8 : place + 12]) > 1
        if name == b"IDAT":
            return False
        place += 12 + length
    return False


def _is_transport_stream(head: bytes) -> bool:
    # Packets of 188 bytes begin with 0x47; camcorders put four bytes before each.
    return any(
        len(head) >= start + 4 * size
        and all(head[place] == 0x47 for place in range(start, len(head), size))  # noqa: PLR2004
        for start, size in ((0, 188), (4, 192))
    )


def shows_several(file: BinaryIO) -> bool:
    """Whether a GIF has a second picture; the file is read from its start."""
    file.seek(0)
    try:
        return len(list(itertools.islice(_gif_pictures(file), 2))) > 1
    except VideoUnreadableError:
        return True


def check_whole(file: BinaryIO, kind: Container) -> None:
    """That the file does not end before what it says it holds.

    Streams of packets do not say; there ffmpeg sees what is missing.

    Raises:
        VideoUnreadableError: it is cut off.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    match kind:
        case Container.MP4:
            whole = _mp4_is_whole(file, size)
        case Container.MATROSKA:
            whole = _matroska_is_whole(file, size)
        case Container.AVI | Container.WEBP:
            whole = _riff_is_whole(file, size)
        case Container.GIF:
            whole = sum(1 for _ in _gif_pictures(file)) > 0
        case Container.APNG:
            whole = _png_is_whole(file, size)
        case _:
            whole = True
    if not whole:
        raise _cut_off()


def _cut_off() -> VideoUnreadableError:
    return VideoUnreadableError(
        "the file is cut off: its end is missing; fetch it again from its source"
    )


def _mp4_is_whole(file: BinaryIO, size: int) -> bool:
    place, described = 0, False
    while place + 8 <= size:
        file.seek(place)
        header = file.read(16)
        length, name = int.from_bytes(header[:4]), header[4:8]
        described |= name in {b"moov", b"moof"}
        if length == 1:
            length = int.from_bytes(header[8:16])
        if length == 0:  # to the end of the file
            break
        if length < 8:  # noqa: PLR2004 - shorter than its own header: no box any more
            break
        place += length
    return described and place <= size


def _matroska_is_whole(file: BinaryIO, size: int) -> bool:
    """EBML, RFC 8794: an identifier, and a length whose leading zeros say how long it is."""
    place = 0
    for _ in range(2):  # the header, then the segment
        file.seek(place)
        header = file.read(12)
        if len(header) < 5:  # noqa: PLR2004 - four bytes of identifier, one of length
            return False
        width = 9 - header[4].bit_length()
        length = int.from_bytes(header[4 : 4 + width]) & ((1 << 7 * width) - 1)
        if width > 8 or length == (1 << 7 * width) - 1:  # noqa: PLR2004 - not told, while recording
            return True
        place += 4 + width + length
    return place <= size


def _riff_is_whole(file: BinaryIO, size: int) -> bool:
    place = 0
    while place + 8 <= size:
        file.seek(place)
        header = file.read(8)
        if header[:4] != b"RIFF":
            break
        length = int.from_bytes(header[4:8], "little")
        if length == 0:  # the recorder did not come to close it
            return False
        place += 8 + length + length % 2
    # Some do not count the byte that pads the last part.
    return place <= size + 1


def _png_is_whole(file: BinaryIO, size: int) -> bool:
    place = 8
    while place + 12 <= size:
        file.seek(place)
        header = file.read(8)
        place += 12 + int.from_bytes(header[:4])
        if header[4:8] == b"IEND":
            return place <= size
    return False


def _gif_pictures(file: BinaryIO) -> Iterator[None]:
    """One for each picture, without decoding it: GIF89a specification, 15 to 27.

    Raises:
        VideoUnreadableError: the file ends before its trailer.
    """
    header = _read(file, 13)
    _skip_table(file, header[10])
    while True:
        match _read(file, 1):
            case b"\x3b":
                return
            case b"\x21":
                _read(file, 1)
                _skip_blocks(file)
            case b"\x2c":
                _skip_table(file, _read(file, 9)[8])
                _read(file, 1)
                _skip_blocks(file)
                yield
            case _:
                raise _cut_off()


def _skip_table(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        _read(file, 3 << ((flags & 7) + 1))


def _skip_blocks(file: BinaryIO) -> None:
    while length := _read(file, 1)[0]:
        _read(file, length)


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _cut_off()
    return data
