"""Whole picture files that hold a second picture, or a text, where few programs look.

Formats: JFIF 1.02 (with JFXX), CIPA DC-007 (MPF), Android Motion Photo 1.0 and Ultra HDR
1.1, ISO/IEC 14496-12 and 23008-12 (HEIF), ISO/IEC 15948 and APNG 1.0 (PNG), RFC 9649
(WebP), C2PA 2.1 (where a manifest lies in each).
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from tests.clearance.file_parts import (
    BEFORE,
    GPS,
    PHOTO,
    SECRET,
    Directory,
    bag,
    c2pa,
    encoded,
    exif,
    hidden_jpeg,
    iptc,
    iso_box,
    jpeg,
    motion_xmp,
    mp4,
    owner_exif,
    owner_xmp,
    people_xmp,
    photoshop_thumbnail,
    resource,
    stale_xmp_thumbnail,
    thumbnail_exif,
    tiff,
    tiff_file,
    xmp,
)
from tests.clearance.test_export import LEFT, MAGENTA, RIGHT, picture

# --- JPEG ----------------------------------------------------------------------------------

_JFIF = 20  # bytes of the start marker and Pillow's first segment


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def app1_xmp(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def with_segments(*segments: bytes, photo: bytes = b"") -> bytes:
    """A JPEG with more segments behind its first."""
    photo = photo or jpeg()
    return photo[:_JFIF] + b"".join(segments) + photo[_JFIF:]


def second_exif() -> bytes:
    """Two EXIF segments, the first without a thumbnail: what counts differs by program."""
    first = segment(0xE1, exif({0x010F: "Vendor"}))
    return with_segments(first, photo=jpeg(exif=thumbnail_exif()))


def jfif_thumbnail() -> bytes:
    pixels = np.asarray(BEFORE.resize((80, 60))).tobytes()
    header = b"JFIF\0\1\2\0\0\1\0\1" + bytes([80, 60])
    return b"\xff\xd8" + segment(0xE0, header + pixels) + segment(0xFE, SECRET) + jpeg()[_JFIF:]


def jfxx(kind: int, content: bytes) -> bytes:
    return with_segments(segment(0xE0, b"JFXX\0" + bytes([kind]) + content), segment(0xFE, SECRET))


def jfxx_palette() -> bytes:
    image = BEFORE.resize((80, 60)).quantize(256)
    palette = bytes(image.getpalette() or b"").ljust(768, b"\0")
    return bytes([80, 60]) + palette + np.asarray(image).tobytes()


def jfxx_rgb() -> bytes:
    return bytes([80, 60]) + np.asarray(BEFORE.resize((80, 60))).tobytes()


def mpf(kind: int, second: bytes, *segments: bytes, between: bytes = b"") -> bytes:
    """A JPEG whose index names a second one behind its end; `kind` is the MP type code.

    What is `between` the two no index names.
    """

    def index(size: int, offset: int) -> bytes:
        entries = struct.pack("<IIIHH", 0x20030000, size, 0, 0, 0)
        entries += struct.pack("<IIIHH", kind, len(second), offset, 0, 0)
        return segment(0xE2, b"MPF\0" + tiff({0xB000: b"0100", 0xB001: 2, 0xB002: entries}))

    size = len(with_segments(*segments, index(0, 0)))
    # Offsets count from the TIFF header inside the index.
    header = _JFIF + sum(map(len, segments)) + 8
    first = with_segments(*segments, index(size, size + len(between) - header))
    return first + between + second


def gain_map(between: bytes = b"") -> bytes:
    """Ultra HDR: a second JPEG that brightens the first one, here by somebody's outline."""
    second = jpeg(BEFORE.resize((120, 90)), comment=SECRET)
    second = second[:_JFIF] + app1_xmp(xmp("", 'hdrgm:Version="1.0"')) + second[_JFIF:]
    items = (
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" '
        'Item:Mime="image/jpeg"/></rdf:li><rdf:li rdf:parseType="Resource"><Container:Item '
        f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{len(second)}"/></rdf:li>'
    )
    first = xmp(
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
        'hdrgm:Version="1.0"',
    )
    return mpf(0, second, app1_xmp(first), between=between)


def motion_photo() -> bytes:
    film = mp4()
    return with_segments(app1_xmp(motion_xmp(len(film)))) + film


def samsung_motion_photo() -> bytes:
    film = b"MotionPhoto_Data" + mp4()
    block = struct.pack("<HHI", 0, 0x0A30, 16) + film
    index = b"SEFH" + struct.pack("<IIHHII", 107, 1, 0, 0x0A30, len(block), len(block))
    return jpeg() + block + index + struct.pack("<I", len(index)) + b"SEFT"


