"""What is true about a video, and what a copy of it and a following of its faces are worth.

A *face-frame* is one face in one frame. It is *recognisable* where it is at least 24 pixels
wide (`detector.faces.RECOGNISABLE_WIDTH`), at least half of it can be seen, and it is sharp
enough.

Whether a copy shows a face is decided by its pixels alone, by one rule for every program: the
face's box is divided into cells of a fifth of its width. A cell that shows face has detail:
how its brightness differs from its own mean. It is *hidden* where the copy's detail differs
from the original's by at least half of it, on average. That holds whatever hides it: a colour
leaves no detail, a blur of half the face flattens what is so small, a mosaic puts another one
in its place; and a cell's mean, which other colour matrices shift, does not count. A face-frame
is *leaked* where less than three quarters of the cells that could be judged are hidden.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import json
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.faces import RECOGNISABLE_WIDTH, Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from detector.tracks import Track
    from detector.video_frames import Plane

    Shares = npt.NDArray[np.float32]
    """What part of each cell of a face's box can be seen and is face: (ROWS, COLUMNS), 0 to 1."""

COLUMNS, ROWS = 5, 6
"""Cells of a face's box: nearly square, as a face is higher than wide."""
LEAST_VISIBLE = 0.5
"""Of a face that counts as recognisable."""
LEAST_SHOWN = 0.8
"""Of a cell that is judged: what belongs to somebody in front is not."""
LEAST_DETAIL = 2.0
"""Mean difference from a cell's mean, in steps of 255, below which it shows nothing."""
LEAST_CELLS = 4
"""Cells that must be judged for a face to be."""
LOST = 0.5
"""Part of a cell's detail that must be changed for it to be hidden."""
HIDDEN = 0.75
"""Share of a face's cells that must be hidden for it to be.

Of 309 face-frames of three clips it was 0 for each where the clip was encoded again and nothing
hidden (CRF 25), and 0.9 or more for each that deface blurred: nothing lay between."""
MARGIN = 0.75
"""What belongs to a head around its face, in sides of the face: hair, ears, neck, and a mask."""
BLOCK = 16
"""Side of the blocks in which it is told what else a copy changed."""
SHIFTED = 16.0
"""Change of a block's mean, in steps of 255, from which the block is not what it was."""
SAME = 0.3
"""Intersection over union from which a box is that of a face.

Less than usual: where a face ends is said by LFW's frame, by a label, and by the finder, each in
its own way, and most differently of a face that lies on its side."""
MUCH_NEARER = 0.5
"""How much less the median difference of a neighbouring picture must be for it to be taken."""
AWAY = 1.0
"""Seconds after which somebody who was gone has come anew, and may be a new track."""


