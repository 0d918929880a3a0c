"""What is drawn where a head was: nothing in it comes from what it hides.

Blur, mosaic and warping keep a function of the hidden pixels, and such functions
have been inverted: faces behind a mosaic are recognised by a network trained on
mosaics (McPherson, Shokri, Shmatikov 2016, "Defeating image obfuscation with
deep learning"). Every fill here is computed from the shape of the masks and from
pixels *outside* all of them: whatever was under a mask, the same bytes come out.
The one exception, `blur`, is for people who may be seen.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from clearance.masks import Shape, middles, strips, window
from detector.faces import Box

if TYPE_CHECKING:
    from clearance.masks import Mask, Point, Region
    from detector.faces import Pixels

_Colours: TypeAlias = npt.NDArray[np.float32]
"""Colours, 0 to 255: float32, shape (height, width, 3), or (3,) for one."""
_Shares: TypeAlias = npt.NDArray[np.float32]
"""How much of a pixel is covered, or known, 0 to 1: float32, shape (height, width)."""
_Brush: TypeAlias = Callable[[Box], _Colours]
"""The colours of a box of the picture, or one for all of it."""

_RING = 1.25
"""The surround that gives the fill reaches so many times farther than the mask."""
_GREY = 128.0
# How far the colour and its second tone move from the surround towards black or
# white. Without it a head before a wall vanishes, and the picture shows a body
# without a head.
_CONTRAST = 0.22
_SECOND_CONTRAST = 0.42

_PERIODS = 5.0
"""Pairs of stripes across a head."""
_LEAST_PERIOD = 6.0
"""Pixels; narrower stripes would be a grey in the copy."""

# The disc of `EMOJI` and `INITIALS`, as a share of the largest that the mask holds, and
# the parts of the face as shares of its radius.
_DISC = 0.9
_RIM = 0.07
_EYE_BESIDE, _EYE_ABOVE, _EYE_WIDE, _EYE_HIGH = 0.34, 0.24, 0.105, 0.17
_MOUTH_ABOVE, _MOUTH_RADIUS, _MOUTH_THICK = 0.08, 0.56, 0.05
_MOUTH_OPEN = math.radians(62)
"""Half the angle under which the mouth is seen from its middle."""
_YELLOW = np.array((255, 205, 70), dtype=np.float32)
_RIM_YELLOW = np.array((226, 160, 30), dtype=np.float32)
_BROWN = np.array((92, 58, 10), dtype=np.float32)
_LETTERS_WIDE, _LETTERS_HIGH = 1.3, 0.75

_MOST_INITIALS = 4
# Letters that do not come apart into a plain one and an accent.
_PLAIN = str.maketrans(
    {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "ß": "SS", "ẞ": "SS"}
)

_CELLS = 24
"""Cells across the smallest head in which `SOFT` and `COSMETIC` see the surround."""
_MOST_CELLS = 1 << 19
"""Cells of one group: a crowd that fills the picture is seen more coarsely."""
_SMOOTHINGS = 6
"""Steps in which the cells of a level of the pyramid become the mean of their neighbours."""
_SOFTNESS = 1.6
"""Standard deviation of the blur of what is filled softly, in cells."""
_SOFT_CONTRAST = 0.12
_BLUR = 0.11
"""Standard deviation of the blur for taste, as a share of the mask's width."""
_ALMOST_NONE = 1e-6
# 4 x 4 ordered dither (Bayer 1973): thresholds of rounding, so that a slow gradient shows
# no bands.
_DITHER = (
    np.array(((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5)), dtype=np.float32) + 0.5
) / 16