def extended_xmp() -> bytes:
    """The main packet names a longer one, which lies in several segments."""
    extension = xmp(stale_xmp_thumbnail())
    digest = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    main = xmp("", f'xmpNote:HasExtendedXMP="{digest.decode()}"')
    half = len(extension) // 2
    parts = [(0, extension[:half]), (half, extension[half:])]
    return with_segments(
        app1_xmp(main),
        segment(0xFE, SECRET),
        *(
            segment(
                0xE1,
                b"http://ns.adobe.com/xmp/extension/\0"
                + digest
                + struct.pack(">II", len(extension), offset)
                + part,
            )
            for offset, part in parts
        ),
    )


def c2pa_jpeg() -> bytes:
    store = c2pa()
    half = len(store) // 2
    # The box's own header is repeated in every segment.
    parts = (store[:half], store[:8] + store[half:])
    return with_segments(
        *(
            segment(0xEB, b"JP" + struct.pack(">HI", 1, number) + part)
            for number, part in enumerate(parts, 1)
        )
    )


def maker_note() -> bytes:
    note = b"Vendor\0\1" + SECRET + hidden_jpeg()
    return jpeg(exif=exif({0x010F: "Vendor", 0x8769: {0x927C: note}}))


def every_application_segment() -> bytes:
    """Segments that nobody has heard of."""
    numbers = (*range(0xE3, 0xEB), 0xEC, 0xEF)
    return with_segments(*(segment(n, b"Maker\0" + hidden_jpeg()) for n in numbers))


def people_jpeg() -> bytes:
    return with_segments(
        app1_xmp(people_xmp()),
        segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, iptc())),
    )


def owner_jpeg() -> bytes:
    return with_segments(
        app1_xmp(owner_xmp()),
        segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, iptc())),
        photo=jpeg(exif=owner_exif()),
    )


def cropped_by_its_header() -> bytes:
    """Fewer rows are declared than are coded: those below are still there."""
    below = picture(RIGHT, height=240)
    below.paste(MAGENTA, (LEFT.left, 190, LEFT.right, 235))
    whole = bytearray(jpeg(below, comment=SECRET))
    at = whole.index(b"\xff\xc0") + 5
    assert struct.unpack_from(">H", whole, at) == (240,)
    struct.pack_into(">H", whole, at, 176)
    return bytes(whole)


# --- PNG, WebP, TIFF, GIF, BMP -------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


_PNG_HEADER = 8 + 25  # signature and IHDR


def png(*chunks: bytes, image: Image.Image = PHOTO) -> bytes:
    """A PNG with more chunks in front of its pixels."""
    plain = encoded("PNG", image)
    return plain[:_PNG_HEADER] + b"".join(chunks) + plain[_PNG_HEADER:]


def international(key: bytes, text: bytes, *, packed: bool = False) -> bytes:
    content = zlib.compress(text) if packed else text
    return chunk(b"iTXt", key + b"\0" + bytes([packed, 0]) + b"\0\0" + content)


def acropalypse() -> bytes:
    """A short file written over a long one that was not cut off."""
    noise = np.random.default_rng(3).integers(0, 40, (50, 240, 3), dtype=np.uint8)
    old = BEFORE.copy()
    old.paste(Image.fromarray(noise), (0, 0))
    long = encoded("PNG", old)
    long = long[:-12] + chunk(b"tEXt", b"Comment\0" + SECRET) + long[-12:]
    short = encoded("PNG", PHOTO)
    assert len(long) > len(short) + 1000
    return short + long[len(short) :]


