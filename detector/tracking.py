"""Follows every face through a video, frame by frame, in memory that does not grow with it.

What must not happen: that a face is nowhere followed while it is to be seen, and that a track goes
on with another person, who would then be published with the first one's consent. So tracks end
early and boxes are held long: two faces that meet so that nobody can say which is which both end
and begin anew, and every track is held beyond its first and last sighting. That costs a decision
more, or a place that is hidden in vain.

Each frame goes by `scene_cuts.AHEAD` frames late, when it is known whether a scene begins with it.
Faces are given to tracks by where they are expected, size and appearance, best in all
(`matching.best_assignment`); none of that says who somebody is.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from typing import TYPE_CHECKING, Protocol

import numpy as np

from detector.faces import Box
from detector.lost_faces import LostFace
from detector.matching import best_assignment
from detector.moments import Moments
from detector.motion import Camera, Shift, SmallPicture
from detector.scene_cuts import AHEAD, Change, SceneCuts, Thumbnail
from detector.tracks import Ending, Followed, Track
from detector.trails import (
    HOLD,
    Appearance,
    Trail,
    looked_back,
    middle,
    overlap,
    width_of,
)
from detector.video_faces import is_sure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from detector.faces import Face
    from detector.trails import Edges
    from detector.video_frames import VideoFrame

    Floats = npt.NDArray[np.float64]

CAREFUL_EVERY = 1.0
"""Seconds between two frames that are searched like a photo. What such a look finds first is
followed back for as long (`BACK`), and at 1920 x 1080 it takes ten times as long as another."""

_CAREFUL_AGAIN = 0.4
"""Seconds after a careful look before the loss of a face is worth another."""

BACK = 1.0
"""Seconds that a face is followed back from its first sighting."""

_MOST_BACK = 40
"""Frames of them at most: 40 small pictures take 37 MB."""

_SIZE_CHANGE = 1.6
"""How much larger or smaller a face is in its next sighting, at most."""

_OTHER_HEAD = 0.1
"""Likeness below which the head at a place is another one, from one frame to the next: of faces
in one place but of two scenes it is about 0.3, of one face in two frames 0.9."""

_OTHER_AFTER_GAP = 0.3
_OTHER_COLOUR = 14.0
"""After a gap more is asked: nobody saw how the one became the other."""

_COMPARABLE = 0.5
"""Gain (0 to 3.3) by which it must be better that two faces are these two and not the others."""

_MEETS = 0.15
"""Overlap with a face that is seen at which one that is not may be behind it."""

_EDGE = 0.01
"""Share of the picture's longer side within which a face is at its edge."""

_FAINT = 0.5
_FAINTER = 0.7
_SMALL = 16.0
"""A face fades if it was this faint, so much fainter than at its best, or so small, at last."""

_AT_LAST = 5
_DIES = 0.2
"""Seconds without a sighting after which what was not yet a face is none."""

MOMENT_PIXELS = 64_000_000
"""Pixels of all moments together, 190 MB; beyond that each track keeps fewer, but two."""
_FEWEST = 2