class Style(enum.StrEnum):
    """How a hidden head looks."""

    SOLID = "solid"
    """One flat colour, a little darker or lighter than the surround."""
    SOFT = "soft"
    """Like a strong blur, but of the surround: it flows in from the edge of the mask."""
    EMOJI = "emoji"
    """A smiling disc, turned with the head."""
    INITIALS = "initials"
    """Letters in a disc."""
    STRIPES = "stripes"
    """The flat colour with diagonal stripes."""
    COSMETIC = "cosmetic"
    """A true blur of the head itself, for taste only: who is under it can be told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How hidden heads look, and which shape their masks have.

    `initials` are one to four letters for `Style.INITIALS`: those of the *institution*.
    A person's own would say who is hidden. They are written without accents; of letters
    that are not Latin only the disc is drawn.
    """

    style: Style = Style.SOLID
    shape: Shape = Shape.HEAD
    initials: str = ""

    def __post_init__(self) -> None:
        """Refuse a disc without letters.

        Raises:
            ValueError: the style is `INITIALS` and there is no letter, or more than four.
        """
        if self.style is Style.INITIALS and not 0 < len(self.initials) <= _MOST_INITIALS:
            raise ValueError("the initials are one to four letters")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One region to be filled, with its mask: bool, shape (box.height, box.width).

    A face or letters are drawn on a head only, not on what a person masked by hand.
    """

    region: Region
    inside: Mask
    is_head: bool

    @classmethod
    def of(cls, region: Region, *, is_head: bool) -> Patch:
        """The region with its mask, which is computed once."""
        return cls(region, region.mask(), is_head)

    @property
    def box(self) -> Box:
        """Of the region, in the picture."""
        return self.region.box


def fill(canvas: Pixels, mask: Mask, patches: Iterable[Patch], look: Look) -> None:
    """Fill the patches, in place, from the pixels outside the mask.

    Patches that touch are filled together. Where two overlap the larger is drawn last,
    whatever their order: who is nearer stands before the other.

    Args:
        canvas: RGB picture, uint8, shape (height, width, 3).
        mask: every pixel that is hidden: bool, shape (height, width).
        patches: their masks are in `mask`.
        look: how they are filled; `COSMETIC`, which hides nothing, counts as `SOLID`.
    """
    for group in _touching(patch for patch in patches if patch.box.area):
        brush_for = _brushes(canvas, mask, group, look)
        for patch in _back_to_front(group):
            _paint(canvas, patch.box, patch.inside, brush_for(patch))


def blur(canvas: Pixels, mask: Mask, patches: Iterable[Patch]) -> Mask:
    """Blur heads that may be seen, in place, for taste.

    What is seen under such a blur can be told from it. Pixels of the mask are neither
    changed nor mixed in.

    Args:
        canvas: RGB picture with its hidden heads filled, uint8, shape (height, width, 3).
        mask: every pixel that is hidden: bool, shape (height, width).
        patches: the heads to blur.

    Returns:
        The pixels that were blurred: bool, shape (height, width).
    """
    blurred: Mask = np.zeros_like(mask)
    for patch in _back_to_front(patches):
        seen = patch.inside & ~mask[window(patch.box)]
        if seen.any():
            _paint(canvas, patch.box, seen, _blurred(canvas, mask, patch.region))
            blurred[window(patch.box)] |= seen
    return blurred


def _brushes(
    pixels: Pixels, mask: Mask, group: Sequence[Patch], look: Look
) -> Callable[[Patch], _Brush]:
    """What each patch of a group is painted with."""
    if look.style is Style.SOFT:
        flowing = _soft(pixels, mask, group)
        return lambda _: flowing
    base, second = _tones(pixels, mask, group)

    def brush_for(patch: Patch) -> _Brush:
        if look.style is Style.STRIPES:
            return _stripes(patch.region, base, second)
        if look.style is Style.EMOJI and patch.is_head:
            return _smile(patch.region, base)
        if look.style is Style.INITIALS and patch.is_head:
            return _letters(patch.region, base, second, look.initials)
        return lambda _: base

    return brush_for


def _back_to_front(patches: Iterable[Patch]) -> list[Patch]:
    """By their size; the rest of the key leaves nothing to the order they come in."""

    def key(patch: Patch) -> tuple[float, Box, Point, Point]:
        region = patch.region
        return region.size, region.box, region.centre, region.up

    return sorted(patches, key=key)


def _paint(canvas: Pixels, box: Box, inside: Mask, brush: _Brush) -> None:
    for strip in strips(box):
        where = inside[strip.top - box.top : strip.bottom - box.top]
        colours = _rounded(brush(strip))
        canvas[window(strip)][where] = colours if colours.ndim == 1 else colours[where]


def _rounded(colours: _Colours) -> npt.NDArray[np.uint8]:
    rounded: npt.NDArray[np.uint8] = np.rint(np.clip(colours, 0, 255)).astype(np.uint8)
    return rounded


def _touching(patches: Iterable[Patch]) -> list[list[Patch]]:
    """The patches in groups whose boxes overlap or adjoin, directly or through others."""
    groups: list[list[Patch]] = []
    for patch in patches:
        apart: list[list[Patch]] = []
        merged = [patch]
        for group in groups:
            if any(_adjoin(patch.box, other.box) for other in group):
                merged += group
            else:
                apart.append(group)
        groups = [*apart, merged]
    return groups


def _adjoin(one: Box, other: Box) -> bool:
    return bool(Box(one.left - 1, one.top - 1, one.right + 1, one.bottom + 1).intersection(other))


# --- colours of the surround ----------------------------------------------------------------


def _tones(pixels: Pixels, mask: Mask, group: Sequence[Patch]) -> tuple[_Colours, _Colours]:
    """The colour for a group and its second tone, from the surround: float32, shape (3,)."""
    surround = np.concatenate([_surround(pixels, mask, patch.region) for patch in group])
    if not len(surround):
        grey = np.full(3, _GREY, dtype=np.float32)
        return grey, _towards(grey, 0.0, _SECOND_CONTRAST - _CONTRAST)
    colour = np.median(surround, axis=0).astype(np.float32)
    opposite = _opposite(colour)
    return _towards(colour, opposite, _CONTRAST), _towards(colour, opposite, _SECOND_CONTRAST)


def _surround(pixels: Pixels, mask: Mask, region: Region) -> npt.NDArray[np.uint8]:
    """The unmasked pixels around a region: uint8, shape (n, 3)."""
    height, width = mask.shape
    ring = region.around(_RING, width, height)
    return pixels[window(ring.box)][ring.mask() & ~mask[window(ring.box)]]


def _opposite(colour: _Colours) -> float:
    return 0.0 if colour.mean() >= _GREY else 255.0


def _towards(colours: _Colours, other: float | _Colours, share: float | _Shares) -> _Colours:
    nearer: _Colours = (colours + (other - colours) * share).astype(np.float32)
    return nearer


# --- what is drawn --------------------------------------------------------------------------


def _stripes(region: Region, base: _Colours, second: _Colours) -> _Brush:
    period = max(_LEAST_PERIOD, region.size / _PERIODS)

    def brush(box: Box) -> _Colours:
        x, y = middles(box)
        along = (x + y) * math.sqrt(0.5)
        # The distance in pixels from the middle of a stripe, negative inside.
        distance = np.abs(along % period - period / 2) - period / 4
        return _over(base, second, _cover(distance))

    return brush


def _smile(region: Region, base: _Colours) -> _Brush:
    radius = _radius(region)

    def brush(box: Box) -> _Colours:
        across, above = _turned(region, box)
        colours = _disc(base, _YELLOW, across, above, radius)
        rim = np.abs(np.hypot(across, above) - radius * (1 - _RIM / 2)) - radius * _RIM / 2
        colours = _over(colours, _RIM_YELLOW, _cover(rim))
        beside, high = np.abs(across) - _EYE_BESIDE * radius, above - _EYE_ABOVE * radius
        eye = np.hypot(beside / _EYE_WIDE, high / _EYE_HIGH) - radius
        colours = _over(colours, _BROWN, _cover(eye * _EYE_WIDE))
        return _over(colours, _BROWN, _cover(_mouth(across, above, radius)))

    return brush


def _mouth(
    across: npt.NDArray[np.float64], above: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.float64]:
    """Pixels to the edge of an arc with round ends; negative inside."""
    below = -(above - _MOUTH_ABOVE * radius)
    reach = _MOUTH_RADIUS * radius
    end = (math.sin(_MOUTH_OPEN) * reach, math.cos(_MOUTH_OPEN) * reach)
    within = np.abs(across) * end[1] <= below * end[0]
    to_arc = np.abs(np.hypot(across, below) - reach)
    to_end = np.hypot(np.abs(across) - end[0], below - end[1])
    thick: npt.NDArray[np.float64] = np.where(within, to_arc, to_end) - _MOUTH_THICK * radius
    return thick


def _letters(region: Region, base: _Colours, second: _Colours, initials: str) -> _Brush:
    """A disc with upright letters: they are read, whichever way the head is turned."""
    radius = _radius(region)
    ink = np.full(3, _opposite(second), dtype=np.float32)
    letters = _written(plain_letters(initials), radius)
    # Whole pixels, so that the letters stay as sharp as they were drawn.
    left = round(region.centre[0] - letters.shape[1] / 2)
    top = round(region.centre[1] - letters.shape[0] / 2)

    def brush(box: Box) -> _Colours:
        x, y = middles(box)
        colours = _disc(base, second, x - region.centre[0], y - region.centre[1], radius)
        rows = np.arange(box.top, box.bottom)[:, None] - top
        columns = np.arange(box.left, box.right)[None, :] - left
        there = (rows >= 0) & (rows < letters.shape[0]) & (columns >= 0)
        there = there & (columns < letters.shape[1])
        covered = np.zeros(there.shape, dtype=np.float32)
        rows, columns = np.broadcast_arrays(rows, columns)
        covered[there] = letters[rows[there], columns[there]]
        return _over(colours, ink, covered)

    return brush


def plain_letters(text: str) -> str:
    """Capital letters without accents, as far as they are Latin: "É ß" becomes "ESS".

    The font that comes with Pillow has no others.
    """
    apart = unicodedata.normalize("NFKD", text.upper().translate(_PLAIN))
    return "".join(letter for letter in apart if letter.isascii() and letter.isalpha())


def _written(letters: str, radius: float) -> _Shares:
    """Letters that fit into a disc: float32, shape (height, width); (0, 0) for none."""
    if not letters:
        return np.zeros((0, 0), dtype=np.float32)
    probe = 100
    left, top, right, bottom = ImageFont.load_default(probe).getbbox(letters)
    size = probe * radius * min(_LETTERS_WIDE / (right - left), _LETTERS_HIGH / (bottom - top))
    font = ImageFont.load_default(max(1.0, size))
    left, top, right, bottom = font.getbbox(letters)
    area = (max(1, math.ceil(right - left)), max(1, math.ceil(bottom - top)))
    image = Image.new("L", area)
    ImageDraw.Draw(image).text((-left, -top), letters, fill=255, font=font)
    covered: _Shares = np.asarray(image, dtype=np.float32) / np.float32(255)
    return covered


def _radius(region: Region) -> float:
    return _DISC * region.size / 2


def _turned(region: Region, box: Box) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels to the right of the head's middle and above it, as the head is held."""
    x, y = middles(box)
    x, y = x - region.centre[0], y - region.centre[1]
    up_x, up_y = region.up
    return x * -up_y + y * up_x, x * up_x + y * up_y


