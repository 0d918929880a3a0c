"""What a photo's file says about the people in it: hints for a person, never a clearance.

Anybody can write anything into a file, and names outlive the crop that cut their people
off. So nothing here decides; and whatever the bytes are, nothing here raises.

Properties: IPTC Photo Metadata Standard 2024.1, XMP part 1 (how RDF is written), MWG
Guidelines 2.0 (regions, and which block is believed first: XMP, then IPTC, then EXIF).
Regions of every dialect are taken to lie in the *stored* raster, before EXIF's
orientation: MWG says so; digiKam writes the same numbers into MWG's and Microsoft's
regions, ExifTool's convert_regions.config and acdsee.config convert all four dialects
by the stored width and height, and Windows Photo Gallery was seen to write its
rectangles before the rotation, though its own database has them after it.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from detector.embedded import EXIF_IFD, GPS_IFD, Tiff
from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from detector.faces import Frame

    Rectangle = tuple[float, float, float, float]
    """Left, top, right and bottom, as shares of the stored width and height."""

Source = Literal["mwg", "microsoft", "acdsee", "iptc"]

MAX_REGIONS = 500
MAX_ENTRIES = 500
"""Of a list: people, keywords, places."""
MAX_TEXT = 4000
"""Characters of one text."""

_MAX_DEPTH = 40
"""Of nested elements; regions take about twelve."""
_MAX_ELEMENTS = 200_000
"""Of elements and attributes. Photoshop's history of much copied pictures has thousands."""
_MAX_DATASETS = 10_000
_SAME_SHAPE = 0.02
"""How far two aspect ratios may differ, as a share, and be of the same picture (rounding)."""
_SAME_REGION = 0.5
"""Intersection over union from which two dialects tell of the same region."""


class Unreadable(enum.StrEnum):
    """What was in the file and could not be used."""

    XMP = "XMP"
    EXIF = "EXIF"
    IPTC = "IPTC"
    REGIONS = "regions of another size"
    TOO_LARGE = "a block that is too large"


@dataclasses.dataclass(frozen=True, slots=True)
class NamedRegion:
    """A place in the picture that some program or person gave a name.

    Attributes:
        name: empty where there is a face and nobody has said whose.
        box: in pixels of the upright picture, inside it.
        source: the dialect it was written in.
        kind: what the file calls it, as "Face" or "human"; empty where it does not say.
    """

    name: str
    box: Box
    source: Source
    kind: str


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
    xmp, iptc = _Node(), _Iptc()
    try:
        xmp = _read_xmp(embedded.xmp, embedded.extended_xmp)
    except _HOSTILE:
        unreadable.append(Unreadable.XMP)
    try:
        exif = _Exif.of(embedded.exif)
    except _HOSTILE:
        exif = _Exif(broken=True)
    if exif.broken:
        unreadable.append(Unreadable.EXIF)
    try:
        iptc = _Iptc.of(embedded.iptc)
    except _HOSTILE:
        unreadable.append(Unreadable.IPTC)
    regions, fit = _regions(xmp, _Raster.of(frame))
    if not fit:
        unreadable.append(Unreadable.REGIONS)
    return dataclasses.replace(
        _texts(xmp, exif, iptc),
        regions=_unrepeated(region for region in regions if isinstance(region, NamedRegion)),
        people=_unique((*_people(xmp), *(region.name for region in regions))),
        comment=_decoded(embedded.comment or b"") or exif.comment,
        place=exif.place or _tells_place(xmp),
        credential=embedded.credential,
        unreadable=tuple(unreadable),
    )


_HOSTILE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    SyntaxError,  # what the XML parser raises
    RuntimeError,
    MemoryError,
    struct.error,
)

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns|"
_XML = "http://www.w3.org/XML/1998/namespace|"
_DC = "http://purl.org/dc/elements/1.1|"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0|"
_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns|"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29|"
_RIGHTS = "http://ns.adobe.com/xap/1.0/rights|"
_EXIF = "http://ns.adobe.com/exif/1.0|"
_LIGHTROOM = "http://ns.adobe.com/lightroom/1.0|"
_DIGIKAM = "http://www.digikam.org/ns/1.0|"
_PLUS = "http://ns.useplus.org/ldf/xmp/1.0|"
_MWG = "http://www.metadataworkinggroup.com/schemas/regions|"
_MICROSOFT = "http://ns.microsoft.com/photo/1.2|"
_MICROSOFT_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo|"
_MICROSOFT_REGION = "http://ns.microsoft.com/photo/1.2/t/Region|"
_ACDSEE = "http://ns.acdsee.com/regions|"