class Looks(Protocol):
    """What looks at frames: a `Detector`."""

    def look_at_frame(
        self, frame: VideoFrame, *, careful: bool = False, expected: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        """As `Detector.look_at_frame`."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    frame: VideoFrame
    small: SmallPicture
    thumbnail: Thumbnail


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Now:
    """The frame whose turn it is."""

    frame: VideoFrame
    small: SmallPicture
    shift: Shift
    time: float
    faces: tuple[Face, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """What was found of the trails in a frame."""

    seen: dict[int, int]
    """Trail to face, by their places in the lists."""
    met: frozenset[int]
    """Trails of which nobody can say which is which."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Over:
    """A track that has ended: without the pictures that its trail holds."""

    place: int
    track: Track
    moments: Moments


class Follower:
    """Follows faces: give it every frame in turn, then ask what there was."""

    def __init__(self, detector: Looks, *, careful_every: float = CAREFUL_EVERY) -> None:
        """Takes what looks at frames.

        Args:
            detector: a `Detector`.
            careful_every: seconds between two frames that are searched like a photo.
        """
        self._detector = detector
        self._careful_every = careful_every
        self._ahead: deque[_Ahead] = deque()
        self._cuts_seen = SceneCuts()
        self._camera = Camera()
        self._past: deque[tuple[SmallPicture, Shift, float]] = deque(maxlen=_MOST_BACK)
        self._live: list[Trail] = []
        self._closing: list[Trail] = []
        self._over: list[_Over] = []
        self._recent: deque[Trail] = deque()
        self._lost: list[LostFace] = []
        self._lost_over: list[LostFace] = []
        self._cuts: list[int] = []
        self._frames = 0
        self._trails = 0
        self._scene_began = Ending.VIDEO
        self._scene_start = 0
        self._careful_at = -math.inf

    def see(self, frame: VideoFrame) -> None:
        """The next frame. Frames come in turn, from index 0.

        Raises:
            ValueError: it is not the next one.
            ModelMissingError: a network's weights are absent or damaged.
        """
        if frame.index != self._frames:
            raise ValueError(f"frame {frame.index} came where frame {self._frames} was expected")
        self._frames += 1
        small = SmallPicture.of(frame.y)
        self._ahead.append(_Ahead(frame, small, Thumbnail.of(small)))
        if len(self._ahead) > AHEAD:
            self._next()

    def end(self) -> Followed:
        """There are no more frames: everything that was followed."""
        while self._ahead:
            self._next()
        for trail in [*self._live, *self._closing]:
            self._finish(trail, Ending.VIDEO)
        self._live, self._closing = [], []
        self._lost_over += self._lost
        self._lost = []
        over = sorted(
            self._over, key=lambda one: (one.track.start, float(one.track.boxes[0, 1]), one.place)
        )
        numbers = {one.place: number for number, one in enumerate(over)}
        return Followed(
            tuple(
                dataclasses.replace(one.track, number=number, moments=one.moments.all())
                for number, one in enumerate(over)
            ),
            tuple(one.uncertain(numbers) for one in self._lost_over if len(one)),
            tuple(self._cuts),
            self._frames,
        )

    # --- one frame ------------------------------------------------------------------------

    def _next(self) -> None:
        """The frame that has waited longest."""
        head = self._ahead.popleft()
        frame, time = head.frame, float(head.frame.time)
        change = self._cuts_seen.change(head.thumbnail, [one.thumbnail for one in self._ahead])
        if change is not Change.NONE:
            self._scene_ends(change, frame.index)
        shift = self._camera.moved(head.small)
        self._past.append((head.small, shift, time))
        now = self._looked(_Now(frame, head.small, shift, time), began=change is not Change.NONE)
        given = _given(self._live, now)
        if self._lost_one(given) and time - self._careful_at >= _CAREFUL_AGAIN:
            now = self._looked(now, began=True)
            given = _given(self._live, now)
        begun = self._carry_on(given, now)
        self._hold(now)
        self._search_lost(begun, now)
        self._forget(now)

    def _looked(self, now: _Now, *, began: bool) -> _Now:
        careful = began or now.time - self._careful_at >= self._careful_every
        if careful:
            self._careful_at = now.time
        expected = [
            Box.around(*trail.expected(now.shift, now.time))
            for trail in self._live
            if trail.confirmed
        ]
        faces = self._detector.look_at_frame(now.frame, careful=careful, expected=expected)
        return dataclasses.replace(now, faces=faces)

    def _lost_one(self, given: _Given) -> bool:
        """Whether a face that was seen a frame ago is not."""
        return any(
            trail.confirmed and trail.seen_now and place not in given.seen
            for place, trail in enumerate(self._live)
        )

    def _carry_on(self, given: _Given, now: _Now) -> list[Trail]:
        """Every trail one frame further; those that begin are returned."""
        still, taken = [], set()
        meeting = []
        for place, trail in enumerate(self._live):
            face = given.seen.get(place)
            if place in given.met:
                meeting.append(trail)
                self._close(trail, Ending.MEETING)
            elif face is not None:
                trail.see(now.frame, now.small, now.faces[face], now.shift)
                taken.add(face)
                still.append(trail)
            else:
                trail.miss(now.small, now.shift, now.time)
                still += self._kept([trail], now)
        self._live = still
        begun = [
            self._begin(face, now, meeting)
            for index, face in enumerate(now.faces)
            if index not in taken
        ]
        self._live += begun
        for trail in self._live:
            if trail.seen_now and not trail.confirmed:
                sure = is_sure(now.faces[_face_of(trail, now)])
                # Who comes out of a meeting was somebody before.
                trail.weigh(sure=sure or trail.began is Ending.MEETING)
                if trail.confirmed:
                    self._look_back(trail, now)
        return [
            trail for trail in self._live if trail.confirmed and trail.looked_at == now.frame.index
        ]

    def _begin(self, face: Face, now: _Now, meeting: Sequence[Trail]) -> Trail:
        edges = _of(face.box)
        if any(overlap(edges, trail.edges) > 0 for trail in meeting):
            why = Ending.MEETING
        elif now.frame.index == self._scene_start:
            why = self._scene_began
        elif _at_edge(edges, now.frame):
            why = Ending.EDGE
        elif face.score < _FAINT or width_of(edges) < _SMALL:
            why = Ending.FADED
        else:
            why = Ending.LOST
        return Trail(now.frame, now.small, face, why)

    def _look_back(self, trail: Trail, now: _Now) -> None:
        """Where a face was before it was seen: in its scene, and a second at most."""
        trail.looked_at = now.frame.index
        after = now.frame.index - trail.first
        pictures = list(self._past)[: len(self._past) - after]
        if not pictures:
            return
        first = pictures[-1][2]
        pictures = [one for one in pictures if first - one[2] <= BACK + HOLD]
        recent = [one for one in [*self._live, *self._recent, *self._closing] if one is not trail]
        stop = len(pictures)
        edges = trail.seen_at(trail.first)
        assert edges is not None  # noqa: S101 - a trail begins with a sighting
        for back in range(1, len(pictures)):
            there = (one.seen_at(trail.first - back) for one in recent)
            if any(box is not None and overlap(box, edges) > _MEETS for box in there):
                stop = back
                break
        rows = looked_back(edges, pictures, stop)
        trail.look_back(rows)
        if trail.first - len(rows) == self._scene_start and len(rows):
            trail.began = self._scene_began

    # --- endings --------------------------------------------------------------------------

    def _scene_ends(self, change: Change, frame: int) -> None:
        for trail in self._live:
            if change is Change.CUT or not trail.confirmed:
                self._finish(trail, Ending.CUT)
            else:
                self._close(trail, Ending.CUT)
        self._live = []
        if change is not Change.CUT:
            return
        for trail in self._closing:
            self._finish(trail, Ending.CUT)
        self._closing = []
        self._lost_over += self._lost
        self._lost = []
        self._recent.clear()
        self._past.clear()
        self._camera.cut()
        self._cuts.append(frame)
        self._scene_start, self._scene_began = frame, Ending.CUT

    def _kept(self, trails: list[Trail], now: _Now) -> list[Trail]:
        """Those of unseen trails that may be seen again; the others end."""
        kept = []
        for trail in trails:
            if not trail.confirmed:
                if now.time - trail.last_time <= _DIES:
                    kept.append(trail)
            elif trail.followed_enough(now.time) or trail.known_seconds(now.time) > HOLD:
                self._end(trail, now)
            else:
                kept.append(trail)
        return kept

    def _end(self, trail: Trail, now: _Now) -> None:
        """It was not seen for so long that its track ends."""
        why = self._why(trail, now)
        place = self._finish(trail, why)
        if why is not Ending.LOST:
            return
        lost = LostFace(place, now.frame.index, trail.place, trail.size, now.time)
        again = [
            one
            for one in self._live
            if one.confirmed and one.first > trail.last_seen and one.follows is None
        ]
        for one in again:
            if lost.may_be(one.last_edges):
                one.follows = place
                return
        self._lost.append(lost)

    def _why(self, trail: Trail, now: _Now) -> Ending:
        ahead = trail.velocity[0] * HOLD, trail.velocity[1] * HOLD
        last = trail.last_edges
        gone = (last[0] + ahead[0], last[1] + ahead[1], last[2] + ahead[0], last[3] + ahead[1])
        if (
            _at_edge(last, now.frame)
            or _at_edge(gone, now.frame)
            or _at_edge(trail.edges, now.frame)
        ):
            return Ending.EDGE
        seen = [score for score in trail.scores if score > 0]
        last_scores = seen[-_AT_LAST:]
        faint = sum(last_scores) / len(last_scores)
        if (
            not trail.settled
            or faint < max(_FAINT, _FAINTER * max(seen[-50:]))
            or trail.size < _SMALL
            or trail.followed_enough(now.time)
        ):
            return Ending.FADED
        return Ending.LOST

    def _close(self, trail: Trail, why: Ending) -> None:
        """It has ended, and is held for a while."""
        trail.ended_as(why)
        self._closing.append(trail)

    def _finish(self, trail: Trail, why: Ending) -> int:
        """It has ended, and nothing more comes of it; returns the number by which it goes."""
        trail.ended_as(why)
        place = self._trails
        self._trails += 1
        if trail.confirmed:
            self._over.append(_Over(place, trail.track(place), trail.moments))
            self._recent.append(trail)
        return place

    def _hold(self, now: _Now) -> None:
        """Those that ended are held as long as they could be there."""
        still = []
        for trail in self._closing:
            if trail.misses(now.frame.index):
                trail.miss(now.small, now.shift, now.time)
            if now.time - trail.last_time >= HOLD:
                self._finish(trail, Ending.VIDEO)
            else:
                still.append(trail)
        self._closing = still

    def _search_lost(self, begun: list[Trail], now: _Now) -> None:
        """The places of lost faces grow, until a face begins in one of them."""
        still = []
        for lost in self._lost:
            lost.go_on(now.shift, now.time, (now.frame.width, now.frame.height))
            found = next(
                (one for one in begun if one.follows is None and lost.may_be(one.last_edges)), None
            )
            if found is not None:
                found.follows = lost.track
            if found is not None or lost.over:
                self._lost_over.append(lost)
            else:
                still.append(lost)
        self._lost = still

    def _forget(self, now: _Now) -> None:
        """What is too old to be looked back to, and pixels beyond what may be kept."""
        while self._recent and self._recent[0].last_seen < now.frame.index - _MOST_BACK:
            self._recent.popleft()
        if now.frame.index % _MOST_BACK:
            return
        every = [one.moments for one in self._over] + [one.moments for one in self._live]
        if sum(moments.pixels for moments in every) > MOMENT_PIXELS:
            for moments in every:
                moments.thin(max(_FEWEST, len(moments) // 2))


# --- which face is which -------------------------------------------------------------------


def _given(trails: Sequence[Trail], now: _Now) -> _Given:
    """Faces given to trails, each to one at most, and the trails that met."""
    gain = _gains(trails, now)
    if not len(trails) or not now.faces:
        return _Given({}, frozenset())
    chosen = best_assignment(gain)
    seen = {trail: int(face) for trail, face in enumerate(chosen) if face >= 0}
    met: set[int] = set()
    settled = [place for place, trail in enumerate(trails) if trail.settled]
    for position, one in enumerate(settled):
        for other in settled[position + 1 :]:
            if _confused(one, other, seen, gain) or _hidden(one, other, seen, trails, now):
                met |= {one, other}
    return _Given(seen, frozenset(met))


def _confused(one: int, other: int, seen: dict[int, int], gain: Floats) -> bool:
    """Whether it would be nearly as good to give two trails each other's face."""
    mine, yours = seen.get(one), seen.get(other)
    if mine is None and yours is None:
        return False
    if mine is not None and yours is not None:
        if gain[one, yours] <= 0 or gain[other, mine] <= 0:
            return False
        now = gain[one, mine] + gain[other, yours]
        return bool(gain[one, yours] + gain[other, mine] > now - _COMPARABLE)
    has, lacks = (one, other) if mine is not None else (other, one)
    face = seen[has]
    return bool(gain[lacks, face] > max(0.0, gain[has, face] - _COMPARABLE))


def _hidden(one: int, other: int, seen: dict[int, int], trails: Sequence[Trail], now: _Now) -> bool:
    """Whether one of two is not seen where the other one is."""
    if (one in seen) == (other in seen):
        return False
    has, lacks = (one, other) if one in seen else (other, one)
    here = _of(now.faces[seen[has]].box)
    there = trails[lacks].expected(now.shift, now.time)
    if not 1 / 2 <= width_of(here) / width_of(there) <= 2:  # noqa: PLR2004 - twice as large
        return False
    x, y = middle(there)
    inside = here[0] <= x <= here[2] and here[1] <= y <= here[3]
    return inside or overlap(here, there) >= _MEETS


def _gains(trails: Sequence[Trail], now: _Now) -> Floats:
    """How well each face fits each trail: 0 for not at all, 3.3 at most."""
    gain = np.zeros((len(trails), len(now.faces)))
    looks: dict[int, Appearance] = {}
    for row, trail in enumerate(trails):
        expected, reach = trail.expected(now.shift, now.time), trail.reach(now.time)
        x, y = middle(expected)
        for column, face in enumerate(now.faces):
            edges = _of(face.box)
            away = math.dist((x, y), middle(edges))
            change = abs(math.log(width_of(edges) / trail.size))
            if away > reach or change > math.log(_SIZE_CHANGE):
                continue
            if column not in looks:
                looks[column] = Appearance.of(now.frame, now.small, face.box)
            likeness = trail.appearance.likeness(looks[column])
            least = _OTHER_HEAD if trail.seen_now else _OTHER_AFTER_GAP
            other = trail.appearance.colour_distance(looks[column]) > _OTHER_COLOUR
            if likeness < least or (other and not trail.seen_now):
                continue
            near = 1 - away / reach + overlap(expected, edges)
            alike = likeness + 0.3 * (1 - change / math.log(_SIZE_CHANGE))
            gain[row, column] = max(1e-3, near + alike)
    return gain


def _face_of(trail: Trail, now: _Now) -> int:
    """The face in which a trail was seen just now."""
    edges = trail.last_edges
    return next(index for index, face in enumerate(now.faces) if _of(face.box) == edges)


def _of(box: Box) -> Edges:
    return float(box.left), float(box.top), float(box.right), float(box.bottom)


def _at_edge(edges: Edges, frame: VideoFrame) -> bool:
    near = _EDGE * max(frame.width, frame.height)
    return (
        edges[0] <= near
        or edges[1] <= near
        or edges[2] >= frame.width - near
        or edges[3] >= frame.height - near
    )