def _disc(
    base: _Colours,
    colour: _Colours,
    across: npt.NDArray[np.float64],
    above: npt.NDArray[np.float64],
    radius: float,
) -> _Colours:
    return _over(base, colour, _cover(np.hypot(across, above) - radius))


def _cover(distance: npt.NDArray[np.float64]) -> _Shares:
    """How much of a pixel is inside an edge so many pixels away; negative is inside."""
    share: _Shares = np.clip(0.5 - distance, 0.0, 1.0).astype(np.float32)
    return share


def _over(below: _Colours, colour: _Colours, share: _Shares) -> _Colours:
    return _towards(below, colour, share[..., None])


# --- what flows -----------------------------------------------------------------------------


def _soft(pixels: Pixels, mask: Mask, group: Sequence[Patch]) -> _Brush:
    """The surround, flowing in from all sides, blurred, and a little darker or lighter."""
    height, width = mask.shape
    around = _hull(patch.region.around(_RING, width, height).box for patch in group)
    smallest = min(patch.region.size for patch in group)
    side = math.ceil(max(1.0, smallest / _CELLS, math.sqrt(around.area / _MOST_CELLS)))
    cells = _Cells.of(pixels, mask, around, side)
    colours = _flowed(cells.colours, cells.known)
    depth = _gaussian(1 - cells.known, _SOFTNESS)[..., None]
    colours = _gaussian(colours, _SOFTNESS)
    colours = _towards(colours, _opposite(colours), _SOFT_CONTRAST * depth)

    def brush(box: Box) -> _Colours:
        rows, columns = np.arange(box.top, box.bottom) % 4, np.arange(box.left, box.right) % 4
        dither = _DITHER[rows[:, None], columns[None, :], None] - 0.5
        dithered: _Colours = (cells.enlarged(colours, box) + dither).astype(np.float32)
        return dithered

    return brush