_NOBODY = "ffffffffffffffff"
"""Picasa's and Microsoft's name for a face that a person chose to ignore."""
_NOT_PEOPLE = {"pet", "focus", "barcode"}
_HUMAN = {"human", "face", "person"}

# The ends of texts: spaces, control characters, the byte order mark.
_ENDS = "".join(map(chr, (*range(0x21), *range(0x7F, 0xA1), 0xFEFF)))


# --- texts ---------------------------------------------------------------------------------


def _clean(text: str) -> str:
    return text[: MAX_TEXT * 2].strip(_ENDS)[:MAX_TEXT].rstrip(_ENDS)


def _decoded(data: bytes) -> str:
    """Text of unknown encoding: UTF-8 where it can be, else what Windows wrote in the West."""
    data = data[: MAX_TEXT * 8]
    try:
        return _clean(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if error.end == len(data) == MAX_TEXT * 8:  # the bound has cut a letter in two
            return _clean(data.decode("utf-8", "ignore"))
        return _clean(data.decode("cp1252", "replace"))


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that are not empty, each once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_ENTRIES]


def _parts(text: str) -> tuple[str, ...]:
    """What EXIF keeps in one text, separated by semicolons."""
    return _unique(map(_clean, text.split(";")))


def _first(*texts: str) -> str:
    return next((text for text in texts if text), "")


def _texts(xmp: _Node, exif: _Exif, iptc: _Iptc) -> Hints:
    """Everything that is a text, from the block that is believed first."""

    def said(name: str, *others: str) -> str:
        return _first(xmp[name].said, *others)

    shown = [place for name in ("LocationShown", "LocationCreated") for place in xmp[_EXT + name]]
    return Hints(
        title=said(_DC + "title", iptc.first(5), exif.title),
        headline=said(_PHOTOSHOP + "Headline", iptc.first(105)),
        caption=said(_DC + "description", iptc.first(120), exif.description),
        alt_text=said(_CORE + "AltTextAccessibility"),
        extended_description=said(_CORE + "ExtDescrAccessibility"),
        keywords=_unique(
            (
                *xmp[_DC + "subject"].all_said,
                *xmp[_LIGHTROOM + "hierarchicalSubject"].all_said,
                *xmp[_DIGIKAM + "TagsList"].all_said,
                *iptc.all(25),
                *exif.keywords,
            )
        ),
        creator=_unique(xmp[_DC + "creator"].all_said)
        or _unique(iptc.all(80))
        or _parts(exif.artist),
        credit=said(_PHOTOSHOP + "Credit", iptc.first(110)),
        copyright=said(_DC + "rights", iptc.first(116), exif.copyright),
        web_statement=said(_RIGHTS + "WebStatement"),
        usage_terms=said(_RIGHTS + "UsageTerms"),
        place_names=_unique(
            (
                xmp[_CORE + "Location"].said,
                xmp[_PHOTOSHOP + "City"].said,
                *(
                    place[_EXT + part].said
                    for place in shown
                    for part in ("LocationName", "Sublocation", "City")
                ),
                *iptc.all(92),
                *iptc.all(90),
            )
        ),
        model_release=said(_PLUS + "ModelReleaseStatus"),
    )


def _people(xmp: _Node) -> Iterator[str]:
    yield from xmp[_EXT + "PersonInImage"].all_said
    for person in xmp[_EXT + "PersonInImageWDetails"]:
        yield person[_EXT + "PersonName"].said


def _tells_place(xmp: _Node) -> bool:
    places = [*xmp[_EXT + "LocationShown"], *xmp[_EXT + "LocationCreated"], xmp]
    names = (_EXIF + "GPSLatitude", _EXIF + "GPSLongitude")
    return any(place[name].said for place in places for name in names)


# --- XMP -----------------------------------------------------------------------------------


