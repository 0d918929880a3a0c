"""What a camera adds to a picture: EXIF, with a position, an orientation and a thumbnail."""

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from sample_media.draw.fields import Array

# The middle of a lake: no house, and nobody's home.
LAKE = (46.9000, 6.8500)

_SHAPES = {2: "s", 3: "H", 4: "I", 5: "II"}  # TIFF types: text, short, long, rational
ASCII, SHORT, LONG, RATIONAL = _SHAPES
Tag = tuple[int, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How a picture was taken.

    Args:
        taken: Local time, as EXIF writes it.
        camera: Maker and model; None leaves all EXIF out.
        place: Latitude and longitude, degrees.
        orientation: How a viewer must turn the stored pixels (EXIF 1, 3, 6 or 8).
        artist: Who pressed the button.
    """

    taken: str = "2026:09:04 10:15:00"
    camera: tuple[str, str] | None = ("Belmont Optik", "Sample 1")
    place: tuple[float, float] | None = LAKE
    orientation: int = 1
    artist: str = "Spital Belmont"


PLAIN_SHOT = Shot()

STORED = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def as_stored(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels as the camera keeps them, for that EXIF orientation."""
    turn = STORED[orientation]
    return upright if turn is None else upright.transpose(turn)


def encode(upright: Image.Image, shot: Shot, *, heic: bool, preview: Image.Image | None) -> bytes:
    """Compress a picture as the camera would; `preview` replaces what the thumbnail shows."""
    stored = as_stored(upright, shot.orientation)
    thumbnail = as_stored(preview or upright, shot.orientation)
    exif = None if shot.camera is None else exif_block(shot, _thumbnail(thumbnail))
    buffer = io.BytesIO()
    if heic:
        import pillow_heif

        pillow_heif.register_heif_opener()
        stored.save(buffer, "HEIF", quality=62, exif=exif)
    else:
        options = {} if exif is None else {"exif": exif}
        stored.save(buffer, "JPEG", quality=84, optimize=True, subsampling="4:2:0", **options)
    return buffer.getvalue()


def _thumbnail(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((256, 256), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def exif_block(shot: Shot, thumbnail: bytes) -> bytes:
    """An EXIF block: camera, time, place and thumbnail. Pillow does not write the last one."""
    if shot.camera is None:
        raise ValueError("a picture without a camera has no EXIF")
    main: dict[int, Tag] = {
        0x010F: (ASCII, shot.camera[0]),
        0x0110: (ASCII, shot.camera[1]),
        0x0112: (SHORT, shot.orientation),
        0x0131: (ASCII, "Sample firmware 1.0"),
        0x0132: (ASCII, shot.taken),
        0x013B: (ASCII, shot.artist),
    }
    photo: dict[int, Tag] = {
        0x829A: (RATIONAL, [(1, 125)]),
        0x829D: (RATIONAL, [(28, 10)]),
        0x8827: (SHORT, 400),
        0x9003: (ASCII, shot.taken),
        0x9004: (ASCII, shot.taken),
        0x920A: (RATIONAL, [(35, 1)]),
        0xA431: (ASCII, "SN-000123"),
    }
    place = {} if shot.place is None else _position(*shot.place)
    return _Tiff(main, photo, place, thumbnail).bytes()


def _position(latitude: float, longitude: float) -> dict[int, Tag]:
    return {
        1: (ASCII, "N" if latitude >= 0 else "S"),
        2: (RATIONAL, _sexagesimal(latitude)),
        3: (ASCII, "E" if longitude >= 0 else "W"),
        4: (RATIONAL, _sexagesimal(longitude)),
    }


def _sexagesimal(angle: float) -> list[tuple[int, int]]:
    seconds = round(abs(angle) * 360_000)
    return [(seconds // 360_000, 1), (seconds // 6000 % 60, 1), (seconds % 6000, 100)]


class _Tiff:
    """Lays four directories out one after the other."""

    def __init__(
        self,
        main: dict[int, Tag],
        photo: dict[int, Tag],
        place: dict[int, Tag],
        thumbnail: bytes,
    ) -> None:
        self.main, self.photo, self.place, self.thumbnail = main, photo, place, thumbnail

    def bytes(self) -> bytes:
        """Exif header, TIFF header, directories, thumbnail."""
        main = {**self.main, 0x8769: (LONG, 0)} | ({0x8825: (LONG, 0)} if self.place else {})
        preview: dict[int, Tag] = {
            0x0103: (SHORT, 6),
            0x0201: (LONG, 0),
            0x0202: (LONG, len(self.thumbnail)),
        }
        # Lengths do not depend on the values: measure first, then write with the real offsets.
        photo_at = 8 + len(_directory(main, 8, 0))
        place_at = photo_at + len(_directory(self.photo, photo_at, 0))
        preview_at = place_at + (len(_directory(self.place, place_at, 0)) if self.place else 0)
        picture_at = preview_at + len(_directory(preview, preview_at, 0))
        main[0x8769] = (LONG, photo_at)
        if self.place:
            main[0x8825] = (LONG, place_at)
        preview[0x0201] = (LONG, picture_at)
        blocks = [
            b"Exif\0\0II*\0" + struct.pack("<I", 8),
            _directory(main, 8, preview_at),
            _directory(self.photo, photo_at, 0),
            _directory(self.place, place_at, 0) if self.place else b"",
            _directory(preview, preview_at, 0),
            self.thumbnail,
        ]
        return b"".join(blocks)


def _directory(tags: dict[int, Tag], at: int, following: int) -> bytes:
    """One image file directory, its longer values right behind it."""
    values_at = at + 2 + 12 * len(tags) + 4
    entries, values = [], b""
    for number, (kind, value) in sorted(tags.items()):
        data, count = _pack(kind, value)
        if len(data) > 4:
            field = struct.pack("<I", values_at + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            field = data.ljust(4, b"\0")
        entries.append(struct.pack("<HHI", number, kind, count) + field)
    head = struct.pack("<H", len(tags))
    return head + b"".join(entries) + struct.pack("<I", following) + values


def _pack(kind: int, value: Any) -> tuple[bytes, int]:
    if kind == ASCII:
        data = str(value).encode("ascii") + b"\0"
        return data, len(data)
    if kind == RATIONAL:
        return b"".join(struct.pack("<II", *pair) for pair in value), len(value)
    return struct.pack("<" + _SHAPES[kind], value), 1


def develop(light: Array, seed: int, noise: float = 0.004) -> Image.Image:
    """Turn light into a picture, with a little grain."""
    image = np.clip(light / (1 + 0.18 * light), 0, 1) ** (1 / 2.2)
    rng = np.random.default_rng(seed)
    image = image + noise * rng.standard_normal((*image.shape[:2], 1), dtype=np.float32)
    return Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8))


def expose(screen: Array) -> Array:
    """The light that `develop` turns into these screen colours."""
    light = np.asarray(screen, np.float32) ** 2.2
    return np.asarray(light / (1 - 0.18 * light))
