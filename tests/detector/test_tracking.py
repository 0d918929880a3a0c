"""Every face is covered while it may be there, and no track is of two people."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any

import numpy as np
import pytest

from detector.faces import Box, Face
from detector.motion import SmallPicture
from detector.tracking import Follower
from detector.tracks import Ending, Followed, How, Track
from tests.detector.fakes import landmarks_in
from tests.detector.moving import (
    HEIGHT,
    STREET,
    STUDIO,
    WIDTH,
    Actor,
    Film,
    Told,
    frame_of,
    people_of,
    sightings,
    studio,
    texture,
    uncovered,
)

FULL = Box(0, 0, WIDTH, HEIGHT)


def followed(film: Film) -> Followed:
    """Follows, and checks what must hold in every video."""
    result, told = film.follow()
    assert uncovered(film, result) == []
    for track in result.tracks:
        assert len(track.boxes) == len(track.how) == len(track.scores)
        assert track.start >= 0 and track.stop <= result.frames
        assert np.isfinite(track.boxes).all()
        assert ((track.scores > 0) == (track.how == How.SEEN)).all()
        scene = [0, *result.cuts, result.frames]
        assert any(
            first <= track.start and track.stop <= stop for first, stop in itertools.pairwise(scene)
        )
    assert sightings(result) <= sum(told.given.values())
    for one, other in itertools.combinations(result.tracks, 2):
        for frame in range(max(one.start, other.start), min(one.stop, other.stop)):
            both = [track.how[frame - track.start] == How.SEEN for track in (one, other)]
            assert not all(both) or one.box_at(frame) != other.box_at(frame)
    assert all(len(people) == 1 for people in people_of(film, result).values())
    return result


def only(result: Followed) -> Track:
    assert len(result.tracks) == 1
    return result.tracks[0]


def test_a_face_that_stays_is_one_track() -> None:
    track = only(followed(Film(40, [Actor(1, lambda frame: (160, 90))], studio)))
    assert (track.start, track.stop) == (0, 40)
    assert (track.began, track.ended) == (Ending.VIDEO, Ending.VIDEO)
    assert (track.how == How.SEEN).all()
    assert len(track.moments) == 4  # of 1.6 seconds
    assert track.moments[0].pixels.shape[2] == 3


def test_a_face_that_walks_is_one_track() -> None:
    track = only(followed(Film(60, [Actor(1, lambda frame: (40 + 4 * frame, 90))], studio)))
    assert track.stop == 60
    assert track.longest_gap == 0


@pytest.mark.parametrize("gap", [1, 2, 4, 7, 12, 20])
@pytest.mark.parametrize("speed", [0, 2])
def test_a_gap_is_filled(gap: int, speed: int) -> None:
    """The pixels are there and are followed, however long the finder looks away."""
    actor = Actor(
        1,
        lambda frame: (60 + speed * frame, 90),
        lambda frame: 0.0 if 20 <= frame < 20 + gap else 0.9,
    )
    track = only(followed(Film(60, [actor], studio)))
    assert track.longest_gap == gap
    assert (track.how[20 : 20 + gap] == How.FOLLOWED).all()


@pytest.mark.parametrize("gap", [1, 3, 6, 10])
def test_behind_a_pillar_a_face_is_where_it_must_be(gap: int) -> None:
    actor = Actor(
        1,
        lambda frame: (60 + 3 * frame, 90),
        lambda frame: 0.0 if 20 <= frame < 20 + gap else 0.9,
        lambda frame: not 20 <= frame < 20 + gap,
    )
    track = only(followed(Film(60, [actor], studio)))
    assert (track.how[20 : 20 + gap] == How.FILLED).all()


def test_a_face_is_held_before_and_after_it_is_seen() -> None:
    """It was there before: first its pixels are followed back, then its place is held."""
    actor = Actor(
        1,
        lambda frame: (160, 90),
        lambda frame: 0.9 if 30 <= frame < 45 else 0.0,
        lambda frame: 20 <= frame < 50,
    )
    track = only(followed(Film(90, [actor], studio)))
    at = {frame: How(track.how[frame - track.start]) for frame in range(track.start, track.stop)}
    assert all(at[frame] is How.FOLLOWED for frame in range(20, 30))
    assert at[19] is How.HELD
    assert 19 - 13 <= track.start <= 10
    assert all(at[frame] is How.FOLLOWED for frame in range(45, 50))
    assert at[52] is How.HELD
    boxes = [track.box_at(frame).area for frame in range(50, track.stop)]
    assert boxes == sorted(boxes) and boxes[-1] > boxes[0]


def test_a_cut_ends_everything_and_nothing_reaches_beyond() -> None:
    actors = [
        Actor(1, lambda frame: (100, 90) if frame < 30 else None),
        Actor(2, lambda frame: (102, 92) if frame >= 30 else None),
    ]
    film = Film(60, actors, lambda frame: STUDIO if frame < 30 else STREET)
    result = followed(film)
    assert result.cuts == (30,)
    before, after = result.tracks
    assert (before.stop, before.ended) == (30, Ending.CUT)
    assert (after.start, after.began) == (30, Ending.CUT)
    assert result.uncertain == ()


def test_a_cut_on_the_same_ground_does_not_hand_a_track_to_another_head() -> None:
    actors = [
        Actor(1, lambda frame: (100, 90) if frame < 30 else None),
        Actor(2, lambda frame: (101, 90) if frame >= 30 else None),
    ]
    result = followed(Film(60, actors, studio))
    assert result.cuts == ()
    assert len(result.tracks) == 2


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_ends_no_track(length: int) -> None:
    """All is white, and the finder sees nobody."""

    def flash(frame: int) -> bool:
        return 25 <= frame < 25 + length

    actor = Actor(1, lambda frame: (100 + frame, 90), lambda frame: 0.0 if flash(frame) else 0.9)
    film = Film(50, [actor], studio, light=lambda frame: 30.0 if flash(frame) else 1.0)
    result = followed(film)
    assert result.cuts == ()
    assert only(result).longest_gap == length


def test_a_fade_to_black_and_out_of_it_is_two_scenes() -> None:
    actor = Actor(1, lambda frame: (160, 90), lambda frame: 0.0 if 24 <= frame < 37 else 0.9)
    film = Film(
        60, [actor], studio, light=lambda frame: min(1.0, max(0.0, abs(frame - 30) - 5) / 20)
    )
    result, _ = film.follow()
    assert len(result.tracks) == 2
    assert result.tracks[0].ended is Ending.CUT


def test_the_camera_pans_and_a_face_is_followed_while_it_is_not_seen() -> None:
    wide = texture(3, 3 * WIDTH, HEIGHT, 9)

    def ground(frame: int) -> np.ndarray:
        return np.ascontiguousarray(wide[:, 6 * frame : 6 * frame + WIDTH])

    actor = Actor(
        1,
        lambda frame: (290 - 6 * frame, 90),
        lambda frame: 0.0 if 15 <= frame < 30 else 0.9,
    )
    track = only(followed(Film(40, [actor], ground)))
    assert track.longest_gap == 15


def test_a_face_that_leaves_at_the_edge_is_not_lost() -> None:
    actor = Actor(1, lambda frame: (220 + 3 * frame, 90))
    result = followed(Film(90, [actor], studio))
    assert only(result).ended is Ending.EDGE
    assert result.uncertain == ()


def test_a_face_that_comes_in_at_the_edge_has_begun_there() -> None:
    actor = Actor(1, lambda frame: (-30 + 3 * frame, 90))
    assert only(followed(Film(60, [actor], studio))).began is Ending.EDGE


def test_a_face_that_vanishes_may_be_anywhere_near() -> None:
    """It is clearly there, and a frame later it is not: until a cut the place grows."""
    actor = Actor(1, lambda frame: (160, 90) if frame < 20 else None)
    film = Film(75, [actor], lambda frame: STUDIO if frame < 70 else STREET)
    result = followed(film)
    assert only(result).ended is Ending.LOST
    (lost,) = result.uncertain
    assert lost.track == 0
    assert lost.start <= result.tracks[0].stop
    assert lost.stop == 70  # where the scene is cut
    areas = [box.area for box in lost.boxes]
    assert areas == sorted(areas)
    assert lost.boxes[-1].width >= lost.boxes[0].width * 2
    assert all(FULL.intersection(box) == box.area for box in lost.boxes)


def test_a_lost_face_does_not_hide_the_picture_for_ever() -> None:
    actor = Actor(1, lambda frame: (160, 90) if frame < 20 else None)
    result = followed(Film(300, [actor], studio))
    (lost,) = result.uncertain
    assert 100 <= lost.stop - lost.start <= 130


def test_a_lost_face_is_found_where_it_may_be() -> None:
    actor = Actor(
        1,
        lambda frame: (120, 90) if frame < 20 else (170, 80) if frame >= 50 else None,
    )
    result, _ = Film(90, [actor], studio).follow()
    assert len(result.tracks) == 2
    (lost,) = result.uncertain
    assert lost.stop <= 51


def test_a_loss_is_worth_a_careful_look() -> None:
    actor = Actor(1, lambda frame: (160, 90) if frame < 18 else None)
    _, told = Film(60, [actor], studio).follow()
    assert told.careful[0] == 0
    assert 25 in told.careful  # a second later
    assert any(30 <= frame < 40 for frame in told.careful)


@pytest.mark.parametrize("rows", [0, 6])
def test_two_that_cross_are_not_mistaken_for_each_other(rows: int) -> None:
    """The one in front hides the other: both end, and each goes on as a new track."""
    back = Actor(
        1,
        lambda frame: (60 + 2 * frame, 90),
        lambda frame: 0.0 if 38 <= frame <= 62 else 0.9,
    )
    front = Actor(2, lambda frame: (260 - 2 * frame, 90 + rows))
    result = followed(Film(100, [back, front], studio))
    assert sum(track.ended is Ending.MEETING for track in result.tracks) == 2
    assert all(
        len(people) == 1 for people in people_of(Film(100, [back, front], studio), result).values()
    )


def test_two_side_by_side_are_two_tracks() -> None:
    actors = [
        Actor(1, lambda frame: (140 + frame % 3, 90)),
        Actor(2, lambda frame: (176 - frame % 3, 92)),
    ]
    result = followed(Film(60, actors, studio))
    assert len(result.tracks) == 2
    assert all(track.ended is Ending.VIDEO for track in result.tracks)


def test_two_alike_so_near_that_nobody_could_tell_end_both() -> None:
    """Twins a few pixels apart: the finder's boxes could as well be each other's."""
    actors = [
        Actor(1, lambda frame: (160 - max(0, 80 - 3 * frame), 90)),
        Actor(1, lambda frame: (166 + max(0, 80 - 3 * frame), 90)),
    ]
    result, _ = Film(60, actors, studio).follow()
    assert sum(track.ended is Ending.MEETING for track in result.tracks) >= 2


def test_a_weak_face_that_stays_is_a_face() -> None:
    actor = Actor(1, lambda frame: (160, 90), lambda frame: 0.3)
    track = only(followed(Film(30, [actor], studio)))
    assert (track.how == How.SEEN).all()


def test_a_weak_sighting_by_itself_is_none() -> None:
    at = Box(50, 50, 80, 90)
    clutter = {7: [Face(at, 0.3, landmarks_in(at))], 21: [Face(at, 0.3, landmarks_in(at))]}
    result, _ = Film(30, [], studio, clutter=clutter).follow()
    assert result.tracks == ()


def test_a_glimpse_is_not_carried_on_by_another_face() -> None:
    """Somebody is seen once between two others; a third of a second later somebody is there."""
    glimpse = Actor(1, lambda frame: (160, 90), lambda frame: 0.9 if frame == 20 else 0.0)
    film = Film(50, [glimpse, Actor(1, lambda frame: (166, 90) if frame >= 29 else None)], studio)
    result, _ = film.follow()
    assert all(len(people) == 1 for people in people_of(film, result).values())
    assert len(result.tracks) == 2


def test_one_sure_sighting_is_a_face() -> None:
    at = Box(50, 50, 80, 90)
    result, _ = Film(30, [], studio, clutter={15: [Face(at, 0.6)]}).follow()
    track = only(result)
    assert track.start < 15 < track.stop - 1


def test_weak_sightings_carry_a_face_on() -> None:
    actor = Actor(1, lambda frame: (60 + 2 * frame, 90), lambda frame: 0.9 if frame < 10 else 0.15)
    track = only(followed(Film(60, [actor], studio)))
    assert (track.how == How.SEEN).all()


def test_clutter_takes_no_face_away() -> None:
    random = np.random.default_rng(5)
    clutter = {}
    for frame in range(60):
        places = random.integers((0, 0), (WIDTH - 30, HEIGHT - 40), (6, 2)).tolist()
        clutter[frame] = [Face(Box(x, y, x + 28, y + 37), 0.25) for x, y in places]
    actors = [
        Actor(1, lambda frame: (60 + 2 * frame, 60)),
        Actor(2, lambda frame: (260 - 2 * frame, 130)),
    ]
    result, _ = Film(60, actors, studio, clutter=clutter).follow()
    assert uncovered(Film(60, actors, studio), result) == []
    whole = [track for track in result.tracks if (track.how == How.SEEN).sum() > 40]
    assert len(whole) == 2


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_every_face_is_covered(seed: int) -> None:
    """Four that wander, with gaps of up to 8 frames here and there."""
    random = np.random.default_rng(seed)
    actors = []
    for number in range(4):
        start, speed = random.uniform((40, 30), (280, 150)), random.uniform(-2.5, 2.5, 2)
        gaps = np.zeros(80, bool)
        for first in random.integers(8, 70, 2).tolist():
            gaps[first : first + int(random.integers(1, 9))] = True

        def at(
            frame: int, start: np.ndarray = start, speed: np.ndarray = speed
        ) -> tuple[float, float]:
            x, y = start + speed * frame
            span_x, span_y = WIDTH - 60, HEIGHT - 60
            # There and back again, so that nobody leaves.
            return (
                30 + abs((x - 30) % (2 * span_x) - span_x),
                30 + abs((y - 30) % (2 * span_y) - span_y),
            )

        def score(frame: int, gaps: np.ndarray = gaps) -> float:
            return 0.0 if gaps[frame] else 0.85

        actors.append(Actor(10 * seed + number, at, score))
    film = Film(80, actors, studio)
    result, _ = film.follow()
    assert uncovered(film, result) == []
    assert all(len(people) == 1 for people in people_of(film, result).values())


def test_frames_come_in_turn() -> None:
    follower = Follower(Told([]))
    follower.see(frame_of(0, [], STUDIO))
    with pytest.raises(ValueError, match="frame 2 came where frame 1 was expected"):
        follower.see(frame_of(2, [], STUDIO))


def test_a_video_without_frames_has_nobody() -> None:
    result = Follower(Told([])).end()
    assert (result.tracks, result.uncertain, result.cuts, result.frames) == ((), (), (), 0)


def test_memory_does_not_grow_with_the_video(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over keeps no picture of the frames it was in, but its few moments."""
    made: list[weakref.ref[Any]] = []
    real = SmallPicture.of

    def noted(y: Any) -> SmallPicture:
        picture = real(y)
        made.append(weakref.ref(picture.grey))
        return picture

    monkeypatch.setattr(SmallPicture, "of", noted)
    actor = Actor(1, lambda frame: (160, 90) if frame % 60 < 20 else None)
    follower = Follower(Told([actor]))
    for index in range(400):
        follower.see(frame_of(index, [actor], STUDIO))
    gc.collect()
    assert sum(one() is not None for one in made) < 60