@dataclasses.dataclass(slots=True)
class _Node:
    """A value of XMP, however it was serialised: a text, an array or a structure."""

    text: str = ""
    language: str = ""
    items: list[_Node] = dataclasses.field(default_factory=list)
    fields: dict[str, _Node] = dataclasses.field(default_factory=dict)

    def __getitem__(self, name: str) -> _Node:
        """A field of the structure, or an empty value."""
        return self.fields.get(name, _NONE)

    def __iter__(self) -> Iterator[_Node]:
        """The values of an array; a single value is an array of one."""
        return iter(self.items or ([self] if self.fields or self.text else []))

    @property
    def said(self) -> str:
        """The text; of several, the one in the default language, else the first."""
        said = [item for item in self if item.text]
        default = [item for item in said if item.language == "x-default"]
        return (default or said)[0].text if said else ""

    @property
    def all_said(self) -> Iterator[str]:
        """The text of every value."""
        return (item.said for item in self)

    def local(self, name: str) -> str:
        """The text of a field, in whatever namespace: dialects differ in nothing else."""
        return next(
            (node.said for key, node in self.fields.items() if key.endswith(f"|{name}")), ""
        )


_NONE = _Node()


class _Builder(ET.TreeBuilder):
    """Refuses what is nested or repeated beyond anything real."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        """Count one more."""
        self._depth += 1
        self._elements += 1 + len(attrs)
        if self._depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise ValueError("nested or repeated too much")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        """One less to be closed."""
        self._depth -= 1
        return super().end(tag)


_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    # Without a mark: the first character of a packet is "<".
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML may hold; some programs let them in, and end packets with zeros."""
_DECLARATION = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def _read_xmp(*packets: bytes | None) -> _Node:
    """Every property of the packets; of one that is told twice, the first.

    Raises:
        ValueError: no XML, or XML as nobody writes who means well.
        SyntaxError: broken XML.
    """
    properties = _Node()
    for packet in packets:
        if not packet:
            continue
        root = _parsed(packet)
        for rdf in root.iter():
            if _name(rdf.tag) == _RDF + "RDF":
                for description in rdf:
                    for name, node in _node(description).fields.items():
                        properties.fields.setdefault(name, node)
    return properties


def _parsed(packet: bytes) -> ET.Element:
    encoding = next((name for mark, name in _BOMS if packet.startswith(mark)), "utf-8")
    text = _NO_XML.sub("", packet.decode(encoding, "replace"))
    # Entities are how a kilobyte becomes gigabytes, and how a file is read that is not
    # ours. XMP needs none, so no parser is asked.
    if _DECLARATION.search(text):
        raise ValueError("declares a document type")
    text = text[text.find("<") : text.rfind(">") + 1]
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - see above, and _Builder
    parser.feed(text)  # a declared encoding no longer counts
    root = parser.close()
    if not isinstance(root, ET.Element):
        raise ValueError("no element")
    return root


def _name(tag: object) -> str:
    """Namespace and name; programs disagree on how a namespace ends."""
    namespace, brace, local = str(tag).removeprefix("{").rpartition("}")
    return f"{namespace.rstrip('/#')}|{local}" if brace else local


def _node(element: ET.Element) -> _Node:
    """The value of an element: its attributes and its children mean the same."""
    node = _Node(text=_clean(element.text or ""))
    for attribute, value in element.attrib.items():
        name = _name(attribute)
        if name == _XML + "lang":
            node.language = value.lower()
        elif name in (_RDF + "resource", _RDF + "value"):
            node.text = _clean(value)
        elif not name.startswith((_RDF, _XML)):
            node.fields[name] = _Node(text=_clean(value))
    for child in element:
        name = _name(child.tag)
        if name in (_RDF + "Bag", _RDF + "Seq", _RDF + "Alt"):
            node.items += [_node(item) for item in child]
        elif name == _RDF + "Description":
            inner = _node(child)
            node.fields = inner.fields | node.fields
            node.items += inner.items
            node.text = node.text or inner.text
        elif name == _RDF + "value":
            inner = _node(child)
            node.text, node.items = inner.text, inner.items
        else:
            node.fields.setdefault(name, _node(child))
    return node


