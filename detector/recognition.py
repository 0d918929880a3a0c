"""Templates: what a face looks like, as a row of numbers.

Each face is cut out upright and at one size by its landmarks (a chip), then
given to the recogniser. Two templates of one person lie near each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from detector.faces import Face, Landmarks, Pixels, Templates
    from detector.geometry import ChipGeometry

    Matrix = npt.NDArray[np.float64]

_ZOOMS = (1.0, 0.92, 1.08)
"""Sizes of the chips of one template. In galleries of 50 people with one portrait of
half of Labeled Faces in the Wild, one chip found 0.62 of them where 0.1 % of strangers
were named, with its mirror image 0.67, three sizes with theirs 0.68."""

_LOOKS = (
    (1.0, False),
    (1.0, True),
    *((zoom, mirrored) for zoom in _ZOOMS[1:] for mirrored in (False, True)),
)
"""The chips of one template, as zoom and whether in a mirror; those that tell most first."""

_STAGES = (_LOOKS[:1], _LOOKS[1:2], _LOOKS[2:])
"""What `probes` looks at one after the other, of those that are still near somebody."""

_ROUNDING = 1e-3
"""A scale of 9.9999 is 10."""

_MARGIN = 2
"""Pixels around the chip's outline that interpolation may touch."""


class Recogniser(Protocol):
    """Turns chips into templates."""

    name: str
    """Name and version: templates of different names are never compared."""
    dimensions: int
    """Numbers per template."""
    geometry: ChipGeometry
    """How its chips are cut."""

    def embed(self, chips: Pixels) -> Templates:
        """RGB uint8 (n, side, side, 3) to float32 (n, dimensions); n may be 0.

        A row is finite, or NaN for a chip that cannot be measured.
        """


def templates(
    views: Sequence[Pixels],
    faces: Sequence[Face],
    recogniser: Recogniser,
    *,
    quick: bool = False,
) -> Templates:
    """One row per face, in order: float32 (n, dimensions).

    The mean over chips of three sizes and their mirror images: what differs between
    them is chance, and the mean has less of it. A `quick` template is of one chip.
    Each face is measured in its own view: another view may show somebody else there.
    A face without landmarks, or with impossible ones, gets NaN, which matches nobody.
    """
    looks = _LOOKS[:1] if quick else _LOOKS
    return _mean(_looked(views, faces, recogniser, looks))


def probes(
    views: Sequence[Pixels],
    faces: Sequence[Face],
    recogniser: Recogniser,
    near: Callable[[Templates, int], npt.NDArray[np.intp]],
) -> Templates:
    """As `templates`, of the faces that come near somebody; NaN for all others.

    After the first chip, and again after its mirror image, most faces are certainly
    nobody's: the further ones are made for the rest only.

    Args:
        views: as for `templates`.
        faces: as for `templates`.
        recogniser: as for `templates`.
        near: is given the mean templates (n, d) of so many chips each, and names the
            rows that are worth more.
    """
    rows = np.full((len(faces), recogniser.dimensions), np.nan, dtype=np.float32)
    kept = np.arange(len(faces))
    seen = _looked(views, faces, recogniser, _STAGES[0])
    for stage in _STAGES[1:]:
        still = near(_mean(seen), seen.shape[1])
        kept, seen = kept[still], seen[still]
        more = _looked(views, [faces[row] for row in kept.tolist()], recogniser, stage)
        seen = np.concatenate([seen, more], axis=1)
    rows[kept] = _mean(seen)
    return rows


def _looked(
    views: Sequence[Pixels],
    faces: Sequence[Face],
    recogniser: Recogniser,
    looks: Sequence[tuple[float, bool]],
) -> Templates:
    """The template of every chip of every face: float32 (n, looks, d).

    NaN for a face of which one of them cannot be cut.
    """
    rows = np.full((len(faces), len(looks), recogniser.dimensions), np.nan, dtype=np.float32)
    chips, found = [], []
    for index, face in enumerate(faces):
        if face.landmarks is None:
            continue
        cut = {
            zoom: cut_chip(views[face.view], face.landmarks, recogniser.geometry, zoom=zoom)
            for zoom in dict(looks)
        }
        whole = {zoom: chip for zoom, chip in cut.items() if chip is not None}
        if len(whole) == len(cut):
            chips += [whole[zoom][:, ::-1] if mirrored else whole[zoom] for zoom, mirrored in looks]
            found.append(index)
    if chips:
        measured = recogniser.embed(np.stack(chips))
        rows[found] = measured.reshape(len(found), len(looks), recogniser.dimensions)
    return rows


def _mean(looked: Templates) -> Templates:
    """One template per face of those of its chips (n, looks, d): float32 (n, d)."""
    mean: Templates = looked.mean(axis=1)
    return mean


def cut_chip(
    pixels: Pixels, landmarks: Landmarks, geometry: ChipGeometry, *, zoom: float = 1.0
) -> Pixels | None:
    """The face turned upright and laid out as `geometry` says: uint8 (side, side, 3).

    A chip of `zoom` 2 shows twice as much across, around the same middle. What lies
    beyond the picture is black. None if the landmarks allow no chip.
    """
    to_picture = _chip_to_picture(np.array(landmarks.points, dtype=np.float64), geometry)
    if to_picture is None:
        return None
    side = geometry.side
    middle = to_picture @ (side / 2, side / 2, 1)
    to_picture[:, :2] *= zoom
    to_picture[:, 2] = middle - to_picture[:, :2] @ (side / 2, side / 2)
    corners = np.array([(0, 0, 1), (side, 0, 1), (0, side, 1), (side, side, 1)]) @ to_picture.T
    # A chip pixel that covers several picture pixels must average them.
    reduction = max(1, math.floor(math.hypot(to_picture[0, 0], to_picture[1, 0]) + _ROUNDING))
    reach = _MARGIN * reduction
    left, top = (math.floor(value) - reach for value in corners.min(axis=0))
    right, bottom = (math.ceil(value) + reach for value in corners.max(axis=0))
    height, width = pixels.shape[:2]
    inside = Box(left, top, right, bottom).clipped(width, height)
    if not inside.area:
        return None
    part = Image.fromarray(pixels[inside.top : inside.bottom, inside.left : inside.right])
    if reduction > 1:
        part = part.reduce(reduction)
    shift = np.array([[0, 0, inside.left], [0, 0, inside.top]])
    (a, b, c), (d, e, f) = (to_picture - shift) / reduction
    chip = part.transform(
        (side, side), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR
    )
    return np.asarray(chip)


def _chip_to_picture(points: Matrix, geometry: ChipGeometry) -> Matrix | None:
    """The 2 x 3 similarity that carries the chip's points nearest to `points`.

    Least squares over turn, scale and shift (Umeyama 1991); a similarity is two
    complex numbers, which makes it one division.
    """
    if not np.isfinite(points).all():
        return None
    chip = np.array(geometry.points) @ (1, 1j)
    picture = points @ (1, 1j)
    chip_centre, picture_centre = chip.mean(), picture.mean()
    centred = chip - chip_centre
    factor = np.vdot(centred, picture - picture_centre) / np.vdot(centred, centred).real
    if abs(factor) * geometry.side < 1:
        return None  # the whole face within one pixel
    shift = picture_centre - factor * chip_centre
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )
