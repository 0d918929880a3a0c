"""Everything that is neither the picture nor carried is seen, in bytes made by hand."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from clearance.containers import Carried, embed_options, foreign_parts
from tests.clearance.crafted_files import (
    boxes,
    chunk,
    riff,
    segment,
)
from tests.clearance.file_parts import (
    iso_box,
)
from tests.clearance.hidden_copies import (
    CASES,
)

FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"quality": 92},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>what is said</x:xmpmeta>"
NOTHING, WORDS, COLOURS = Carried(), Carried(XMP), Carried(icc_profile=PROFILE)
BOTH = Carried(XMP, PROFILE)
LONG = Carried(XMP, PROFILE + bytes(140_001))
"""The profile takes three segments of a JPEG."""
CARRIED = {"nothing": NOTHING, "xmp": WORDS, "profile": COLOURS, "both": BOTH, "long": LONG}

Change = Callable[[bytes], bytes]

kinds = pytest.mark.parametrize("kind", FORMATS)
carryings = pytest.mark.parametrize("carried", CARRIED.values(), ids=CARRIED.keys())


def encoded(
    kind: str, size: tuple[int, int] = (40, 30), carried: Carried = NOTHING, **more: Any
) -> bytes:
    width, height = size
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    options = FORMATS[kind] | embed_options(kind, carried) | more
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010E] = "ward 4"
    return made


# --- what is written is what is found ------------------------------------------------------


@kinds
@carryings
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (301, 133)], ids=["1x1", "40x30", "301x133"])
def test_a_copy_holds_what_it_carries_and_nothing_else(
    kind: str, carried: Carried, size: tuple[int, int]
) -> None:
    assert foreign_parts(encoded(kind, size, carried), carried) == ()


@kinds
@pytest.mark.parametrize("quality", [70, 100])
def test_at_every_quality(kind: str, quality: int) -> None:
    quality_options = {} if kind == "PNG" else {"quality": quality}
    assert foreign_parts(encoded(kind, (64, 48), BOTH, **quality_options), BOTH) == ()


@kinds
@carryings
def test_readers_find_it_where_it_was_put(kind: str, carried: Carried) -> None:
    with Image.open(io.BytesIO(encoded(kind, (40, 30), carried))) as copy:
        assert copy.info.get("icc_profile") == carried.icc_profile
        # Pillow gives a PNG's packet under its own name as well.
        assert (copy.info.get("xmp") or b"") == carried.xmp


@kinds
def test_an_image_passes_nothing_on(kind: str) -> None:
    image = Image.new("RGB", (8, 8))
    image.info |= {
        "icc_profile": PROFILE,
        "exif": exif().tobytes(),
        "comment": b"ward 4",
        "xmp": XMP,
        "dpi": (300, 300),
    }
    buffer = io.BytesIO()
    image.save(buffer, kind, **embed_options(kind, NOTHING))
    assert foreign_parts(buffer.getvalue()) == ()


def test_there_are_four_formats() -> None:
    with pytest.raises(ValueError, match="TIFF"):
        embed_options("TIFF", NOTHING)


@kinds
@pytest.mark.parametrize(
    ("put_in", "expected", "said"),
    [
        (NOTHING, WORDS, "XMP missing"),
        (NOTHING, COLOURS, "colour profile missing"),
        (COLOURS, BOTH, "XMP missing"),
        (WORDS, NOTHING, "XMP that was not to be there"),
        (COLOURS, NOTHING, "colour profile that was not to be there"),
        (Carried(XMP + b" "), WORDS, "XMP other than was written"),
        (Carried(XMP[:-1]), WORDS, "XMP other than was written"),
        (Carried(icc_profile=PROFILE + b"\0"), COLOURS, "colour profile other than was written"),
    ],
    ids=["no-xmp", "no-profile", "one-of-both", "xmp", "profile", "longer", "shorter", "profile+"],
)
def test_what_is_carried_is_compared_to_the_byte(
    kind: str, put_in: Carried, expected: Carried, said: str
) -> None:
    assert said in foreign_parts(encoded(kind, (40, 30), put_in), expected)


@kinds
@pytest.mark.parametrize("carried", [NOTHING, BOTH], ids=["nothing", "both"])
def test_what_an_encoder_can_add_is_seen(kind: str, carried: Carried) -> None:
    assert foreign_parts(encoded(kind, (40, 30), carried, exif=exif()), carried)
    if kind in {"JPEG", "PNG"}:
        assert foreign_parts(encoded(kind, (40, 30), carried, dpi=(300, 300)), carried)


@pytest.mark.parametrize(
    "content",
    [case.content for case in CASES if case.name.endswith((".jpg", ".png", ".webp", ".avif"))],
    ids=[case.name for case in CASES if case.name.endswith((".jpg", ".png", ".webp", ".avif"))],
)
def test_every_hiding_place_is_seen(content: Callable[[], bytes]) -> None:
    assert foreign_parts(content())


@kinds
@pytest.mark.parametrize("behind", [b"\0", b"tail", b"\0\0\0\x18ftypmp42"])
def test_bytes_behind_the_end_are_seen(kind: str, behind: bytes) -> None:
    data = encoded(kind, carried=BOTH)
    assert foreign_parts(data + behind, BOTH)
    assert foreign_parts(data + data, BOTH)


@kinds
@pytest.mark.parametrize("carried", [NOTHING, BOTH], ids=["nothing", "both"])
def test_there_is_no_room_for_two_bytes_before_the_pixels(kind: str, carried: Carried) -> None:
    data = encoded(kind, (8, 8), carried)
    pixels = {"JPEG": b"\xff\xda", "PNG": b"IDAT", "WEBP": b"VP8 ", "AVIF": b"mdat"}[kind]
    for at in range(data.index(pixels) + 4):
        more = data[:at] + b"\0\0" + data[at:]
        if kind == "WEBP":
            more = more[:4] + struct.pack("<I", len(more) - 8) + more[8:]
        assert foreign_parts(more, carried), at


# --- JPEG ----------------------------------------------------------------------------------


def behind_jfif(*segments: bytes) -> Change:
    return lambda data: data[:20] + b"".join(segments) + data[20:]


def jpeg_xmp(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def jpeg_profile(number: int, count: int, part: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + part)


def before_the_scan(*segments: bytes) -> Change:
    def change(data: bytes) -> bytes:
        at = data.index(b"\xff\xda")
        return data[:at] + b"".join(segments) + data[at:]

    return change


def before_the_end(more: bytes) -> Change:
    return lambda data: data[:-2] + more + data[-2:]


def with_jfif(content: bytes) -> Change:
    return lambda data: data[:2] + segment(0xE0, content) + data[20:]


def second_scan(data: bytes) -> bytes:
    at = data.index(b"\xff\xda")
    return data[:-2] + data[at:]


def second_frame(data: bytes) -> bytes:
    at, end = data.index(b"\xff\xc0"), data.index(b"\xff\xc4")
    return data[:end] + data[at:end] + data[end:]


def renumbered_table(data: bytes) -> bytes:
    """A quantisation table that nothing refers to, in the place of one that something does."""
    at = data.index(b"\xff\xdb") + 4
    return data[:at] + b"\x03" + data[at + 1 :]


def part_of_a_scan(data: bytes) -> bytes:
    """A scan that holds only some of the coefficients."""
    at = data.index(b"\xff\xda") + 2 + 10
    assert data[at : at + 2] == b"\x3f\0"
    return data[:at] + b"\x3e" + data[at + 1 :]


JPEG_CHANGES: list[tuple[str, Change, str]] = [
    ("comment", behind_jfif(segment(0xFE, b"a comment")), "segment COM"),
    ("empty-comment", behind_jfif(segment(0xFE, b"")), "segment COM"),
    ("exif", behind_jfif(segment(0xE1, b"Exif\0\0")), "segment APP1"),
    ("extended-xmp", behind_jfif(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0")), "APP1"),
    ("mpf", behind_jfif(segment(0xE2, b"MPF\0")), "segment APP2"),
    ("c2pa", behind_jfif(segment(0xEB, b"JP")), "segment APP11"),
    ("photoshop", behind_jfif(segment(0xED, b"Photoshop 3.0\0")), "segment APP13"),
    ("adobe", behind_jfif(segment(0xEE, b"Adobe")), "segment APP14"),
    ("unheard-of", behind_jfif(segment(0xE7, b"any")), "segment APP7"),
    ("restarts", behind_jfif(segment(0xDD, b"\0\1")), "segment 0xdd"),
    ("jfxx", behind_jfif(segment(0xE0, b"JFXX\0\x10" + bytes(9))), "thumbnail"),
    ("second-jfif", lambda data: data[:20] + data[2:], "thumbnail"),
    ("thumbnail", with_jfif(b"JFIF\0\1\2\0\0\1\0\1\2\2" + bytes(12)), "thumbnail"),
    ("resolution", with_jfif(b"JFIF\0\1\1\1\x01\x2c\x01\x2c\0\0"), "resolution"),
    ("second-xmp", behind_jfif(jpeg_xmp(XMP)), "a second XMP"),
    ("xmp-behind-it", before_the_scan(jpeg_xmp(b"<other/>")), "a second XMP"),
    ("second-profile", before_the_scan(jpeg_profile(1, 1, PROFILE)), "colour profile"),
    ("more-profile", before_the_scan(jpeg_profile(2, 2, b"more")), "colour profile"),
    ("second-scan", second_scan, "one picture"),
    ("second-frame", second_frame, "one picture"),
    ("part-of-a-scan", part_of_a_scan, "damaged"),
    ("spare-table", before_the_scan(segment(0xDB, b"\2" + bytes(64))), "tables"),
    ("spare-codes", before_the_scan(segment(0xC4, b"\x02" + bytes(15) + b"\3abc")), "tables"),
    ("table-twice", before_the_scan(segment(0xDB, b"\0" + bytes(64))), "tables"),
    ("unused-table", renumbered_table, "tables"),
    ("long-table", before_the_scan(segment(0xDB, b"\2" + bytes(65))), "damaged"),
    ("long-codes", before_the_scan(segment(0xC4, b"\x02" + bytes(16) + b"abc")), "damaged"),
    ("filled", behind_jfif(b"\xff"), "damaged"),
    ("between", behind_jfif(b"\0\0"), "damaged"),
    ("restart-mark", before_the_end(b"\xff\xd0\0\2"), "segment 0xd0"),
    ("behind-the-scan", before_the_end(segment(0xFE, b"a comment")), "segment COM"),
    ("second-jpeg", lambda data: data + data, "after the end"),
]


@pytest.mark.parametrize(
    ("change", "said"),
    [one[1:] for one in JPEG_CHANGES],
    ids=[one[0] for one in JPEG_CHANGES],
)
def test_a_jpeg_with_more_is_seen(change: Change, said: str) -> None:
    data = encoded("JPEG", carried=BOTH)
    assert change(data) != data
    assert said in " ".join(foreign_parts(change(data), BOTH))


@pytest.mark.parametrize("order", [(2, 1), (1, 1), (1, 3), (1,)], ids=str)
def test_the_segments_of_a_profile_are_in_order(order: tuple[int, ...]) -> None:
    half = len(PROFILE) // 2
    parts = {1: PROFILE[:half], 2: PROFILE[half:], 3: PROFILE[half:]}
    good = behind_jfif(*(jpeg_profile(n, 2, parts[n]) for n in (1, 2)))(encoded("JPEG"))
    assert foreign_parts(good, COLOURS) == ()
    wrong = behind_jfif(*(jpeg_profile(n, 2, parts[n]) for n in order))(encoded("JPEG"))
    assert foreign_parts(wrong, COLOURS)


def test_the_segments_of_a_profile_agree_on_their_number() -> None:
    half = len(PROFILE) // 2
    parts = (jpeg_profile(1, 2, PROFILE[:half]), jpeg_profile(2, 7, PROFILE[half:]))
    assert foreign_parts(behind_jfif(*parts)(encoded("JPEG")), COLOURS)
    assert foreign_parts(behind_jfif(jpeg_profile(1, 2, PROFILE))(encoded("JPEG")), COLOURS)


def test_a_progressive_jpeg_is_none_of_ours() -> None:
    assert foreign_parts(encoded("JPEG", progressive=True))


# --- PNG -----------------------------------------------------------------------------------


def behind_the_header(*chunks: bytes) -> Change:
    return lambda data: data[:33] + b"".join(chunks) + data[33:]


def text(content: bytes, key: bytes = b"XML:com.adobe.xmp", how: bytes = bytes(5)) -> bytes:
    return chunk(b"iTXt", key + how + content)


def other_pixels(repack: Callable[[bytes], bytes]) -> Change:
    """The packed pixels replaced by something that is packed of them."""

    def change(data: bytes) -> bytes:
        parts = list(png_chunks(data))
        rows = b"".join(content for kind, content in parts if kind == b"IDAT")
        before = [chunk(kind, content) for kind, content in parts if kind != b"IDAT"]
        return data[:8] + b"".join((*before[:-1], chunk(b"IDAT", repack(rows)), before[-1]))

    return change


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def with_header(width: int, height: int, how: bytes = b"\x08\x02\0\0\0") -> Change:
    header = chunk(b"IHDR", struct.pack(">II", width, height) + how)
    return lambda data: data[:8] + header + data[33:]


PNG_CHANGES: list[tuple[str, Change, str]] = [
    ("text", behind_the_header(chunk(b"tEXt", b"Author\0somebody")), "chunk tEXt"),
    ("packed-text", behind_the_header(chunk(b"zTXt", b"a\0\0")), "chunk zTXt"),
    ("exif", behind_the_header(chunk(b"eXIf", b"II*\0")), "chunk eXIf"),
    ("c2pa", behind_the_header(chunk(b"caBX", b"c2pa")), "chunk caBX"),
    ("animation", behind_the_header(chunk(b"acTL", bytes(8))), "chunk acTL"),
    ("private", behind_the_header(chunk(b"prVt", b"anything")), "chunk prVt"),
    ("time", behind_the_header(chunk(b"tIME", bytes(7))), "chunk tIME"),
    ("rendering", behind_the_header(chunk(b"sRGB", b"\0")), "chunk sRGB"),
    ("size", behind_the_header(chunk(b"pHYs", bytes(9))), "chunk pHYs"),
    ("palette", behind_the_header(chunk(b"PLTE", bytes(3))), "chunk PLTE"),
    ("second-xmp", behind_the_header(text(XMP)), "a second XMP"),
    ("other-text", behind_the_header(text(XMP, b"Comment")), "chunk iTXt"),
    ("packed-xmp", behind_the_header(text(zlib.compress(XMP), how=b"\0\1\0\0\0")), "chunk iTXt"),
    ("language", behind_the_header(text(XMP, how=b"\0\0\0fr\0\0")), "chunk iTXt"),
    (
        "second-profile",
        behind_the_header(chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(PROFILE))),
        "a second colour profile",
    ),
    (
        "named-profile",
        behind_the_header(chunk(b"iCCP", b"ward 4\0\0" + zlib.compress(PROFILE))),
        "chunk iCCP",
    ),
    ("second-header", lambda data: data[:33] + data[8:], "one picture"),
    ("words-at-the-end", lambda data: data[:-12] + chunk(b"IEND", b"more"), "chunk IEND"),
    ("behind-the-pixels", lambda data: data[:-12] + chunk(b"tEXt", b"a\0b") + data[-12:], "tEXt"),
    ("more-pixels", lambda data: data[:-12] + chunk(b"IDAT", b"more") + data[-12:], "pixels"),
    ("hidden-rows", with_header(40, 20), "more or less pixels"),
    ("missing-rows", with_header(40, 31), "more or less pixels"),
    ("grey", with_header(40, 30, b"\x08\0\0\0\0"), "damaged"),
    ("behind-the-stream", other_pixels(lambda rows: rows + b"behind"), "more or less pixels"),
    (
        "inside-the-stream",
        other_pixels(lambda rows: zlib.compress(zlib.decompress(rows) + b"behind")),
        "more or less pixels",
    ),
    ("checksum", lambda data: data[:-1] + b"\0", "damaged"),
    ("second-png", lambda data: data + data, "after the end"),
]


@pytest.mark.parametrize(
    ("change", "said"), [one[1:] for one in PNG_CHANGES], ids=[one[0] for one in PNG_CHANGES]
)
def test_a_png_with_more_is_seen(change: Change, said: str) -> None:
    data = encoded("PNG", carried=BOTH)
    assert change(data) != data
    assert said in " ".join(foreign_parts(change(data), BOTH))


def test_pixels_in_many_chunks_are_one_picture() -> None:
    data = encoded("PNG", (40, 30))
    rows = b"".join(content for kind, content in png_chunks(data) if kind == b"IDAT")
    pieces = [chunk(b"IDAT", rows[at : at + 100]) for at in range(0, len(rows), 100)]
    assert foreign_parts(data[:33] + b"".join(pieces) + data[-12:]) == ()


@pytest.mark.parametrize(
    "packed",
    [
        zlib.compress(PROFILE) + b"behind",
        zlib.compress(PROFILE)[:-5],
        zlib.compress(bytes(1 << 26)),
    ],
    ids=["more", "less", "bomb"],
)
def test_a_packed_profile_is_read_to_its_end(packed: bytes) -> None:
    more = chunk(b"iCCP", b"ICC Profile\0\0" + packed)
    assert foreign_parts(behind_the_header(more)(encoded("PNG")), COLOURS)


def test_pillow_takes_notes_only_from_us() -> None:
    notes = embed_options("PNG", NOTHING)["pnginfo"]
    assert isinstance(notes, PngImagePlugin.PngInfo)
    assert notes.chunks == []


# --- WebP ----------------------------------------------------------------------------------


def webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return found


def rebuilt(change: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]]) -> Change:
    return lambda data: riff(*change(webp_chunks(data)))


def flagged(flags: int, at: int = 0) -> Change:
    """VP8X with more bits set."""

    def change(chunks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        (kind, content), *others = chunks
        assert kind == b"VP8X"
        changed = content[:at] + bytes([content[at] | flags]) + content[at + 1 :]
        return [(kind, changed), *others]

    return rebuilt(change)


def padded(data: bytes) -> bytes:
    """The byte behind a chunk of odd length says something."""
    chunks = webp_chunks(data)
    at = 12 + sum(8 + len(content) + len(content) % 2 for _, content in chunks)
    assert at == len(data)
    assert len(chunks[-1][1]) % 2 == 1
    return data[:-1] + b"x"


WEBP_CHANGES: list[tuple[str, Change, str]] = [
    ("exif", rebuilt(lambda all: [*all, (b"EXIF", b"II*\0")]), "chunk EXIF"),
    ("c2pa", rebuilt(lambda all: [*all, (b"C2PA", b"c2pa")]), "chunk C2PA"),
    ("unheard-of", rebuilt(lambda all: [*all, (b"ABCD", b"")]), "chunk ABCD"),
    ("transparency", rebuilt(lambda all: [all[0], (b"ALPH", b"\0"), *all[1:]]), "chunk ALPH"),
    ("frame", rebuilt(lambda all: [*all, (b"ANMF", bytes(16))]), "chunk ANMF"),
    ("animation", rebuilt(lambda all: [*all, (b"ANIM", bytes(6))]), "chunk ANIM"),
    ("second-xmp", rebuilt(lambda all: [*all, all[-1]]), "a second XMP"),
    ("second-profile", rebuilt(lambda all: [*all[:2], *all[1:]]), "a second colour profile"),
    ("second-picture", rebuilt(lambda all: [*all[:-1], all[2], all[-1]]), "one picture"),
    ("no-picture", rebuilt(lambda all: [*all[:2], all[-1]]), "one picture"),
    ("second-header", rebuilt(lambda all: [all[0], *all]), "another order"),
    ("other-order", rebuilt(lambda all: [*all[:2], all[-1], all[2]]), "another order"),
    ("no-header", rebuilt(lambda all: all[1:]), "another order"),
    ("long-header", rebuilt(lambda all: [(b"VP8X", all[0][1] + b"more"), *all[1:]]), "VP8X"),
    ("animation-flag", flagged(0x02), "VP8X"),
    ("exif-flag", flagged(0x08), "VP8X"),
    ("alpha-flag", flagged(0x10), "VP8X"),
    ("reserved-flag", flagged(0x40), "VP8X"),
    ("reserved-bytes", flagged(0x01, at=2), "VP8X"),
    ("other-canvas", flagged(0x40, at=4), "VP8X"),
    ("padding", padded, "damaged"),
    ("outside", lambda data: data + b"EXIF\4\0\0\0II*\0", "after the end"),
    ("second-webp", lambda data: data + data, "after the end"),
]


@pytest.mark.parametrize(
    ("change", "said"), [one[1:] for one in WEBP_CHANGES], ids=[one[0] for one in WEBP_CHANGES]
)
def test_a_webp_with_more_is_seen(change: Change, said: str) -> None:
    carried = Carried(XMP if len(XMP) % 2 else XMP + b" ", PROFILE)
    data = encoded("WEBP", carried=carried)
    assert change(data) != data
    assert said in " ".join(foreign_parts(change(data), carried))


def test_a_webp_that_carries_nothing_announces_nothing() -> None:
    plain = encoded("WEBP")
    extended = riff((b"VP8X", bytes(4) + b"\x27\0\0\x1d\0\0"), *webp_chunks(plain))
    assert "VP8X" in " ".join(foreign_parts(extended))


def test_a_webp_without_loss_is_a_picture_as_well() -> None:
    assert foreign_parts(encoded("WEBP", (41, 30), BOTH, lossless=True), BOTH) == ()


# --- AVIF ----------------------------------------------------------------------------------

Boxes = dict[bytes, bytes]


def remade(
    change: Callable[[Boxes], None], *, media: Change = bytes, before_items: bytes = b""
) -> Change:
    """The boxes inside `meta` changed, and the places of the items moved accordingly."""

    def changed(data: bytes) -> bytes:
        whole = dict(boxes(data))
        meta = dict(boxes(whole[b"meta"][4:]))
        before = len(whole[b"meta"])
        change(meta)
        ftyp = iso_box(b"ftyp", meta.pop(b"ftyp", whole[b"ftyp"]))
        moved = iso_box(b"meta", bytes(4), *(iso_box(kind, said) for kind, said in meta.items()))
        by = len(moved) - 8 - before + len(ftyp) - 8 - len(whole[b"ftyp"]) + len(before_items)
        place = meta[b"iloc"]
        for at in range(8 + 6, len(place), 14):
            (offset,) = struct.unpack_from(">I", place, at)
            place = place[:at] + struct.pack(">I", offset + by) + place[at + 4 :]
        meta[b"iloc"] = place
        moved = iso_box(b"meta", bytes(4), *(iso_box(kind, said) for kind, said in meta.items()))
        return ftyp + moved + iso_box(b"mdat", before_items, media(whole[b"mdat"]))

    return changed


def setting(kind: bytes, said: bytes) -> Callable[[Boxes], None]:
    return lambda meta: meta.__setitem__(kind, said)


def replaced(kind: bytes, old: bytes, new: bytes) -> Callable[[Boxes], None]:
    """Bytes of the same length changed in one box."""

    def change(meta: Boxes) -> None:
        assert old in meta[kind]
        meta[kind] = meta[kind].replace(old, new)

    return change


def with_item(info: bytes) -> Callable[[Boxes], None]:
    """One more item, with no bytes."""

    def change(meta: Boxes) -> None:
        count = struct.unpack_from(">H", meta[b"iinf"], 4)[0] + 1
        items = meta[b"iinf"][6:] + iso_box(b"infe", info)
        meta[b"iinf"] = bytes(4) + struct.pack(">H", count) + items
        places = meta[b"iloc"]
        meta[b"iloc"] = places[:6] + struct.pack(">H", count) + places[8:]
        (start,) = struct.unpack_from(">I", places, 14)
        meta[b"iloc"] += struct.pack(">HHHII", count, 0, 1, start, 0)

    return change


def with_property(kind: bytes, said: bytes, mark: int = 0) -> Callable[[Boxes], None]:
    """One more property, which the picture owns."""

    def change(meta: Boxes) -> None:
        described = dict(boxes(meta[b"iprp"]))
        owners = described[b"ipma"]
        number = owners[10] + 1
        owners = owners[:10] + bytes([number]) + owners[11:] + bytes([number | mark])
        properties = described[b"ipco"] + iso_box(kind, said)
        meta[b"iprp"] = iso_box(b"ipco", properties) + iso_box(b"ipma", owners)

    return change


def longer_picture(more: bytes) -> Change:
    """Bytes at the end of the picture's own item."""

    def change(meta: Boxes) -> None:
        place = meta[b"iloc"]
        offset, length = struct.unpack_from(">II", place, 14)
        meta[b"iloc"] = place[:14] + struct.pack(">II", offset, length + len(more)) + place[22:]

    # Pillow writes the picture behind its metadata.
    return remade(change, media=lambda media: media + more)