# --- regions -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class _Raster:
    """How the stored raster lies in the upright picture.

    `width` and `height` are of the stored raster, `turn` is EXIF's orientation. `before`
    is the same for the raster before a HEIF or AVIF container turned it: phones write
    regions of that one, and tell so by the size they apply to.
    """

    width: int
    height: int
    turn: int
    upright: tuple[int, int]
    before: _Raster | None = None

    @classmethod
    def of(cls, frame: Frame) -> _Raster:
        embedded, upright = frame.embedded, (frame.width, frame.height)

        def turned(turn: int) -> tuple[int, int]:
            return upright if turn < 5 else upright[::-1]  # noqa: PLR2004 - 5 to 8: sideways

        before = None
        if embedded.container_turn != 1:
            before = cls(*turned(embedded.container_turn), embedded.container_turn, upright)
        stored = embedded.stored_size if all(embedded.stored_size) else turned(embedded.orientation)
        return cls(*stored, embedded.orientation, upright, before)

    def has_shape(self, width: float, height: float) -> bool:
        return abs(width * self.height - height * self.width) <= _SAME_SHAPE * height * self.width

    def box(self, rectangle: Rectangle) -> Box | None:
        """The rectangle in the upright picture; None if nothing of it is there."""
        left, top, right, bottom = rectangle
        if not all(map(math.isfinite, rectangle)) or left >= right or top >= bottom:
            return None
        x1, y1 = self._upright(left, top)
        x2, y2 = self._upright(right, bottom)
        width, height = self.upright
        inside = Box.around(
            _pixels(min(x1, x2), width),
            _pixels(min(y1, y2), height),
            _pixels(max(x1, x2), width),
            _pixels(max(y1, y2), height),
        )
        return inside if inside.area else None

    def _upright(self, x: float, y: float) -> tuple[float, float]:
        return {
            2: (1 - x, y),
            3: (1 - x, 1 - y),
            4: (x, 1 - y),
            5: (y, x),
            6: (1 - y, x),
            7: (1 - y, 1 - x),
            8: (y, 1 - x),
        }.get(self.turn, (x, y))


def _pixels(share: float, size: int) -> float:
    """A share of the size in pixels, inside; what float arithmetic adds is taken off."""
    return round(min(max(share, 0.0), 1.0) * size, 6)


@dataclasses.dataclass(frozen=True, slots=True)
class _Nameless:
    """A region of no use but for its name."""

    name: str


_Region = NamedRegion | _Nameless


def _regions(xmp: _Node, raster: _Raster) -> tuple[list[_Region], bool]:
    """Regions of all dialects, and whether they are of this picture.

    One dialect that tells of another size speaks for all: programs that write several
    write them at once, and who crops a picture forgets them all.
    """
    found: list[_Region] = []
    fit = True
    for read in (_mwg, _microsoft, _acdsee, _iptc):
        try:
            for region in read(xmp, raster):
                if region is None:
                    fit = False
                elif len(found) < MAX_REGIONS:
                    found.append(region)
        except _HOSTILE:
            fit = False
    if not fit:
        return [_Nameless(region.name) for region in found], False
    return found, True


def _region(
    name: str, rectangle: Rectangle | None, raster: _Raster, source: Source, kind: str = ""
) -> _Region:
    name = "" if name == _NOBODY else name
    box = raster.box(rectangle) if rectangle else None
    return NamedRegion(name, box, source, kind) if box else _Nameless(name)


def _unrepeated(regions: Iterable[NamedRegion]) -> tuple[NamedRegion, ...]:
    kept: list[NamedRegion] = []
    for region in regions:
        if not any(
            other.name.casefold() == region.name.casefold()
            and other.source != region.source
            and other.box.iou(region.box) >= _SAME_REGION
            for other in kept
        ):
            kept.append(region)
    return tuple(kept)


def _numbers(*texts: str) -> list[float]:
    """Every text as a number; NaN for what is none."""

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return math.nan

    return [number(text) for text in texts]


