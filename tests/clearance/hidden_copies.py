"""Photos that hold somebody a second time, or say who is in them: one file per hiding place.

Every file shows the face at RIGHT. What it hides shows the face at LEFT as well, as
the photo did before it was edited, and carries SECRET. Editors leave such things
behind, and whoever receives the file finds them with ordinary tools.

The files are put together byte by byte, because no library writes half of these
structures. Formats: EXIF 2.32 and TIFF 6.0, JFIF 1.02 (with JFXX), CIPA DC-007
(MPF), Adobe Photoshop File Formats (image resources, tag 37724), XMP part 3
(thumbnails, extended XMP), Android Motion Photo 1.0 and Ultra HDR 1.1, ISO/IEC
14496-12 and 23008-12 (HEIF), ISO/IEC 15948 and APNG 1.0 (PNG), RFC 9649 (WebP),
C2PA 2.1 (JUMBF in APP11, caBX, a uuid box, a C2PA chunk).
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from tests.clearance.test_export import LEFT, MAGENTA, RIGHT, picture

SECRET = b"Somebody who said no, room 12"
PHOTO = picture(RIGHT)
BEFORE = picture(LEFT, RIGHT)
"""The photo before somebody was removed from it: what the hidden copies show."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One hiding place.

    Attributes:
        name: the file's name.
        content: makes the file's bytes.
        visible_secrets: bytes that are in the file and must not be in the copy.
        trace: bytes that name the structure; empty where nothing names it.
        listed: what exiftool must list of the file, or it is not what it claims to be.
        judged: the opened photo has a view that shows what is hidden.
        refused: part of the reason why the file is not opened at all.
    """

    name: str
    content: Callable[[], bytes]
    visible_secrets: tuple[bytes, ...] = (SECRET,)
    trace: bytes = b""
    listed: str = ""
    judged: bool = False
    refused: str = ""

    def build(self, folder: Path) -> Path:
        """The file, written into a folder."""
        path = folder / self.name
        path.write_bytes(self.content())
        return path


# --- pictures as bytes ---------------------------------------------------------------------


def jpeg(image: Image.Image = PHOTO, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **({"quality": 95, "subsampling": "4:4:4"} | options))
    return stream.getvalue()


def encoded(kind: str, image: Image.Image = PHOTO, **options: object) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(stream, **({"quality": 90} | options))
    else:
        image.save(stream, kind, **options)
    return stream.getvalue()


def hidden_jpeg(width: int = 120, **options: object) -> bytes:
    """A smaller picture of BEFORE that carries SECRET itself."""
    return jpeg(BEFORE.resize((width, width * 3 // 4)), comment=SECRET, **options)


def transparent() -> Image.Image:
    """BEFORE with the face at LEFT made transparent: a viewer shows white there."""
    image = BEFORE.convert("RGBA")
    image.paste((*MAGENTA, 0), (LEFT.left, LEFT.top, LEFT.right, LEFT.bottom))
    return image


def one_colour_apart() -> Image.Image:
    """PHOTO with a palette whose last entry is the face at LEFT, and nothing else."""
    image = PHOTO.quantize(64)
    palette = list(image.getpalette() or [])[: 3 * 64]
    image.putpalette([*palette, *[0] * (765 - len(palette)), *MAGENTA])
    image.paste(255, (LEFT.left, LEFT.top, LEFT.right, LEFT.bottom))
    return image


# --- TIFF and EXIF -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that lie elsewhere in a TIFF file; the tag holds where."""

    content: bytes


Numbers = Sequence[int] | Sequence[tuple[int, int]]
Value = int | str | bytes | Stored | Numbers | Mapping[int, "Value"]
Directory = Mapping[int, Value]

_ASCII, _LONG, _RATIONAL, _UNDEFINED = 2, 4, 5, 7


def tiff(*directories: Directory) -> bytes:
    """A little-endian TIFF structure: directories one after the other, each with its data."""
    out = b"II*\0" + struct.pack("<I", 8)
    for number, directory in enumerate(directories):
        last = number == len(directories) - 1
        out += _directory(directory, len(out), last=last)
    return out


