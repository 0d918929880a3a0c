"""Drawn videos: textured heads that move over a textured ground, and a finder that is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from detector.faces import Box, Face
from detector.tracking import Follower
from detector.tracks import Followed, How
from detector.video_frames import Colours, VideoFrame
from tests.detector.fakes import landmarks_in

Grey = npt.NDArray[np.uint8]

WIDTH, HEIGHT, FPS = 320, 180, 25
HEAD = 28
"""Pixels a drawn head is wide; it is as high as four thirds of it."""


def texture(seed: int, width: int, height: int, grain: int = 4) -> Grey:
    """Blotches of brightness, the same for the same seed."""
    random = np.random.default_rng(seed)
    coarse = random.integers(30, 226, (height // grain + 2, width // grain + 2), dtype=np.uint8)
    return np.kron(coarse, np.ones((grain, grain), np.uint8))[:height, :width]


@dataclasses.dataclass(frozen=True)
class Actor:
    """A head: where its middle is in each frame, and how sure the finder is of it there.

    `at` is None where it is not in the picture; a score of 0 is no sighting.
    """

    seed: int
    at: Callable[[int], tuple[float, float] | None]
    score: Callable[[int], float] = lambda frame: 0.9
    visible: Callable[[int], bool] = lambda frame: True

    def box(self, frame: int) -> Box | None:
        """Where it is, to the pixel."""
        place = self.at(frame)
        if place is None:
            return None
        x, y = round(place[0]), round(place[1])
        return Box(x - HEAD // 2, y - HEAD * 2 // 3, x + HEAD // 2, y + HEAD * 2 // 3)

    def sighting(self, frame: int) -> Box | None:
        """What the finder sees of it: what is inside the frame, if it is enough."""
        box = self.box(frame)
        inside = box.clipped(WIDTH, HEIGHT) if box and self.score(frame) > 0 else None
        return inside if inside and inside.width > HEAD // 3 and inside.height else None


class Told:
    """A finder that sees what the actors say, whatever the pixels show."""

    def __init__(self, actors: Sequence[Actor], clutter: Mapping[int, Sequence[Face]] = {}) -> None:
        self.actors = actors
        self.clutter = clutter
        self.careful: list[int] = []
        self.given: dict[int, int] = {}

    def look_at_frame(
        self, frame: VideoFrame, *, careful: bool = False, expected: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        if careful:
            self.careful.append(frame.index)
        faces = list(self.clutter.get(frame.index, ()))
        for actor in self.actors:
            box = actor.sighting(frame.index)
            if box:
                faces.append(Face(box, actor.score(frame.index), landmarks_in(box)))
        self.given[frame.index] = len(faces)
        return tuple(faces)


def frame_of(
    index: int, actors: Sequence[Actor], ground: Grey, light: Callable[[int], float] | None = None
) -> VideoFrame:
    """One frame: the ground, then the actors from the first to the last, which is in front."""
    y = ground.copy()
    for actor in actors:
        box = actor.box(index)
        if box is None or not actor.visible(index):
            continue
        inside = box.clipped(WIDTH, HEIGHT)
        if inside.area:
            head = texture(actor.seed, box.width, box.height)
            rows = slice(inside.top - box.top, inside.bottom - box.top)
            columns = slice(inside.left - box.left, inside.right - box.left)
            y[inside.top : inside.bottom, inside.left : inside.right] = head[rows, columns]
    if light:
        y = np.clip(y * light(index), 0, 255).astype(np.uint8)
    grey = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return VideoFrame(index, Fraction(index, FPS), y, grey, grey, Colours())


@dataclasses.dataclass(frozen=True)
class Film:
    """A video to be followed.

    `ground` says which picture is behind the actors in a frame.
    """

    frames: int
    actors: Sequence[Actor]
    ground: Callable[[int], Grey]
    light: Callable[[int], float] | None = None
    clutter: Mapping[int, Sequence[Face]] = dataclasses.field(default_factory=dict)

    def follow(self) -> tuple[Followed, Told]:
        told = Told(self.actors, self.clutter)
        follower = Follower(told)
        for index in range(self.frames):
            follower.see(frame_of(index, self.actors, self.ground(index), self.light))
        return follower.end(), told


STUDIO = texture(1000, WIDTH, HEIGHT, 9)
STREET = texture(2000, WIDTH, HEIGHT, 9)


def studio(frame: int) -> Grey:
    """The same ground in every frame."""
    return STUDIO


def covered(followed: Followed, box: Box, frame: int) -> bool:
    """Whether some track, or a place where a lost face may be, holds most of a box."""
    inside = box.clipped(WIDTH, HEIGHT)
    places = [t.box_at(frame) for t in followed.tracks if t.start <= frame < t.stop]
    places += [u.boxes[frame - u.start] for u in followed.uncertain if u.start <= frame < u.stop]
    return any(place.intersection(inside) >= 0.8 * inside.area for place in places)


def uncovered(film: Film, followed: Followed) -> list[tuple[int, int]]:
    """Actors and frames, from their first sighting to their last, in which nothing covers them."""
    missing = []
    for number, actor in enumerate(film.actors):
        seen = [n for n in range(film.frames) if actor.sighting(n)]
        for frame in range(seen[0], seen[-1] + 1) if seen else ():
            box = actor.box(frame)
            if box and box.clipped(WIDTH, HEIGHT).area and not covered(followed, box, frame):
                missing.append((number, frame))
    return missing


def people_of(film: Film, followed: Followed) -> dict[int, set[int]]:
    """The actors whose sightings each track has."""
    people: dict[int, set[int]] = {}
    for track in followed.tracks:
        rows = np.flatnonzero(track.how == How.SEEN)
        for frame in (rows + track.start).tolist():
            here = track.box_at(frame)
            for number, actor in enumerate(film.actors):
                if actor.sighting(frame) == here:
                    people.setdefault(track.number, set()).add(number)
    return people


def sightings(followed: Followed) -> int:
    """How many there are in all tracks together."""
    return sum(int((track.how == How.SEEN).sum()) for track in followed.tracks)
