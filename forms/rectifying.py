"""Lays a scanned page flat: from the code and the corner squares to the paper's own coordinates.

The code says roughly where the page lies; the squares in its corners say it exactly. A
homography takes points of the paper to pixels of the scan (Hartley and Zisserman, Multiple
View Geometry, 2nd ed., algorithm 4.2, normalised direct linear transform).
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from forms import sheet
from forms.layout import POINT, SIZE, grown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from forms.page_codes import PageCode
    from forms.scans import Grey

    Points = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.floating]

_HALF = sheet.FIDUCIAL / 2
_NEAR, _FAR_X = sheet.FIDUCIAL_INSET + _HALF, sheet.WIDTH - sheet.FIDUCIAL_INSET - _HALF
_FAR_Y = sheet.HEIGHT - sheet.FIDUCIAL_INSET - _HALF
FIDUCIALS = np.array([(_NEAR, _FAR_Y), (_FAR_X, _FAR_Y), (_FAR_X, _NEAR), (_NEAR, _NEAR)])
"""Centres of the corner squares in points of the paper, from the upper left on clockwise."""
_CODE_LOW, _CODE_HIGH = sheet.CODE_BOTTOM, sheet.CODE_BOTTOM + sheet.CODE
_CODE_RIGHT = sheet.CODE_LEFT + sheet.CODE
CODE = np.array(
    [
        (sheet.CODE_LEFT, _CODE_HIGH),
        (_CODE_RIGHT, _CODE_HIGH),
        (_CODE_RIGHT, _CODE_LOW),
        (sheet.CODE_LEFT, _CODE_LOW),
    ]
)
"""Corners of the code in points of the paper, from the upper left on clockwise."""

_SEARCHED = 2.2
"""Pixels a point: squares are looked for in a copy of about 160 dpi."""
_SIZES = (0.6, 1.5)
"""How much a corner square may be smaller or larger than the code lets expect."""
_SOLID, _HOLLOW = (0.84, 1.16), (0.44, 0.78)
"""Area over that of the square with the same moments: 1 for a full square, 0.6 for a hollow."""
_SQUARE = 1.5
"""Ratio of the axes of a square in a photo taken at an angle, at most."""
_OFF = 45.0
"""How far from its place, in points, a corner square may be, judged by the code alone."""
_TELLTALE = 4.0
"""How far the corners of the code may be from where the corner squares put them, in points."""
_TRIED = 4
"""Squares that are tried for each corner, the nearest to its place."""
_ENOUGH = 3
"""Corner squares without which a page is not read."""

_AROUND, _DARK = 61, 0.72
"""Pixels of the flat page over which the tone of the paper is taken; print is darker than that."""
_PART, _REACH = 256, 40
"""Side of the parts that are moved over the print, and how far they are, in pixels."""
_PRINTED = 0.02
"""Share of a part that must be printed to tell where it lies."""
_SURE = 0.5
"""Share of a part's print that must lie on it in the best place."""
_PARTS, _PART_OFF = 8, 1.2
"""So many parts must tell the same, to so many points."""
_ALIKE = 0.6
"""Share of the print that must be found in its place; a wrong form shows about a third."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A page laid flat, at `forms.layout.DPI`, upright, and what was found of it.

    `grey` is (2339, 1654). `corners` counts the corner squares that were found. `likeness` is
    the share of the printed form that lies where it was printed, 0 to 1. `clipped`: a part of
    the paper lies outside the scan.
    """

    grey: Grey
    corners: int
    likeness: float
    clipped: bool


def lay_flat(grey: Grey, code: PageCode) -> Flat | None:
    """The page of a code, flat; None where its corners do not tell how it lies."""
    across = np.linalg.norm(code.corners - np.roll(code.corners, 1, axis=0), axis=1).mean()
    scale = float(across / sheet.CODE)
    found = _fiducials(grey, code.corners, scale)
    if len(found) < _ENOUGH:
        return None
    places = np.array([*(FIDUCIALS[number] for number in found), *CODE])
    pixels = np.array([*found.values(), *code.corners])
    # The corners of the code are known to half a module only.
    weights = np.array([1.0] * len(found) + [0.2] * len(CODE))
    exact = _homography(places, pixels, weights)
    back = _mapped(np.linalg.inv(exact), code.corners)
    if np.linalg.norm(back - CODE, axis=1).max() > _TELLTALE:
        return None
    smaller = _Reduced.of(grey, scale)
    flat = smaller.flat(exact, Image.Resampling.BILINEAR)
    printed = code.layout.printed(code.page)
    moved = _moved(flat, printed)
    if moved is not None:
        exact = exact @ moved
    flat = smaller.flat(exact)
    likeness = _likeness(flat, printed)
    if likeness < _ALIKE:
        return None
    paper = [(0, 0), (sheet.WIDTH, 0), (sheet.WIDTH, sheet.HEIGHT), (0, sheet.HEIGHT)]
    corners = _mapped(exact, np.array(paper, dtype=np.float64))
    inside = (corners > -2 * scale) & (corners < np.array(grey.shape[::-1]) + 2 * scale)
    return Flat(flat, len(found), likeness, clipped=not inside.all())