class Difficulty(enum.StrEnum):
    """How hard a clip is; `benchmarks.clips` says what each of them means."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


# --- the truth ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FaceThere:
    """A face in one frame.

    Attributes:
        person: whose.
        box: around it, upright; it may reach beyond the frame.
        width: of the face itself, however it is turned, in pixels.
        visible: the part of it that can be seen, 0 to 1.
        shown: the part of each cell of the box that can be seen and is face.
        sharp: whether it is sharp enough to be recognised.
    """

    person: str
    box: Box
    width: float
    visible: float
    shown: Shares = dataclasses.field(repr=False)
    sharp: bool = True

    @property
    def recognisable(self) -> bool:
        """Whether it counts: see the beginning of this file."""
        return self.width >= RECOGNISABLE_WIDTH and self.visible >= LEAST_VISIBLE and self.sharp


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ClipTruth:
    """A video and every face in it.

    Attributes:
        name: of the clip.
        difficulty: see `benchmarks.clips`.
        path: of the file.
        size: width and height, in pixels.
        times: when each frame is shown, in seconds.
        cuts: the frames at which another scene begins.
        cleared: who is enrolled and may be shown.
        frames: the faces of each frame, from back to front.
    """

    name: str
    difficulty: Difficulty
    path: Path
    size: tuple[int, int]
    times: tuple[Fraction, ...]
    cuts: tuple[int, ...]
    cleared: frozenset[str]
    frames: tuple[tuple[FaceThere, ...], ...] = dataclasses.field(repr=False)

    @property
    def people(self) -> frozenset[str]:
        """Everybody in it."""
        return frozenset(face.person for faces in self.frames for face in faces)

    def face_frames(self) -> Iterator[tuple[int, FaceThere]]:
        """Every face that counts, with the number of its frame."""
        for frame, faces in enumerate(self.frames):
            yield from ((frame, face) for face in faces if face.recognisable)

    def write(self, path: Path) -> None:
        """Write it as JSON, beside the clip."""
        document = {
            "name": self.name,
            "difficulty": self.difficulty,
            "clip": self.path.name,
            "size": self.size,
            "times": [str(time) for time in self.times],
            "cuts": self.cuts,
            "cleared": sorted(self.cleared),
            "frames": [[_written(face) for face in faces] for faces in self.frames],
        }
        path.write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ClipTruth:
        """What `write` wrote; the clip is taken from the same folder."""
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            document["name"],
            Difficulty(document["difficulty"]),
            path.with_name(document["clip"]),
            (document["size"][0], document["size"][1]),
            tuple(Fraction(time) for time in document["times"]),
            tuple(document["cuts"]),
            frozenset(document["cleared"]),
            tuple(tuple(_read(face) for face in faces) for faces in document["frames"]),
        )


def _written(face: FaceThere) -> dict[str, Any]:
    return {
        "person": face.person,
        "box": dataclasses.astuple(face.box),
        "width": round(face.width, 2),
        "visible": round(face.visible, 3),
        "shown": [round(float(share), 2) for share in face.shown.flat],
        "sharp": face.sharp,
    }


def _read(told: Mapping[str, Any]) -> FaceThere:
    shown = np.array(told["shown"], np.float32).reshape(ROWS, COLUMNS)
    return FaceThere(
        told["person"], Box(*told["box"]), told["width"], told["visible"], shown, told["sharp"]
    )


# --- leaks ----------------------------------------------------------------------------------


def hidden_share(before: Plane, after: Plane, face: FaceThere) -> float | None:
    """The part of a face that a copy does not show, 0 to 1; None where nothing can be judged.

    Args:
        before: brightness of the original's frame.
        after: that of the copy's, of the same size.
        face: one of the frame.
    """
    hidden = judged = 0
    for row, column in np.argwhere(face.shown >= LEAST_SHOWN):
        rows, columns = _cell(face.box, int(row), int(column))
        one, other = (plane[rows, columns].astype(np.float32) for plane in (before, after))
        if one.size == 0:
            continue
        here, there = one - one.mean(), other - other.mean()
        detail = float(np.abs(here).mean())
        if detail < LEAST_DETAIL:
            continue
        judged += 1
        hidden += bool(np.abs(here - there).mean() >= LOST * detail)
    return hidden / judged if judged >= LEAST_CELLS else None


def _cell(box: Box, row: int, column: int) -> tuple[slice, slice]:
    """The pixels of a cell; those outside the frame are cut away."""
    edges = [
        round(start + (end - start) * part / parts)
        for start, end, part, parts in (
            (box.top, box.bottom, row, ROWS),
            (box.top, box.bottom, row + 1, ROWS),
            (box.left, box.right, column, COLUMNS),
            (box.left, box.right, column + 1, COLUMNS),
        )
    ]
    top, bottom, left, right = (max(0, edge) for edge in edges)
    return slice(top, bottom), slice(left, right)


@dataclasses.dataclass(frozen=True, slots=True)
class Leaks:
    """Face-frames of a copy, counted. Two are added by `+`.

    Attributes:
        uncleared: face-frames of people who may not be shown, that could be judged.
        leaked: of them, those that the copy shows.
        unjudged: those without enough detail to be judged.
        cleared: face-frames of people who may be shown, that could be judged.
        shown: of them, those that the copy shows.
        longest: seconds for which somebody uncleared is shown without a break, at most.
        wrong_pixels: the sum of each frame's share of the pixels outside the heads of uncleared
            people that the copy changes.
        frames: frames that were looked at.
    """

    uncleared: int = 0
    leaked: int = 0
    unjudged: int = 0
    cleared: int = 0
    shown: int = 0
    longest: float = 0.0
    wrong_pixels: float = 0.0
    frames: int = 0

    def __add__(self, other: Leaks) -> Leaks:
        return Leaks(
            self.uncleared + other.uncleared,
            self.leaked + other.leaked,
            self.unjudged + other.unjudged,
            self.cleared + other.cleared,
            self.shown + other.shown,
            max(self.longest, other.longest),
            self.wrong_pixels + other.wrong_pixels,
            self.frames + other.frames,
        )

    @property
    def per_ten_thousand(self) -> float:
        """Leaks in 10,000 face-frames; NaN without any."""
        return 1e4 * self.leaked / self.uncleared if self.uncleared else float("nan")

    @property
    def cleared_shown(self) -> float:
        """The share of the face-frames of cleared people that are shown; NaN without any."""
        return self.shown / self.cleared if self.cleared else float("nan")

    @property
    def over_masked(self) -> float:
        """The mean share of a frame's pixels that are changed without need; NaN without frames."""
        return self.wrong_pixels / self.frames if self.frames else float("nan")


