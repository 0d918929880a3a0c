"""What EXIF and IPTC IIM say about a picture: who made it, what it shows, whether where."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator

from clearance.embedded_text import MAX_ENTRIES, MAX_TEXT, clean, decoded, first, parts
from detector.embedded import EXIF_IFD, GPS_IFD, Tiff

_MAX_DATASETS = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Exif:
    """What EXIF says in words, whether it tells the place, and whether it is cut off."""

    title: str = ""
    description: str = ""
    artist: str = ""
    copyright: str = ""
    keywords: tuple[str, ...] = ()
    comment: str = ""
    place: bool = False
    broken: bool = False

    @classmethod
    def of(cls, data: bytes | None) -> Exif:
        """What there is.

        Raises:
            ValueError: it is no TIFF structure.
            struct.error: it ends before its first directory.
        """
        if not data:
            return cls()
        tiff = Tiff.of(data)

        def text(tag: int) -> str:
            return clean(decoded(tiff.value(0, tag) or b"").partition("\0")[0])

        def windows(tag: int) -> str:
            value = (tiff.value(0, tag) or b"")[: MAX_TEXT * 4]
            return clean(value.decode("utf-16-le", "replace"))

        return cls(
            title=windows(40091),
            description=text(270),
            artist=text(315) or windows(40093),
            copyright=text(33432),
            keywords=parts(windows(40094)),
            comment=_user_comment(tiff) or windows(40092),
            # Cameras without reception write zeros divided by zero.
            place=any(any(tiff.value(GPS_IFD, tag) or b"") for tag in (2, 4)),
            broken=tiff.broken,
        )


def _user_comment(tiff: Tiff) -> str:
    """EXIF's comment; its first eight bytes name the encoding."""
    value = tiff.value(EXIF_IFD, 37510) or b""
    code, data = value[:8].rstrip(b"\0 "), value[8 : 8 + MAX_TEXT * 4]
    if code == b"UNICODE":
        return clean(data.decode("utf-16-le" if tiff.order == "<" else "utf-16-be", "replace"))
    if code == b"JIS":
        return clean(data.decode("iso2022_jp", "replace"))
    return decoded(data)


@dataclasses.dataclass(frozen=True, slots=True)
class Iptc:
    """The texts of IIM's second record, by dataset."""

    texts: dict[int, list[str]] = dataclasses.field(default_factory=dict)

    def first(self, dataset: int) -> str:
        """The text of a dataset, empty if there is none."""
        return first(*self.all(dataset))

    def all(self, dataset: int) -> list[str]:
        """The texts of a dataset that may be repeated."""
        return self.texts.get(dataset, [])

    @classmethod
    def of(cls, data: bytes | None) -> Iptc:
        """What there is.

        Raises:
            ValueError: no datasets.
            struct.error: cut off.
        """
        iptc = cls()
        utf8 = False
        for record, dataset, value in _datasets(data or b""):
            if (record, dataset) == (1, 90):
                utf8 = value == b"\x1b%G"
            elif record == 2:  # noqa: PLR2004 - the one about the picture
                text = clean(value.decode("utf-8", "replace")) if utf8 else decoded(value)
                texts = iptc.texts.setdefault(dataset, [])
                if len(texts) < MAX_ENTRIES:
                    texts.append(text)
        return iptc


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, dataset and value (IPTC IIM 4.2, chapter 3)."""
    position = 0
    for _ in range(_MAX_DATASETS):
        if not any(data[position : position + 5]):  # programs fill up with zeros
            return
        marker, record, dataset, length = struct.unpack_from(">BBBH", data, position)
        if marker != 0x1C:  # noqa: PLR2004 - how every dataset begins
            raise ValueError("no dataset")
        position += 5
        if length & 0x8000:  # the length of the length
            size = length & 0x7FFF
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("cut off")
        yield record, dataset, data[position : position + length]
        position += length
    raise ValueError("too many datasets")
