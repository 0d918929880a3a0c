"""The colours of a copy: the photo's profile without what else hides in it, or sRGB.

A colour profile has room for free text, private data, the serial number of a screen and
whole pictures. But without it the colours of most phones and cameras are wrong. So the
profile is taken apart, and a fresh one is built of its colorimetry alone. Where that is not
possible, or gives other colours, the pixels are brought to sRGB, which is what a viewer
takes them for when nothing is said.

Formats: ICC.1:2010 (version 4.3) and ICC.1:2001-04 (version 2.4), sections 7 (header and
tag table) and 10 (tag types); ICC.1:2022 for `cicp`.
"""

from __future__ import annotations

import dataclasses
import io
import math
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Pixels

    Transform = ImageCms.ImageCmsTransform
    Numbers = npt.NDArray[np.float64]

_LARGEST = 1 << 20
"""Bytes of a profile that is kept. Those of cameras and screens have 500 to 200,000."""
_LARGEST_APPLIED = 1 << 23
"""Bytes of a profile whose colours are looked at."""
_SAME = 1
"""Difference, out of 255, up to which two profiles give the same colours."""
_UNMOVED = 2
"""The same for a photo's colours and sRGB: rounding twice, on the way and back."""

_HEADER, _ENTRY = 128, 12
_CLASSES = {b"mntr", b"scnr", b"spac"}
"""Of screens, cameras and scanners, and colour spaces: one picture, no link or named colour."""
_SPACES = {b"XYZ ", b"Lab "}
_INTENTS = 4
_D50 = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
"""The illuminant of every profile (7.2.16)."""
_NO_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_VERSIONS = {2: 0x02400000, 4: 0x04400000}
"""Of the profile that is written, by the first digit of the one that was read."""

_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_FROM_DEVICE = (b"A2B0", b"A2B1", b"A2B2")
_TO_DEVICE = (b"B2A0", b"B2A1", b"B2A2")


def in_srgb(pixels: Pixels, icc: bytes | None) -> Pixels:
    """The pixels in the sRGB colour space.

    A profile that is damaged, or not of RGB pixels, is passed over, as viewers do.

    Args:
        pixels: uint8, shape (height, width, 3); not altered.
        icc: the profile that says how they are meant; None for sRGB.

    Returns:
        The same shape and type; the same array where no colour changes.
    """
    if icc is None or len(icc) > _LARGEST_APPLIED:
        return pixels
    try:
        transform = _to_srgb(icc, ImageCms.Intent.RELATIVE_COLORIMETRIC)
        if _difference(_applied(transform, _cube()), _cube()) <= _UNMOVED:
            return pixels
        return _applied(transform, pixels)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return pixels


def profile_for_copy(icc: bytes | None) -> bytes | None:
    """A fresh profile that gives the same colours and says nothing else.

    It has the tags that colours are computed with, rebuilt to their last byte, a fixed
    date, the name of a well known colour space or "RGB", and no maker, model, text or
    private data.

    Args:
        icc: the profile of the photo.

    Returns:
        The same bytes for the same profile, and the profile itself for one made here. None
        where there is none, or where it is damaged, larger than 1 MiB, not of an RGB picture,
        not usable, or gave other colours than before: bring the pixels to sRGB then.
    """
    if icc is None or len(icc) > _LARGEST:
        return None
    try:
        fresh = _Profile.read(icc).written()
        same = all(
            _difference(_seen(icc, intent), _seen(fresh, intent)) <= _SAME
            for intent in (ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Intent.PERCEPTUAL)
        )
    except (ImageCms.PyCMSError, OSError, ValueError, struct.error, IndexError):
        return None
    return fresh if same else None


def _seen(icc: bytes, intent: ImageCms.Intent) -> Pixels:
    """What a screen of sRGB shows of the cube."""
    # For a few colours, tables that make many faster are not worth making.
    return _applied(_to_srgb(icc, intent, ImageCms.Flags.NOOPTIMIZE), _cube())