def _dark(flat: Grey) -> npt.NDArray[np.bool_]:
    """What is much darker than the paper around it."""
    around = np.asarray(Image.fromarray(flat).filter(ImageFilter.BoxBlur(_AROUND // 2)))
    return flat < _DARK * around.astype(np.float32)


def _likeness(flat: Grey, printed: npt.NDArray[np.bool_]) -> float:
    near = grown(_dark(flat), 1, 1)
    return float((near & printed).sum() / printed.sum())


def _moved(flat: Grey, printed: npt.NDArray[np.bool_]) -> Floats | None:
    """By what a page lies beside where it was printed: a homography of the paper's points.

    Parts of the page are moved over the print until they fit best; what they say together
    counts, and parts that say something else, as under a stain, do not.
    """
    here, there = _dark(flat).astype(np.float32), printed.astype(np.float32)
    found = []
    for top in range(_PART // 2, SIZE[1] - _PART, _PART):
        for left in range(_PART // 2, SIZE[0] - _PART, _PART):
            window = slice(top, top + _PART), slice(left, left + _PART)
            if there[window].sum() < _PRINTED * _PART**2:
                continue
            shift = _shift(here[window], there[window])
            if shift is not None:
                centre = np.array([left + _PART / 2, top + _PART / 2])
                found.append((centre, centre + shift))
    while len(found) >= _PARTS:
        places = _in_points(np.array([place for place, _ in found]))
        pixels = _in_points(np.array([moved for _, moved in found]))
        matrix = _homography(places, pixels)
        off = np.linalg.norm(_mapped(matrix, places) - pixels, axis=1)
        if off.max() < _PART_OFF:
            return matrix
        del found[int(off.argmax())]
    return None


def _shift(here: Floats, there: Floats) -> Points | None:
    """By how many pixels, right and down, `here` lies beside `there`; None where unclear."""
    whole = np.fft.irfft2(np.fft.rfft2(here) * np.conj(np.fft.rfft2(there)), here.shape)
    near = np.roll(whole, (_REACH, _REACH), axis=(0, 1))[: 2 * _REACH + 1, : 2 * _REACH + 1]
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    if near[row, column] < _SURE * there.sum() or not (
        0 < row < 2 * _REACH and 0 < column < 2 * _REACH
    ):
        return None

    # Between pixels: the top of a parabola through the neighbours.
    def between(before: float, top: float, after: float) -> float:
        bend = before - 2 * top + after
        return 0.0 if bend == 0 else 0.5 * (before - after) / bend

    right = column - _REACH + between(*near[row, column - 1 : column + 2])
    down = row - _REACH + between(*near[row - 1 : row + 2, column])
    return np.array([right, down])


def _in_points(pixels: Points) -> Points:
    """Pixels of the flat page as points of the paper."""
    return np.column_stack([pixels[:, 0] / POINT, sheet.HEIGHT - pixels[:, 1] / POINT])


def _fiducials(grey: Grey, code: Points, scale: float) -> dict[int, Points]:
    """Where the corner squares are, in pixels, by their number in FIDUCIALS."""
    factor = min(1.0, _SEARCHED / scale)
    image = Image.fromarray(grey)
    if factor < 1.0:
        size = (round(image.width * factor), round(image.height * factor))
        image = image.resize(size, Image.Resampling.BOX)
    squares = list(_squares(np.asarray(image), scale * factor))
    affine = _affine(CODE, code)
    best: tuple[float, dict[int, Points]] = (np.inf, {})
    options: list[list[Points | None]] = []
    for number, place in enumerate(FIDUCIALS):
        expected = affine @ np.array([*place, 1.0])
        # The further from the code, the less exactly it says where a corner is.
        reach = scale * (_OFF + 0.12 * float(np.linalg.norm(place - CODE.mean(axis=0))))
        near = [
            centre / factor
            for centre, hollow in squares
            if hollow == (number == 0) and np.linalg.norm(centre / factor - expected) < reach
        ]
        nearest = np.argsort([np.linalg.norm(centre - expected) for centre in near])[:_TRIED]
        options.append([None, *(near[index] for index in nearest)])
    for chosen in itertools.product(*options):
        found = {number: point for number, point in enumerate(chosen) if point is not None}
        if len(found) < _ENOUGH:
            continue
        off = _misfit(found, code) / scale
        # A corner more is worth more than a better fit of the others.
        if off < _TELLTALE and (-len(found), off) < (-len(best[1]), best[0]):
            best = off, found
    return best[1]


def _misfit(found: dict[int, Points], code: Points) -> float:
    """How far all points are from where one homography puts them, in pixels."""
    places = np.array([*(FIDUCIALS[number] for number in found), *CODE])
    pixels = np.array([*found.values(), *code])
    matrix = _homography(places, pixels, np.array([1.0] * len(found) + [0.2] * len(CODE)))
    return float(np.linalg.norm(_mapped(matrix, places) - pixels, axis=1).max())


def _squares(grey: Grey, scale: float) -> Iterator[tuple[Points, bool]]:
    """Centres of what could be a corner square, and whether it is hollow."""
    side = sheet.FIDUCIAL * scale
    wide = grey.astype(np.float32)
    around = ndimage.uniform_filter(wide, round(6 * side))
    dark = wide < 0.62 * around  # print is far darker than what surrounds it
    labels, count = ndimage.label(dark)
    places = ndimage.find_objects(labels)
    low, high = side * _SIZES[0], side * _SIZES[1] * np.sqrt(2)
    for number in range(count):
        rows, columns = places[number]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if not (low <= height <= high and low <= width <= high):
            continue
        inside = labels[rows, columns] == number + 1
        y, x = np.nonzero(inside)
        # Weighted by how dark they are: exact to a fraction of a pixel.
        weight = np.clip(around[rows, columns][inside] - wide[rows, columns][inside], 0, None)
        total = weight.sum()
        centre = np.array([(x * weight).sum() / total, (y * weight).sum() / total])
        offsets = np.stack([x - centre[0], y - centre[1]])
        covariance = (offsets * weight) @ offsets.T / total
        long, short = sorted(np.linalg.eigvalsh(covariance), reverse=True)
        if short <= 0 or np.sqrt(long / short) > _SQUARE:
            continue
        fullness = len(x) / (12 * np.sqrt(long * short))
        for hollow, (least, most) in ((False, _SOLID), (True, _HOLLOW)):
            if least <= fullness <= most:
                yield centre + np.array([columns.start + 0.5, rows.start + 0.5]), hollow


def _affine(places: Points, pixels: Points) -> Floats:
    """The affine map of points to pixels, (2, 3), least squares."""
    system = np.column_stack([places, np.ones(len(places))])
    solution: Floats = np.linalg.lstsq(system, pixels, rcond=None)[0].T
    return solution


def _homography(places: Points, pixels: Points, weights: Floats | None = None) -> Floats:
    """The matrix (3, 3) that maps places to pixels."""
    first, second = _normalising(places), _normalising(pixels)
    a, b = _mapped(first, places), _mapped(second, pixels)
    weights = np.ones(len(places)) if weights is None else weights
    rows = []
    for (x, y), (u, v), weight in zip(a, b, weights, strict=True):
        rows.append(weight * np.array([-x, -y, -1, 0, 0, 0, u * x, u * y, u]))
        rows.append(weight * np.array([0, 0, 0, -x, -y, -1, v * x, v * y, v]))
    matrix = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    whole = np.linalg.inv(second) @ matrix @ first
    scaled: Floats = whole / whole[2, 2]
    return scaled


def _normalising(points: Points) -> Floats:
    centre = points.mean(axis=0)
    spread = np.sqrt(2) / np.linalg.norm(points - centre, axis=1).mean()
    return np.array(
        [[spread, 0, -spread * centre[0]], [0, spread, -spread * centre[1]], [0, 0, 1.0]]
    )


def _mapped(matrix: Floats, points: Points) -> Points:
    whole = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    mapped: Points = whole[:, :2] / whole[:, 2:]
    return mapped


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Reduced:
    """A scan at no more than it is read at: else thin strokes fall between two pixels."""

    image: Image.Image
    factor: int

    @classmethod
    def of(cls, grey: Grey, scale: float) -> _Reduced:
        image = Image.fromarray(grey)
        factor = int(max(1, scale // (1.3 * POINT)))
        return cls(image.reduce(factor) if factor > 1 else image, factor)

    def flat(self, matrix: Floats, resampling: Image.Resampling = Image.Resampling.BICUBIC) -> Grey:
        """The page in the pixels of the paper."""
        to_points = np.array([[1 / POINT, 0, 0], [0, -1 / POINT, sheet.HEIGHT], [0, 0, 1.0]])
        whole = np.diag([1 / self.factor, 1 / self.factor, 1.0]) @ matrix @ to_points
        whole /= whole[2, 2]
        flat = self.image.transform(
            SIZE,
            Image.Transform.PERSPECTIVE,
            tuple(whole.ravel()[:8]),
            resampling,
            fillcolor=255,
        )
        return np.asarray(flat)
