"""What a written video holds, box by box and element by element, and what must not be in it.

A copy is one video and at most one sound. Everything else (texts, covers, chapters, tables that
hide the beginning, bytes that no frame refers to) could carry what was hidden, or a name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from clearance.errors import VerificationError

_DEEPEST = 12
_MOST = 100_000
"""Boxes or elements outside the samples, beyond which a file is none of ours."""
_LONGEST_TABLE = 512 * 2**20
"""Bytes of one table that are read: twelve hours at 60 frames a second take 62 MB."""

_LENGTH = re.compile(rb"\d\d:\d\d:\d\d\.\d{9}")


class Box(NamedTuple):
    """A box of an MP4 (ISO/IEC 14496-12) or an element of a WebM (RFC 9559).

    `start` and `stop` are the bytes of what it holds.
    """

    kind: str
    start: int
    stop: int
    inside: tuple[str, ...]


def foreign_video_parts(path: Path) -> tuple[str, ...]:
    """What a written MP4 or WebM holds beside its pictures and its sound; empty is good.

    Raises:
        VerificationError: it is no such file, or its parts do not fit together.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
        if head[4:8] == b"ftyp":
            return _Mp4(file).foreign()
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _Webm(file).foreign()
    raise VerificationError("The copy is neither MP4 nor WebM.")


def _broken() -> VerificationError:
    return VerificationError("The parts of the copy do not fit together.")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