def _to_srgb(
    icc: bytes, intent: ImageCms.Intent, how: ImageCms.Flags = ImageCms.Flags.NONE
) -> Transform:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        intent,
        how | ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _applied(transform: Transform, pixels: Pixels) -> Pixels:
    return np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform))


def _cube() -> Pixels:
    """Colours from all of RGB: uint8, shape (64, 64, 3)."""
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)


def _difference(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max())


# --- a profile, taken apart and put together -----------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class _Profile:
    """The colorimetry of a profile.

    `kind` and `space` are the signatures of its class and of the space it connects to,
    `version` is 2 or 4, `tags` are rebuilt already.
    """

    version: int
    kind: bytes
    space: bytes
    intent: int
    tags: dict[bytes, bytes]

    @classmethod
    def read(cls, icc: bytes) -> _Profile:
        """Take a profile apart.

        Raises:
            ValueError, struct.error, IndexError: damaged, or of no RGB picture.
        """
        # Size, preferred module, version, class, colour space, connection space, date, "acsp".
        size, _, version, kind, device, space, _, magic = struct.unpack_from(
            ">I4sI4s4s4s12s4s", icc
        )
        (intent,) = struct.unpack_from(">I", icc, 64)
        _must(_HEADER + 4 <= size <= len(icc) and magic == b"acsp" and version >> 24 in _VERSIONS)
        icc = icc[:size]
        _must(kind in _CLASSES and device == b"RGB " and space in _SPACES)
        (count,) = struct.unpack_from(">I", icc, _HEADER)
        _must(_HEADER + 4 + _ENTRY * count <= len(icc))
        entries = [
            struct.unpack_from(">4sII", icc, _HEADER + 4 + _ENTRY * number)
            for number in range(count)
        ]
        tags = {}
        for signature, start, length in entries:
            if signature in _KEPT:
                _must(signature not in tags and start + length <= len(icc))
                tags[signature] = _rebuilt(icc[start : start + length], _KEPT[signature])
        _must(tags.keys() >= {*_COLORANTS, *_CURVES} or _FROM_DEVICE[0] in tags)
        return cls(version >> 24, kind, space, intent & 0xFFFF, tags)

    def written(self) -> bytes:
        """The whole profile, its tags in the order of their names."""
        _must(self.intent < _INTENTS)
        tags = {
            b"cprt": self._text(b"text", "Public domain"),
            b"desc": self._text(b"desc", self._name()),
            **dict(sorted(self.tags.items())),
        }
        start = _HEADER + 4 + _ENTRY * len(tags)
        table, data = struct.pack(">I", len(tags)), b""
        places: dict[bytes, int] = {}
        for signature, content in tags.items():
            # Three curves are often one.
            if content not in places:
                places[content] = start + len(data)
                data += _padded(content)
            table += struct.pack(">4sII", signature, places[content], len(content))
        head = struct.pack(
            ">I4xI4s4s4s12s4s24xI12s48x",
            start + len(data),
            _VERSIONS[self.version],
            self.kind,
            b"RGB ",
            self.space,
            _NO_DATE,
            b"acsp",
            self.intent,
            _D50,
        )
        return head + table + data

    def _text(self, kind: bytes, text: str) -> bytes:
        """A text as the version has it: ASCII before, afterwards by language."""
        if self.version == 4:  # noqa: PLR2004 - multiLocalizedUnicodeType (10.13)
            said = text.encode("utf-16-be")
            return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(said), 28) + said
        said = text.encode("ascii") + b"\0"
        if kind == b"text":
            return struct.pack(">4s4x", kind) + said
        # Behind it, the same for Unicode and for a Macintosh: none (ICC.1:2001-04, 6.5.17).
        return struct.pack(">4s4xI", kind, len(said)) + said + bytes(78)

    def _name(self) -> str:
        """The name of a colour space that everybody knows, else "RGB"."""
        if not self.tags.keys() >= {*_COLORANTS, *_CURVES} or self.tags.keys() & _TABLES:
            return "RGB"
        columns = np.array([_fixed(self.tags[name])[:3] for name in _COLORANTS])
        for name, (colorants, curve) in _KNOWN.items():
            if np.abs(columns - colorants).max() <= _SAME_COLORANT and all(
                np.abs(_light(self.tags[name]) - curve(_STEPS)).max() <= _SAME_LIGHT
                for name in _CURVES
            ):
                return name
        return "RGB"


