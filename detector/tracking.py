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
"""Seconds after a careful look before a lost face is worth another: where it was expected, it
was looked for at its full size and at every turn already."""

BACK = 1.0
"""Seconds that a face is followed back from its first sighting."""

_MOST_BACK = 40
"""Frames of them at most: 40 small pictures take 37 MB."""

_SIZE_CHANGE = 1.6
"""How much larger or smaller a face is in its next sighting, at most."""

_OTHER_HEAD = 0.1
"""Likeness below which the head at a place is another one, from one frame to the next. Low, for a
head that turns quickly; that a track is of two people is also seen by its templates."""

_OTHER_AFTER_GAP = 0.5
_OTHER_AFTER_LONG = 0.7
_OTHER_THAN_CLEAR = 0.3
_OTHER_COLOUR = 14.0
"""After a gap more is asked: nobody saw how the one became the other. And what is not settled
goes on after a short one only: a glimpse of somebody behind others was once taken for the next."""

_COMPARABLE = 0.5
"""Gain (0 to 3.3) by which it must be better that two faces are these two and not the others."""

_EXCHANGEABLE = 1.0
"""The same for each of two that are both seen. Only faces that overlap by a third fit each other's
tracks at all."""

_MEETS = 0.15
"""Overlap with a face that is seen at which one that is not may be behind it."""

