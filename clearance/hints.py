"""What a photo's file says about the people in it: hints for a person, never a clearance.

Anybody can write anything into a file, and names outlive the crop that cut their people
off. So nothing here decides; and whatever the bytes are, nothing here raises.

Properties: IPTC Photo Metadata Standard 2024.1; which block is believed first is MWG's
rule: XMP, then IPTC, then EXIF.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from clearance.embedded_text import decoded, first, parts, unique
from clearance.exif_and_iptc import Exif, Iptc
from clearance.named_regions import NamedRegion, Raster, people_in, regions_in, unrepeated
from clearance.xmp import (
    CORE,
    DC,
    DIGIKAM,
    EXIF,
    EXT,
    LIGHTROOM,
    PHOTOSHOP,
    PLUS,
    RIGHTS,
    Node,
    read_xmp,
)
from detector.embedded import HOSTILE

if TYPE_CHECKING:
    from detector.faces import Frame


class Unreadable(enum.StrEnum):
    """What was in the file and could not be used."""

    XMP = "XMP"
    EXIF = "EXIF"
    IPTC = "IPTC"
    REGIONS = "regions of another size"
    TOO_LARGE = "a block that is too large"
    DAMAGED = "a block that is damaged"


@dataclasses.dataclass(frozen=True, slots=True)
class Hints:
    """What the file says. Texts are empty where it says nothing.

    Attributes:
        regions: named places; of two dialects that tell the same, the first.
        people: everybody who is named as being in the picture, each once; also the names
            of regions that could not be used.
        title: short name of the picture.
        headline: its headline.
        caption: what is to be seen.
        alt_text: for those who cannot see it.
        extended_description: the same at length.
        keywords: of every block, each once; hierarchies as they are written.
        creator: who made it.
        credit: the credit line.
        copyright: the copyright notice.
        web_statement: address of the terms of use.
        usage_terms: the terms of use in words.
        comment: what was written beside all standards.
        place: the file holds the coordinates of a place.
        place_names: places in words.
        credential: the file holds a C2PA credential.
        model_release: the status of PLUS, as found.
        unreadable: what was there and could not be used.
    """

    regions: tuple[NamedRegion, ...] = ()
    people: tuple[str, ...] = ()
    title: str = ""
    headline: str = ""
    caption: str = ""
    alt_text: str = ""
    extended_description: str = ""
    keywords: tuple[str, ...] = ()
    creator: tuple[str, ...] = ()
    credit: str = ""
    copyright: str = ""
    web_statement: str = ""
    usage_terms: str = ""
    comment: str = ""
    place: bool = False
    place_names: tuple[str, ...] = ()
    credential: bool = False
    model_release: str = ""
    unreadable: tuple[Unreadable, ...] = ()


def hints_of(frame: Frame) -> Hints:
    """What the photo's file says about the picture. Never raises.

    Args:
        frame: as opened; of it the size and the embedded blocks are read.
    """
    embedded = frame.embedded
    unreadable = [Unreadable.TOO_LARGE] if embedded.too_large else []
    unreadable += [Unreadable.DAMAGED] if embedded.damaged else []
    xmp, iptc = Node(), Iptc()
    try:
        xmp = read_xmp(embedded.xmp, embedded.extended_xmp)
    except HOSTILE:
        unreadable.append(Unreadable.XMP)
    try:
        exif = Exif.of(embedded.exif)
    except HOSTILE:
        exif = Exif(broken=True)
    if exif.broken:
        unreadable.append(Unreadable.EXIF)
    try:
        iptc = Iptc.of(embedded.iptc)
    except HOSTILE:
        unreadable.append(Unreadable.IPTC)
    regions, fit = regions_in(xmp, Raster.of(frame))
    if not fit:
        unreadable.append(Unreadable.REGIONS)
    return dataclasses.replace(
        _texts(xmp, exif, iptc),
        regions=unrepeated(region for region in regions if isinstance(region, NamedRegion)),
        people=unique((*people_in(xmp), *(region.name for region in regions))),
        comment=decoded(embedded.comment or b"") or exif.comment,
        place=exif.place or _tells_place(xmp),
        credential=embedded.credential,
        unreadable=tuple(unreadable),
    )


def _texts(xmp: Node, exif: Exif, iptc: Iptc) -> Hints:
    """Everything that is a text, from the block that is believed first."""

    def said(name: str, *others: str) -> str:
        return first(xmp[name].said, *others)

    shown = [place for name in ("LocationShown", "LocationCreated") for place in xmp[EXT + name]]
    return Hints(
        title=said(DC + "title", iptc.first(5), exif.title),
        headline=said(PHOTOSHOP + "Headline", iptc.first(105)),
        caption=said(DC + "description", iptc.first(120), exif.description),
        alt_text=said(CORE + "AltTextAccessibility"),
        extended_description=said(CORE + "ExtDescrAccessibility"),
        keywords=unique(
            (
                *xmp[DC + "subject"].all_said,
                *xmp[LIGHTROOM + "hierarchicalSubject"].all_said,
                *xmp[DIGIKAM + "TagsList"].all_said,
                *iptc.all(25),
                *exif.keywords,
            )
        ),
        creator=unique(xmp[DC + "creator"].all_said) or unique(iptc.all(80)) or parts(exif.artist),
        credit=said(PHOTOSHOP + "Credit", iptc.first(110)),
        copyright=said(DC + "rights", iptc.first(116), exif.copyright),
        web_statement=said(RIGHTS + "WebStatement"),
        usage_terms=said(RIGHTS + "UsageTerms"),
        place_names=unique(
            (
                xmp[CORE + "Location"].said,
                xmp[PHOTOSHOP + "City"].said,
                *(
                    place[EXT + part].said
                    for place in shown
                    for part in ("LocationName", "Sublocation", "City")
                ),
                *iptc.all(92),
                *iptc.all(90),
            )
        ),
        model_release=said(PLUS + "ModelReleaseStatus"),
    )


def _tells_place(xmp: Node) -> bool:
    places = [*xmp[EXT + "LocationShown"], *xmp[EXT + "LocationCreated"], xmp]
    names = (EXIF + "GPSLatitude", EXIF + "GPSLongitude")
    return any(place[name].said for place in places for name in names)