def _directory(directory: Directory, start: int, *, last: bool = True) -> bytes:
    entries, data = b"", b""
    at = start + 2 + 12 * len(directory) + 4
    for tag, value in sorted(directory.items()):
        where = at + len(data)
        if isinstance(value, Stored | Mapping):
            kind, count, content = _LONG, 1, struct.pack("<I", where)
            lies = value.content if isinstance(value, Stored) else _directory(value, where)
            data += lies + bytes(len(lies) % 2)
        else:
            kind, count, content = _typed(value)
            if len(content) > 4:
                data += content + bytes(len(content) % 2)
                content = struct.pack("<I", where)
        entries += struct.pack("<HHI", tag, kind, count) + content.ljust(4, b"\0")
    following = 0 if last else at + len(data)
    return struct.pack("<H", len(directory)) + entries + struct.pack("<I", following) + data


def _typed(value: int | str | bytes | Numbers) -> tuple[int, int, bytes]:
    """Type and number of a value, and its bytes."""
    if isinstance(value, str):
        return _ASCII, len(value) + 1, value.encode("ascii") + b"\0"
    if isinstance(value, bytes):
        return _UNDEFINED, len(value), value
    numbers = [value] if isinstance(value, int) else list(value)
    pairs = [pair for pair in numbers if isinstance(pair, tuple)]
    if pairs:
        return _RATIONAL, len(pairs), b"".join(struct.pack("<II", *pair) for pair in pairs)
    return _LONG, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)


GPS: Directory = {
    1: "N",
    2: [(47, 1), (22, 1), (5, 1)],
    3: "E",
    4: [(8, 1), (32, 1), (9, 1)],
}


def exif(first: Directory, second: Directory | None = None) -> bytes:
    """EXIF data as they stand in a file, with their header."""
    return b"Exif\0\0" + tiff(*([first] if second is None else [first, second]))


def thumbnail_exif() -> bytes:
    """A stale thumbnail that has a place of its own."""
    thumbnail = hidden_jpeg(exif=exif({0x8825: GPS}))
    return exif(
        {0x010E: SECRET.decode(), 0x8825: GPS},
        {0x0103: 6, 0x0201: Stored(thumbnail), 0x0202: len(thumbnail)},
    )


def uncompressed_thumbnail() -> bytes:
    """A stale thumbnail as EXIF allows it as well: plain pixels, like a page of a TIFF."""
    return exif({0x010E: SECRET.decode()}, tiff_page(BEFORE.resize((120, 90))))


def second_exif() -> bytes:
    """Two EXIF segments, the first without a thumbnail: what counts differs by program."""
    first = segment(0xE1, exif({0x010F: "Vendor"}))
    return with_segments(first, photo=jpeg(exif=thumbnail_exif()))


def owner_exif() -> bytes:
    """Who owns the camera, its numbers, the place, the programs."""
    told = SECRET.decode()
    return exif(
        {
            0x010E: told,
            0x0131: f"Retouching program, {told}",
            0x013B: told,
            0x8298: told,
            0x8769: {
                0x9213: told,
                0x9286: b"ASCII\0\0\0" + SECRET,
                0xA420: "0123456789abcdef",
                0xA430: told,
                0xA431: "4711-0815",
                0xA435: "L-4711",
            },
            0x8825: GPS,
            0x9C9B: SECRET.decode().encode("utf-16-le") + b"\0\0",
            0x9C9E: SECRET.decode().encode("utf-16-le") + b"\0\0",
        }
    )


def tiff_file(image: Image.Image, *, more: Directory | None = None) -> bytes:
    """An uncompressed RGB TIFF, with more tags or further directories."""
    return tiff(tiff_page(image) | dict(more or {}))


def tiff_page(image: Image.Image) -> dict[int, Value]:
    pixels = np.asarray(image.convert("RGB")).tobytes()
    return {
        0x0100: image.width,
        0x0101: image.height,
        0x0102: [8, 8, 8],
        0x0103: 1,
        0x0106: 2,
        0x0111: Stored(pixels),
        0x0115: 3,
        0x0116: image.height,
        0x0117: len(pixels),
    }


