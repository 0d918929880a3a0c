"""The blocks beside the picture are found in every kind of file, and never in the way."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin, TiffImagePlugin

from detector.decoding import PhotoFormat
from detector.embedded import (
    EXIF_IFD,
    GPS_IFD,
    MAX_BLOCK,
    NOTHING_EMBEDDED,
    Embedded,
    Tiff,
    embedded_in,
)
from detector.photo import open_photo, photo_from_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

PACKET = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
DATASETS = b"\x1c\x02\x78\x00\x05Hello"
ORIENTATION, DESCRIPTION, ARTIST, GPS_LATITUDE = 274, 270, 315, 2
KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")


def encoded(kind: str, **options: Any) -> bytes:
    """A small photo, wider than high, with what Pillow can put into such a file."""
    stream, picture = io.BytesIO(), Image.new("RGB", (48, 32), (90, 60, 30))
    if kind == "HEIF":
        exif = options.pop("exif", None)
        heif = pillow_heif.from_pillow(picture)
        if exif is not None:
            options["exif"] = exif.tobytes()
        heif.save(stream, **options)
    elif kind == "PNG" and "xmp" in options:
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
        picture.save(stream, kind, pnginfo=chunks, **options)
    elif kind == "TIFF" and "xmp" in options:
        picture.save(stream, kind, tiffinfo={700: options.pop("xmp")}, **options)
    else:
        picture.save(stream, kind, **options)
    return stream.getvalue()


def embedded(data: bytes) -> Embedded:
    return photo_from_bytes(data, Path("a photo")).embedded


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(*segments: bytes) -> bytes:
    """A JPEG with further segments in front."""
    data = encoded("JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def resource(code: int, content: bytes, name: bytes = b"") -> bytes:
    """One of Photoshop's image resources."""
    title = bytes([len(name)]) + name
    padded = title + bytes(len(title) % 2)
    head = b"8BIM" + struct.pack(">H", code) + padded + struct.pack(">I", len(content))
    return head + content + bytes(len(content) % 2)


def exif_of(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[DESCRIPTION] = "Two people"
    exif[GPS_IFD] = {GPS_LATITUDE: (46.0, 13.0, 54.0)}
    read = Image.Exif()  # only what was read keeps its directories in a TIFF
    read.load(exif.tobytes())
    return read


# --- what each kind of file carries --------------------------------------------------------


def test_a_file_with_its_picture_only_holds_nothing_else() -> None:
    for kind in ("PNG", "BMP", "GIF", "WEBP"):
        assert embedded(encoded(kind)) == Embedded(stored_size=(48, 32))
    assert Embedded() == NOTHING_EMBEDDED


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_carries_xmp(kind: str) -> None:
    assert embedded(encoded(kind, xmp=PACKET)).xmp == PACKET


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_carries_exif_as_a_tiff_structure(kind: str) -> None:
    found = embedded(encoded(kind, exif=exif_of()))
    assert found.exif is not None
    tiff = Tiff.of(found.exif)
    assert not tiff.broken
    assert (tiff.value(0, DESCRIPTION) or b"").rstrip(b"\0") == b"Two people"
    assert tiff.value(GPS_IFD, GPS_LATITUDE)


def test_of_a_tiff_file_only_the_words_are_kept() -> None:
    """It is a TIFF structure as a whole, and its picture is in it."""
    stream = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(stream, "TIFF", exif=exif_of())
    found = embedded(stream.getvalue())
    assert found.exif is not None
    assert len(found.exif) < 200


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_the_words_of_a_big_tiff_are_kept_too(order: bytes) -> None:
    picture = Image.new("RGB", (48, 32))
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=order)
    tags[DESCRIPTION] = "Two people"
    tags[ARTIST] = "Max E."  # short enough to lie in the entry itself
    tags[EXIF_IFD] = {37510: b"ASCII\0\0\0hello"}
    stream = io.BytesIO()
    picture.save(stream, "TIFF", tiffinfo=tags, big_tiff=True)
    found = embedded(stream.getvalue())
    assert found.exif is not None
    tiff = Tiff.of(found.exif)
    assert tiff.value(0, DESCRIPTION) == b"Two people\0"
    assert tiff.value(0, ARTIST) == b"Max E.\0"
    assert tiff.value(EXIF_IFD, 37510) == b"ASCII\0\0\0hello"


def test_iptc_of_a_jpeg_lies_among_photoshop_resources() -> None:
    content = (
        b"Photoshop 3.0\0"
        + resource(0x03ED, bytes(16))
        + resource(0x0425, b"odd", name=b"any name")
        + resource(0x0404, DATASETS)
    )
    assert embedded(with_segments(segment(0xED, content))).iptc == DATASETS


def test_iptc_that_two_segments_share_is_joined() -> None:
    content = resource(0x0404, DATASETS)
    first, second = content[:16], content[16:]
    data = with_segments(
        segment(0xED, b"Photoshop 3.0\0" + first), segment(0xED, b"Photoshop 3.0\0" + second)
    )
    assert embedded(data).iptc == DATASETS


