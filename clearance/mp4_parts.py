"""What an MP4 holds, box by box, and what must not be in it: ISO/IEC 14496-12, -14 and -15.

Three nets: only boxes that are known, each where it belongs and as long as it must be; every byte
of the samples belongs to a frame or a piece of sound that the tables refer to; and the units of
each frame of H.264 are those that draw it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from clearance.video_bytes import VideoBytes, broken, number
from detector.untrusted import printable

_MOST_UNITS = 10_000
"""Of H.264, in one frame."""
_MOST_SAMPLES = 2**23
"""Frames, or pieces of sound: twelve hours have 2.6 million of each."""


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """A box; `start` and `stop` are the bytes of what it holds."""

    kind: str
    start: int
    stop: int
    inside: tuple[str, ...]

    @property
    def name(self) -> str:
        """With those that it is in."""
        return printable("/".join((*self.inside, self.kind)))


# What may be in a box, and after how many bytes of the box its boxes begin.
_PICTURES, _SOUNDS = 78, 28
_HOLDS: dict[str, tuple[int, frozenset[str]]] = {
    "": (0, frozenset({"ftyp", "moov", "mdat", "free"})),
    "moov": (0, frozenset({"mvhd", "trak", "udta"})),
    "trak": (0, frozenset({"tkhd", "mdia"})),
    "mdia": (0, frozenset({"mdhd", "hdlr", "minf"})),
    "minf": (0, frozenset({"vmhd", "smhd", "dinf", "stbl"})),
    "dinf": (0, frozenset({"dref"})),
    "stbl": (
        0,
        frozenset({"stsd", "stts", "stss", "stsc", "stsz", "stco", "co64", "sgpd", "sbgp"}),
    ),
    "stsd": (8, frozenset({"avc1", "mp4a"})),
    "avc1": (_PICTURES, frozenset({"avcC", "colr", "pasp", "btrt"})),
    "mp4a": (_SOUNDS, frozenset({"esds", "btrt"})),
}
_MANY = ("trak", "sgpd", "sbgp", "free")
"""Boxes of which there may be several beside one another."""

_NO_TEXTS = bytes.fromhex("000000356d657461 00000000 0000002168646c72 00000000 00000000") + (
    b"mdirappl" + bytes(9) + b"\x00\x00\x00\x08ilst"
)
"""The box of texts as ffmpeg writes it around none."""
_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42")
_HANDLERS = (
    bytes(8) + b"vide" + bytes(12) + b"VideoHandler\x00",
    bytes(8) + b"soun" + bytes(12) + b"SoundHandler\x00",
)
_SAME_FILE = bytes.fromhex("00000000 00000001 0000000c75726c20 00000001")
_UNDETERMINED = bytes.fromhex("55c4 0000")
"""The language `und`, and zeros."""
_MATRIX = bytes.fromhex("00010000 00000000 00000000 00000000 00010000 00000000") + (
    bytes.fromhex("00000000 00000000 40000000")
)
"""Turn nothing."""


def foreign_in_mp4(data: VideoBytes) -> Iterator[str]:
    """Names of what is foreign in the file, perhaps more than once.

    Raises:
        VerificationError: its parts do not fit together.
    """
    boxes: list[Box] = []
    for box, known in _boxes(data, "", 0, data.size, ()):
        if known:
            boxes.append(box)
        else:
            yield box.name
    for box in boxes:
        if box.kind == "free":
            if not data.is_zero(box.start, box.stop):
                yield box.name
        elif box.kind in _LOOKS and not _LOOKS[box.kind](data.read(box.start, box.stop)):
            yield box.name
    tracks = [_Track(data, tables) for tables in _tables(boxes)]
    if sorted(track.kind for track in tracks) not in (["avc1"], ["avc1", "mp4a"]):
        yield "trak"
        return
    yield from _unused(boxes, tracks)
    for track in tracks:
        if track.kind == "avc1":
            yield from _foreign_units(data, track)


def _boxes(
    data: VideoBytes, kind: str, start: int, stop: int, inside: tuple[str, ...]
) -> Iterator[tuple[Box, bool]]:
    """Every box, and whether it may be there; in what is not known nobody looks."""
    begins, allowed = _HOLDS[kind]
    start += begins
    met: set[str] = set()
    while start < stop:
        data.meet()
        head = data.head(start, stop, 16)
        size, found, holds = number(head[:4]), head[4:8].decode("latin-1"), start + 8
        if size == 1:
            size, holds = number(head[8:16]), start + 16
        if size < holds - start or start + size > stop:
            raise broken()
        box = Box(found, holds, start + size, inside)
        known = found in allowed and (found not in met or found in _MANY)
        met.add(found)
        yield box, known
        if known and found in _HOLDS:
            yield from _boxes(data, found, holds, start + size, (*inside, found))
        start += size


def _has_brands(held: bytes) -> bool:
    brands = [held[at : at + 4] for at in range(8, len(held), 4)]
    return held[:4] in _BRANDS and all(brand in _BRANDS for brand in brands)


def _wide(held: bytes) -> int:
    """How much longer the times of a header are in the version for long files."""
    return 4 if held[0] == 1 else 0


def _is_movie(held: bytes) -> bool:
    more = _wide(held)
    made, rest = held[4 : 12 + 2 * more], held[20 + 3 * more :]
    # Rate and volume of what is played as it is.
    plays = bytes.fromhex("00010000 0100") + bytes(10) + _MATRIX + bytes(24)
    return len(rest) == len(plays) + 4 and not any(made) and rest[:-4] == plays


def _is_track(held: bytes) -> bool:
    more = _wide(held)
    made, rest = held[4 : 12 + 2 * more], held[24 + 3 * more :]
    empty = held[16 + 2 * more : 20 + 2 * more]
    begins, layers = rest[:8], rest[8:12]
    volume, size = rest[12:16], rest[52:]
    return (
        not any((*made, *empty, *begins))
        and layers in (bytes(4), b"\x00\x00\x00\x01")
        and volume in (bytes(4), b"\x01\x00\x00\x00")
        and rest[16:52] == _MATRIX
        and len(size) == 8  # noqa: PLR2004
    )


def _is_media(held: bytes) -> bool:
    more = _wide(held)
    made, rest = held[4 : 12 + 2 * more], held[20 + 3 * more :]
    return not any(made) and rest == _UNDETERMINED


def _counted(each: int, before: int = 4) -> Callable[[bytes], bool]:
    """A look at a table: as long as the count says that stands after so many bytes."""

    def look(held: bytes) -> bool:
        count = number(held[before : before + 4])
        return len(held) == before + 4 + each * count

    return look


def _are_sizes(held: bytes) -> bool:
    common, count = number(held[4:8]), number(held[8:12])
    return len(held) == 12 + (0 if common else 4 * count)


def _is_one_description(held: bytes) -> bool:
    return held[:8] == bytes.fromhex("00000000 00000001") and 8 + number(held[8:12]) == len(held)


def _is_picture(held: bytes) -> bool:
    """Of pictures: their size, 72 dots an inch, no name of a compressor."""
    fixed = bytes(6) + b"\x00\x01" + bytes(16)
    dots = bytes.fromhex("00480000 00480000 00000000 0001")
    ends = bytes.fromhex("0018 ffff")
    return (
        held[:24] == fixed
        and held[28:42] == dots
        and not any(held[42:74])
        and held[74:_PICTURES] == ends
    )


def _is_sound(held: bytes) -> bool:
    fixed = bytes(6) + b"\x00\x01" + bytes(8)
    return held[:16] == fixed and not any(held[20:24]) and not any(held[26:_SOUNDS])


def _is_avc(held: bytes) -> bool:
    """What a decoder of H.264 must be told, and not a byte more."""
    at = 5
    for of_kind, mask in ((_SEQUENCE, 31), (_PICTURE, 255)):
        count = held[at] & mask
        at += 1
        for _ in range(count):
            length = number(held[at : at + 2])
            if held[at + 2] & 31 != of_kind:
                return False
            at += 2 + length
    # Version 1, and four bytes for the length of a unit; then colours and depth, in the profiles
    # that have a choice, and no extension of the sequence.
    begins = held[:1] + held[4:5]
    return begins == b"\x01\xff" and held[at:] in (b"", b"\xfd\xf8\xf8\x00")


def _is_esds(held: bytes) -> bool:
    """Descriptors of AAC as they are written: one in the other, each of a fixed length."""
    shape = ((0x03, 34), (0x04, 20), (0x05, 2), (0x06, 1))
    starts = (4, 12, 30, 37)
    fits = all(
        held[at : at + 5] == bytes((tag, 0x80, 0x80, 0x80, length))
        for at, (tag, length) in zip(starts, shape, strict=True)
    )
    return len(held) == 43 and fits  # noqa: PLR2004


def _is_roll(held: bytes) -> bool:
    """How many pieces of sound a decoder must hear before one is right."""
    return len(held) == 18 and held[4:12] == b"roll\x00\x00\x00\x02"  # noqa: PLR2004


_LOOKS: dict[str, Callable[[bytes], bool]] = {
    "ftyp": _has_brands,
    "mvhd": _is_movie,
    "udta": _NO_TEXTS.__eq__,
    "tkhd": _is_track,
    "mdhd": _is_media,
    "hdlr": _HANDLERS.__contains__,
    "vmhd": (b"\x00\x00\x00\x01" + bytes(8)).__eq__,
    "smhd": bytes(8).__eq__,
    "dref": _SAME_FILE.__eq__,
    "stsd": _is_one_description,
    "avc1": _is_picture,
    "mp4a": _is_sound,
    "avcC": _is_avc,
    "esds": _is_esds,
    "colr": lambda held: held[:4] == b"nclx" and len(held) == 11,  # noqa: PLR2004
    "pasp": lambda held: len(held) == 8,  # noqa: PLR2004
    "btrt": lambda held: len(held) == 12,  # noqa: PLR2004
    "stts": _counted(8),
    "stss": _counted(4),
    "stsc": _counted(12),
    "stsz": _are_sizes,
    "stco": _counted(4),
    "co64": _counted(8),
    "sgpd": _is_roll,
    "sbgp": lambda held: held[4:8] == b"roll" and _counted(8, before=8)(held),
}
"""Whether what a box holds is what it must hold."""

_Numbers = npt.NDArray[np.int64]


class _Track:
    """Where the samples of a track lie.

    Attributes:
        kind: how they are coded: `avc1`, `mp4a`, or something else.
        starts: of the runs of samples, the first byte of each.
        stops: the byte behind each.
        samples: the first byte of each sample.
        sizes: of each sample.
    """

    def __init__(self, data: VideoBytes, tables: dict[str, Box]) -> None:
        def read(kind: str) -> bytes:
            return data.read(tables[kind].start, tables[kind].stop)

        self.kind = read("stsd")[12:16].decode("latin-1")
        self.sizes = self._sizes(read("stsz"), data.size)
        wide = "co64" in tables
        places = np.frombuffer(read("co64" if wide else "stco")[8:], ">u8" if wide else ">u4")
        if places.size > _MOST_SAMPLES or (places.size and int(places.max()) > data.size):
            raise broken()
        self.starts: _Numbers = places.astype(np.int64)
        counts = self._counts(read("stsc"), len(self.starts))
        if int(counts.sum()) != len(self.sizes):
            raise broken()
        ends: _Numbers = np.concatenate(([0], np.cumsum(self.sizes)))
        after = np.cumsum(counts)
        before = ends[after - counts]
        self.stops: _Numbers = self.starts + ends[after] - before
        self.samples: _Numbers = ends[:-1] + np.repeat(self.starts - before, counts)

    @staticmethod
    def _sizes(held: bytes, most: int) -> _Numbers:
        common, count = number(held[4:8]), number(held[8:12])
        if count > _MOST_SAMPLES or common > most:
            raise broken()
        if common:
            return np.full(count, common, np.int64)
        return np.frombuffer(held[12:], ">u4", count).astype(np.int64)

    @staticmethod
    def _counts(held: bytes, runs: int) -> _Numbers:
        """How many samples each run has: the table says it where it changes."""
        table = np.frombuffer(held[8:], ">u4").reshape(-1, 3).astype(np.int64)
        if not runs:
            return np.zeros(0, np.int64)
        firsts, counts = table[:, 0], table[:, 1]
        if firsts[0] != 1 or (np.diff(firsts) <= 0).any() or counts.max() > _MOST_SAMPLES:
            raise broken()
        row = np.searchsorted(firsts, np.arange(1, runs + 1), side="right") - 1
        found: _Numbers = counts[row]
        return found


def _tables(boxes: Iterable[Box]) -> list[dict[str, Box]]:
    """The tables of each track, by their kind."""
    tracks: list[dict[str, Box]] = []
    for box in boxes:
        if box.kind == "trak":
            tracks.append({})
        elif box.inside[-1:] == ("stbl",):
            tracks[-1].setdefault(box.kind, box)
    return tracks


def _unused(boxes: Iterable[Box], tracks: Iterable[_Track]) -> Iterator[str]:
    """Whether bytes lie among the samples that no track refers to, or that two refer to."""
    (data,) = [box for box in boxes if box.kind == "mdat"] or [Box("mdat", 0, 0, ())]
    starts = np.concatenate([track.starts for track in tracks])
    stops = np.concatenate([track.stops for track in tracks])
    order = np.lexsort((stops, starts))
    edges = (
        np.concatenate(([data.start], stops[order])),
        np.concatenate((starts[order], [data.stop])),
    )
    if not np.array_equal(*edges):
        yield "mdat"


# Units of H.264 (ITU-T H.264, table 7-1) that draw a picture, or say how.
_SLICE, _KEY_SLICE, _SEI, _SEQUENCE, _PICTURE, _DELIMITER = 1, 5, 6, 7, 8, 9
_DRAWING = frozenset({_SLICE, _KEY_SLICE, _SEQUENCE, _PICTURE, _DELIMITER})


def _foreign_units(data: VideoBytes, track: _Track) -> Iterator[str]:
    """Units of H.264 that draw nothing: texts of the encoder, subtitles, filling."""
    for start, size in zip(track.samples.tolist(), track.sizes.tolist(), strict=True):
        at, stop = start, start + size
        for units in itertools.count():
            if at == stop:
                break
            head = data.head(at, stop, 5)
            at += 4 + number(head[:4])
            if at > stop or units > _MOST_UNITS:
                raise broken()
            kind = head[4] & 31
            if kind not in _DRAWING:
                yield "SEI" if kind == _SEI else f"NAL {kind}"