# --- XMP, IPTC, Photoshop, C2PA ------------------------------------------------------------

_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
}


def xmp(properties: str, attributes: str = "") -> bytes:
    """An XMP packet with the properties of one picture."""
    names = " ".join(
        f'xmlns:{prefix}="{uri}"'
        for prefix, uri in _NAMESPACES.items()
        if f"{prefix}:" in properties + attributes
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} {attributes}>{properties}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def bag(name: str, *values: str, kind: str = "Bag") -> str:
    items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def stale_xmp_thumbnail() -> str:
    return (
        '<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">'
        "<xmpGImg:format>JPEG</xmpGImg:format><xmpGImg:width>120</xmpGImg:width>"
        "<xmpGImg:height>90</xmpGImg:height>"
        f"<xmpGImg:image>{base64.b64encode(hidden_jpeg()).decode()}</xmpGImg:image>"
        "</rdf:li></rdf:Alt></xmp:Thumbnails>"
    )


def people_xmp() -> bytes:
    """Who is where in the picture, in every dialect, and what people wrote about them."""
    told = SECRET.decode()
    across, down = LEFT.width / PHOTO.width, LEFT.height / PHOTO.height
    left, top = LEFT.left / PHOTO.width, LEFT.top / PHOTO.height
    return xmp(
        bag("Iptc4xmpExt:PersonInImage", told)
        + bag("dc:subject", "ward", told)
        + f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{told}</rdf:li></rdf:Alt>'
        + "</dc:description>"
        + f"<photoshop:Headline>{told}</photoshop:Headline>"
        + '<mwg-rs:Regions rdf:parseType="Resource">'
        + '<mwg-rs:AppliedToDimensions stDim:w="240" stDim:h="180" stDim:unit="pixel"/>'
        + "<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description "
        + f'mwg-rs:Name="{told}" mwg-rs:Type="Face"><mwg-rs:Area '
        + f'stArea:x="{left + across / 2}" stArea:y="{top + down / 2}" '
        + f'stArea:w="{across}" stArea:h="{down}" stArea:unit="normalized"/>'
        + "</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
        + '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li '
        + f'MPReg:Rectangle="{left}, {top}, {across}, {down}" '
        + f'MPReg:PersonDisplayName="{told}"/></rdf:Bag></MPRI:Regions></MP:RegionInfo>'
    )


def owner_xmp() -> bytes:
    told = SECRET.decode()
    return xmp(
        '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" '
        f'stEvt:softwareAgent="{told}"/></rdf:Seq></xmpMM:History>',
        f'aux:SerialNumber="4711" aux:OwnerName="{told}" xmp:CreatorTool="{told}" '
        'exif:GPSLatitude="47,22.08N" exif:GPSLongitude="8,32.15E" '
        f'photoshop:City="{told}"',
    )


def resource(number: int, content: bytes) -> bytes:
    """A Photoshop image resource."""
    padding = bytes(len(content) % 2)
    return b"8BIM" + struct.pack(">H2xI", number, len(content)) + content + padding


def photoshop_thumbnail() -> bytes:
    """The content of resources 0x040C and 0x0409: a header, then JPEG."""
    thumbnail = hidden_jpeg()
    row = (120 * 24 + 31) // 32 * 4
    header = struct.pack(">IIIIIIHH", 1, 120, 90, row, row * 90, len(thumbnail), 24, 1)
    return header + thumbnail


def iptc() -> bytes:
    """Caption, keywords, title, by-line and place of IIM."""
    datasets = {5: SECRET, 25: SECRET, 80: SECRET, 90: SECRET, 92: SECRET, 120: SECRET}
    return b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(content)) + content
        for number, content in datasets.items()
    )


def iso_box(kind: bytes, *content: bytes) -> bytes:
    joined = b"".join(content)
    return struct.pack(">I4s", 8 + len(joined), kind) + joined