def _centred(area: _Node, raster: _Raster, applied: tuple[float, float] | None) -> Rectangle | None:
    """MWG's and ACDSee's area: x and y are its middle."""
    x, y, width, height = _numbers(*(area.local(name) for name in "xywh"))
    if area.local("unit").lower() == "pixel":
        across, down = applied or (raster.width, raster.height)
        x, width, y, height = x / across, width / across, y / down, height / down
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _applied(
    regions: _Node, namespace: str, raster: _Raster
) -> tuple[_Raster | None, tuple[float, float] | None]:
    """The raster that the regions are of, None if neither; and the size it had then."""
    dimensions = regions[namespace + "AppliedToDimensions"]
    width, height = _numbers(dimensions.local("w"), dimensions.local("h"))
    if not (0 < width < math.inf and 0 < height < math.inf):
        return raster, None
    for one in (raster, raster.before):
        if one and one.has_shape(width, height):
            return one, (width, height)
    return None, (width, height)


def _listed(
    xmp: _Node,
    raster: _Raster,
    namespace: str,
    source: Source,
    area_of: Callable[[_Node], _Node],
) -> Iterator[_Region | None]:
    """The regions of MWG, and of ACDSee, who copied them; None if they are of another size."""
    regions = xmp[namespace + "Regions"]
    fitting, size = _applied(regions, namespace, raster)
    any_region = False
    for region in regions[namespace + "RegionList"]:
        kind = region[namespace + "Type"].said
        if kind.lower() in _NOT_PEOPLE:
            continue
        any_region = True
        name = region[namespace + "Name"].said
        area = _centred(area_of(region), raster, size)
        yield _region(name, area, fitting, source, kind) if fitting else _Nameless(name)
    if any_region and not fitting:
        yield None


def _mwg(xmp: _Node, raster: _Raster) -> Iterator[_Region | None]:
    return _listed(xmp, raster, _MWG, "mwg", lambda region: region[_MWG + "Area"])


def _acdsee(xmp: _Node, raster: _Raster) -> Iterator[_Region | None]:
    """The rectangle that is shown, else the square that the program found by itself."""

    def area(region: _Node) -> _Node:
        shown = region[_ACDSEE + "DLYArea"]
        return shown if shown.fields else region[_ACDSEE + "ALGArea"]

    return _listed(xmp, raster, _ACDSEE, "acdsee", area)


def _microsoft(xmp: _Node, raster: _Raster) -> Iterator[_Region | None]:
    """One text: left, top, width, height, as shares. All zero: somewhere in the picture."""
    for region in xmp[_MICROSOFT + "RegionInfo"][_MICROSOFT_INFO + "Regions"]:
        numbers = _numbers(*region[_MICROSOFT_REGION + "Rectangle"].said.split(","))
        rectangle = None
        if len(numbers) == 4:  # noqa: PLR2004 - see above
            left, top, width, height = numbers
            rectangle = (left, top, left + width, top + height)
        name = region[_MICROSOFT_REGION + "PersonDisplayName"].said
        yield _region(name, rectangle, raster, "microsoft")


def _iptc(xmp: _Node, raster: _Raster) -> Iterator[_Region | None]:
    """Regions of people; the others are crops, works of art, codes."""
    for region in xmp[_EXT + "ImageRegion"]:
        kinds = [
            entity.local("Identifier").rpartition("/")[2] or entity[_EXT + "Name"].said
            for entity in region[_EXT + "rCtype"]
        ]
        human = next((kind for kind in kinds if kind.lower() in _HUMAN), "")
        names = list(_unique(_people(region)))
        free = not kinds and not region[_EXT + "rRole"].items
        if not names and (human or free):
            names = [region[_EXT + "Name"].said]
        elif not names:
            continue
        rectangle = _boundary(region[_EXT + "RegionBoundary"], raster)
        for name in names:
            yield _region(name, rectangle, raster, "iptc", human)


