"""What a WebM holds, element by element, and what must not be in it: RFC 8794 and 9559.

Every element is one that is known, where it belongs; every block belongs to one of the two tracks;
and the units of each frame of AV1 are those that draw it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from clearance.video_bytes import VideoBytes, broken, number

_EBML, _SEGMENT, _CLUSTER, _TRACK, _VOID = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xAE, 0xEC
_NUMBERS = 8
"""The longest number, in bytes."""
_HOLDS: Mapping[int, frozenset[int]] = {
    0: frozenset({_EBML, _SEGMENT}),
    _EBML: frozenset({0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285}),
    _SEGMENT: frozenset({0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1254C367, _CLUSTER}),
    # Where things are.
    0x114D9B74: frozenset({0x4DBB}),
    0x4DBB: frozenset({0x53AB, 0x53AC}),
    # The file: unit of time, length, and by which program.
    0x1549A966: frozenset({0x2AD7B1, 0x4489, 0x4D80, 0x5741}),
    0x1654AE6B: frozenset({_TRACK}),
    # A track: numbers, flags, language, kind, codec and what it must be told, times.
    _TRACK: frozenset(
        {
            *(0xD7, 0x73C5, 0x9C, 0x88, 0xB9, 0x55AA, 0x22B59C, 0x86, 0x63A2, 0x83, 0x23E383),
            *(0x56AA, 0x56BB, 0x55EE, 0xE0, 0xE1),
        }
    ),
    # Pictures: size, fields, colours. Sound: rate, channels, bits.
    0xE0: frozenset({0xB0, 0xBA, 0x9A, 0x9D, 0x54B0, 0x54BA, 0x54B2, 0x55B0}),
    0x55B0: frozenset({0x55B1, 0x55B2, 0x55B3, 0x55B4, 0x55B7, 0x55B8, 0x55B9, 0x55BA, 0x55BB}),
    0xE1: frozenset({0xB5, 0x78B5, 0x9F, 0x6264}),
    # The index.
    0x1C53BB6B: frozenset({0xBB}),
    0xBB: frozenset({0xB3, 0xB7}),
    0xB7: frozenset({0xF7, 0xF1, 0xF0, 0xB2}),
    # Texts: how long each track is, which ffmpeg says once more.
    0x1254C367: frozenset({0x7373}),
    0x7373: frozenset({0x63C0, 0x67C8}),
    0x63C0: frozenset({0x63C5}),
    0x67C8: frozenset({0x45A3, 0x4487}),
    # The samples.
    _CLUSTER: frozenset({0xE7, 0xA3, 0xA0, 0xAB, 0xA7}),
    0xA0: frozenset({0xA1, 0x9B, 0xFB, 0x75A2}),
}
"""What may be in an element, beside room that is not used."""
_NAMES = {
    _VOID: "Void",
    0x1941A469: "Attachments",
    0x1043A770: "Chapters",
    0x1254C367: "Tags",
    0x7BA9: "Title",
    0x4461: "DateUTC",
    0x536E: "Name",
    0x4487: "TagString",
    0x45A3: "TagName",
    0x75A1: "BlockAdditions",
    0xBF: "CRC-32",
}
"""Of elements that mean something to a person."""
_TEXTS: Final = {
    0x4282: re.compile(rb"webm"),
    0x4D80: re.compile(rb"Lavf"),
    0x5741: re.compile(rb"Lavf"),
    0x22B59C: re.compile(rb"und|eng"),
    0x86: re.compile(rb"V_VP9|V_AV1|A_OPUS"),
    0x45A3: re.compile(rb"DURATION"),
    0x4487: re.compile(rb"\d\d:\d\d:\d\d\.\d{9}\x00?"),
}
"""Elements that hold a text, and which."""
_CODEC, _CODEC_DATA, _NUMBER_OF_TRACK, _KIND = 0x86, 0x63A2, 0xD7, 0x83
_BLOCKS, _GROUP = (0xA3, 0xA1), 0xA0
_KINDS = {b"V_VP9": 1, b"V_AV1": 1, b"A_OPUS": 2}


def foreign_in_webm(data: VideoBytes) -> Iterator[str]:
    """Names of what is foreign in the file, perhaps more than once.

    Raises:
        VerificationError: its parts do not fit together.
    """
    return _Webm(data).foreign()


class _Webm:
    """A file that is looked through; what its tracks are is learnt on the way."""

    def __init__(self, data: VideoBytes) -> None:
        self._data = data
        self._codecs: dict[int, bytes] = {}
        self._segments = 0

    def foreign(self) -> Iterator[str]:
        yield from self._inside(0, 0, self._data.size)
        kinds = sorted(_KINDS[codec] for codec in self._codecs.values())
        if kinds not in ([1], [1, 2]) or self._segments != 1:
            yield "TrackEntry"

    def _inside(self, parent: int, start: int, stop: int) -> Iterator[str]:
        # No deeper than `_HOLDS` is.
        for identity, begin, end in self._elements(start, stop):
            if identity == _VOID and parent:
                if not self._data.is_zero(begin, end):
                    yield _name(identity)
            elif identity not in _HOLDS[parent]:
                yield _name(identity)
            elif identity in _BLOCKS:
                yield from self._in_block(begin, end)
            elif identity in _HOLDS:
                if identity not in (_CLUSTER, _GROUP):
                    self._data.meet()
                self._segments += identity == _SEGMENT
                yield from self._inside(identity, begin, end)
                if identity == _TRACK:
                    yield from self._in_track(begin, end)
            else:
                yield from self._in_value(identity, begin, end)

    def _in_value(self, identity: int, begin: int, end: int) -> Iterator[str]:
        if identity == _CODEC_DATA:
            return  # looked at with its track
        if (wanted := _TEXTS.get(identity)) is not None:
            if not wanted.fullmatch(self._data.read(begin, min(end, begin + 64))):
                yield _name(identity)
        elif end - begin > _NUMBERS:
            yield _name(identity)

    def _in_track(self, start: int, stop: int) -> Iterator[str]:
        told = {
            identity: self._data.read(begin, end, most=1024)
            for identity, begin, end in self._elements(start, stop)
            if identity in (_CODEC, _CODEC_DATA, _NUMBER_OF_TRACK, _KIND)
        }
        track, codec = number(told[_NUMBER_OF_TRACK]), told[_CODEC]
        if track in self._codecs or _KINDS.get(codec) != number(told[_KIND]):
            yield "TrackEntry"
        else:
            self._codecs[track] = codec
        if not _is_codec_data(codec, told.get(_CODEC_DATA, b"")):
            yield "CodecPrivate"

    def _in_block(self, begin: int, end: int) -> Iterator[str]:
        head = self._data.head(begin, end, 12)
        track, at = _coded(head, 0, keep=False)
        if track not in self._codecs:
            yield "Block"
            return
        # Two bytes of time; no flag that says that several frames are in one block.
        if head[at + 2] & 0x06:
            yield "Block"
        elif self._codecs[track] == b"V_AV1":
            yield from self._foreign_units(begin + at + 3, end)

    def _foreign_units(self, at: int, stop: int) -> Iterator[str]:
        while at < stop:
            kind, length = _unit(self._data.head(at, stop, 12))
            if kind not in _DRAWING:
                yield f"OBU {kind}"
            at += length
        if at > stop:
            raise broken()

    def _elements(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        while start < stop:
            head = self._data.head(start, stop, 12)
            identity, at = _coded(head, 0, keep=True)
            length, at = _coded(head, at, keep=False)
            begin = start + at
            if length is None or begin + length > stop:
                raise broken()
            yield identity or 0, begin, begin + length
            start = begin + length


def _name(identity: int) -> str:
    return _NAMES.get(identity, f"{identity:X}")


def _coded(head: bytes, at: int, *, keep: bool) -> tuple[int | None, int]:
    """A number of variable length, and where it ends; None for an unknown length.

    Args:
        head: the bytes in which it is.
        at: where it begins.
        keep: whether the mark of its length belongs to it, as in identities.
    """
    first = head[at]
    size = 9 - first.bit_length()
    data = head[at : at + size]
    if not first or len(data) < size:
        raise broken()
    value = number(data)
    if keep:
        return value, at + size
    most = (1 << 7 * size) - 1
    value &= most
    return (None if value == most else value), at + size


# Units of AV1 (its specification, 6.2.2) that draw a picture, or say how.
_SEQUENCE, _DRAWING = 1, frozenset({1, 2, 3, 4, 6, 7})


def _unit(head: bytes) -> tuple[int, int]:
    """The kind of a unit of AV1, and how many bytes it has in all.

    Raises:
        VerificationError: it does not say how long it is.
    """
    flags = head[0]
    if flags & 0x81 or not flags & 2:
        raise broken()
    at = 2 if flags & 4 else 1
    length = 0
    for place in range(_NUMBERS):
        byte = head[at + place]
        length |= (byte & 127) << 7 * place
        if not byte & 128:
            return flags >> 3 & 15, at + place + 1 + length
    raise broken()


def _is_codec_data(codec: bytes, told: bytes) -> bool:
    """Whether it is what a decoder must be told, and not a byte more."""
    if codec == b"A_OPUS":
        return len(told) == 19 and told[:9] == b"OpusHead\x01"  # noqa: PLR2004
    if codec == b"V_AV1":
        # Four bytes, and one sequence header.
        if len(told) <= 4:  # noqa: PLR2004
            return len(told) == 4  # noqa: PLR2004
        kind, length = _unit(told[4:])
        return kind == _SEQUENCE and 4 + length == len(told)
    # Profile, level, depth and colours of VP9: three bytes each.
    return len(told) in (0, 12) and told[::3] == bytes(range(1, len(told) // 3 + 1))
