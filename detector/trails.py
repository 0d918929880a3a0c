"""One face while it is being followed: what is known of it so far, and what is expected."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.faces import Box
from detector.moments import Moments
from detector.motion import FoundPatch, Patch, SmallPicture, alike, follow
from detector.tracks import Ending, How, Track

if TYPE_CHECKING:
    from detector.faces import Face
    from detector.motion import Grey, Shift
    from detector.video_frames import VideoFrame

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the frame."""

HOLD = 0.5
"""Seconds before the first and after the last sighting for which a face is taken to be there."""

REACH = 2.0
"""Widths of its head a second by which a face may be elsewhere than expected: from standing to
walking (1.5 m/s, nine heads) it takes a person about a second."""

_AT_ONCE = 0.2
"""Widths of a head by which a box that is not seen is wider on each side from the start."""

_SETTLED = 5
"""Sightings from which a face is one that is known, and not perhaps a mistake."""

_EVIDENCE = 1.5
"""Sum of the scores from which weak sightings are a face: 0.3 in five frames."""

FOLLOWED = 0.7
"""How alike the pixels of a head must be to be the same head a frame later."""

_RENEWED = 0.8
_TRUST = 0.35
"""A patch is renewed while it still fits well; each time some trust is lost, until none is left:
so it does not creep from the head onto the wall."""

_FOLLOWED_MOST = 10.0
_FOLLOWED_PER_SEEN = 4.0
"""Seconds for which a head is followed that the finder does not see: so many times as long as it
saw it, and not for ever."""

_NOW_AND_THEN = 5
"""Frames between two looks for a face that was not seen for `HOLD` seconds."""

_STEADY = 0.5
"""Share of the newest motion in what is expected next."""

_SLOWER = 0.9
"""Per frame without a sighting: nobody goes on for ever."""

_SAME_WAY = 0.5
"""Overlap from which pixels that were found lie on the way from one sighting to the next."""

_USUAL_OF = 12
"""Sightings whose size is its usual one: half a second."""