@pytest.mark.parametrize("tag", [33723, 34377])
def test_iptc_of_a_tiff_has_its_own_tag_or_photoshops(tag: int) -> None:
    content = DATASETS if tag == 33723 else resource(0x0404, DATASETS)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = content
    tags.tagtype[tag] = 7
    assert embedded(encoded("TIFF", tiffinfo=tags)).iptc == DATASETS


def test_blocks_that_imagemagick_writes_into_a_png_are_found() -> None:
    chunks = PngImagePlugin.PngInfo()
    for name, content in (
        ("exif", b"Exif\0\0" + exif_of().tobytes()[6:]),
        ("iptc", resource(0x0404, DATASETS)),
        ("xmp", PACKET),
    ):
        chunks.add_text(f"Raw profile type {name}", f"\n{name}\n 99\n{content.hex()}", zip=True)
    found = embedded(encoded("PNG", pnginfo=chunks))
    assert found.iptc == DATASETS
    assert found.xmp == PACKET
    assert found.exif
    assert Tiff.of(found.exif).number(0, ORIENTATION) == 1


def test_comments() -> None:
    two = with_segments(segment(0xFE, b"made by hand"), segment(0xFE, b"and again"))
    assert embedded(two).comment == b"made by hand\nand again"
    assert embedded(encoded("GIF", comment=b"a comment")).comment == b"a comment"
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Author", "Zoé")
    chunks.add_text("Software", "paint")
    chunks.add_itxt("Title", "Summer")
    found = embedded(encoded("PNG", pnginfo=chunks)).comment
    assert found == "Title: Summer\nAuthor: Zoé".encode()


def test_xmp_of_a_gif_lies_between_its_name_and_its_trailer() -> None:
    data = encoded("GIF")
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    block = b"!\xff\x0bXMP DataXMP" + PACKET + trailer
    end = data.rindex(b";")
    assert embedded(data[:end] + block + data[end:]).xmp == PACKET


# --- extended XMP --------------------------------------------------------------------------

GUID = b"0123456789ABCDEF0123456789ABCDEF"
STANDARD = PACKET.replace(b"></", b' xmpNote:HasExtendedXMP="' + GUID + b'"></')


def piece(offset: int, content: bytes, guid: bytes = GUID, length: int = 12) -> bytes:
    header = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", length, offset)
    return segment(0xE1, header + content)


def extended(*pieces: bytes) -> bytes | None:
    standard = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + STANDARD)
    return embedded(with_segments(standard, *pieces)).extended_xmp


def test_extended_xmp_is_joined_in_its_order() -> None:
    assert extended(piece(7, b"world"), piece(0, b"hello, ")) == b"hello, world"


def test_extended_xmp_without_a_piece_or_of_another_packet_is_left_out() -> None:
    assert extended(piece(7, b"world")) is None
    assert extended(piece(0, b"hello, "), piece(8, b"world")) is None
    assert extended(piece(0, b"hello, world", guid=GUID[::-1])) is None


# --- credentials ---------------------------------------------------------------------------

STORE = b"JP\0\1\0\0\0\1" + b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa" + bytes(16)
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(16)


def signed_jpeg() -> bytes:
    return with_segments(segment(0xEB, STORE))


def signed_png() -> bytes:
    data = encoded("PNG")
    return data[:33] + chunk(b"caBX", STORE) + data[33:]


def signed_webp() -> bytes:
    more = b"C2PA" + struct.pack("<I", len(STORE)) + STORE
    data = encoded("WEBP")
    return b"RIFF" + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


def signed_tiff() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[52545] = STORE
    tags.tagtype[52545] = 7
    return encoded("TIFF", tiffinfo=tags)


def signed_gif() -> bytes:
    data = encoded("GIF")
    end = data.rindex(b";")
    return data[:end] + b"!\xff\x0bC2PA_GIF\x01\0\0\x02ab\0" + data[end:]


def signed_avif() -> bytes:
    return encoded("AVIF") + struct.pack(">I4s", 8 + len(C2PA_BOX), b"uuid") + C2PA_BOX


def signed_heif() -> bytes:
    """With a box whose length takes 64 bits."""
    return encoded("HEIF") + struct.pack(">I4sQ", 1, b"uuid", 16 + len(C2PA_BOX)) + C2PA_BOX


@pytest.mark.parametrize(
    "signed",
    [signed_jpeg, signed_png, signed_webp, signed_tiff, signed_gif, signed_avif, signed_heif],
)
def test_a_credential_is_noticed(signed: Callable[[], bytes]) -> None:
    """In a (hollow) C2PA manifest store where the standard puts it."""
    assert embedded(signed()).credential


@pytest.mark.parametrize("kind", [*KINDS, "GIF"])
def test_without_a_credential_none_is_noticed(kind: str) -> None:
    assert not embedded(encoded(kind)).credential