@dataclasses.dataclass(frozen=True, slots=True)
class Leak:
    """A face that a copy shows and may not."""

    frame: int
    person: str
    hidden: float
    """The part of it that is hidden all the same, 0 to 1."""


def leaks_in(
    truth: ClipTruth, before: Iterable[Plane], after: Iterable[Plane]
) -> tuple[Leaks, tuple[Leak, ...]]:
    """Count what a copy shows.

    Args:
        truth: of the clip.
        before: brightness of each of its frames, decoded.
        after: brightness of what the copy shows at the same times, see `at_times`.

    Raises:
        ValueError: there are not as many pictures as frames.
    """
    counts: Counter[str] = Counter()
    found: list[Leak] = []
    wrong = 0.0
    frames = 0
    for frame, pair in enumerate(zip(before, after, strict=True)):
        if frame >= len(truth.frames):
            raise ValueError("there are more pictures than frames")
        faces = truth.frames[frame]
        for face in faces:
            if not face.recognisable:
                continue
            hidden = hidden_share(*pair, face)
            cleared = face.person in truth.cleared
            if hidden is None:
                counts["unjudged"] += not cleared
                continue
            visible = hidden < HIDDEN
            counts["cleared" if cleared else "uncleared"] += 1
            if cleared:
                counts["shown"] += visible
            elif visible:
                found.append(Leak(frame, face.person, hidden))
        heads = [_head(face.box) for face in faces if face.person not in truth.cleared]
        wrong += changed_outside(*pair, heads)
        frames += 1
    if frames != len(truth.frames):
        raise ValueError(f"{frames} pictures of {len(truth.frames)} frames")
    told = Leaks(
        counts["uncleared"],
        len(found),
        counts["unjudged"],
        counts["cleared"],
        counts["shown"],
        _longest(found, truth.times),
        wrong,
        frames,
    )
    return told, tuple(found)


def _head(box: Box) -> Box:
    across, down = round(box.width * MARGIN), round(box.height * MARGIN)
    return Box(box.left - across, box.top - down, box.right + across, box.bottom + down)


def _longest(leaks: Sequence[Leak], times: Sequence[Fraction]) -> float:
    """Seconds of the longest run of frames in which one person is shown."""
    usual = (times[-1] - times[0]) / max(1, len(times) - 1)
    longest = 0.0
    by_person: dict[str, list[int]] = defaultdict(list)
    for leak in leaks:
        by_person[leak.person].append(leak.frame)
    for frames in by_person.values():
        # Numbers in a row keep their distance from their place.
        for _, run in itertools.groupby(enumerate(frames), key=lambda pair: pair[1] - pair[0]):
            run_frames = [frame for _, frame in run]
            last = run_frames[-1]
            end = times[last + 1] if last + 1 < len(times) else times[last] + usual
            longest = max(longest, float(end - times[run_frames[0]]))
    return longest