def _jumbf(kind: bytes, label: bytes, *content: bytes) -> bytes:
    uuid = kind + bytes.fromhex("0011001080000 0AA00389B71".replace(" ", ""))
    return iso_box(b"jumb", iso_box(b"jumd", uuid, b"\x03", label, b"\0"), *content)


def c2pa() -> bytes:
    """A manifest store whose claim thumbnail shows the picture before."""
    # An embedded file: its description, then its content (C2PA, "Embedded data").
    file_kind = bytes.fromhex("40CB0C32BB8A489DA70B2AD6F47F4369")
    description = iso_box(b"jumd", file_kind, b"\x03c2pa.thumbnail.claim.jpeg\0")
    thumbnail = iso_box(
        b"jumb",
        description,
        iso_box(b"bfdb", b"\0image/jpeg\0"),
        iso_box(b"bidb", hidden_jpeg()),
    )
    notes = _jumbf(b"json", b"stds.schema-org.CreativeWork", iso_box(b"json", _as_json()))
    assertions = _jumbf(b"c2as", b"c2pa.assertions", thumbnail, notes)
    manifest = _jumbf(b"c2ma", b"urn:uuid:00000000-0000-4000-8000-000000000000", assertions)
    return _jumbf(b"c2pa", b"c2pa", manifest)


def _as_json() -> bytes:
    return b'{"@type":"CreativeWork","author":[{"name":"' + SECRET + b'"}]}'


def mp4() -> bytes:
    """A short film as far as anybody looks: a brand, one frame, no index."""
    return iso_box(b"ftyp", b"mp42", bytes(4), b"mp42isom") + iso_box(
        b"mdat", hidden_jpeg(), SECRET
    )


def motion_xmp(length: int) -> bytes:
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="{mime}" '
        f'Item:Semantic="{semantic}" Item:Length="{size}"/></rdf:li>'
        for mime, semantic, size in (
            ("image/jpeg", "Primary", 0),
            ("video/mp4", "MotionPhoto", length),
        )
    )
    return xmp(
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
        'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" '
        f'GCamera:MicroVideoOffset="{length}"',
    )