# --- how the picture lay -------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_orientation_and_the_stored_size_are_kept(kind: str, orientation: int) -> None:
    found = embedded(encoded(kind, exif=exif_of(orientation)))
    assert (found.orientation, found.container_turn) == (orientation, 1)
    assert found.stored_size == (48, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_an_orientation_of_xmp_turns_as_well(kind: str) -> None:
    packet = PACKET.replace(b"></", b' tiff:Orientation="6"></')
    data = encoded(kind, xmp=packet)
    frame = photo_from_bytes(data, Path("a photo"))
    assert (frame.width, frame.height) == (32, 48)
    assert frame.embedded.orientation == 6
    assert frame.embedded.stored_size == (48, 32)


def test_an_orientation_that_is_none_turns_nothing() -> None:
    assert embedded(encoded("JPEG", exif=exif_of(9))).orientation == 1


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_the_rotation_of_a_container_is_part_of_the_picture(kind: str) -> None:
    frame = photo_from_bytes(encoded(kind, exif=exif_of(6)), Path("a photo"))
    assert (frame.width, frame.height) == (32, 48)
    assert frame.embedded.orientation == 1
    assert frame.embedded.container_turn == 6
    assert frame.embedded.stored_size == (32, 48)


# --- limits and damage ---------------------------------------------------------------------


def test_a_block_that_is_too_large_is_left_out_and_told() -> None:
    found = embedded(encoded("WEBP", xmp=bytes(MAX_BLOCK + 1)))
    assert found.xmp is None
    assert found.too_large
    assert embedded(encoded("WEBP", xmp=b"<" * MAX_BLOCK)).xmp == b"<" * MAX_BLOCK
    found = embedded(encoded("TIFF", xmp=bytes(MAX_BLOCK + 1)))
    assert found.xmp is None
    assert found.too_large
    assert not embedded(encoded("TIFF", xmp=PACKET)).too_large


def test_a_damaged_directory_keeps_what_stands_before() -> None:
    whole = exif_of().tobytes()[6:]
    tiff = Tiff.of(whole)
    (start,) = struct.unpack_from(f"{tiff.order}I", whole, 4)
    cut = Tiff.of(whole[: start + 2 + 12])
    assert cut.broken
    assert set(cut.directories[0]) == {DESCRIPTION}
    assert cut.value(0, DESCRIPTION) is None


class _Trap(ImageFile.ImageFile):
    """A picture that raises whatever is asked of it."""

    def __init__(self) -> None:
        self._size = (48, 32)
        self._exif = None
        self.info = {"exif": 3, "xmp": 7.0, "comment": None, "Raw profile type exif": "x\n\n\nzz"}

    def _open(self) -> None:
        pass

    def getexif(self) -> Image.Exif:
        raise RuntimeError("trapped")

    def __getattr__(self, name: str) -> object:
        raise KeyError(name)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(PhotoFormat),
    head=st.sampled_from([b"", b"II*\0\x08\0\0\0\xff\xff", b"MM\0+\0\x08\0\0", b"GIF89a", STORE]),
    data=st.binary(max_size=200),
    turned=st.booleans(),
)
def test_nothing_ever_raises(kind: PhotoFormat, head: bytes, data: bytes, turned: bool) -> None:
    found = embedded_in(_Trap(), head + data, kind, turned=turned)
    assert 1 <= found.orientation <= 8
    assert found.exif is None or isinstance(found.exif, bytes)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_broken_segments_of_a_jpeg_are_survived(data: st.DataObject) -> None:
    segments = st.tuples(
        st.sampled_from(["APP1", "APP13", "APP11", "COM"]),
        st.sampled_from(
            [
                b"",
                b"Photoshop 3.0\x008BIM\x04\x04",
                b"http://ns.adobe.com/xap/1.0/\0" + STANDARD,
                b"http://ns.adobe.com/xmp/extension/\0" + GUID,
                b"Exif\0\0",
            ]
        ),
        st.binary(max_size=30),
    )
    image = Image.new("RGB", (4, 4))
    drawn = data.draw(st.lists(segments, max_size=6))
    image.applist = [(name, head + tail) for name, head, tail in drawn]  # type: ignore[attr-defined]
    found = embedded_in(image, b"", PhotoFormat.JPEG, turned=False)
    assert found.stored_size == (4, 4)


def test_it_needs_no_numpy() -> None:
    """Photos are decoded while numpy is still being imported."""
    code = "import sys, detector.embedded; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_block_that_cannot_be_taken_out_is_told(tmp_path: Path) -> None:
    """A file that says something unreadable is not one that says nothing."""
    whole = io.BytesIO()
    Image.new("RGB", (16, 16)).save(whole, "JPEG")
    resource = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00"
    segment = b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole.getvalue()[:2] + segment + whole.getvalue()[2:])
    embedded = open_photo(path).embedded
    assert embedded.damaged
    assert embedded.iptc is None
    path.write_bytes(whole.getvalue())
    assert not open_photo(path).embedded.damaged