def _boundary(boundary: _Node, raster: _Raster) -> Rectangle | None:
    """The rectangle around a boundary: a rectangle, a circle or a polygon."""
    pixel = boundary.local("rbUnit").lower() == "pixel"
    across, down = (raster.width, raster.height) if pixel else (1, 1)
    x, y, width, height, radius = _numbers(
        *(boundary.local(name) for name in ("rbX", "rbY", "rbW", "rbH", "rbRx"))
    )
    shape = boundary.local("rbShape").lower()
    if shape == "circle":
        # A relative radius is a share of the width.
        tall = radius if pixel else radius * raster.width / raster.height
        return (
            (x - radius) / across,
            (y - tall) / down,
            (x + radius) / across,
            (y + tall) / down,
        )
    if shape == "polygon":
        vertices = boundary[_EXT + "rbVertices"]
        points = [_numbers(point.local("rbX"), point.local("rbY")) for point in vertices]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        if not xs:
            return None
        return (min(xs) / across, min(ys) / down, max(xs) / across, max(ys) / down)
    return (x / across, y / down, (x + width) / across, (y + height) / down)


# --- EXIF and IPTC -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class _Exif:
    """What EXIF says in words, whether it tells the place, and whether it is cut off."""

    title: str = ""
    description: str = ""
    artist: str = ""
    copyright: str = ""
    keywords: tuple[str, ...] = ()
    comment: str = ""
    place: bool = False
    broken: bool = False

    @classmethod
    def of(cls, data: bytes | None) -> _Exif:
        """What there is.

        Raises:
            ValueError: it is no TIFF structure.
            struct.error: it ends before its first directory.
        """
        if not data:
            return cls()
        tiff = Tiff.of(data)

        def text(tag: int) -> str:
            return _clean(_decoded(tiff.value(0, tag) or b"").partition("\0")[0])

        def windows(tag: int) -> str:
            value = (tiff.value(0, tag) or b"")[: MAX_TEXT * 4]
            return _clean(value.decode("utf-16-le", "replace"))

        return cls(
            title=windows(40091),
            description=text(270),
            artist=text(315) or windows(40093),
            copyright=text(33432),
            keywords=_parts(windows(40094)),
            comment=_user_comment(tiff) or windows(40092),
            # Cameras without reception write zeros divided by zero.
            place=any(any(tiff.value(GPS_IFD, tag) or b"") for tag in (2, 4)),
            broken=tiff.broken,
        )


def _user_comment(tiff: Tiff) -> str:
    """EXIF's comment; its first eight bytes name the encoding."""
    value = tiff.value(EXIF_IFD, 37510) or b""
    code, data = value[:8].rstrip(b"\0 "), value[8 : 8 + MAX_TEXT * 4]
    if code == b"UNICODE":
        return _clean(data.decode("utf-16-le" if tiff.order == "<" else "utf-16-be", "replace"))
    if code == b"JIS":
        return _clean(data.decode("iso2022_jp", "replace"))
    return _decoded(data)


@dataclasses.dataclass(frozen=True, slots=True)
class _Iptc:
    """The texts of IIM's second record, by dataset."""

    texts: dict[int, list[str]] = dataclasses.field(default_factory=dict)

    def first(self, dataset: int) -> str:
        """The text of a dataset, empty if there is none."""
        return _first(*self.all(dataset))

    def all(self, dataset: int) -> list[str]:
        """The texts of a dataset that may be repeated."""
        return self.texts.get(dataset, [])

    @classmethod
    def of(cls, data: bytes | None) -> _Iptc:
        """What there is.

        Raises:
            ValueError: no datasets.
            struct.error: cut off.
        """
        iptc = cls()
        utf8 = False
        for record, dataset, value in _datasets(data or b""):
            if (record, dataset) == (1, 90):
                utf8 = value == b"\x1b%G"
            elif record == 2:  # noqa: PLR2004 - the one about the picture
                text = _clean(value.decode("utf-8", "replace")) if utf8 else _decoded(value)
                texts = iptc.texts.setdefault(dataset, [])
                if len(texts) < MAX_ENTRIES:
                    texts.append(text)
        return iptc


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, dataset and value (IPTC IIM 4.2, chapter 3)."""
    position = 0
    for _ in range(_MAX_DATASETS):
        if not any(data[position : position + 5]):  # programs fill up with zeros
            return
        marker, record, dataset, length = struct.unpack_from(">BBBH", data, position)
        if marker != 0x1C:  # noqa: PLR2004 - how every dataset begins
            raise ValueError("no dataset")
        position += 5
        if length & 0x8000:  # the length of the length
            size = length & 0x7FFF
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("cut off")
        yield record, dataset, data[position : position + length]
        position += length
    raise ValueError("too many datasets")