def changed_outside(before: Plane, after: Plane, heads: Sequence[Box]) -> float:
    """The share of a frame's pixels outside some boxes that a copy changes, by blocks.

    A block is changed where it loses half of its detail, as the cell of a face does, or where its
    mean moves by `SHIFTED` beyond what the whole frame moves by.
    """
    one, other = _blocks(before), _blocks(after)
    means = one.mean(axis=2), other.mean(axis=2)
    here, there = one - means[0][..., None], other - means[1][..., None]
    detail = np.abs(here).mean(axis=2)
    lost = np.abs(here - there).mean(axis=2) >= LOST * detail
    move = means[1] - means[0]
    moved = np.abs(move - np.median(move)) >= SHIFTED
    # Twice the detail: blocks of plain ground have little that a codec keeps.
    changed = (lost & (detail >= 2 * LEAST_DETAIL)) | moved
    outside = np.ones(changed.shape, np.bool_)
    for head in heads:
        rows = slice(max(0, head.top // BLOCK), max(0, -(-head.bottom // BLOCK)))
        columns = slice(max(0, head.left // BLOCK), max(0, -(-head.right // BLOCK)))
        outside[rows, columns] = False
    return float((changed & outside).mean())


def _blocks(plane: Plane) -> npt.NDArray[np.float32]:
    """Pixels by block: (rows, columns, BLOCK * BLOCK); what is left at the edges is not told."""
    rows, columns = (edge // BLOCK for edge in plane.shape)
    whole = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return whole.swapaxes(1, 2).reshape(rows, columns, BLOCK * BLOCK).astype(np.float32)


def at_times(
    wanted: Iterable[tuple[Fraction, Plane]], copies: Iterable[tuple[Fraction, Plane]]
) -> Iterator[Plane]:
    """For each frame of an original the picture of the copy that belongs to it.

    That is the one shown at its time, or one of its neighbours if that is much more of the same:
    some programs repeat and drop pictures, and a moving face beside itself looks like a hidden
    one. The median of all differences says so, which no hidden face moves. Before a still ground
    it tells nothing, and some leaks of such a copy are not counted.

    Args:
        wanted: time and brightness of each frame, times from 0.
        copies: the same of the copy, of the same size.

    Raises:
        ValueError: the copy shows nothing.
    """
    rest = iter(copies)
    held: list[tuple[Fraction, Plane]] = list(itertools.islice(rest, 2))
    if not held:
        raise ValueError("the copy shows nothing")
    for time, plane in wanted:
        # The last of those held is after the time, and three are before it.
        while held[-1][0] <= time and (following := next(rest, None)) is not None:
            held.append(following)
        later = [one for one in held if one[0] > time]
        before = [one for one in held if one[0] <= time][-2:]
        held = before + later
        # What is shown at that time, first; a copy may begin later than its original.
        now = before[-1] if before else later[0]
        small = _reduced(plane)
        away = [float(np.median(np.abs(_reduced(one[1]) - small))) for one in held[:3]]
        best = int(np.argmin(away))
        usual = float(np.median(np.abs(_reduced(now[1]) - small)))
        yield held[best][1] if away[best] < MUCH_NEARER * usual else now[1]


def _reduced(plane: Plane) -> npt.NDArray[np.float32]:
    """Every eighth pixel of every eighth row."""
    return plane[4::8, 4::8].astype(np.float32)


# --- following ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Following:
    """How well faces were followed. Two are added by `+`.

    Attributes:
        matched: face-frames that have the track that is theirs (IDTP).
        missed: recognisable face-frames without it (IDFN).
        surplus: boxes of tracks that are no such face (IDFP); those on a face that does not count
            are left out.
        covered: recognisable face-frames with a box of any track.
        switches: how often an appearance of somebody goes on in another track.
        mixed: tracks that have two people.
        tracks: how many there are.
        appearances: how often somebody appears, see `appearances_in`.
    """

    matched: int = 0
    missed: int = 0
    surplus: int = 0
    covered: int = 0
    switches: int = 0
    mixed: int = 0
    tracks: int = 0
    appearances: int = 0

    def __add__(self, other: Following) -> Following:
        mine, others = dataclasses.astuple(self), dataclasses.astuple(other)
        return Following(*(one + more for one, more in zip(mine, others, strict=True)))

    @property
    def idf1(self) -> float:
        """Ristani et al. 2016, "Performance measures ... for multi-target tracking"; 0 to 1."""
        counted = 2 * self.matched + self.missed + self.surplus
        return 2 * self.matched / counted if counted else float("nan")

    @property
    def coverage(self) -> float:
        """The share of recognisable face-frames that some track has."""
        counted = self.matched + self.missed
        return self.covered / counted if counted else float("nan")


def appearances_in(truth: ClipTruth) -> dict[tuple[int, str], int]:
    """The number of the appearance to which each recognisable face-frame belongs.

    By frame and person. An appearance is one person in one scene; who is gone for longer than
    `AWAY` appears anew.
    """
    found: dict[tuple[int, str], int] = {}
    last: dict[str, tuple[int, int]] = {}
    numbers = itertools.count()
    for frame, face in truth.face_frames():
        before = last.get(face.person)
        anew = (
            before is None
            or any(before[0] < cut <= frame for cut in truth.cuts)
            or truth.times[frame] - truth.times[before[0]] > AWAY
        )
        number = next(numbers) if anew or before is None else before[1]
        last[face.person] = (frame, number)
        found[frame, face.person] = number
    return found


def followed(truth: ClipTruth, tracks: Sequence[Track]) -> Following:
    """Judge the tracks of a clip.

    In each frame faces and boxes are paired so that they overlap most; then tracks and
    appearances are paired so that most face-frames are matched.
    """
    belongs = appearances_in(truth)
    hits: Counter[tuple[int, int]] = Counter()
    by_appearance: dict[int, list[int]] = defaultdict(list)
    people: dict[int, Counter[str]] = defaultdict(Counter)
    boxes = covered = 0
    for frame, faces in enumerate(truth.frames):
        there = [track for track in tracks if track.start <= frame < track.stop]
        places = [track.box_at(frame) for track in there]
        pairs = _paired([face.box for face in faces], places)
        boxes += len(there)
        for one, other in pairs:
            face, number = faces[one], there[other].number
            if not face.recognisable:
                boxes -= 1
                continue
            covered += 1
            appearance = belongs[frame, face.person]
            hits[number, appearance] += 1
            by_appearance[appearance].append(number)
            people[number][face.person] += 1
    matched = _most(hits)
    return Following(
        matched=matched,
        missed=len(belongs) - matched,
        surplus=boxes - matched,
        covered=covered,
        switches=sum(
            one != other
            for numbers in by_appearance.values()
            for one, other in itertools.pairwise(numbers)
        ),
        mixed=sum(len(seen) > 1 for seen in people.values()),
        tracks=len(tracks),
        appearances=len(set(belongs.values())),
    )


def _paired(faces: Sequence[Box], places: Sequence[Box]) -> list[tuple[int, int]]:
    """The pairs that overlap most together; those below `SAME` are none."""
    if not faces or not places:
        return []
    overlaps = np.array([[face.iou(place) for place in places] for face in faces])
    overlaps[overlaps < SAME] = 0
    rows, columns = linear_sum_assignment(-overlaps)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if overlaps[row, column]]


def _most(hits: Mapping[tuple[int, int], int]) -> int:
    """Face-frames that are matched when each track has one appearance at most, and vice versa."""
    if not hits:
        return 0
    tracks, appearances = (sorted({pair[side] for pair in hits}) for side in (0, 1))
    table = np.array(
        [[hits.get((track, appearance), 0) for appearance in appearances] for track in tracks]
    )
    rows, columns = linear_sum_assignment(-table)
    return int(table[rows, columns].sum())