def private_profile() -> bytes:
    """sRGB's colour profile with one more tag, a private text."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # It holds the second in which it was made.
    plain = plain[:24] + struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + plain[36:]
    (count,) = struct.unpack_from(">I", plain, 128)
    table, data = plain[132 : 132 + 12 * count], plain[132 + 12 * count :]
    moved = b"".join(
        struct.pack(">4sII", kind, offset + 12, size)
        for kind, offset, size in struct.iter_unpack(">4sII", table)
    )
    text = b"text" + bytes(4) + SECRET + b"\0"
    entry = struct.pack(">4sII", b"priv", len(plain) + 12, len(text))
    body = plain[4:128] + struct.pack(">I", count + 1) + moved + entry + data + text
    return struct.pack(">I", len(body) + 4) + body


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


def mpf(kind: int, second: bytes, *segments: bytes) -> bytes:
    """A JPEG whose index names a second one behind its end; `kind` is the MP type code."""

    def index(size: int, offset: int) -> bytes:
        entries = struct.pack("<IIIHH", 0x20030000, size, 0, 0, 0)
        entries += struct.pack("<IIIHH", kind, len(second), offset, 0, 0)
        return segment(0xE2, b"MPF\0" + tiff({0xB000: b"0100", 0xB001: 2, 0xB002: entries}))

    size = len(with_segments(*segments, index(0, 0)))
    # Offsets count from the TIFF header inside the index.
    header = _JFIF + sum(map(len, segments)) + 8
    return with_segments(*segments, index(size, size - header)) + second


def gain_map() -> bytes:
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
    return mpf(0, second, app1_xmp(first))


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


_DEPTH = b"urn:mpeg:hevc:2015:auxid:2"
_GAIN = b"urn:com:apple:photo:2020:aux:hdrgainmap"
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


# --- the list ------------------------------------------------------------------------------

_TEXT = b"Comment\0"
_PACKED = zlib.compress(SECRET)
_BASE64 = base64.b64encode(hidden_jpeg())[200:400]
_MAGENTA_ROW = bytes(MAGENTA) * 10
_PALETTE_XMP = people_xmp()

CASES: tuple[Case, ...] = (
    # JPEG: pictures
    Case(
        "exif-thumbnail.jpg",
        lambda: jpeg(exif=thumbnail_exif()),
        trace=b"Exif",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "uncompressed-thumbnail.jpg",
        lambda: jpeg(exif=uncompressed_thumbnail()),
        (SECRET, _MAGENTA_ROW),
        trace=b"Exif",
        listed="IFD1:StripOffsets",
    ),
    Case(
        "second-exif.jpg",
        second_exif,
        trace=b"Exif",
        listed="IFD1:ThumbnailImage",
    ),
    Case(
        "photoshop-thumbnail.jpg",
        lambda: with_segments(
            segment(0xED, b"Photoshop 3.0\0" + resource(0x040C, photoshop_thumbnail()))
        ),
        trace=b"Photoshop 3.0",
        listed="Photoshop:PhotoshopThumbnail",
    ),
    Case(
        "photoshop-4-thumbnail.jpg",
        lambda: with_segments(
            segment(0xED, b"Photoshop 3.0\0" + resource(0x0409, photoshop_thumbnail()))
        ),
        trace=b"8BIM",
        listed="Photoshop:PhotoshopBGRThumbnail",
    ),
    Case(
        "jfif-thumbnail.jpg",
        jfif_thumbnail,
        (SECRET, _MAGENTA_ROW),
        listed="JFIF:ThumbnailTIFF",
    ),
    Case(
        "jfxx-jpeg.jpg",
        lambda: jfxx(0x10, hidden_jpeg()),
        trace=b"JFXX",
        listed="JFXX:ThumbnailImage",
    ),
    Case(
        "jfxx-palette.jpg",
        lambda: jfxx(0x11, jfxx_palette()),
        trace=b"JFXX",
        listed="JFXX:ThumbnailTIFF",
    ),
    Case(
        "jfxx-rgb.jpg",
        lambda: jfxx(0x13, jfxx_rgb()),
        (SECRET, _MAGENTA_ROW),
        trace=b"JFXX",
        listed="JFXX:ThumbnailTIFF",
    ),
    Case(
        "mpf-preview.jpg",
        lambda: mpf(0x010002, hidden_jpeg(200)),
        trace=b"MPF\0",
        listed="MPImage2:MPImageType",
        judged=True,
    ),
    Case("gain-map.jpg", gain_map, trace=b"hdrgm", listed="MPImage2:MPImageType"),
    Case(
        "motion-photo.jpg",
        motion_photo,
        trace=b"GCamera",
        listed="XMP-GCamera:MotionPhoto",
    ),
    Case("samsung-motion.jpg", samsung_motion_photo, trace=b"MotionPhoto_Data"),
    Case(
        "after-the-end.jpg",
        lambda: jpeg() + hidden_jpeg(),
    ),
    Case(
        "xmp-thumbnail.jpg",
        lambda: with_segments(app1_xmp(xmp(stale_xmp_thumbnail())), segment(0xFE, SECRET)),
        (SECRET, _BASE64),
        trace=b"xmpGImg",
        listed="XMP-xmp:Thumbnails",
    ),
    Case(
        "extended-xmp.jpg",
        extended_xmp,
        (SECRET, _BASE64),
        trace=b"xmp/extension",
        listed="XMP-xmp:Thumbnails",
    ),
    Case("c2pa.jpg", c2pa_jpeg, trace=b"c2pa.thumbnail", listed="JUMBF:JUMDType"),
    Case("maker-note.jpg", maker_note, trace=b"Vendor\0"),
    Case("every-segment.jpg", every_application_segment, trace=b"Maker\0"),
    Case("cropped-by-its-header.jpg", cropped_by_its_header),
    # JPEG: words
    Case("owner.jpg", owner_jpeg, trace=b"Retouching", listed="ExifIFD:SerialNumber"),
    Case("people.jpg", people_jpeg, trace=b"PersonInImage", listed="XMP-mwg-rs:RegionInfo"),
    Case("comment.jpg", lambda: jpeg(comment=SECRET), listed="File:Comment"),
    Case(
        "private-profile.jpg",
        lambda: jpeg(icc_profile=private_profile()),
        trace=b"priv\0",
        listed="ICC-header:ProfileVersion",
    ),
    # PNG
    Case(
        "text.png",
        lambda: png(chunk(b"tEXt", _TEXT + SECRET)),
        trace=b"tEXt",
        listed="PNG:Comment",
    ),
    Case(
        "packed-text.png",
        lambda: png(chunk(b"zTXt", _TEXT + b"\0" + _PACKED)),
        (_PACKED,),
        trace=b"zTXt",
        listed="PNG:Comment",
    ),
    Case(
        "international-text.png",
        lambda: png(
            international(b"Description", SECRET),
            international(b"Comment", SECRET, packed=True),
        ),
        (SECRET, _PACKED),
        trace=b"iTXt",
        listed="PNG:Description",
    ),
    Case(
        "people.png",
        lambda: png(international(b"XML:com.adobe.xmp", people_xmp())),
        trace=b"mwg-rs",
        listed="XMP-MP:RegionInfoMP",
    ),
    Case(
        "exif-thumbnail.png",
        lambda: encoded("PNG", exif=thumbnail_exif()),
        trace=b"eXIf",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case("c2pa.png", lambda: png(chunk(b"caBX", c2pa())), trace=b"caBX", listed="JUMBF:JUMDType"),
    Case(
        "private-profile.png",
        lambda: encoded("PNG", icc_profile=private_profile()),
        (zlib.compress(private_profile()),),
        listed="ICC-header:ProfileVersion",
    ),
    Case(
        "private-chunk.png",
        lambda: png(chunk(b"prVw", SECRET + hidden_jpeg())),
        trace=b"prVw",
    ),
    Case("acropalypse.png", acropalypse),
    Case("cropped-by-its-header.png", cropped_png),
    Case(
        "transparent.png",
        lambda: encoded("PNG", transparent(), pnginfo=None) + SECRET,
        judged=True,
    ),
    Case(
        "transparent-colour.png",
        lambda: encoded("PNG", one_colour_apart(), transparency=255) + SECRET,
        trace=b"tRNS",
        judged=True,
    ),
    # WebP
    Case(
        "everything.webp",
        lambda: (
            webp(
                (b"EXIF", owner_exif()),
                (b"XMP ", people_xmp()),
                (b"C2PA", c2pa()),
                (b"ABCD", hidden_jpeg()),
                flags=0x0C,
            )
            + hidden_jpeg()
        ),
        trace=b"C2PA",
        listed="XMP-iptcExt:PersonInImage",
    ),
    Case(
        "exif-thumbnail.webp",
        lambda: encoded("WEBP", exif=thumbnail_exif(), quality=95),
        trace=b"EXIF",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "transparent.webp",
        lambda: encoded("WEBP", transparent(), lossless=True, exact=True) + SECRET,
        judged=True,
    ),
    # TIFF, GIF, BMP
    Case("everything.tif", tiff_with_everything, listed="Photoshop:PhotoshopThumbnail"),
    Case("layers.tif", layered_tiff, trace=b"Document Data Block", listed="Photoshop:LayerNames"),
    Case(
        "second-page.tif",
        lambda: tiff(tiff_page(PHOTO), tiff_page(BEFORE) | {0x010E: SECRET.decode()}),
        refused="2 pictures",
    ),
    Case(
        "exif-thumbnail.tif",
        lambda: tiff(
            tiff_page(PHOTO) | {0x010E: SECRET.decode()},
            {0x0103: 6, 0x0201: Stored(hidden_jpeg()), 0x0202: len(hidden_jpeg())},
        ),
        listed="IFD1:ThumbnailImage",
        refused="not a real picture",
    ),
    Case(
        "sub-directory.tif",
        lambda: tiff_file(PHOTO, more={330: tiff_page(BEFORE) | {0x010E: SECRET.decode()}}),
        refused="further pictures",
    ),
    Case(
        "reduced-first.tif",
        lambda: tiff_file(PHOTO, more={254: 1, 0x010E: SECRET.decode()}),
        refused="further pictures",
    ),
    Case(
        "notes.gif",
        lambda: gif(
            b"!\xfe" + gif_blocks(SECRET),
            b"!\xff\x0bXMP DataXMP" + _PALETTE_XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0",
        ),
        trace=b"XMP DataXMP",
        listed="XMP-iptcExt:PersonInImage",
    ),
    Case("gap.bmp", bmp_with_a_gap),
    # HEIC and AVIF
    Case(
        "thumbnail.heic",
        lambda: noted("HEIF", coded("HEIF", small(), refers=b"thmb")),
        trace=b"thmb",
    ),
    Case(
        "depth.heic",
        lambda: noted("HEIF", coded("HEIF", outline(), auxiliary(_DEPTH), refers=b"auxl")),
        trace=_DEPTH,
        listed="QuickTime:AuxiliaryImageType",
    ),
    Case(
        "gain-map.heic",
        lambda: noted("HEIF", coded("HEIF", outline(), auxiliary(_GAIN), refers=b"auxl")),
        trace=_GAIN,
        listed="QuickTime:AuxiliaryImageType",
    ),
    Case("hidden-item.heic", lambda: noted("HEIF", coded("HEIF", BEFORE, hidden=True))),
    Case(
        "several.heic",
        lambda: noted("HEIF", coded("HEIF", BEFORE)),
        refused="2 pictures",
    ),
    Case(
        "exif-thumbnail.heic",
        lambda: heif("HEIF", coded("HEIF"), exif_item(thumbnail_exif())),
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "people.heic",
        lambda: heif("HEIF", coded("HEIF"), exif_item(owner_exif()), xmp_item(people_xmp())),
        listed="XMP-iptcExt:PersonInImage",
    ),
    Case(
        "motion-photo.heic",
        lambda: heif(
            "HEIF",
            coded("HEIF"),
            xmp_item(motion_xmp(len(mp4()))),
            after=iso_box(b"mpvd", mp4()),
        ),
        trace=b"mpvd",
        listed="XMP-GCamera:MotionPhoto",
    ),
    Case(
        "c2pa.heic",
        lambda: heif("HEIF", coded("HEIF"), before=c2pa_box()),
        trace=b"jumb",
    ),
    Case(
        "private-profile.heic",
        lambda: encoded("HEIF", icc_profile=private_profile()),
        listed="ICC-header:ProfileVersion",
    ),
    Case(
        "cropped-by-its-header.heic", cropped_heic, trace=b"clap", listed="QuickTime:CleanAperture"
    ),
    Case(
        "thumbnail.avif",
        lambda: noted("AVIF", coded("AVIF", small(), refers=b"thmb")),
        trace=b"thmb",
    ),
    Case("second-item.avif", lambda: noted("AVIF", coded("AVIF", BEFORE))),
    Case(
        "exif-thumbnail.avif",
        lambda: encoded("AVIF", exif=thumbnail_exif()),
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case("c2pa.avif", lambda: heif("AVIF", coded("AVIF"), before=c2pa_box()), trace=b"jumb"),
    Case(
        "after-the-end.avif",
        lambda: heif("AVIF", coded("AVIF"), after=iso_box(b"free", SECRET, hidden_jpeg())),
        trace=b"free",
    ),
    # More frames than the one that most programs show
    *(
        Case(f"frames.{suffix}", functools.partial(animated, kind), refused="2 pictures")
        for suffix, kind in (("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG"), ("avif", "AVIF"))
    ),
    Case("frame-behind-a-still.png", apng_behind_a_still, trace=b"acTL", refused="2 pictures"),
)