def shorter_picture(data: bytes) -> bytes:
    (length,) = struct.unpack_from(">I", data, data.index(b"iloc") + 4 + 8 + 10)
    short = struct.pack(">I", length - 1)
    at = data.index(b"iloc") + 4 + 8 + 10
    return data[:at] + short + data[at + 4 :]


def meta_flags(data: bytes) -> bytes:
    at = data.index(b"meta") + 4
    return data[:at] + b"\0\0\0\1" + data[at + 4 :]


OPTIONAL_CONFIGURATION = replaced(b"iprp", b"\5\1\2\x83\4\5", b"\5\1\2\3\4\5")


def unchanged(meta: Boxes) -> None:
    """Nothing."""


ROTATED = with_property(b"irot", b"\1", 0x80)
AVIF_CHANGES: list[tuple[str, Change, str]] = [
    ("free", lambda data: data + iso_box(b"free", b"anything"), "ftyp, meta, mdat"),
    ("uuid-first", lambda data: data[:32] + iso_box(b"uuid", bytes(20)) + data[32:], "ftyp, meta"),
    ("film", lambda data: data + iso_box(b"moov", b""), "ftyp, meta, mdat"),
    ("second-media", lambda data: data + iso_box(b"mdat", b"second"), "ftyp, meta, mdat"),
    ("tail", lambda data: data + b"tail", "damaged"),
    ("exif", remade(with_item(b"\2\0\0\0\0\3\0\0Exif\0")), "items av01, mime, Exif"),
    ("thumbnail", remade(with_item(b"\2\0\0\0\0\3\0\0av01Color\0")), "items av01, mime, av01"),
    ("hidden-item", remade(with_item(b"\2\0\0\1\0\3\0\0av01\0")), "items av01, mime, av01"),
    ("gain-map", remade(with_item(b"\2\0\0\1\0\3\0\0tmap\0")), "items av01, mime, tmap"),
    (
        "second-xmp",
        remade(with_item(b"\2\0\0\0\0\3\0\0mimeXMP\0application/rdf+xml\0")),
        "items av01, mime, mime",
    ),
    ("named-item", remade(replaced(b"iinf", b"Color", b"Nurse")), "items"),
    ("item-data", remade(setting(b"idat", b"anything")), "idat"),
    ("references", remade(setting(b"iref", bytes(4))), "box iref"),
    ("groups", remade(setting(b"grpl", b"")), "grpl"),
    ("flags", meta_flags, "boxes other"),
    ("owners", remade(OPTIONAL_CONFIGURATION), "box ipma"),
    ("handler", remade(replaced(b"hdlr", b"pict", b"vide")), "box hdlr"),
    ("named-handler", remade(setting(b"hdlr", bytes(8) + b"pict" + bytes(12) + b"x\0")), "hdlr"),
    ("primary", remade(setting(b"pitm", b"\0\0\0\0\0\2")), "box pitm"),
    ("brand", remade(setting(b"ftyp", b"avif\0\0\0\0avifword")), "box ftyp"),
    ("brand-twice", remade(setting(b"ftyp", b"avif\0\0\0\0avifavif")), "box ftyp"),
    ("version", remade(setting(b"ftyp", b"avifwordavif")), "box ftyp"),
    ("rotation", remade(ROTATED), "properties"),
    ("mirror", remade(with_property(b"imir", b"\0", 0x80)), "properties"),
    ("auxiliary", remade(with_property(b"auxC", bytes(4) + b"urn\0")), "properties"),
    ("private", remade(with_property(b"uuid", b"anything at all ")), "properties"),
    ("colours-twice", remade(with_property(b"colr", b"nclx\0\1\0\r\0\6\x80")), "properties"),
    ("profile-twice", remade(with_property(b"colr", b"prof" + PROFILE)), "a second colour profile"),
    ("restricted-profile", remade(with_property(b"colr", b"rICC" + PROFILE)), "properties"),
    ("depth", remade(replaced(b"iprp", b"\3\x08\x08\x08", b"\3\x08\x08\x0a")), "property pixi"),
    ("before-the-items", remade(unchanged, before_items=b"gap"), "bytes between"),
    ("behind-the-items", remade(unchanged, media=lambda media: media + b"gap"), "bytes behind"),
    ("metadata-unit", longer_picture(b"\x2a\x04word"), "unit 5"),
    ("padding-unit", longer_picture(b"\x7a\x04word"), "unit 15"),
    ("unknown-unit", longer_picture(b"\x4a\x04word"), "unit 9"),
    ("second-frame", longer_picture(b"\x32\x04word"), "one picture"),
    ("endless-unit", longer_picture(b"\x32" + b"\x80" * 9), "damaged"),
    ("unit-without-size", longer_picture(b"\x30word"), "another kind"),
    ("shorter", shorter_picture, "bytes b"),
]


