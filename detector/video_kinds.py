"""What kind of video a file is, by its first bytes: ffmpeg is told, and guesses nothing.

It knows hundreds of kinds, among them lists of other files, scripts and addresses; a file is
only ever read as one of these.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_HEAD = 64 * 1024

# The names by which ffmpeg knows them.
MOV, MATROSKA, AVI, GIF, WEBP, APNG = "mov", "matroska", "avi", "gif", "webp_anim", "apng"
MPEGTS, MPEG, ASF, OGG, FLV, MXF = "mpegts", "mpeg", "asf", "ogg", "flv", "mxf"

_BEGINNINGS = (
    (b"\x1a\x45\xdf\xa3", MATROSKA),
    (b"\x00\x00\x01\xba", MPEG),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (b"OggS", OGG),
    (b"FLV\x01", FLV),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", MXF),
)
_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot")
# ISO files that are pictures: HEIF and AVIF, also sequences of them, which photos refuse.
_PICTURES = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
    b"avif",
    b"avis",
)
_TS_PACKET, _TS_SYNC = 188, 0x47


def kind_of(path: Path) -> str | None:
    """What ffmpeg calls this kind of video; None for what is no video, or cannot be read.

    An animation is one; a GIF, WebP or PNG of one picture is a photo.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return _kind(file.read(_HEAD), file)
    except OSError:
        return None


def is_video(path: Path) -> bool:
    """Whether a file is a video or an animation, by its bytes and not by its name."""
    return kind_of(path) is not None


def _kind(head: bytes, file: BinaryIO) -> str | None:
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[4:8] in _MOV_ATOMS:
        return None if head[4:8] == b"ftyp" and head[8:12] in _PICTURES else MOV
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return AVI
    packets = [head[at : at + 1] for at in range(0, 3 * _TS_PACKET, _TS_PACKET)]
    if packets == [bytes([_TS_SYNC])] * 3:
        return MPEGTS
    return _animation(head, file)


def _animation(head: bytes, file: BinaryIO) -> str | None:
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20:21] and head[20] & 2:
        return WEBP
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return APNG if _before(head, b"acTL", b"IDAT") else None
    if head[:6] in (b"GIF87a", b"GIF89a"):
        file.seek(0)
        return GIF if _has_two_pictures(file) else None
    return None


def _before(head: bytes, first: bytes, second: bytes) -> bool:
    """Whether a PNG has one kind of chunk before another."""
    at = 8
    while at + 8 <= len(head):
        kind = head[at + 4 : at + 8]
        if kind in (first, second):
            return kind == first
        at += 12 + int.from_bytes(head[at : at + 4], "big")
    return False


def _has_two_pictures(file: BinaryIO) -> bool:
    """Whether a GIF holds a second picture (GIF89a, sections 17 to 26)."""
    header = file.read(13)
    if len(header) == 13 and header[10] & 0x80:  # noqa: PLR2004 - its fixed length
        file.seek(3 << (header[10] & 7) + 1, 1)
    pictures = 0
    while (kind := file.read(1)) in (b"!", b","):
        if kind == b"!":
            file.seek(1, 1)
        else:
            pictures += 1
            if pictures == 2:  # noqa: PLR2004 - the second
                return True
            described = file.read(9)
            if len(described) == 9 and described[8] & 0x80:  # noqa: PLR2004 - its fixed length
                file.seek(3 << (described[8] & 7) + 1, 1)
            file.seek(1, 1)
        while size := file.read(1):
            if size == b"\x00":
                break
            file.seek(size[0], 1)
    return False
