"""Cut a picture instead of hiding people: the largest part that shows none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from detector.faces import Box

_LEAST_SIDE = 0.25
"""Share of the picture's width, and of its height, below which a part is only a strip."""


def suggest_crop(
    width: int, height: int, keep: Sequence[Box], avoid: Sequence[Box], least_share: float
) -> Box | None:
    """The largest part of a picture that avoids some boxes and keeps others whole.

    A largest part touches a box to avoid, or the border, on every side. So only the
    sides of those are tried: each pair of an upper and a lower one, and between them
    each span of columns in which nothing is to be avoided.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        keep: boxes that must be inside, as far as they are in the picture.
        avoid: boxes of which no pixel may be inside.
        least_share: of the picture's area, that the part must keep.

    Returns:
        The part; of several as large the one that begins farthest left, then on top. None
        if there is nothing to avoid, or no part is large enough: nor narrower than a
        quarter of the picture's width, nor lower than a quarter of its height.
    """
    kept = _inside(keep, width, height)
    avoided = _inside(avoid, width, height)
    if not avoided:
        return None
    core = _around(kept)
    columns = np.unique([0, width, *(x for box in avoided for x in (box.left, box.right))])
    rows = np.unique([0, height, *(y for box in avoided for y in (box.top, box.bottom))])
    taken = np.zeros((len(rows) - 1, len(columns) - 1), dtype=np.bool_)
    for box in avoided:
        top, bottom = np.searchsorted(rows, (box.top, box.bottom))
        left, right = np.searchsorted(columns, (box.left, box.right))
        taken[top:bottom, left:right] = True

    best: tuple[int, Box] | None = None
    for first in np.searchsorted(rows, sorted({0, *(box.bottom for box in avoided)})):
        top = int(rows[first])
        if top == height or (core and top > core.top):
            break
        # One row for each lower side, one column for each right side.
        bottoms, rights = rows[first + 1 :, None], columns[None, 1:]
        blocked = np.logical_or.accumulate(taken[first:], axis=0)
        lefts = np.maximum.accumulate(np.where(blocked, rights, 0), axis=1)
        across, down = rights - lefts, bottoms - top
        fits = (across >= max(1.0, _LEAST_SIDE * width)) & (down >= _LEAST_SIDE * height)
        if core:
            fits &= (lefts <= core.left) & (rights >= core.right) & (bottoms >= core.bottom)
        areas = np.where(fits, across * down, 0)
        largest = int(areas.max(initial=0))
        if not largest or (best and largest < -best[0]):
            continue
        part = min(
            Box(int(lefts[row, column]), top, int(columns[column + 1]), int(bottoms[row, 0]))
            for row, column in zip(*np.nonzero(areas == largest), strict=True)
        )
        found = (-largest, part)
        best = found if best is None else min(best, found)
    if best is None or -best[0] < least_share * width * height:
        return None
    return best[1]


def _inside(boxes: Iterable[Box], width: int, height: int) -> list[Box]:
    """The parts of boxes that lie in the picture, without those that do not."""
    clipped = (box.clipped(width, height) for box in boxes)
    return [box for box in clipped if box.area]


def _around(boxes: Sequence[Box]) -> Box | None:
    """The smallest box that holds all of them; None for none."""
    if not boxes:
        return None
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
