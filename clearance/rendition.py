"""The largest version of a picture that will be published: by its pixels a face is recognised."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clearance.results import PhotoResult

SMALLEST_EDGE = 200
"""Below this nobody publishes a picture: 16 or 160 is a typing error for 1600."""


def fits(max_edge: int) -> bool:
    """Whether a longest edge makes sense: 0 for any, else one that somebody publishes."""
    return max_edge == 0 or max_edge >= SMALLEST_EDGE


def max_edges(results: Iterable[PhotoResult]) -> tuple[int, ...]:
    """The longest edges that the verdicts are about, where that is not the file's own."""
    return tuple(sorted({found.rendition.max_edge for found in results if found.rendition}))


@dataclasses.dataclass(frozen=True, slots=True)
class Rendition:
    """A picture made smaller, never larger, so that its longer edge fits.

    `scale` is its size as a share of the file's, above 0 and below 1.
    """

    max_edge: int
    width: int
    height: int
    scale: float

    @classmethod
    def of(cls, width: int, height: int, max_edge: int) -> Rendition | None:
        """The version of a picture of `width` x `height` pixels; None for the picture itself.

        Args:
            width: of the upright picture.
            height: of the upright picture.
            max_edge: the longer edge of the largest published version; 0 for any.
        """
        longer = max(width, height)
        if not max_edge or longer <= max_edge:
            return None
        scale = max_edge / longer
        return cls(max_edge, max(1, round(width * scale)), max(1, round(height * scale)), scale)

    @classmethod
    def of_video(cls, width: int, height: int, max_edge: int) -> Rendition | None:
        """The version of a video of `width` x `height` pixels, of even sides; None for itself.

        Codecs keep colour for squares of two pixels. Sides are rounded down, so that nobody is
        larger in the copy than they were judged; where not even two pixels are left of a side,
        `scale` is that of this side.

        Args:
            width: of the upright frame, even.
            height: of the upright frame, even.
            max_edge: the longer edge of the largest published version; 0 for any.
        """
        whole = cls.of(width, height, max_edge)
        if whole is None:
            return None
        longer = max(width, height)
        across, down = (max(2, side * max_edge // longer // 2 * 2) for side in (width, height))
        return cls(max_edge, across, down, max(whole.scale, across / width, down / height))