def _blurred(pixels: Pixels, mask: Mask, region: Region) -> _Brush:
    """A Gaussian blur of the pixels outside the mask, by themselves (normalised)."""
    height, width = mask.shape
    deviation = _BLUR * region.size
    reach = math.ceil(3 * deviation)
    box = region.box
    around = Box(box.left - reach, box.top - reach, box.right + reach, box.bottom + reach)
    side = max(1, int(deviation / 4))
    cells = _Cells.of(pixels, mask, around.clipped(width, height), side)
    known = _gaussian(cells.known, deviation / side, "constant")
    colours = _gaussian(cells.colours * cells.known[..., None], deviation / side, "constant")
    colours /= np.maximum(known, _ALMOST_NONE)[..., None]
    return functools.partial(cells.enlarged, colours)


def _flowed(colours: _Colours, known: _Shares) -> _Colours:
    """The colours, and where they are not known a smooth surface between those that are.

    Pull and push (Gortler, Grzeszczuk, Szeliski, Cohen 1996, "The lumigraph"): what is
    known is averaged into ever larger cells until some is known of each, and on the way
    back every cell takes from the larger one what it does not know itself; at each size
    it is then drawn towards the mean of its neighbours, as a membrane would be.

    Args:
        colours: float32, shape (rows, columns, 3).
        known: how much of a cell is known, 0 to 1: float32, shape (rows, columns).
    """
    if known.size == 1:
        return colours if known.any() else np.full_like(colours, _GREY)
    weights = known[..., None]
    shares = _sums(weights, 2)
    larger = _sums(colours * weights, 2) / np.maximum(shares, _ALMOST_NONE)
    pushed = _flowed(larger, np.minimum(shares[..., 0], 1))
    twice = (2 * pushed.shape[1], 2 * pushed.shape[0])
    rows, columns = known.shape
    filled = _resized(pushed, twice, Image.Resampling.BILINEAR)[:rows, :columns]
    filled = _towards(filled, colours, weights)
    for _ in range(_SMOOTHINGS):
        filled = _towards(_mean_of_neighbours(filled), filled, weights)
    return filled


