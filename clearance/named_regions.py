"""Places in a picture that some program or person gave a name, in four dialects.

Regions of every dialect are taken to lie in the *stored* raster, before EXIF's
orientation: MWG Guidelines 2.0 say so; digiKam writes the same numbers into MWG's and
Microsoft's regions, ExifTool's convert_regions.config and acdsee.config convert all four
dialects by the stored width and height, and Windows Photo Gallery was seen to write its
rectangles before the rotation, though its own database has them after it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from clearance.embedded_text import unique
from clearance.xmp import (
    ACDSEE,
    EXT,
    MICROSOFT,
    MICROSOFT_INFO,
    MICROSOFT_REGION,
    MWG,
    Node,
)
from detector.embedded import HOSTILE
from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from detector.faces import Frame

    Rectangle = tuple[float, float, float, float]
    """Left, top, right and bottom, as shares of the stored width and height."""

Source = Literal["mwg", "microsoft", "acdsee", "iptc"]

MAX_REGIONS = 500
_SAME_SHAPE = 0.02
"""How far two aspect ratios may differ, as a share, and be of the same picture (rounding)."""
_SAME_REGION = 0.5
"""Intersection over union from which two dialects tell of the same region."""

_NOBODY = "ffffffffffffffff"
"""Picasa's and Microsoft's name for a face that a person chose to ignore."""
_NOT_PEOPLE = {"pet", "focus", "barcode"}
_HUMAN = {"human", "face", "person"}


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


def people_in(xmp: Node) -> Iterator[str]:
    """Everybody who is said to be in the picture, without a place in it."""
    yield from xmp[EXT + "PersonInImage"].all_said
    for person in xmp[EXT + "PersonInImageWDetails"]:
        yield person[EXT + "PersonName"].said


@dataclasses.dataclass(frozen=True, slots=True)
class Raster:
    """How the stored raster lies in the upright picture.

    `width` and `height` are of the stored raster, `turn` is EXIF's orientation. `before`
    is the same for the raster before a HEIF or AVIF container turned it: phones write
    regions of that one, and tell so by the size they apply to.
    """

    width: int
    height: int
    turn: int
    upright: tuple[int, int]
    before: Raster | None = None

    @classmethod
    def of(cls, frame: Frame) -> Raster:
        """The raster of an opened photo."""
        embedded, upright = frame.embedded, (frame.width, frame.height)

        def turned(turn: int) -> tuple[int, int]:
            return upright if turn < 5 else upright[::-1]  # noqa: PLR2004 - 5 to 8: sideways

        before = None
        if embedded.container_turn != 1:
            before = cls(*turned(embedded.container_turn), embedded.container_turn, upright)
        stored = embedded.stored_size if all(embedded.stored_size) else turned(embedded.orientation)
        return cls(*stored, embedded.orientation, upright, before)

    def has_shape(self, width: float, height: float) -> bool:
        """Whether the raster has the aspect ratio of that size, but for rounding."""
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


def regions_in(xmp: Node, raster: Raster) -> tuple[list[_Region], bool]:
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
        except HOSTILE:
            fit = False
    if not fit:
        return [_Nameless(region.name) for region in found], False
    return found, True


def _region(
    name: str, rectangle: Rectangle | None, raster: Raster, source: Source, kind: str = ""
) -> _Region:
    name = "" if name == _NOBODY else name
    box = raster.box(rectangle) if rectangle else None
    return NamedRegion(name, box, source, kind) if box else _Nameless(name)


def unrepeated(regions: Iterable[NamedRegion]) -> tuple[NamedRegion, ...]:
    """Each region once, where several dialects tell of it: the first one."""
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


def _centred(area: Node, raster: Raster, applied: tuple[float, float] | None) -> Rectangle | None:
    """MWG's and ACDSee's area: x and y are its middle."""
    x, y, width, height = _numbers(*(area.local(name) for name in "xywh"))
    if area.local("unit").lower() == "pixel":
        across, down = applied or (raster.width, raster.height)
        x, width, y, height = x / across, width / across, y / down, height / down
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _applied(
    regions: Node, namespace: str, raster: Raster
) -> tuple[Raster | None, tuple[float, float] | None]:
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
    xmp: Node,
    raster: Raster,
    namespace: str,
    source: Source,
    area_of: Callable[[Node], Node],
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


def _mwg(xmp: Node, raster: Raster) -> Iterator[_Region | None]:
    return _listed(xmp, raster, MWG, "mwg", lambda region: region[MWG + "Area"])


def _acdsee(xmp: Node, raster: Raster) -> Iterator[_Region | None]:
    """The rectangle that is shown, else the square that the program found by itself."""

    def area(region: Node) -> Node:
        shown = region[ACDSEE + "DLYArea"]
        return shown if shown.fields else region[ACDSEE + "ALGArea"]

    return _listed(xmp, raster, ACDSEE, "acdsee", area)


def _microsoft(xmp: Node, raster: Raster) -> Iterator[_Region | None]:
    """One text: left, top, width, height, as shares. All zero: somewhere in the picture."""
    for region in xmp[MICROSOFT + "RegionInfo"][MICROSOFT_INFO + "Regions"]:
        numbers = _numbers(*region[MICROSOFT_REGION + "Rectangle"].said.split(","))
        rectangle = None
        if len(numbers) == 4:  # noqa: PLR2004 - see above
            left, top, width, height = numbers
            rectangle = (left, top, left + width, top + height)
        name = region[MICROSOFT_REGION + "PersonDisplayName"].said
        yield _region(name, rectangle, raster, "microsoft")


def _iptc(xmp: Node, raster: Raster) -> Iterator[_Region | None]:
    """Regions of people; the others are crops, works of art, codes."""
    for region in xmp[EXT + "ImageRegion"]:
        kinds = [
            entity.local("Identifier").rpartition("/")[2] or entity[EXT + "Name"].said
            for entity in region[EXT + "rCtype"]
        ]
        human = next((kind for kind in kinds if kind.lower() in _HUMAN), "")
        names = list(unique(people_in(region)))
        free = not kinds and not region[EXT + "rRole"].items
        if not names and (human or free):
            names = [region[EXT + "Name"].said]
        elif not names:
            continue
        rectangle = _boundary(region[EXT + "RegionBoundary"], raster)
        for name in names:
            yield _region(name, rectangle, raster, "iptc", human)


def _boundary(boundary: Node, raster: Raster) -> Rectangle | None:
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
        vertices = boundary[EXT + "rbVertices"]
        points = [_numbers(point.local("rbX"), point.local("rbY")) for point in vertices]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        if not xs:
            return None
        return (min(xs) / across, min(ys) / down, max(xs) / across, max(ys) / down)
    return (x / across, y / down, (x + width) / across, (y + height) / down)
