"""What files say of people is read in every way it is written, and nothing is believed twice."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clearance.embedded_text import MAX_TEXT
from clearance.hints import Hints, Unreadable, hints_of
from clearance.named_regions import MAX_REGIONS, NamedRegion
from detector.embedded import Embedded
from detector.errors import DetectorError
from detector.faces import Box, Frame
from detector.photo import open_photo, photo_from_bytes
from tests.commands import media_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT = 400, 200

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "acdsee-rs": "http://ns.acdsee.com/regions/",
    "acdsee-stArea": "http://ns.acdsee.com/sType/Area#",
    "acdsee-stDim": "http://ns.acdsee.com/sType/Dimensions#",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def packet(properties: str, attributes: str = "") -> bytes:
    """An XMP packet with these properties."""
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {DECLARED}>'
        f'<rdf:Description rdf:about="" {attributes}>{properties}</rdf:Description>'
        f'</rdf:RDF></x:xmpmeta>   \n<?xpacket end="w"?>'
    ).encode()


def frame(embedded: Embedded, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    pixels = np.zeros((height, width, 3), np.uint8)
    return Frame(Path("a.jpg"), "0" * 64, "JPEG", pixels, embedded=embedded)


def of_xmp(properties: str, attributes: str = "") -> Hints:
    return hints_of(frame(Embedded(xmp=packet(properties, attributes))))


def bag(name: str, *texts: str, kind: str = "Bag") -> str:
    items = "".join(f"<rdf:li>{text}</rdf:li>" for text in texts)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def alt(name: str, **texts: str) -> str:
    """A text in several languages; an underscore stands for a hyphen."""
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def directory(entries: list[tuple[int, int, bytes]], start: int) -> bytes:
    """A directory of a big-endian TIFF structure: tag, type and value; its values follow."""
    sizes = {1: 1, 2: 1, 4: 4, 5: 8, 7: 1}
    values, at = b"", start + 2 + 12 * len(entries) + 4
    head = struct.pack(">H", len(entries))
    for tag, kind, value in entries:
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place = struct.pack(">I", at + len(values))
            values += value
        head += struct.pack(">HHI4s", tag, kind, len(value) // sizes[kind], place)
    return head + bytes(4) + values


def exif(
    *entries: tuple[int, int, bytes],
    more: list[tuple[int, int, bytes]] | None = None,
    gps: list[tuple[int, int, bytes]] | None = None,
) -> bytes:
    pointers = [(0x8769, 4, bytes(4)), (0x8825, 4, bytes(4))]
    length = len(directory([*entries, *pointers], 8))
    inner = directory(more or [], 8 + length)
    places = struct.pack(">I", 8 + length), struct.pack(">I", 8 + length + len(inner))
    filled = [(tag, kind, place) for (tag, kind, _), place in zip(pointers, places, strict=True)]
    first = directory([*entries, *filled], 8)
    last = directory(gps or [], 8 + length + len(inner))
    return b"MM\0*\0\0\0\x08" + first + inner + last


def iim(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, dataset, len(value)) + value
        for record, dataset, value in datasets
    )


# --- words ---------------------------------------------------------------------------------


def test_a_file_that_says_nothing_gives_nothing() -> None:
    assert hints_of(frame(Embedded())) == Hints()
    assert of_xmp("") == Hints()


def test_the_words_of_xmp() -> None:
    found = of_xmp(
        alt("dc:title", x_default="The title")
        + "<photoshop:Headline>The headline</photoshop:Headline>"
        + alt("dc:description", fr="La légende", x_default="The caption", de="Die Legende")
        + alt("Iptc4xmpCore:AltTextAccessibility", x_default="Two people")
        + alt("Iptc4xmpCore:ExtDescrAccessibility", en="Two people at a table")
        + bag("dc:subject", "fair", "bees")
        + bag("lr:hierarchicalSubject", "People|Ada Example", "fair")
        + bag("digiKam:TagsList", "People/Ada Example", kind="Seq")
        + bag("dc:creator", "Zoé Example", "Max Example", kind="Seq")
        + "<photoshop:Credit>Agency</photoshop:Credit>"
        + alt("dc:rights", x_default="© Example")
        + "<xmpRights:WebStatement>https://example.org/terms</xmpRights:WebStatement>"
        + alt("xmpRights:UsageTerms", x_default="once")
        + '<plus:ModelReleaseStatus rdf:resource="http://ns.useplus.org/ldf/vocab/MR-NON"/>'
    )
    assert found == Hints(
        title="The title",
        headline="The headline",
        caption="The caption",
        alt_text="Two people",
        extended_description="Two people at a table",
        keywords=("fair", "bees", "People|Ada Example", "People/Ada Example"),
        creator=("Zoé Example", "Max Example"),
        credit="Agency",
        copyright="© Example",
        web_statement="https://example.org/terms",
        usage_terms="once",
        model_release="http://ns.useplus.org/ldf/vocab/MR-NON",
    )


def test_people_by_name_and_with_details_are_named_once() -> None:
    found = of_xmp(
        bag("Iptc4xmpExt:PersonInImage", "Ada Example", "Max Example")
        + "<Iptc4xmpExt:PersonInImageWDetails><rdf:Bag>"
        + '<rdf:li rdf:parseType="Resource">'
        + alt("Iptc4xmpExt:PersonName", x_default="Eve Example")
        + '</rdf:li><rdf:li><rdf:Description Iptc4xmpExt:PersonName="Ada Example"/></rdf:li>'
        + "</rdf:Bag></Iptc4xmpExt:PersonInImageWDetails>"
    )
    assert found.people == ("Ada Example", "Max Example", "Eve Example")
    assert found.regions == ()


@pytest.mark.parametrize(
    ("properties", "attributes"),
    [
        ("<photoshop:Credit>Agency</photoshop:Credit>", ""),
        ("", 'photoshop:Credit="Agency"'),
        (bag("photoshop:Credit", "Agency"), ""),
        (
            (
                '<photoshop:Credit rdf:parseType="Resource"><rdf:value>Agency</rdf:value>'
                "<dc:source>x</dc:source></photoshop:Credit>"
            ),
            "",
        ),
        (
            (
                '<photoshop:Credit><rdf:Description rdf:value="Agency" dc:source="x"/>'
                "</photoshop:Credit>"
            ),
            "",
        ),
        ("<photoshop:Credit>\n\x0b Agency \u00a0\n</photoshop:Credit>", ""),
    ],
)
def test_every_serialisation_means_the_same(properties: str, attributes: str) -> None:
    found = of_xmp(properties, attributes)
    assert found.credit == "Agency"
    assert found.unreadable == ()


def test_several_descriptions_and_a_second_packet_are_one_document() -> None:
    first = packet("<photoshop:Credit>one</photoshop:Credit>").replace(
        b"</rdf:RDF>",
        b'<rdf:Description photoshop:Headline="two" photoshop:Credit="no"/></rdf:RDF>',
    )
    second = packet(bag("Iptc4xmpExt:PersonInImage", "Ada Example") + "<dc:rights>3</dc:rights>")
    found = hints_of(frame(Embedded(xmp=first, extended_xmp=second)))
    assert (found.credit, found.headline, found.copyright) == ("one", "two", "3")
    assert found.people == ("Ada Example",)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", b"\xff\xfe\0\0"),
    ],
)
def test_every_encoding_of_a_packet_is_read(encoding: str, mark: bytes) -> None:
    text = packet(bag("Iptc4xmpExt:PersonInImage", "Zoé Ķirsons")).decode()
    data = mark + text.encode(encoding) + "\0\0".encode(encoding)
    assert hints_of(frame(Embedded(xmp=data))).people == ("Zoé Ķirsons",)


def test_a_declared_encoding_does_not_matter() -> None:
    data = b'<?xml version="1.0" encoding="latin-1"?>' + packet(bag("dc:subject", "Zoé"))
    assert hints_of(frame(Embedded(xmp=data))).keywords == ("Zoé",)


def test_the_words_of_iptc_where_xmp_has_none() -> None:
    data = iim(
        (1, 90, b"\x1b%G"),
        (2, 5, b"The title"),
        (2, 25, b"fair"),
        (2, 25, "bées".encode()),
        (2, 80, b"Ada Example"),
        (2, 80, b"Max Example"),
        (2, 90, b"Lausanne"),
        (2, 92, b"Market"),
        (2, 105, b"The headline"),
        (2, 110, b"Agency"),
        (2, 116, "© Example".encode()),
        (2, 120, b"The caption"),
    )
    expected = Hints(
        title="The title",
        headline="The headline",
        caption="The caption",
        keywords=("fair", "bées"),
        creator=("Ada Example", "Max Example"),
        credit="Agency",
        copyright="© Example",
        place_names=("Market", "Lausanne"),
    )
    assert hints_of(frame(Embedded(iptc=data + bytes(7)))) == expected
    xmp = packet(alt("dc:description", x_default="Another") + bag("dc:subject", "fair", "dogs"))
    both = hints_of(frame(Embedded(iptc=data, xmp=xmp)))
    assert both.caption == "Another"
    assert both.keywords == ("fair", "dogs", "bées")
    assert both.headline == "The headline"


def test_iptc_without_a_declared_character_set_is_utf8_or_windows() -> None:
    data = iim((2, 120, "Zoé".encode()), (2, 105, b"Zo\xe9 \x80"))
    found = hints_of(frame(Embedded(iptc=data)))
    assert (found.caption, found.headline) == ("Zoé", "Zoé €")


def test_iptc_with_a_long_dataset_is_read() -> None:
    text = b"a" * 40_000
    data = b"\x1c\x02\x78\x80\x04" + struct.pack(">I", len(text)) + text + iim((2, 5, b"title"))
    found = hints_of(frame(Embedded(iptc=data)))
    assert found.caption == "a" * MAX_TEXT
    assert found.title == "title"


def test_the_words_of_exif_where_others_have_none() -> None:
    data = exif(
        (270, 2, b"The caption\0rubbish\0"),
        (315, 2, "Zoé Example; Max Example\0".encode()),
        (33432, 2, b"(c) Example\0editor\0"),
        (40091, 1, "The title\0".encode("utf-16-le")),
        (40094, 1, "fair; bees\0".encode("utf-16-le")),
        more=[(37510, 7, b"UNICODE\0" + "hello".encode("utf-16-be"))],
    )
    assert hints_of(frame(Embedded(exif=data))) == Hints(
        title="The title",
        caption="The caption",
        creator=("Zoé Example", "Max Example"),
        copyright="(c) Example",
        keywords=("fair", "bees"),
        comment="hello",
    )
    iptc = iim((2, 120, b"of IPTC"), (2, 80, b"Ada Example"))
    both = hints_of(frame(Embedded(exif=data, iptc=iptc)))
    assert (both.caption, both.creator) == ("of IPTC", ("Ada Example",))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"ASCII\0\0\0hello", "hello"),
        (bytes(8) + "Zoé".encode(), "Zoé"),
        (b"JIS\0\0\0\0\0" + "花".encode("iso2022_jp"), "花"),
        (bytes(40), ""),
    ],
)
def test_the_comment_of_exif_names_its_encoding(value: bytes, text: str) -> None:
    assert hints_of(frame(Embedded(exif=exif(more=[(37510, 7, value)])))).comment == text


def test_a_comment_beside_exif_comes_first() -> None:
    data = exif((40092, 1, "of Windows".encode("utf-16-le")))
    assert hints_of(frame(Embedded(exif=data))).comment == "of Windows"
    assert hints_of(frame(Embedded(exif=data, comment=b"Zo\xe9\0"))).comment == "Zoé"


def test_texts_are_bounded_and_without_control_characters_at_their_ends() -> None:
    long = "é" * (MAX_TEXT * 20)
    found = hints_of(
        frame(
            Embedded(
                xmp=packet(f"<dc:description>  {long}</dc:description>"),
                comment=b"\x1b\0" + long.encode(),
                iptc=iim((2, 105, b"\r\n\x07 line \x7f\0")),
            )
        )
    )
    assert found.caption == "é" * MAX_TEXT
    assert found.comment == "é" * MAX_TEXT
    assert found.headline == "line"


# --- places and signs ----------------------------------------------------------------------

LATITUDE = struct.pack(">6I", 46, 1, 13, 1, 0, 1)


@pytest.mark.parametrize(
    ("embedded", "place"),
    [
        (Embedded(exif=exif(gps=[(2, 5, LATITUDE)])), True),
        (Embedded(exif=exif(gps=[(4, 5, LATITUDE)])), True),
        (Embedded(exif=exif(gps=[(0, 1, b"\2\2\0\0"), (2, 5, bytes(24))])), False),
        (Embedded(exif=exif()), False),
        (Embedded(xmp=packet("", 'exif:GPSLatitude="46,13.9N"')), True),
        (
            Embedded(
                xmp=packet(
                    "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li "
                    'exif:GPSLongitude="7,21.6E"/></rdf:Bag></Iptc4xmpExt:LocationShown>'
                )
            ),
            True,
        ),
    ],
    ids=["latitude", "longitude", "no reception", "nothing", "xmp", "location shown"],
)
def test_a_place_is_noticed(embedded: Embedded, place: bool) -> None:
    assert hints_of(frame(embedded)).place is place


def test_places_in_words() -> None:
    found = of_xmp(
        "<Iptc4xmpCore:Location>Market</Iptc4xmpCore:Location>"
        "<photoshop:City>Lausanne</photoshop:City><Iptc4xmpExt:LocationShown><rdf:Bag>"
        '<rdf:li Iptc4xmpExt:City="Sierre" Iptc4xmpExt:Sublocation="Ward 3"/>'
        "</rdf:Bag></Iptc4xmpExt:LocationShown>"
        "<Iptc4xmpExt:LocationCreated><rdf:Bag>"
        '<rdf:li rdf:parseType="Resource"><Iptc4xmpExt:City>Sion</Iptc4xmpExt:City></rdf:li>'
        "</rdf:Bag></Iptc4xmpExt:LocationCreated>"
    )
    assert found.place_names == ("Market", "Lausanne", "Ward 3", "Sierre", "Sion")
    assert not found.place


def test_a_credential_is_passed_on() -> None:
    assert hints_of(frame(Embedded(credential=True))).credential


# --- regions -------------------------------------------------------------------------------


def mwg(*regions: str, size: tuple[float, float] | None = (WIDTH, HEIGHT)) -> str:
    applied = ""
    if size:
        applied = (
            f'<mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" '
            'stDim:unit="pixel"/>'
        )
    return (
        f'<mwg-rs:Regions rdf:parseType="Resource">{applied}'
        f"<mwg-rs:RegionList><rdf:Bag>{''.join(regions)}</rdf:Bag></mwg-rs:RegionList>"
        "</mwg-rs:Regions>"
    )


def mwg_region(name: str, x: float, y: float, w: float, h: float, kind: str = "Face") -> str:
    """As digiKam writes it: attributes of a nested description."""
    return (
        f'<rdf:li><rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="{kind}"><mwg-rs:Area '
        f'stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:h="{h}" '
        'stArea:unit="normalized"/></rdf:Description></rdf:li>'
    )


def microsoft(*regions: tuple[str, str]) -> str:
    items = "".join(
        f'<rdf:li MPReg:PersonDisplayName="{name}" MPReg:Rectangle="{rectangle}"/>'
        for name, rectangle in regions
    )
    return (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions>'
        f"<rdf:Bag>{items}</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )


def iptc_region(boundary: str, more: str) -> str:
    return (
        '<Iptc4xmpExt:ImageRegion><rdf:Bag><rdf:li rdf:parseType="Resource">'
        f"<Iptc4xmpExt:RegionBoundary {boundary}/>{more}"
        "</rdf:li></rdf:Bag></Iptc4xmpExt:ImageRegion>"
    )


def rectangle(x: float, y: float, w: float, h: float, unit: str = "relative") -> str:
    return (
        f'Iptc4xmpExt:rbShape="rectangle" Iptc4xmpExt:rbUnit="{unit}" Iptc4xmpExt:rbX="{x}" '
        f'Iptc4xmpExt:rbY="{y}" Iptc4xmpExt:rbW="{w}" Iptc4xmpExt:rbH="{h}"'
    )


ADA = Box(100, 60, 140, 120)
"""In a picture of WIDTH x HEIGHT: from a quarter and 0.3, a tenth wide, 0.3 high."""
ADA_MWG = mwg_region("Ada", 0.3, 0.45, 0.1, 0.3)
ADA_MICROSOFT = microsoft(("Ada", "0.25, 0.3, 0.1, 0.3"))
ADA_IPTC = iptc_region(rectangle(0.25, 0.3, 0.1, 0.3), bag("Iptc4xmpExt:PersonInImage", "Ada"))
ADA_ACDSEE = (
    '<acdsee-rs:Regions rdf:parseType="Resource"><acdsee-rs:AppliedToDimensions '
    f'acdsee-stDim:w="{WIDTH}" acdsee-stDim:h="{HEIGHT}"/><acdsee-rs:RegionList><rdf:Bag>'
    '<rdf:li acdsee-rs:Type="Face" acdsee-rs:Name="Ada"><acdsee-rs:DLYArea '
    'acdsee-stArea:x="0.3" acdsee-stArea:y="0.45" acdsee-stArea:w="0.1" acdsee-stArea:h="0.3"/>'
    '<acdsee-rs:ALGArea acdsee-stArea:x="0.5" acdsee-stArea:y="0.5" acdsee-stArea:w="0.2" '
    'acdsee-stArea:h="0.2"/></rdf:li></rdf:Bag></acdsee-rs:RegionList></acdsee-rs:Regions>'
)


@pytest.mark.parametrize(
    ("properties", "source", "kind"),
    [
        (mwg(ADA_MWG), "mwg", "Face"),
        (ADA_MICROSOFT, "microsoft", ""),
        (ADA_ACDSEE, "acdsee", "Face"),
        (ADA_IPTC, "iptc", ""),
    ],
    ids=["mwg", "microsoft", "acdsee", "iptc"],
)
def test_each_dialect_tells_who_is_where(properties: str, source: str, kind: str) -> None:
    found = of_xmp(properties)
    assert found.regions == (NamedRegion("Ada", ADA, source, kind),)  # type: ignore[arg-type]
    assert found.people == ("Ada",)
    assert found.unreadable == ()


def test_mwg_as_elements_and_in_pixels() -> None:
    """As ExifTool writes it; the area counts in pixels of the size it was made for."""
    region = (
        '<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource">'
        "<stArea:x>60</stArea:x><stArea:y>45</stArea:y><stArea:w>20</stArea:w>"
        "<stArea:h>30</stArea:h><stArea:unit>pixel</stArea:unit></mwg-rs:Area>"
        "<mwg-rs:Name>Ada</mwg-rs:Name></rdf:li>"
    )
    found = of_xmp(mwg(region, size=(200, 100)))
    assert found.regions == (NamedRegion("Ada", ADA, "mwg", ""),)


def test_pixels_without_a_size_are_those_of_the_picture() -> None:
    region = ADA_MWG.replace("normalized", "pixel")
    for share, pixels in (("0.3", "120"), ("0.45", "90"), ("0.1", "40")):
        region = region.replace(f'"{share}"', f'"{pixels}"')
    region = region.replace('stArea:h="120"', 'stArea:h="60"')
    (found,) = of_xmp(mwg(region, size=None)).regions
    assert found.box == ADA


def test_what_is_no_face_is_no_person() -> None:
    regions = [
        mwg_region("Rex", 0.3, 0.45, 0.1, 0.3, kind=kind) for kind in ("Pet", "Focus", "BarCode")
    ]
    found = of_xmp(mwg(*regions))
    assert found.regions == ()
    assert found.people == ()


def test_a_face_without_a_name_is_a_region_of_nobody() -> None:
    found = of_xmp(
        mwg(mwg_region("", 0.3, 0.45, 0.1, 0.3)) + microsoft(("ffffffffffffffff", "0,0,.1,.1"))
    )
    assert [region.name for region in found.regions] == ["", ""]
    assert found.people == ()


@pytest.mark.parametrize(
    "text",
    ["0, 0, 0, 0", "", "a, b, c, d", "0.1, 0.1", "nan, 0, 1, 1", "0, 0, inf, 1", "2, 2, 1, 1"],
)
def test_a_name_without_a_place_is_a_person_all_the_same(text: str) -> None:
    found = of_xmp(microsoft(("Ada", text)))
    assert found.people == ("Ada",)
    assert found.regions == ()
    assert found.unreadable == ()


def test_a_region_beyond_the_border_is_cut() -> None:
    (found,) = of_xmp(microsoft(("Ada", "-0.1, 0.5, 0.35, 9"))).regions
    assert found.box == Box(0, 100, 100, 200)


def test_two_dialects_that_tell_the_same_tell_it_once() -> None:
    same = of_xmp(mwg(ADA_MWG) + ADA_MICROSOFT + ADA_ACDSEE + ADA_IPTC)
    assert [region.source for region in same.regions] == ["mwg"]
    other = of_xmp(mwg(ADA_MWG) + microsoft(("Max", "0.25, 0.3, 0.1, 0.3")))
    assert [region.name for region in other.regions] == ["Ada", "Max"]
    elsewhere = of_xmp(mwg(ADA_MWG) + microsoft(("Ada", "0.75, 0.3, 0.1, 0.3")))
    assert len(elsewhere.regions) == 2


def test_regions_of_another_size_are_not_used_in_any_dialect() -> None:
    cropped = of_xmp(mwg(ADA_MWG, size=(WIDTH, HEIGHT * 1.05)) + microsoft(("Max", "0,0,.1,.1")))
    assert cropped.regions == ()
    assert cropped.people == ("Ada", "Max")
    assert cropped.unreadable == (Unreadable.REGIONS,)


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT * 1.01), (4001, 2000), (0, 0), ("x", "y"), None])
def test_a_size_of_the_same_shape_or_none_is_no_reason_to_doubt(
    size: tuple[float, float] | None,
) -> None:
    assert of_xmp(mwg(ADA_MWG, size=size)).regions


def test_iptc_regions_of_all_shapes() -> None:
    ada = bag("Iptc4xmpExt:PersonInImage", "Ada")
    pixels = of_xmp(iptc_region(rectangle(100, 60, 40, 60, "pixel"), ada))
    assert pixels.regions[0].box == ADA
    circle = (
        'Iptc4xmpExt:rbShape="circle" Iptc4xmpExt:rbUnit="relative" Iptc4xmpExt:rbX="0.5" '
        'Iptc4xmpExt:rbY="0.5" Iptc4xmpExt:rbRx="0.1"'
    )
    assert of_xmp(iptc_region(circle, ada)).regions[0].box == Box(160, 60, 240, 140)
    polygon = iptc_region("", ada).replace(
        "<Iptc4xmpExt:RegionBoundary />",
        '<Iptc4xmpExt:RegionBoundary Iptc4xmpExt:rbShape="polygon" '
        'Iptc4xmpExt:rbUnit="relative"><Iptc4xmpExt:rbVertices><rdf:Seq>'
        '<rdf:li Iptc4xmpExt:rbX="0.3" Iptc4xmpExt:rbY="0.3"/>'
        '<rdf:li Iptc4xmpExt:rbX="0.35" Iptc4xmpExt:rbY="0.5"/>'
        '<rdf:li Iptc4xmpExt:rbX="0.25" Iptc4xmpExt:rbY="0.6"/>'
        "</rdf:Seq></Iptc4xmpExt:rbVertices></Iptc4xmpExt:RegionBoundary>",
    )
    assert of_xmp(polygon).regions[0].box == ADA


def entity(name: str, identifier: str) -> str:
    return (
        f'<{name}><rdf:Bag><rdf:li rdf:parseType="Resource">'
        f"{bag('xmp:Identifier', identifier)}</rdf:li></rdf:Bag></{name}>"
    )


def test_only_people_among_iptc_regions() -> None:
    boundary = rectangle(0.25, 0.3, 0.1, 0.3)
    name = alt("Iptc4xmpExt:Name", fr="Adèle", x_default="Ada")
    human = entity("Iptc4xmpExt:rCtype", "http://cv.iptc.org/newscodes/imageregiontype/human")
    plant = entity("Iptc4xmpExt:rCtype", "http://cv.iptc.org/newscodes/imageregiontype/plant")
    crop = entity("Iptc4xmpExt:rRole", "http://cv.iptc.org/newscodes/imageregionrole/cropping")
    (found,) = of_xmp(iptc_region(boundary, human + name)).regions
    assert (found.name, found.kind) == ("Ada", "human")
    assert of_xmp(iptc_region(boundary, name)).people == ("Ada",)
    for other in (plant, crop):
        assert of_xmp(iptc_region(boundary, other + name)).people == ()
    both = of_xmp(iptc_region(boundary, bag("Iptc4xmpExt:PersonInImage", "Ada", "Max")))
    assert [region.name for region in both.regions] == ["Ada", "Max"]


def test_a_thousand_regions_are_some() -> None:
    many = [mwg_region(f"P{n}", 0.3, 0.45, 0.1, 0.3) for n in range(MAX_REGIONS + 100)]
    assert len(of_xmp(mwg(*many)).regions) == MAX_REGIONS


# --- where regions lie in a turned picture -------------------------------------------------


def marked() -> tuple[Image.Image, Box]:
    """A stored raster with a red rectangle in it, off every middle."""
    picture = Image.new("RGB", (320, 160), (20, 60, 20))
    box = Box(32, 16, 112, 64)
    picture.paste((230, 20, 20), (box.left, box.top, box.right, box.bottom))
    return picture, box


def seen(photo: Frame) -> Box:
    """Where the rectangle is in the picture as a viewer shows it."""
    rows, columns = np.nonzero(photo.pixels[..., 0] > 128)
    return Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)


def around_the_mark(box: Box) -> str:
    x, y, w, h = box.left / 320, box.top / 160, box.width / 320, box.height / 160
    centred = mwg(mwg_region("Ada", x + w / 2, y + h / 2, w, h), size=(320, 160))
    return (
        centred
        + microsoft(("Max", f"{x}, {y}, {w}, {h}"))
        + iptc_region(rectangle(x, y, w, h), bag("Iptc4xmpExt:PersonInImage", "Eve"))
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_regions_lie_on_what_they_mark_however_the_photo_is_turned(
    kind: str, orientation: int
) -> None:
    picture, box = marked()
    exif_block = Image.Exif()
    exif_block[274] = orientation
    stream = io.BytesIO()
    xmp = packet(around_the_mark(box))
    if kind == "TIFF":
        picture.save(stream, kind, exif=exif_block, tiffinfo={700: xmp, 274: orientation})
    else:
        picture.save(stream, kind, exif=exif_block, xmp=xmp, quality=95, subsampling=0)
    photo = photo_from_bytes(stream.getvalue(), Path("a photo"))
    found = hints_of(photo)
    assert [region.name for region in found.regions] == ["Ada", "Max", "Eve"]
    assert all(region.box == seen(photo) for region in found.regions)
    assert found.unreadable == ()


@pytest.mark.parametrize("orientation", range(5, 9))
def test_regions_of_the_raster_before_a_container_turned_it(orientation: int) -> None:
    """Phones write them so, and the size they apply to tells it."""
    picture, box = marked()
    exif_block = Image.Exif()
    exif_block[274] = orientation
    stream = io.BytesIO()
    centred = around_the_mark(box).partition("<MP:")[0]
    picture.save(stream, "AVIF", exif=exif_block, xmp=packet(centred), quality=95)
    photo = photo_from_bytes(stream.getvalue(), Path("a photo"))
    (found,) = hints_of(photo).regions
    assert found.box.iou(seen(photo)) > 0.9


def test_regions_of_the_picture_after_a_container_turned_it() -> None:
    embedded = Embedded(xmp=packet(mwg(ADA_MWG)), container_turn=6, stored_size=(WIDTH, HEIGHT))
    (found,) = hints_of(frame(embedded)).regions
    assert found.box == ADA


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
def test_what_exiftool_writes_is_read(tmp_path: Path) -> None:
    picture, box = marked()
    paths = []
    for orientation in range(1, 9):
        exif_block = Image.Exif()
        exif_block[274] = orientation
        paths.append(tmp_path / f"{orientation}.jpg")
        picture.save(paths[-1], exif=exif_block, quality=95, subsampling=0)
    x, y, w, h = box.left / 320, box.top / 160, box.width / 320, box.height / 160
    area = f"Area={{X={x + w / 2},Y={y + h / 2},W={w},H={h},Unit=normalized}}"
    relative = f"RbShape=rectangle,RbUnit=relative,RbX={x},RbY={y},RbW={w},RbH={h}"
    subprocess.run(
        [
            "exiftool",
            "-q",
            "-overwrite_original",
            (
                "-RegionInfo={AppliedToDimensions={W=320,H=160,Unit=pixel},"
                f"RegionList=[{{{area},Name=Ada,Type=Face}}]}}"
            ),
            (
                "-RegionInfoMP={Regions=[{PersonDisplayName=Max,"
                f"Rectangle={x}|, {y}|, {w}|, {h}}}]}}"
            ),
            f"-XMP-iptcExt:ImageRegion=[{{RegionBoundary={{{relative}}},PersonInImage=[Eve]}}]",
            "-XMP-iptcExt:PersonInImage=Zoé Example",
            "-XMP-dc:Description=The caption",
            "-IPTC:Keywords=fair",
            "-EXIF:Artist=Max Example",
            "-EXIF:GPSLatitude=46.23",
            "-EXIF:GPSLongitude=7.36",
            "-XMP-plus:ModelReleaseStatus=None",
            *map(str, paths),
        ],
        check=True,
    )
    for path in paths:
        photo = open_photo(path)
        found = hints_of(photo)
        assert [region.name for region in found.regions] == ["Ada", "Max", "Eve"]
        assert all(region.box == seen(photo) for region in found.regions), path.name
        assert found.people == ("Zoé Example", "Ada", "Max", "Eve")
        assert (found.caption, found.keywords, found.creator) == (
            "The caption",
            ("fair",),
            ("Max Example",),
        )
        assert found.place
        assert found.model_release.endswith("MR-NON")


# --- what means harm, and what is broken ---------------------------------------------------

EXPANDS = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "data",
    [
        EXPANDS + packet("<dc:rights>&b;</dc:rights>"),
        EXPANDS.lower() + packet("<dc:rights>x</dc:rights>"),
        EXPANDS.replace(b"DOC", b"DO\0C") + packet(""),
        ("\ufeff" + EXPANDS.decode() + packet("").decode()).encode("utf-16"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + packet("<dc:rights>x</dc:rights>"),
        b"<a>" * 100_000,
        packet("<dc:source>" * 60 + "</dc:source>" * 60),
        packet("<dc:a/>" * 200_001),
        b"<?xml" * 100_000 + b">",
        b"no xml",
        b"\0" * 9,
        packet("")[:-40],
        b"<x:xmpmeta><rdf:RDF></rdf:RDF></x:xmpmeta>",
    ],
    ids=[
        "entities",
        "lower case",
        "hidden by a zero",
        "utf-16",
        "external",
        "depth bomb",
        "nested",
        "many",
        "heads",
        "text",
        "zeros",
        "cut off",
        "undeclared",
    ],
)
def test_hostile_and_broken_xmp_is_told_and_not_read(data: bytes) -> None:
    start = time.perf_counter()
    found = hints_of(frame(Embedded(xmp=data, iptc=iim((2, 120, b"The caption")))))
    assert found == Hints(caption="The caption", unreadable=(Unreadable.XMP,))
    assert time.perf_counter() - start < 5


def test_broken_exif_and_iptc_are_told() -> None:
    found = hints_of(
        frame(
            Embedded(
                exif=b"MM\0*\0\0", iptc=b"\x1c\x02\x78\xff", xmp=packet("<dc:rights>a</dc:rights>")
            )
        )
    )
    assert found.unreadable == (Unreadable.EXIF, Unreadable.IPTC)
    assert found.copyright == "a"
    for broken in (b"rubbish", iim((2, 5, b"title"))[:-1], iim((2, 5, b"t")) + b"rubbish"):
        assert hints_of(frame(Embedded(iptc=broken))).unreadable == (Unreadable.IPTC,)
    assert hints_of(frame(Embedded(iptc=iim((2, 5, b"t")) * 10_001))).unreadable == (
        Unreadable.IPTC,
    )


def test_exif_that_is_cut_off_is_read_as_far_as_it_goes_and_told() -> None:
    whole = exif((270, 2, b"abc\0"), gps=[(2, 5, LATITUDE)])
    found = hints_of(frame(Embedded(exif=whole[: 8 + 2 + 12])))
    assert (found.caption, found.unreadable) == ("abc", (Unreadable.EXIF,))


def test_a_block_that_was_too_large_is_told() -> None:
    assert hints_of(frame(Embedded(too_large=True))).unreadable == (Unreadable.TOO_LARGE,)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_nothing_ever_raises(data: st.DataObject) -> None:
    """Whatever is changed, cut out or put in."""
    good = {
        "xmp": packet(around_the_mark(marked()[1]) + ADA_ACDSEE),
        "exif": exif((270, 2, b"The caption\0"), gps=[(2, 5, LATITUDE)]),
        "iptc": iim((1, 90, b"\x1b%G"), (2, 120, b"The caption")),
    }

    def spoilt(block: bytes) -> bytes:
        at = data.draw(st.integers(0, len(block)))
        end = data.draw(st.integers(at, min(len(block), at + 6)))
        return block[:at] + data.draw(st.binary(max_size=6)) + block[end:]

    embedded = Embedded(
        **{name: spoilt(block) for name, block in good.items()},  # type: ignore[arg-type]
        orientation=data.draw(st.integers(1, 8)),
        container_turn=data.draw(st.integers(1, 8)),
    )
    found = hints_of(frame(embedded))
    assert all(
        region.box.area and region.box == region.box.clipped(WIDTH, HEIGHT)
        for region in found.regions
    )


@settings(max_examples=200, deadline=None)
@given(
    numbers=st.lists(
        st.floats() | st.text("0123456789eE+-._ ", max_size=12), min_size=4, max_size=4
    ),
    orientation=st.integers(1, 8),
)
def test_no_numbers_lead_out_of_the_picture(numbers: list[float | str], orientation: int) -> None:
    x, y, w, h = numbers
    properties = (
        mwg(mwg_region("Ada", x, y, w, h), size=(x, y))  # type: ignore[arg-type]
        + microsoft(("Max", f"{x}, {y}, {w}, {h}"))
        + iptc_region(rectangle(x, y, w, h, "pixel"), "")  # type: ignore[arg-type]
    )
    found = hints_of(frame(Embedded(xmp=packet(properties), orientation=orientation)))
    for region in found.regions:
        assert region.box.area
        assert region.box == region.box.clipped(WIDTH, HEIGHT)


# --- real files ----------------------------------------------------------------------------


def hard_files() -> Iterator[Path]:
    folder = media_folder()
    if folder and (folder / "hard").is_dir():
        yield from (path for path in sorted((folder / "hard").rglob("*.*")) if path.is_file())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_hard_file_is_read_without_a_complaint() -> None:
    files = [
        path for path in hard_files() if "faces" in path.parts or path.stat().st_size < 200_000
    ]
    if not files:
        pytest.skip("the development photos are not on this machine")
    named = {}
    for path in files:
        try:
            photo = open_photo(path)
        except DetectorError:
            continue
        found = hints_of(photo)
        # Its Photoshop block is cut off, as its name says.
        broken = path.name == "photoshop-200dpi-broken.jpg"
        assert found.unreadable == ((Unreadable.DAMAGED,) if broken else ()), path.name
        if found.regions:
            named[path.name] = found
    (portrait,) = named.values()
    assert len(portrait.people) == 2
    assert [region.source for region in portrait.regions] == ["mwg", "mwg"]