_CELLS = 16


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """What a head looks like, roughly: to say that it is another one, never whose it is."""

    grey: Grey
    colour: tuple[float, float]

    @classmethod
    def of(cls, frame: VideoFrame, small: SmallPicture, box: Box) -> Appearance:
        """Of the head in that box."""
        inside = box.clipped(frame.width, frame.height)
        factor = small.factor
        left, top = inside.left // factor, inside.top // factor
        right, bottom = max(left + 1, inside.right // factor), max(top + 1, inside.bottom // factor)
        part = Image.fromarray(np.ascontiguousarray(small.grey[top:bottom, left:right]))
        grey = np.asarray(part.resize((_CELLS, _CELLS), Image.Resampling.BILINEAR))
        rows = slice(inside.top // 2, max(inside.top // 2 + 1, inside.bottom // 2))
        columns = slice(inside.left // 2, max(inside.left // 2 + 1, inside.right // 2))
        return cls(
            grey, (float(frame.cb[rows, columns].mean()), float(frame.cr[rows, columns].mean()))
        )

    def likeness(self, other: Appearance) -> float:
        """From 1 for the same to -1; brightness and contrast do not count."""
        return alike(self.grey, other.grey)

    def colour_distance(self, other: Appearance) -> float:
        """In steps of 255."""
        return math.dist(self.colour, other.colour)


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    edges: Edges
    how: How
    score: float = 0.0


class Trail:
    """A face from its first sighting on."""

    def __init__(self, frame: VideoFrame, small: SmallPicture, face: Face, began: Ending) -> None:
        """Begins where it is seen."""
        self.first = frame.index
        self.began = began
        self.ended: Ending | None = None
        self.moments = Moments()
        self.evidence = 0.0
        self.sightings = 0
        self.seen_seconds = 0.0
        self.confirmed = False
        self.looked_at: int | None = None
        self.follows: int | None = None
        self.last_seen = frame.index
        self.last_time = float(frame.time)
        self._widths: deque[float] = deque(maxlen=_USUAL_OF)
        self._before: list[_Row] = []
        self._boxes: list[Edges] = []
        self._how = bytearray()
        self._scores: list[float] = []
        self._waiting: list[FoundPatch] = []
        self._waited: list[float] = []
        self._velocity = (0.0, 0.0)
        self._carried = (0.0, 0.0)
        self._trust = 1.0
        self._now: Edges = _edges(face.box)
        self._time = self._known_time = float(frame.time)
        self._patch = Patch(small, self._now)
        self.appearance = self.clear_appearance = Appearance.of(frame, small, face.box)
        self._clearest, self._clear_time = 0.0, self._time
        self._note(frame, small, face)

    # --- what is known --------------------------------------------------------------------

    @property
    def seen_now(self) -> bool:
        """Whether it was seen in the frame before."""
        return not self._waiting

    @property
    def followed_now(self) -> bool:
        """Whether its pixels were found in the frame before."""
        return bool(self._waiting) and self._waiting[-1].certainty >= FOLLOWED

    @property
    def settled(self) -> bool:
        """Whether it was seen so often that it is somebody."""
        return self.confirmed and self.sightings >= _SETTLED

    @property
    def edges(self) -> Edges:
        """Where it was last, or was taken to be."""
        return self._now

    @property
    def last_edges(self) -> Edges:
        """Where it was seen last."""
        return self._boxes[-1]

    @property
    def size(self) -> float:
        """The width of its head."""
        return width_of(self.last_edges)

    @property
    def usual_size(self) -> float:
        """The width of its head in its last sightings, their median.

        A face that slips behind another one seems to shrink, and then to be the other one.
        """
        return float(np.median(self._widths))

    @property
    def scores(self) -> list[float]:
        """The finder's, of every sighting and gap so far."""
        return self._scores

    @property
    def velocity(self) -> tuple[float, float]:
        """Its own motion in pixels a second, beside the camera's."""
        return self._velocity

    def worth_a_look(self, frame: int, time: float) -> bool:
        """Whether it is to be looked for: one that is long gone now and then only."""
        return time - self.last_time <= HOLD or frame % _NOW_AND_THEN == 0

    def known_seconds(self, time: float) -> float:
        """Seconds since it was seen or its pixels were found."""
        return time - self._known_time

    def expected(self, shift: Shift, time: float) -> Edges:
        """Where it is expected now."""
        for_ = max(0.0, time - self._time)
        slower = _SLOWER ** len(self._waiting)
        return moved(
            self._now,
            shift.right + self._velocity[0] * for_ * slower,
            shift.down + self._velocity[1] * for_ * slower,
        )

    def reach(self, time: float) -> float:
        """How far from there it may be, in pixels."""
        return self.size * (0.35 + REACH * max(0.0, time - self._known_time))

    def seen_at(self, frame: int) -> Edges | None:
        """Its box in a frame in which the finder saw it."""
        row = frame - self.first
        if 0 <= row < len(self._boxes) and self._how[row] == How.SEEN:
            return self._boxes[row]
        return None

    def followed_enough(self, time: float) -> bool:
        """Whether it was followed for so long without being seen that it is no face any more."""
        most = min(_FOLLOWED_MOST, HOLD + _FOLLOWED_PER_SEEN * self.seen_seconds)
        return time - self.last_time > most

    # --- what happens ---------------------------------------------------------------------

    def see(self, frame: VideoFrame, small: SmallPicture, face: Face, shift: Shift) -> None:
        """It is seen again: what lies between is filled."""
        edges = _edges(face.box)
        self._fill(edges, float(frame.time))
        seconds = float(frame.time) - self.last_time
        if seconds > 0:
            carried = self._carried[0] + shift.right, self._carried[1] + shift.down
            for_x, for_y = (
                (after - before - by) / seconds
                for after, before, by in zip(
                    middle(edges), middle(self.last_edges), carried, strict=True
                )
            )
            self._velocity = (
                _STEADY * for_x + (1 - _STEADY) * self._velocity[0],
                _STEADY * for_y + (1 - _STEADY) * self._velocity[1],
            )
            self.seen_seconds += min(seconds, HOLD)
        self._note(frame, small, face)

    def miss(self, small: SmallPicture, shift: Shift, time: float) -> None:
        """It is not seen: its pixels are looked for."""
        near = self.expected(shift, time)
        toward = tuple(
            after - before
            for after, before in zip(middle(near), middle(self._patch.box), strict=True)
        )
        found = follow(self._patch, small, (toward[0], toward[1]), self.reach(time))
        if found.certainty >= FOLLOWED and self._trust >= _TRUST:
            self._now, self._known_time = found.box, time
            if found.certainty >= _RENEWED:
                self._trust *= found.certainty**0.5
                self._patch = Patch(small, found.box)
        else:
            found = FoundPatch(near, 0.0)
            self._now = near
        self._carried = self._carried[0] + shift.right, self._carried[1] + shift.down
        self._waiting.append(found)
        self._waited.append(time)
        self._time = time

    @property
    def place(self) -> Edges:
        """Where it may be in the frame before this one."""
        held = self._held()
        return held[-1].edges if held else self.last_edges

    def look_back(self, rows: list[tuple[Edges, How]]) -> None:
        """Where it was before its first sighting, the last frame first."""
        self._before = [_Row(edges, how) for edges, how in reversed(rows)]

    def misses(self, frame: int) -> bool:
        """Whether nothing is said yet of where it is in that frame."""
        return self.last_seen + len(self._waiting) < frame

    def ended_as(self, why: Ending) -> None:
        """It is over."""
        self.ended = self.ended or why

    def track(self, number: int) -> Track:
        """What it comes to."""
        rows = [*self._before]
        rows += [
            _Row(edges, How(how), score)
            for edges, how, score in zip(self._boxes, self._how, self._scores, strict=True)
        ]
        rows += self._held()
        return Track(
            number,
            self.first - len(self._before),
            np.array([row.edges for row in rows], np.float32).reshape(-1, 4),
            np.array([row.how for row in rows], np.uint8),
            np.array([row.score for row in rows], np.float32),
            self.began,
            self.ended or Ending.VIDEO,
        )

    # --- inside ---------------------------------------------------------------------------

    def _note(self, frame: VideoFrame, small: SmallPicture, face: Face) -> None:
        edges = _edges(face.box)
        self._add(edges, How.SEEN, face.score)
        self._waiting, self._waited = [], []
        self._carried, self._trust = (0.0, 0.0), 1.0
        self._now = edges
        self._time = self.last_time = self._known_time = float(frame.time)
        self.last_seen = frame.index
        self._patch = Patch(small, edges)
        self.appearance = Appearance.of(frame, small, face.box)
        self._widths.append(width_of(edges))
        if face.score >= self._clearest or self._time - self._clear_time > HOLD:
            self.clear_appearance = self.appearance
            self._clearest, self._clear_time = face.score, self._time
        self.evidence += face.score
        self.sightings += 1
        self.moments.offer(frame, face)

    def weigh(self, *, sure: bool) -> None:
        """Says whether what was seen is enough to be a face."""
        self.confirmed = self.confirmed or sure or self.evidence >= _EVIDENCE

    def _add(self, edges: Edges, how: How, score: float = 0.0) -> None:
        self._boxes.append(edges)
        self._how.append(how)
        self._scores.append(score)

    def _fill(self, after: Edges, time: float) -> None:
        """The frames since the last sighting, now that it is known where it went."""
        before, count, began = self.last_edges, len(self._waiting), self.last_time
        for row, (found, at) in enumerate(zip(self._waiting, self._waited, strict=True)):
            share = (row + 1) / (count + 1)
            between = tuple(
                (1 - share) * old + share * new for old, new in zip(before, after, strict=True)
            )
            far = self.size * (_AT_ONCE + REACH * min(at - began, time - at) / 2)
            filled = grown((between[0], between[1], between[2], between[3]), far)
            if found.certainty < FOLLOWED:
                self._add(filled, How.FILLED)
            elif overlap(found.box, (between[0], between[1], between[2], between[3])) >= _SAME_WAY:
                self._add(found.box, How.FOLLOWED)
            else:  # the pixels that were found may be somebody else's
                self._add(union(found.box, filled), How.FILLED)

    def _held(self) -> list[_Row]:
        """The frames since the last sighting, of which nothing more will be known."""
        rows, known, known_time = [], self.last_edges, self.last_time
        for found, at in zip(self._waiting, self._waited, strict=True):
            if found.certainty >= FOLLOWED:
                known, known_time = found.box, at
                rows.append(_Row(found.box, How.FOLLOWED))
            else:
                far = self.size * (_AT_ONCE + REACH * (at - known_time))
                rows.append(_Row(grown(union(known, found.box), far), How.HELD))
        return rows


def looked_back(
    edges: Edges, pictures: list[tuple[SmallPicture, Shift, float]], stop: int
) -> list[tuple[Edges, How]]:
    """Where a face was in the frames before it was first seen, the last of them first.

    Its pixels are followed backwards; where they are lost it is held for `HOLD` seconds more.

    Args:
        edges: where it was first seen.
        pictures: the small picture, the camera's motion into it and the time, of the frames
            of its scene up to the one in which it was first seen.
        stop: how many frames back nothing must be followed any more: somebody else was seen
            at that place.
    """
    rows: list[tuple[Edges, How]] = []
    patch, now, trust = Patch(pictures[-1][0], edges), edges, 1.0
    known, known_time = edges, pictures[-1][2]
    size, following = width_of(edges), True
    for back in range(1, len(pictures)):
        small, _, time = pictures[-1 - back]
        shift = pictures[-back][1]
        near = moved(now, -shift.right, -shift.down)
        known = moved(known, -shift.right, -shift.down)
        following = following and back < stop and trust >= _TRUST
        if following:
            toward = [a - b for a, b in zip(middle(near), middle(patch.box), strict=True)]
            reach = size * (0.35 + REACH * (known_time - time))
            found = follow(patch, small, (toward[0], toward[1]), reach)
            following = found.certainty >= FOLLOWED
            if following:
                now = known = found.box
                known_time = time
                rows.append((found.box, How.FOLLOWED))
                if found.certainty >= _RENEWED:
                    trust *= found.certainty**0.5
                    patch = Patch(small, found.box)
                continue
        if known_time - time > HOLD:
            break
        now = near
        rows.append((grown(known, size * (_AT_ONCE + REACH * (known_time - time))), How.HELD))
    return rows


# --- rectangles ----------------------------------------------------------------------------


def _edges(box: Box) -> Edges:
    return float(box.left), float(box.top), float(box.right), float(box.bottom)


def width_of(edges: Edges) -> float:
    """The width of a head; of one in profile, or cut by the edge, it would have from the front."""
    return max(1.0, edges[2] - edges[0], 0.75 * (edges[3] - edges[1]))


def middle(edges: Edges) -> tuple[float, float]:
    """The middle of a rectangle."""
    return (edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2


def moved(edges: Edges, right: float, down: float) -> Edges:
    """The rectangle elsewhere."""
    return edges[0] + right, edges[1] + down, edges[2] + right, edges[3] + down


def grown(edges: Edges, by: float) -> Edges:
    """The rectangle with so much more on every side."""
    return edges[0] - by, edges[1] - by, edges[2] + by, edges[3] + by


def union(one: Edges, other: Edges) -> Edges:
    """The smallest rectangle that holds both."""
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def overlap(one: Edges, other: Edges) -> float:
    """Intersection over union, 0 to 1."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, across) * max(0.0, down)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0