@pytest.mark.parametrize(
    ("change", "said"), [one[1:] for one in AVIF_CHANGES], ids=[one[0] for one in AVIF_CHANGES]
)
def test_an_avif_with_more_is_seen(change: Change, said: str) -> None:
    data = encoded("AVIF", carried=BOTH)
    assert remade(unchanged)(data) == data
    assert change(data) != data
    assert said in " ".join(foreign_parts(change(data), BOTH))


# --- any bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\xff", b"GIF89a", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_seen(data: bytes) -> None:
    assert foreign_parts(data)


def test_findings_are_not_lost_in_damage() -> None:
    data = behind_jfif(segment(0xFE, b"a comment"))(encoded("JPEG"))
    assert foreign_parts(data[:-2]) == ("segment COM", "a damaged structure")


@kinds
@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.999), noise=st.binary(max_size=40))
def test_damage_is_seen_and_never_a_crash(kind: str, cut: float, noise: bytes) -> None:
    data = encoded(kind, carried=BOTH)
    shorter = data[: int(len(data) * cut)]
    assert foreign_parts(shorter, BOTH)
    foreign_parts(shorter + noise, BOTH)


@kinds
@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), min_size=1))
def test_changed_bytes_are_never_a_crash(kind: str, noise: list[tuple[float, int]]) -> None:
    data = bytearray(encoded(kind, carried=BOTH))
    for where, change in noise:
        data[int(where * len(data))] ^= change
    assert all(isinstance(name, str) for name in foreign_parts(bytes(data), BOTH))


def test_each_name_is_said_once() -> None:
    comments = itertools.repeat(segment(0xFE, b"a comment"), 3)
    assert foreign_parts(behind_jfif(*comments)(encoded("JPEG"))) == ("segment COM",)