def _mean_of_neighbours(colours: _Colours) -> _Colours:
    padded = np.pad(colours, ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    mean: _Colours = total * np.float32(0.25)
    return mean


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """A box of the picture in square cells, `side` pixels wide: what is known of each.

    `colours` is the mean of the known pixels of a cell, float32, shape (rows, columns, 3);
    `known` their share of the cell, 0 to 1, float32, shape (rows, columns). The last row
    and column may reach beyond the box: nothing is known there.
    """

    box: Box
    side: int
    colours: _Colours
    known: _Shares

    @classmethod
    def of(cls, pixels: Pixels, mask: Mask, box: Box, side: int) -> _Cells:
        """The cells of a box; known are the pixels outside the mask."""
        seen = ~mask[window(box)]
        shown = pixels[window(box)] * seen[..., None]
        count = _sums(seen, side, np.uint32).astype(np.float32)
        colours = _sums(shown, side, np.uint32) / np.maximum(count, 1)[..., None]
        return cls(box, side, colours.astype(np.float32), count / np.float32(side * side))

    def enlarged(self, colours: _Colours, box: Box) -> _Colours:
        """Colours of the cells, smoothly brought to the pixels of a box inside."""
        left, top = box.left - self.box.left, box.top - self.box.top
        part = (
            left / self.side,
            top / self.side,
            (left + box.width) / self.side,
            (top + box.height) / self.side,
        )
        return _resized(colours, (box.width, box.height), Image.Resampling.BICUBIC, part)


def _sums(
    values: npt.NDArray[np.generic], side: int, kind: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    """The sums of square cells along the first two axes; the last ones may be smaller."""
    rows, columns = (np.arange(0, length, side) for length in values.shape[:2])
    down = np.add.reduceat(values, rows, axis=0, dtype=kind)
    sums: npt.NDArray[Any] = np.add.reduceat(down, columns, axis=1)
    return sums


def _gaussian(values: _Colours, deviation: float, mode: str = "nearest") -> _Colours:
    """Blurred along the first two axes; the deviation is in cells."""
    from scipy import ndimage

    blurred: _Colours = ndimage.gaussian_filter(values, deviation, mode=mode, axes=(0, 1))
    return blurred


def _resized(
    colours: _Colours,
    size: tuple[int, int],
    filter_: Image.Resampling,
    part: tuple[float, float, float, float] | None = None,
) -> _Colours:
    """A part (left, top, right, bottom) of some colours at another size (width, height)."""
    channels = [
        Image.fromarray(np.ascontiguousarray(colours[..., channel])).resize(size, filter_, part)
        for channel in range(colours.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def _hull(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds some boxes."""
    some = list(boxes)
    return Box(
        min(box.left for box in some),
        min(box.top for box in some),
        max(box.right for box in some),
        max(box.bottom for box in some),
    )
