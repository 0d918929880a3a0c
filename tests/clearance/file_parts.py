"""Parts of picture files, put together byte by byte: no library writes half of them.

Formats: EXIF 2.32 and TIFF 6.0, Adobe Photoshop File Formats (image resources, tag 37724),
XMP part 3 (thumbnails, extended XMP), C2PA 2.1 (JUMBF).
"""

from __future__ import annotations

import base64
import dataclasses
import io
import struct
from collections.abc import Mapping, Sequence

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from tests.clearance.test_export import LEFT, MAGENTA, RIGHT, picture

SECRET = b"Somebody who said no, room 12"
PHOTO = picture(RIGHT)
BEFORE = picture(LEFT, RIGHT)
"""The photo before somebody was removed from it: what the hidden copies show."""


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