def _must(condition: bool) -> None:
    if not condition:
        raise ValueError("not a profile that can be rebuilt")


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def _fixed(content: bytes) -> tuple[float, ...]:
    """The numbers of XYZ, sf32 and para, with 16 bits before and behind the point."""
    return tuple(number / 65536 for (number,) in struct.iter_unpack(">i", content[8:]))


# --- tag types: each is measured and copied, so that nothing lies behind or between ---------


def _rebuilt(content: bytes, types: frozenset[bytes]) -> bytes:
    kind = content[:4]
    _must(kind in types)
    return _TYPES[kind](content)


def _exactly(length: int) -> Callable[[bytes], bytes]:
    return lambda content: _head(content) + _piece(content, 8, length - 8)


def _head(content: bytes) -> bytes:
    """The type's name and four bytes that are reserved."""
    return content[:4] + bytes(4)


def _piece(content: bytes, start: int, length: int) -> bytes:
    _must(start + length <= len(content))
    return content[start : start + length]


def _curve(content: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", content, 8)
    return _head(content) + _piece(content, 8, 4 + 2 * count)


_PARAMETERS = (1, 3, 4, 5, 7)
"""How many each function of a parametric curve has (10.15)."""


def _parametric(content: bytes) -> bytes:
    (function,) = struct.unpack_from(">H", content, 8)
    said = _piece(content, 12, 4 * _PARAMETERS[function])
    return _head(content) + struct.pack(">Hxx", function) + said


def _code_points(content: bytes) -> bytes:
    """Primaries, transfer, matrix and range of ITU-T H.273, one byte each."""
    return _head(content) + _piece(content, 8, 4)


def _table(width: int) -> Callable[[bytes], bytes]:
    """A rebuilder of mft1 and mft2: tables for each channel, a grid, tables again."""

    def rebuilt(content: bytes) -> bytes:
        inputs, outputs, grid = content[8:11]
        _must((inputs, outputs) == (3, 3))
        if width == 1:
            before, behind, start = 256, 256, 48
        else:
            before, behind = struct.unpack_from(">HH", content, 48)
            start = 52
        entries = inputs * before + grid**inputs * outputs + outputs * behind
        # The twelfth byte is padding.
        said = content[8:11] + b"\0" + _piece(content, 12, start - 12)
        return _head(content) + said + _piece(content, start, width * entries)

    return rebuilt


def _stages(content: bytes) -> bytes:
    """Mab and mba: curves, a matrix, a grid, each where the head says; one behind the other."""
    inputs, outputs = content[8:10]
    _must((inputs, outputs) == (3, 3))
    places = struct.unpack_from(">5I", content, 12)
    # The "B" curves, the matrix, the "M" curves, the grid, the "A" curves.
    readers = (_three_curves, _matrix, _three_curves, _grid, _three_curves)
    head, data = b"", b""
    for start, reader in zip(places, readers, strict=True):
        head += struct.pack(">I", 32 + len(data) if start else 0)
        data += reader(content, start) if start else b""
    return _head(content) + content[8:10] + bytes(2) + head + data


def _three_curves(content: bytes, start: int) -> bytes:
    curves = b""
    for _ in range(3):
        curve = _rebuilt(content[start:], frozenset({b"curv", b"para"}))
        curves += _padded(curve)
        start += len(_padded(curve))
    return curves


def _matrix(content: bytes, start: int) -> bytes:
    return _piece(content, start, 48)


def _grid(content: bytes, start: int) -> bytes:
    """Points along each side in sixteen bytes, bytes of a number in one, three of padding."""
    sides, width = content[start : start + 3], content[start + 16]
    _must(width in {1, 2})
    points = _piece(content, start + 20, math.prod(sides) * 3 * width)
    return _padded(sides + bytes(13) + bytes([width]) + bytes(3) + points)


_TYPES: dict[bytes, Callable[[bytes], bytes]] = {
    b"XYZ ": _exactly(20),
    b"sf32": _exactly(44),
    b"cicp": _code_points,
    b"curv": _curve,
    b"para": _parametric,
    b"mft1": _table(1),
    b"mft2": _table(2),
    b"mAB ": _stages,
    b"mBA ": _stages,
}
_TABLES = {*_FROM_DEVICE, *_TO_DEVICE}
_KEPT: dict[bytes, frozenset[bytes]] = {
    **dict.fromkeys((b"wtpt", b"bkpt", *_COLORANTS), frozenset({b"XYZ "})),
    **dict.fromkeys(_CURVES, frozenset({b"curv", b"para"})),
    b"chad": frozenset({b"sf32"}),
    b"cicp": frozenset({b"cicp"}),
    **dict.fromkeys(_FROM_DEVICE, frozenset({b"mft1", b"mft2", b"mAB "})),
    **dict.fromkeys(_TO_DEVICE, frozenset({b"mft1", b"mft2", b"mBA "})),
}
"""The tags that colours are computed with, and the types they may have."""


# --- colour spaces that have a name --------------------------------------------------------

_STEPS: Numbers = np.linspace(0, 1, 17)
_SAME_COLORANT = 0.002
"""Of X, Y and Z: programs round them differently, and adapt them to D50 differently."""
_SAME_LIGHT = 0.004
"""Of the light at one of the steps, out of 1: tables are coarse near black."""


def _srgb_light(value: Numbers) -> Numbers:
    """IEC 61966-2-1."""
    bright = ((value + 0.055) / 1.055) ** 2.4
    return np.where(value <= 0.04045, value / 12.92, bright)  # noqa: PLR2004


def _adobe_light(value: Numbers) -> Numbers:
    """Adobe RGB (1998) Color Image Encoding, version 2005-05."""
    return np.asarray(value ** (563 / 256))


_KNOWN: dict[str, tuple[Sequence[Sequence[float]], Callable[[Numbers], Numbers]]] = {
    # The primaries of each, adapted to D50 as Bradford has it.
    "sRGB": (
        ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)),
        _srgb_light,
    ),
    "Display P3": (
        ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
        _srgb_light,
    ),
    "Adobe RGB (1998)": (
        ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
        _adobe_light,
    ),
}


def _light(content: bytes) -> Numbers:
    """What a curve makes of the steps, each 0 to 1."""
    if content.startswith(b"curv"):
        values = np.frombuffer(content, ">u2", offset=12)
        if len(values) <= 1:
            return _STEPS ** (values[0] / 256 if len(values) else 1.0)
        return np.interp(_STEPS, np.linspace(0, 1, len(values)), values / 65535)
    (function,) = struct.unpack_from(">H", content, 8)
    # Each function has the parameters of the one before, and more; the last has all.
    g, *more = _fixed(content)[1:]
    a, b, c, d, e, f = 1.0, 0.0, 0.0, -1.0, 0.0, 0.0
    if function in {1, 2}:
        a, b, c = (*more, 0.0)[:3]
        d, e, f, c = -b / a if a else 0.0, c, c, 0.0
    elif function:
        a, b, c, d, e, f = (*more, 0.0, 0.0)[:6]
    with np.errstate(all="ignore"):
        bright = np.maximum(a * _STEPS + b, 0) ** g + e
    return np.where(d <= _STEPS, bright, c * _STEPS + f)