_HALF = 0.5

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
    """Which face each trail got, if any."""

    seen: dict[int, int]
    """Trail to face, by their places in the lists."""
    gain: Floats
    """How well each face fits each trail."""
    expected: tuple[Edges, ...]
    """Where each trail was expected."""


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
        self._careful_due = -math.inf

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
        if change is not Change.NONE:
            self._careful_due = time
        now = self._looked(_Now(frame, head.small, shift, time))
        begun = self._carry_on(_given(self._live, now), now)
        self._hold(now)
        self._search_lost(begun, now)
        self._forget(now)

    def _looked(self, now: _Now) -> _Now:
        careful = now.time >= self._careful_due
        if careful:
            self._careful_at, self._careful_due = now.time, now.time + self._careful_every
        expected = [
            Box.around(*trail.expected(now.shift, now.time))
            for trail in self._live
            if trail.confirmed and trail.worth_a_look(now.frame.index, now.time)
        ]
        faces = self._detector.look_at_frame(now.frame, careful=careful, expected=expected)
        return dataclasses.replace(now, faces=faces)

    def _carry_on(self, given: _Given, now: _Now) -> list[Trail]:
        """Every trail one frame further; those that begin are returned."""
        for place, trail in enumerate(self._live):
            if place not in given.seen:
                trail.miss(now.small, now.shift, now.time)
        met = _met(self._live, given, now)
        still, taken, meeting = [], set(), []
        for place, trail in enumerate(self._live):
            if place in met:
                meeting.append(trail)
                self._close(trail, Ending.MEETING)
            elif place in given.seen:
                face = given.seen[place]
                trail.see(now.frame, now.small, now.faces[face], now.shift)
                taken.add(face)
                still.append(trail)
            elif self._goes_on(trail, now):
                still.append(trail)
        self._live = still
        begun = [
            self._begin(face, now, meeting)
            for index, face in enumerate(now.faces)
            if index not in taken and (is_sure(face) or not self._part_of_one(face))
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

    def _part_of_one(self, face: Face) -> bool:
        """Whether a weak sighting is about a head that is seen already: half of it lies in it."""
        return any(
            trail.confirmed
            and trail.seen_now
            and _share_in(_of(face.box), trail.last_edges) > _HALF
            for trail in self._live
        )

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
        from_start = len(rows) > 0 and trail.first - len(rows) == self._scene_start
        if from_start and trail.began is not Ending.EDGE:
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

    def _goes_on(self, trail: Trail, now: _Now) -> bool:
        """Whether an unseen trail may be seen again; else it ends."""
        if not trail.confirmed:
            return now.time - trail.last_time <= _DIES
        if trail.followed_enough(now.time) or trail.known_seconds(now.time) > HOLD:
            self._end(trail, now)
            return False
        return True

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
        self._careful_due = min(self._careful_due, self._careful_at + _CAREFUL_AGAIN)

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
    """Faces given to trails, each to one at most, so that all fit best."""
    expected = tuple(trail.expected(now.shift, now.time) for trail in trails)
    gain = _gains(trails, expected, now)
    seen: dict[int, int] = {}
    for rows, columns in _groups(gain > 0):
        chosen = best_assignment(gain[np.ix_(rows, columns)])
        seen |= {rows[row]: columns[column] for row, column in enumerate(chosen) if column >= 0}
    return _Given(seen, gain, expected)


def _groups(fits: npt.NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """Trails and faces that have to do with each other: a crowd falls into small groups."""
    groups, waiting = [], set(np.flatnonzero(fits.any(axis=1)).tolist())
    while waiting:
        rows, columns, new = set[int](), set[int](), {waiting.pop()}
        while new:
            rows |= new
            columns = set(np.flatnonzero(fits[sorted(rows)].any(axis=0)).tolist())
            new = set(np.flatnonzero(fits[:, sorted(columns)].any(axis=1)).tolist()) - rows
        waiting -= rows
        groups.append((sorted(rows), sorted(columns)))
    return groups


def _met(trails: Sequence[Trail], given: _Given, now: _Now) -> frozenset[int]:
    """Trails of which nobody can say which is which."""
    met: set[int] = set()
    settled = [place for place, trail in enumerate(trails) if trail.settled]
    for position, one in enumerate(settled):
        for other in settled[position + 1 :]:
            if one in given.seen and other in given.seen:
                confused = _exchangeable(one, other, given)
            elif one in given.seen:
                confused = _hides(one, other, trails, given, now)
            else:
                confused = other in given.seen and _hides(other, one, trails, given, now)
            if confused:
                met |= {one, other}
    return frozenset(met)


def _exchangeable(one: int, other: int, given: _Given) -> bool:
    """Whether it would be nearly as good to give two trails each other's face."""
    gain, mine, yours = given.gain, given.seen[one], given.seen[other]
    if gain[one, yours] <= 0 or gain[other, mine] <= 0:
        return False
    crossed = gain[one, yours] + gain[other, mine]
    return bool(crossed > gain[one, mine] + gain[other, yours] - 2 * _EXCHANGEABLE)


def _hides(has: int, lacks: int, trails: Sequence[Trail], given: _Given, now: _Now) -> bool:
    """Whether a trail that is not seen may be behind the other one, or may be it.

    Not where its pixels were found: it is to be seen, only not by the finder. And not where the
    other one began after it was gone: that one was another head by its looks.
    """
    if trails[lacks].followed_now or trails[has].first > trails[lacks].last_seen:
        return False
    face = given.seen[has]
    if given.gain[lacks, face] > max(0.0, given.gain[has, face] - _COMPARABLE):
        return True
    return _covers(_of(now.faces[face].box), given.expected[lacks])


def _covers(here: Edges, there: Edges) -> bool:
    """Whether a face may hide another one of about its size."""
    if not 1 / 2 <= width_of(here) / width_of(there) <= 2:  # noqa: PLR2004 - twice as large
        return False
    x, y = middle(there)
    inside = here[0] <= x <= here[2] and here[1] <= y <= here[3]
    return inside or overlap(here, there) >= _MEETS


def _gains(trails: Sequence[Trail], expected: Sequence[Edges], now: _Now) -> Floats:
    """How well each face fits each trail: 0 for not at all, 3.3 at most."""
    gain = np.zeros((len(trails), len(now.faces)))
    if not gain.size:
        return gain
    faces = [_of(face.box) for face in now.faces]
    reach = np.array([trail.reach(now.time) for trail in trails])
    apart = np.array([middle(one) for one in expected])[:, None] - [middle(one) for one in faces]
    away = np.linalg.norm(apart, axis=2) / reach[:, None]
    sizes = np.array([[trail.usual_size] for trail in trails]), [width_of(one) for one in faces]
    change = np.abs(np.log(sizes[0] / sizes[1])) / math.log(_SIZE_CHANGE)
    looks: dict[int, Appearance] = {}
    for row, column in np.argwhere((away <= 1) & (change <= 1)).tolist():
        if column not in looks:
            looks[column] = Appearance.of(now.frame, now.small, now.faces[column].box)
        likeness = _likeness(trails[row], looks[column], now.time)
        if likeness is not None:
            near = 1 - away[row, column] + overlap(expected[row], faces[column])
            gain[row, column] = max(1e-3, near + likeness + 0.3 * (1 - change[row, column]))
    return gain


def _likeness(trail: Trail, look: Appearance, time: float) -> float | None:
    """How alike a trail's head is to another; None where it is another one."""
    likeness = trail.appearance.likeness(look)
    if trail.seen_now:
        return likeness if likeness >= _OTHER_HEAD else None
    long = time - trail.last_time > _DIES
    if long and (not trail.settled or likeness < _OTHER_AFTER_LONG):
        return None
    # Not the last glimpse alone: half of it may have been of who came in front.
    if trail.clear_appearance.likeness(look) < _OTHER_THAN_CLEAR:
        return None
    other = trail.appearance.colour_distance(look) > _OTHER_COLOUR
    return None if other or likeness < _OTHER_AFTER_GAP else likeness


def _face_of(trail: Trail, now: _Now) -> int:
    """The face in which a trail was seen just now."""
    edges = trail.last_edges
    return next(index for index, face in enumerate(now.faces) if _of(face.box) == edges)


def _of(box: Box) -> Edges:
    return float(box.left), float(box.top), float(box.right), float(box.bottom)


def _share_in(edges: Edges, other: Edges) -> float:
    """The share of a rectangle that lies in another one."""
    across = min(edges[2], other[2]) - max(edges[0], other[0])
    down = min(edges[3], other[3]) - max(edges[1], other[1])
    area = (edges[2] - edges[0]) * (edges[3] - edges[1])
    return max(0.0, across) * max(0.0, down) / area if area > 0 else 0.0


def _at_edge(edges: Edges, frame: VideoFrame) -> bool:
    near = _EDGE * max(frame.width, frame.height)
    return (
        edges[0] <= near
        or edges[1] <= near
        or edges[2] >= frame.width - near
        or edges[3] >= frame.height - near
    )
