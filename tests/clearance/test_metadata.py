"""Everything that is not the picture is seen, in bytes made by hand."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from clearance.metadata import foreign_parts

FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"quality": 92},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}


def encoded(kind: str, size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    width, height = size
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **(FORMATS[kind] | more))
    return buffer.getvalue()


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010E] = "ward 4"
    return made


def jpeg_segment(marker: int, content: bytes) -> Callable[[bytes], bytes]:
    """Put a segment right after the start of a JPEG."""
    segment = struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
    return lambda data: data[:2] + segment + data[2:]


def png_chunk(kind: bytes, content: bytes) -> Callable[[bytes], bytes]:
    """Put a chunk right after the header of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    chunk = struct.pack(">I", len(content)) + kind + content + checksum
    return lambda data: data[:33] + chunk + data[33:]


def jfif_thumbnail(data: bytes) -> bytes:
    small = b"JFIF\0" + bytes((1, 2, 0, 0, 1, 0, 1, 2, 2)) + bytes(12)
    (length,) = struct.unpack_from(">H", data, 4)
    return jpeg_segment(0xE0, small)(data[:2] + data[4 + length :])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (701, 333)])
def test_a_fresh_picture_holds_nothing_else(kind: str, size: tuple[int, int]) -> None:
    assert foreign_parts(encoded(kind, size)) == ()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "more", [{"exif": exif()}, {"xmp": b"<x:xmpmeta/>"}, {"icc_profile": profile()}]
)
def test_what_an_encoder_can_add_is_seen(kind: str, more: dict[str, Any]) -> None:
    if kind == "PNG" and "xmp" in more:
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
        more = {"pnginfo": notes}
    assert foreign_parts(encoded(kind, **more))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (jpeg_segment(0xFE, b"a comment"), "COM"),
        (jpeg_segment(0xE1, b"Exif\0\0"), "APP1"),
        (jpeg_segment(0xE2, b"MPF\0"), "APP2"),
        (jpeg_segment(0xED, b"Photoshop 3.0\0"), "APP13"),
        (jpeg_segment(0xEE, b"Adobe"), "APP14"),
        (jpeg_segment(0xE0, b"JFXX\0\x10" + bytes(9)), "thumbnail"),
        (jfif_thumbnail, "thumbnail"),
        (lambda data: data + data, "after the end"),
        (lambda data: data + b"\0\0\0\x18ftypmp42", "after the end"),
    ],
)
def test_a_jpeg_with_more_is_seen(added: Callable[[bytes], bytes], said: str) -> None:
    assert said in " ".join(foreign_parts(added(encoded("JPEG"))))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (png_chunk(b"tEXt", b"Author\0somebody"), "tEXt"),
        (png_chunk(b"eXIf", b"II*\0"), "eXIf"),
        (png_chunk(b"caBX", b"c2pa"), "caBX"),
        (png_chunk(b"acTL", bytes(8)), "acTL"),
        (png_chunk(b"prVt", b"anything"), "prVt"),
        (lambda data: data + data, "after the end"),
    ],
)
def test_a_png_with_more_is_seen(added: Callable[[bytes], bytes], said: str) -> None:
    assert said in " ".join(foreign_parts(added(encoded("PNG"))))


def test_a_webp_with_more_is_seen() -> None:
    data = encoded("WEBP")
    extra = data + b"EXIF" + struct.pack("<I", 4) + b"II*\0"
    declared = extra[:4] + struct.pack("<I", len(extra) - 8) + extra[8:]
    assert "EXIF" in " ".join(foreign_parts(declared))
    assert "after the end" in " ".join(foreign_parts(extra))
    twice = data + data[12:]
    assert foreign_parts(twice[:4] + struct.pack("<I", len(twice) - 8) + twice[8:])


def test_an_avif_with_more_is_seen() -> None:
    data = encoded("AVIF")
    box = struct.pack(">I", 16) + b"free" + b"anything"
    assert foreign_parts(data + box)
    assert foreign_parts(data + b"tail")


@pytest.mark.parametrize("data", [b"", b"\xff", b"GIF89a", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_seen(data: bytes) -> None:
    assert foreign_parts(data)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.999), noise=st.binary(max_size=40))
def test_damage_is_seen_and_never_a_crash(kind: str, cut: float, noise: bytes) -> None:
    data = encoded(kind)
    shorter = data[: int(len(data) * cut)]
    assert foreign_parts(shorter)
    foreign_parts(shorter + noise)