def cropped_png() -> bytes:
    """IHDR declares fewer rows than IDAT holds."""
    below = picture(RIGHT, height=240)
    below.paste(MAGENTA, (LEFT.left, 190, LEFT.right, 235))
    whole = png(chunk(b"tEXt", b"Comment\0" + SECRET), image=below)
    (width, height), rest = struct.unpack_from(">II", whole, 16), whole[24:29]
    header = chunk(b"IHDR", struct.pack(">II", width, height - 60) + rest)
    return whole[:8] + header + whole[_PNG_HEADER:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp(*chunks: tuple[bytes, bytes], flags: int = 0) -> bytes:
    """A WebP with more chunks behind its picture."""
    plain = encoded("WEBP", PHOTO, quality=95)
    (size,) = struct.unpack_from("<I", plain, 16)
    extent = struct.pack("<I", flags) + (239).to_bytes(3, "little") + (179).to_bytes(3, "little")
    return riff((b"VP8X", extent), (plain[12:16], plain[20 : 20 + size]), *chunks)


def tiff_with_everything() -> bytes:
    """One page, and every kind of data that programs put beside it; a hole with a preview."""
    store = c2pa()
    more: Directory = {
        0x010E: SECRET.decode(),
        0x02BC: people_xmp(),
        0x83BB: iptc(),
        0x8649: resource(0x040C, photoshop_thumbnail()),
        0x8769: {0x927C: b"Vendor\0\1" + SECRET + hidden_jpeg(), 0xA431: "4711"},
        0x8825: GPS,
        0xCD41: store,
    }
    return tiff_file(PHOTO, more=more) + hidden_jpeg()


def layered_tiff() -> bytes:
    """Photoshop keeps the layers: the one below still shows everybody."""
    pixels = np.asarray(BEFORE).transpose(2, 0, 1)
    channels = b"".join(struct.pack(">H", 0) + plane.tobytes() for plane in pixels)
    record = struct.pack(">IIIIH", 0, 0, 180, 240, 3)
    record += b"".join(struct.pack(">hI", number, 2 + 180 * 240) for number in range(3))
    name = bytes([len(SECRET)]) + SECRET
    extra = struct.pack(">II", 0, 0) + name.ljust(-(-len(name) // 4) * 4, b"\0")
    record += b"8BIMnorm\xff\0\0\0" + struct.pack(">I", len(extra)) + extra
    layers = struct.pack(">h", 1) + record + channels
    block = b"Adobe Photoshop Document Data Block\0" + b"8BIMLayr"
    block += struct.pack(">I", len(layers)) + layers
    return tiff_file(PHOTO, more={0x010E: SECRET.decode(), 37724: block})


def gif(*blocks: bytes) -> bytes:
    """A GIF with extension blocks behind its picture, and more behind its end."""
    plain = encoded("GIF", PHOTO)
    assert plain.endswith(b";")
    return plain[:-1] + b"".join(blocks) + b";" + hidden_jpeg()


def gif_blocks(content: bytes) -> bytes:
    pieces = [content[at : at + 255] for at in range(0, len(content), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def animated(kind: str) -> bytes:
    """A second picture that most programs never show."""
    frames = encoded(kind, PHOTO, save_all=True, append_images=[BEFORE], duration=9)
    return frames + SECRET


def apng_behind_a_still() -> bytes:
    """One frame that browsers show, and a still that all other programs show."""
    shown = encoded("PNG", BEFORE)
    (size,) = struct.unpack_from(">I", shown, _PNG_HEADER)
    assert shown[_PNG_HEADER + 4 : _PNG_HEADER + 8] == b"IDAT"
    pixels = shown[_PNG_HEADER + 8 : _PNG_HEADER + 8 + size]
    control = struct.pack(">IIIIIHHBB", 0, 240, 180, 0, 0, 1, 10, 0, 0)
    still = png(chunk(b"acTL", struct.pack(">II", 1, 0)), chunk(b"tEXt", b"Comment\0" + SECRET))
    end = still[-12:]
    frame = chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", 1) + pixels)
    return still[:-12] + frame + end


def bmp_with_a_gap() -> bytes:
    """Bytes between the header and the pixels, and behind them."""
    plain = bytearray(encoded("BMP", PHOTO))
    (start,) = struct.unpack_from("<I", plain, 10)
    gap = hidden_jpeg()
    struct.pack_into("<I", plain, 10, start + len(gap))
    return bytes(plain[:start]) + gap + bytes(plain[start:]) + hidden_jpeg()


# --- HEIC and AVIF -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """Something a HEIF file holds; `refers` names its relation to the first item."""

    kind: bytes
    content: bytes
    properties: tuple[bytes, ...] = ()
    refers: bytes = b""
    hidden: bool = False


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the boxes in a row."""
    at = 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + size]
        at += size


def coded(
    kind: str,
    image: Image.Image = PHOTO,
    *properties: bytes,
    refers: bytes = b"",
    hidden: bool = False,
) -> Item:
    """A picture as an item, taken out of a file that an encoder wrote."""
    whole = dict(boxes(encoded(kind, image)))
    meta = dict(boxes(whole[b"meta"][4:]))
    described = dict(boxes(meta[b"iprp"]))
    kept = [iso_box(name, content) for name, content in boxes(described[b"ipco"])]
    name = b"hvc1" if kind == "HEIF" else b"av01"
    return Item(name, whole[b"mdat"], (*kept, *properties), refers, hidden)


def auxiliary(urn: bytes) -> bytes:
    return iso_box(b"auxC", bytes(4), urn, b"\0")


def exif_item(content: bytes) -> Item:
    return Item(b"Exif", struct.pack(">I", 6) + content, refers=b"cdsc")


def xmp_item(packet: bytes) -> Item:
    return Item(b"mime", packet, refers=b"cdsc")


def heif(kind: str, *items: Item, before: bytes = b"", after: bytes = b"") -> bytes:
    """A HEIF file around items, the first of which is the picture."""
    brand = b"heic" if kind == "HEIF" else b"avif"
    start = iso_box(b"ftyp", brand, bytes(4), b"mif1", b"miaf", brand) + before
    length = len(_meta(items, 0))
    meta = _meta(items, len(start) + length + 8)
    return start + meta + iso_box(b"mdat", *(item.content for item in items)) + after


def _meta(items: Sequence[Item], start: int) -> bytes:
    """The index of a HEIF file whose first item's bytes lie at `start`."""
    infos: list[bytes] = []
    described: list[bytes] = []
    places, references, owned = b"", b"", b""
    at = start
    for number, item in enumerate(items, 1):
        told = b"\0application/rdf+xml\0" if item.kind == b"mime" else b"\0"
        flags = 1 if item.hidden else 0
        head = struct.pack(">BBHHH4s", 2, 0, flags, number, 0, item.kind)
        infos.append(iso_box(b"infe", head, told))
        places += struct.pack(">HHHII", number, 0, 1, at, len(item.content))
        at += len(item.content)
        if item.refers:
            references += iso_box(item.refers, struct.pack(">HHH", number, 1, 1))
        if item.properties:
            first = len(described) + 1
            described += item.properties
            # The decoder's configuration is essential, and so is whatever crops.
            marks = [
                index | (0x80 if box[4:8] in {b"hvcC", b"av1C", b"clap"} else 0)
                for index, box in enumerate(item.properties, first)
            ]
            owned += struct.pack(">HB", number, len(marks)) + bytes(marks)
    owners = sum(bool(item.properties) for item in items)
    return iso_box(
        b"meta",
        bytes(4),
        iso_box(b"hdlr", bytes(8), b"pict", bytes(13)),
        iso_box(b"pitm", bytes(4), struct.pack(">H", 1)),
        iso_box(b"iloc", bytes(4), struct.pack(">HH", 0x4400, len(items)), places),
        iso_box(b"iinf", bytes(4), struct.pack(">H", len(items)), *infos),
        *([iso_box(b"iref", bytes(4), references)] if references else []),
        iso_box(
            b"iprp",
            iso_box(b"ipco", *described),
            iso_box(b"ipma", bytes(4), struct.pack(">I", owners), owned),
        ),
    )


def noted(kind: str, *items: Item, before: bytes = b"", after: bytes = b"") -> bytes:
    """A HEIF file with further items, and SECRET in its metadata."""
    notes = xmp_item(xmp(bag("dc:subject", SECRET.decode())))
    return heif(kind, coded(kind), *items, notes, before=before, after=after)


def small() -> Image.Image:
    return BEFORE.resize((120, 90))


def outline() -> Image.Image:
    """Grey, as depth maps and gain maps are: a head is told from what is behind it."""
    return small().convert("L")


DEPTH = b"urn:mpeg:hevc:2015:auxid:2"
GAIN = b"urn:com:apple:photo:2020:aux:hdrgainmap"
_C2PA_UUID = bytes.fromhex("D8FEC3D61B0E483C92975828877EC481")


def c2pa_box() -> bytes:
    return iso_box(b"uuid", _C2PA_UUID, bytes(4), b"manifest\0", bytes(8), c2pa())


def cropped_heic() -> bytes:
    """The lower part is cut off by a property alone; its pixels are coded all the same."""
    below = picture(RIGHT, height=240)
    below.paste(MAGENTA, (LEFT.left, 190, LEFT.right, 235))
    # Clean aperture: width, height and the offset of its centre, as fractions.
    aperture = iso_box(b"clap", struct.pack(">IIIIiIiI", 240, 1, 180, 1, 0, 1, -60, 2))
    notes = xmp_item(xmp(bag("dc:subject", SECRET.decode())))
    return heif("HEIF", coded("HEIF", below, aperture), notes)
