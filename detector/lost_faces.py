"""Where a face may be that was lost from one frame to the next.

A face that is clearly seen and then is not, in the middle of the picture and behind nobody, may
be anywhere near: blurred by a quick turn, or behind a hand. The place in which it may be grows
until a face begins in it, the scene is cut, or so much time has gone by that the careful looks
(one a second and one at the loss) would have found it again: then it is not to be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detector.faces import Box
from detector.tracks import Uncertain
from detector.trails import grown, middle, moved, width_of

if TYPE_CHECKING:
    from detector.motion import Shift
    from detector.trails import Edges

FASTER = 3.0
"""Widths of its head a second by which the place of a lost face grows on every side."""

MOST = 5.0
"""Seconds after which a lost face is not to be seen any more. It was looked for carefully in at
least five frames by then; and a face that turned away must not hide the picture for ever."""

_SIZES = (0.5, 2.0)
"""How much larger a face may be that could be the lost one."""


class LostFace:
    """The place in which a lost face may be, frame by frame."""

    def __init__(self, track: int, frame: int, place: Edges, size: float, time: float) -> None:
        """Lost in `frame`; `place` is where it may be there, `size` the width of its head."""
        self.track = track
        self._start = frame
        self._place = place
        self._size = size
        self._since = self._time = time
        self._boxes: list[Box] = []

    @property
    def over(self) -> bool:
        """Whether it was lost for so long that it is not to be seen any more."""
        return self._time - self._since >= MOST

    def may_be(self, edges: Edges) -> bool:
        """Whether a face that begins there could be the lost one."""
        x, y = middle(edges)
        left, top, right, bottom = self._place
        low, high = _SIZES
        return (
            left <= x <= right
            and top <= y <= bottom
            and low <= width_of(edges) / self._size <= high
        )

    def go_on(self, shift: Shift, time: float, size: tuple[int, int]) -> None:
        """One frame more, of that width and height."""
        place = moved(self._place, shift.right, shift.down)
        self._place = grown(place, self._size * FASTER * (time - self._time))
        self._time = time
        self._boxes.append(Box.around(*self._place).clipped(*size))

    def uncertain(self, numbers: dict[int, int]) -> Uncertain:
        """What it comes to, with the number that its track has in the end."""
        return Uncertain(self._start, tuple(self._boxes), numbers[self.track])

    def __len__(self) -> int:
        return len(self._boxes)