class _Mp4:
    _HOLDS_BOXES = ("moov", "trak", "mdia", "minf", "stbl", "dinf")
    _ALLOWED = frozenset(
        {
            *("ftyp", "moov", "mdat", "free", "mvhd", "trak", "tkhd", "mdia", "mdhd", "hdlr"),
            *("minf", "vmhd", "smhd", "dinf", "dref", "stbl", "stsd", "stts", "stss", "ctts"),
            *("stsc", "stsz", "stco", "co64", "sgpd", "sbgp", "sdtp"),
        }
    )
    _HANDLERS = (b"vide", b"soun")
    _NO_TEXTS = bytes.fromhex("000000356d657461 00000000 0000002168646c72 00000000 00000000") + (
        b"mdirappl" + bytes(9) + b"\x00\x00\x00\x08ilst"
    )
    """The box of texts as ffmpeg writes it around none."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def foreign(self) -> tuple[str, ...]:
        found: list[str] = []
        boxes = list(self._boxes(0, self._size, ()))
        for box in boxes:
            if box.kind == "udta" and self._read(box) == self._NO_TEXTS:
                continue
            if box.kind not in self._ALLOWED:
                found.append("/".join((*box.inside, box.kind)))
            elif box.kind == "free" and any(self._read(box)):
                found.append("free")
        found += self._texts(boxes)
        found += self._tracks(boxes)
        found += self._unused(boxes)
        return tuple(dict.fromkeys(found))

    def _boxes(self, start: int, stop: int, inside: tuple[str, ...]) -> Iterator[Box]:
        if len(inside) > _DEEPEST:
            raise _broken()
        count = 0
        while start < stop:
            count += 1
            self._file.seek(start)
            head = self._file.read(16)
            size, kind, begins = _number(head[:4]), head[4:8].decode("latin-1"), start + 8
            if size == 1:
                size, begins = _number(head[8:16]), start + 16
            if size < begins - start or start + size > stop or count > _MOST:
                raise _broken()
            box = Box(kind, begins, start + size, inside)
            yield box
            if kind in self._HOLDS_BOXES:
                yield from self._boxes(begins, start + size, (*inside, kind))
            start += size

    def _read(self, box: Box) -> bytes:
        if box.stop - box.start > _LONGEST_TABLE:
            raise _broken()
        self._file.seek(box.start)
        return self._file.read(box.stop - box.start)

    def _texts(self, boxes: list[Box]) -> Iterator[str]:
        """Names of handlers, and times at which something was made."""
        for box in boxes:
            if box.kind == "hdlr":
                data = self._read(box)
                if data[8:12] not in self._HANDLERS:
                    yield f"hdlr {data[8:12].decode('latin-1')}"
                if data[24:].rstrip(b"\x00") not in (b"", b"VideoHandler", b"SoundHandler"):
                    yield "hdlr"
            elif box.kind in ("mvhd", "tkhd", "mdhd"):
                data = self._read(box)
                long = data[0] == 1
                if any(data[4 : 20 if long else 12]):
                    yield f"{box.kind} time"

    def _tracks(self, boxes: list[Box]) -> Iterator[str]:
        handlers = [self._read(box)[8:12] for box in boxes if box.kind == "hdlr"]
        if handlers.count(b"vide") != 1 or handlers.count(b"soun") > 1:
            yield "trak"
        for box in boxes:
            # Samples of other files.
            if box.kind == "dref" and self._read(box)[4:] != b"\0\0\0\1\0\0\0\x0curl \0\0\0\1":
                yield "dref"

    def _unused(self, boxes: list[Box]) -> Iterator[str]:
        """Bytes among the samples that no track refers to."""
        data = [(box.start, box.stop) for box in boxes if box.kind == "mdat"]
        used = sorted(piece for table in self._tables(boxes) for piece in self._pieces(table))
        inside = iter(sorted(data))
        start, stop = next(inside, (0, 0))
        for begin, end in used:
            while begin >= stop:
                if start != stop:
                    yield "mdat"
                    return
                following = next(inside, None)
                if following is None:
                    raise _broken()
                start, stop = following
            if begin != start or end > stop:
                yield "mdat"
                return
            start = end
        if start != stop or any(one[0] != one[1] for one in inside):
            yield "mdat"

    @staticmethod
    def _tables(boxes: list[Box]) -> Iterator[dict[str, Box]]:
        """The tables of each track."""
        table: dict[str, Box] = {}
        for box in boxes:
            if box.kind == "trak":
                if table:
                    yield table
                table = {}
            elif box.inside[-1:] == ("stbl",):
                table[box.kind] = box
        if table:
            yield table

    def _pieces(self, table: dict[str, Box]) -> Iterator[tuple[int, int]]:
        """From which byte to which the samples of a track lie, in runs without a gap."""
        sizes = self._read(table["stsz"])
        common, count = _number(sizes[4:8]), _number(sizes[8:12])
        wide = 8 if "co64" in table else 4
        places = self._read(table["co64" if wide == 8 else "stco"])  # noqa: PLR2004
        starts = [_number(places[at : at + wide]) for at in range(8, len(places), wide)]
        runs = self._read(table["stsc"])
        firsts = [
            (_number(runs[at : at + 4]), _number(runs[at + 4 : at + 8]))
            for at in range(8, len(runs), 12)
        ]
        sample, run = 0, 0
        for number, start in enumerate(starts, 1):
            while run + 1 < len(firsts) and firsts[run + 1][0] <= number:
                run += 1
            end = start
            for _ in range(firsts[run][1]):
                size = common or _number(sizes[12 + 4 * sample : 16 + 4 * sample])
                end += size
                sample += 1
            yield start, end
        if sample != count:
            raise _broken()


class _Webm:
    _SEGMENT, _CLUSTER, _VOID = 0x18538067, 0x1F43B675, 0xEC
    _INFO, _TRACKS, _TRACK, _SEEK, _CUES = 0x1549A966, 0x1654AE6B, 0xAE, 0x114D9B74, 0x1C53BB6B
    _HOLDS = (_SEGMENT, _INFO, _TRACKS, _TRACK, 0xE0, 0xE1, 0x55B0)
    _APPLICATIONS = (0x4D80, 0x5741)
    _ALLOWED = frozenset(
        {
            *(0x1A45DFA3, _SEGMENT, _CLUSTER, _VOID, _INFO, _TRACKS, _TRACK, _SEEK, _CUES),
            # Of the file: unit of time, length, and by which program, which is looked at.
            *(0x2AD7B1, 0x4489, 0x4D80, 0x5741),
            # Of a track: numbers, kind, codec and what it must be told, flags, language.
            *(0xD7, 0x73C5, 0x9C, 0x22B59C, 0x86, 0x63A2, 0x83, 0x23E383, 0x56AA, 0x56BB, 0x88),
            *(0xB9, 0x55AA, 0x55EE, 0x6DE7, 0xAA),
            # Of pictures and of sound.
            *(0xE0, 0xB0, 0xBA, 0x9A, 0x9D, 0x54B0, 0x54BA, 0x54B2, 0x55B0, 0x55B1, 0x55B7, 0x55B8),
            *(0x55B9, 0x55BA, 0x55BB, 0x53B8, 0x53C0, 0x55B2, 0x55B3, 0x55B4, 0xE1, 0xB5, 0x9F),
            *(0x6264, 0x78B5, 0x1254C367),
        }
    )
    _IN_A_CLUSTER = frozenset({0xE7, 0xA3, 0xA0, 0xAB, 0xA7})
    _IN_A_GROUP = frozenset({0xA1, 0x9B, 0xFB, 0x75A2})
    _KIND, _VIDEO, _SOUND = 0x83, 1, 2
    _TEXTS, _TEXT_GROUPS = 0x1254C367, (0x7373, 0x63C0, 0x67C8)
    _TRACK_NUMBER, _TEXT_NAME, _TEXT_VALUE = 0x63C5, 0x45A3, 0x4487

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._kinds: list[int] = []

    def foreign(self) -> tuple[str, ...]:
        found = list(dict.fromkeys(self._foreign(0, self._size, 0)))
        if self._kinds.count(self._VIDEO) != 1 or len(self._kinds) > self._SOUND:
            found.append("TrackEntry")
        return tuple(found)

    def _foreign(self, start: int, stop: int, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            raise _broken()
        for identity, begin, end in self._elements(start, stop):
            if identity not in self._ALLOWED:
                yield f"{identity:X}"
            elif identity in self._HOLDS:
                yield from self._foreign(begin, end, depth + 1)
            elif identity == self._CLUSTER:
                yield from self._in_cluster(begin, end)
            elif identity == self._VOID and any(self._read(begin, end)):
                yield "Void"
            elif identity in self._APPLICATIONS and self._read(begin, end) != b"Lavf":
                yield f"{identity:X}"
            elif identity == self._TEXTS:
                yield from self._in_texts(begin, end, depth + 1)
            elif identity == self._KIND:
                self._kinds.append(_number(self._read(begin, end)))

    def _in_texts(self, start: int, stop: int, depth: int) -> Iterator[str]:
        """Of texts there may be how long each track is, which ffmpeg says once more."""
        if depth > _DEEPEST:
            raise _broken()
        for identity, begin, end in self._elements(start, stop):
            data = self._read(begin, end)
            if identity in self._TEXT_GROUPS:
                yield from self._in_texts(begin, end, depth + 1)
            elif not (
                identity in (self._TRACK_NUMBER, self._VOID)
                or (identity == self._TEXT_NAME and data == b"DURATION")
                or (identity == self._TEXT_VALUE and _LENGTH.fullmatch(data.rstrip(b"\x00")))
            ):
                yield f"{identity:X}"

    def _in_cluster(self, start: int, stop: int) -> Iterator[str]:
        for identity, begin, end in self._elements(start, stop):
            if identity not in self._IN_A_CLUSTER:
                yield f"{identity:X}"
            elif identity == 0xA0:  # noqa: PLR2004 - a group of blocks
                for inner, _, _ in self._elements(begin, end):
                    if inner not in self._IN_A_GROUP:
                        yield f"{inner:X}"

    def _elements(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        while start < stop:
            identity, at = self._coded(start, keep=True)
            length, begin = self._coded(at, keep=False)
            if length is None or begin + length > stop:
                raise _broken()
            yield identity or 0, begin, begin + length
            start = begin + length

    def _coded(self, at: int, *, keep: bool) -> tuple[int | None, int]:
        """A number of variable length, and where it ends; None for an unknown length."""
        self._file.seek(at)
        head = self._file.read(8)
        if not head or not head[0]:
            raise _broken()
        size = 9 - head[0].bit_length()
        value = _number(head[:size])
        if len(head) < size:
            raise _broken()
        if keep:
            return value, at + size
        value &= (1 << 7 * size) - 1
        return (None if value == (1 << 7 * size) - 1 else value), at + size

    def _read(self, begin: int, end: int) -> bytes:
        if end - begin > _LONGEST_TABLE:
            raise _broken()
        self._file.seek(begin)
        return self._file.read(end - begin)
