"""A look at a video that was interrupted goes on, and comes to what it would have come to."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.clip_truth import ClipTruth
from clearance.interrupted_looks import Answer, InterruptedLooks, Question, Replay
from clearance.looking import Eyes
from clearance.remembered_videos import VideoMemory
from clearance.video_looking import Watched, watch
from clearance.video_progress import NoBars
from consent.errors import RegistryUnwritableError
from consent.journal import Journal
from consent.registry import Registry
from detector.detector import Detector
from detector.errors import VideoUnreadableError
from detector.faces import Box, Face, Landmarks
from detector.matching import Gallery, Limits
from detector.scene_cuts import AHEAD
from detector.video import frames, open_video
from detector.video_frames import VideoFrame
from tests import clips
from tests.commands import run
from tests.detector.fakes import landmarks_in

TODAY = dt.date(2026, 11, 30)
LIMITS = Limits(0.5, 0.6)
FRAMES = 70


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """Seven seconds of two who walk past each other, at times that are not even."""
    path = tmp_path_factory.mktemp("clips") / "crossing.mp4"
    return clips.a_clip(path, clips.crossing(seconds=FRAMES / 10), uneven=True)


@pytest.fixture
def opened(empty_registry: Path) -> Iterator[Registry]:
    with Registry.open(empty_registry) as registry:
        yield registry


class Sees:
    """A finder that sees who is there, remembers what it was asked, and stops at a frame."""

    def __init__(self, film: ClipTruth, stop: int | None = None) -> None:
        self.film = film
        self.stop = stop
        self.why: BaseException = KeyboardInterrupt()
        self.asked: list[Question] = []

    def look_at_frame(
        self, frame: VideoFrame, *, careful: bool = False, expected: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        if frame.index == self.stop:
            raise self.why
        self.asked.append(Question(frame.index, frame.time, careful, tuple(expected)))
        there = (one.box.clipped(frame.width, frame.height) for one in self._there(frame.index))
        # Numbers of which no other number of digits or of bits would do.
        return tuple(Face(box, 0.5 + frame.index / 700, landmarks_in(box)) for box in there)

    def _there(self, frame: int) -> list[Any]:
        # Each is not seen for a while, so that faces are expected, and lost.
        return [
            one
            for number, one in enumerate(self.film.frames[frame])
            if not 20 + 25 * number <= frame < 28 + 25 * number
        ]

    @property
    def frames(self) -> list[int]:
        return [one.frame for one in self.asked]


def eyes(finder: Sees, gallery: Gallery | None = None) -> Eyes:
    return Eyes(cast("Detector", finder), gallery or Gallery.empty(), LIMITS)


@contextlib.contextmanager
def memory(
    registry: Registry, setting: str = "1", on: dt.date = TODAY, *, again: bool = False
) -> Iterator[VideoMemory]:
    """What a run remembers, from its beginning to its end."""
    gallery = Gallery.empty()
    looks = InterruptedLooks(registry.journal("video_looks"), setting, on, again=again)
    journal = registry.journal("videos")
    seen = VideoMemory(journal, setting, gallery, LIMITS, on, looks, again=again)
    with contextlib.closing(looks), contextlib.closing(seen):
        yield seen


def look(registry: Registry, path: Path, finder: Sees, **more: Any) -> Watched:
    with memory(registry, **more) as seen:
        return watch(path, eyes(finder), memory=seen)


def stopped(registry: Registry, path: Path, finder: Sees, **more: Any) -> None:
    with pytest.raises(type(finder.why)):
        look(registry, path, finder, **more)


def portions(registry: Registry) -> list[bytes]:
    return list(registry.journal("video_looks").records())


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, to the last bit and pixel."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(
            alike(getattr(one, name), getattr(other, name)) for name in names
        )
    return bool(one == other)


@pytest.mark.parametrize("stop", [1, 25, 33, FRAMES - 1])
def test_a_look_goes_on_where_it_was_interrupted(
    opened: Registry, film: ClipTruth, stop: int
) -> None:
    whole = watch(film.path, eyes(first := Sees(film)))
    stopped(opened, film.path, Sees(film, stop))
    rest = Sees(film)
    watched = look(opened, film.path, rest)
    assert rest.frames == list(range(stop, FRAMES))
    # As if there had been no interruption: what is asked, and what comes of it.
    assert rest.asked == first.asked[stop:]
    assert any(one.expected for one in first.asked)
    assert whole.followed.tracks
    assert any(one.best is not None for one in whole.identities)
    assert alike(watched, dataclasses.replace(whole, info=watched.info))


def test_a_look_may_be_interrupted_again_and_again(opened: Registry, film: ClipTruth) -> None:
    whole = watch(film.path, eyes(Sees(film)))
    asked = []
    for stop in (10, 11, 11, 60):
        stopped(opened, film.path, finder := Sees(film, stop))
        asked += finder.frames
    watched = look(opened, film.path, finder := Sees(film))
    assert asked + finder.frames == list(range(FRAMES))
    assert alike(watched, dataclasses.replace(whole, info=watched.info))


def test_who_is_followed_when_it_is_over_is_not_looked_at_again(
    opened: Registry, film: ClipTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("clearance.video_looking.identify_tracks", interrupted)
        look(opened, film.path, Sees(film))
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == []


def test_what_comes_to_its_end_leaves_nothing_of_its_frames(
    opened: Registry, film: ClipTruth
) -> None:
    stopped(opened, film.path, Sees(film, 40))
    assert len(portions(opened)) == 2
    look(opened, film.path, Sees(film))
    assert portions(opened) == []
    # And is known as a whole.
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == []


def test_what_is_too_long_to_be_kept_as_a_whole_need_only_be_followed_again(
    opened: Registry, film: ClipTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearance.remembered_videos._LONGEST", 10)
    first = look(opened, film.path, Sees(film))
    second = look(opened, film.path, finder := Sees(film))
    assert finder.frames == []
    assert alike(second, dataclasses.replace(first, info=second.info))


def test_a_video_that_cannot_be_judged_leaves_nothing(opened: Registry, film: ClipTruth) -> None:
    finder = Sees(film, 40)
    finder.why = VideoUnreadableError("damaged after 4 s; save it again")
    stopped(opened, film.path, finder)
    assert portions(opened) == []


def test_a_network_that_fails_leaves_what_was_seen(opened: Registry, film: ClipTruth) -> None:
    finder = Sees(film, 40)
    finder.why = MemoryError()
    stopped(opened, film.path, finder)
    look(opened, film.path, finder := Sees(film))
    assert finder.frames[0] == 40


def test_of_another_video_nothing_is_used_and_each_keeps_its_own(
    opened: Registry, film: ClipTruth, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    # The same pictures at the same times, and other bytes.
    other.write_bytes(film.path.read_bytes() + (8).to_bytes(4, "big") + b"free")
    stopped(opened, film.path, Sees(film, 40))
    stopped(opened, other, finder := Sees(film, 30))
    assert finder.frames == list(range(30))
    look(opened, film.path, finder := Sees(film))
    assert finder.frames[0] == 40
    look(opened, other, finder := Sees(film))
    assert finder.frames[0] == 30


def test_what_was_seen_with_another_program_does_not_count(
    opened: Registry, film: ClipTruth
) -> None:
    stopped(opened, film.path, Sees(film, 40))
    stopped(opened, film.path, finder := Sees(film, 30), setting="2")
    assert finder.frames == list(range(30))
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == list(range(FRAMES))


def test_who_is_compared_has_no_say(opened: Registry, film: ClipTruth) -> None:
    """The finder knows nobody: somebody new in the registry changes nothing that it saw."""
    stopped(opened, film.path, Sees(film, 40))
    somebody = Gallery.of({"p1": [np.ones(4, np.float32)] * 2}, "colours")
    looks = InterruptedLooks(opened.journal("video_looks"), "1", TODAY)
    with contextlib.closing(looks):
        seen = VideoMemory(opened.journal("videos"), "1", somebody, LIMITS, TODAY, looks)
        with contextlib.closing(seen), pytest.raises(KeyboardInterrupt):
            watch(film.path, eyes(finder := Sees(film, 50), somebody), memory=seen)
    assert finder.frames == list(range(40, 50))


def test_looking_once_more_uses_nothing(opened: Registry, film: ClipTruth) -> None:
    stopped(opened, film.path, Sees(film, 40))
    look(opened, film.path, finder := Sees(film), again=True)
    assert finder.frames == list(range(FRAMES))


@pytest.mark.parametrize(("days", "kept"), [(60, True), (61, False)])
def test_what_nobody_went_on_with_goes_after_sixty_days(
    opened: Registry, film: ClipTruth, days: int, kept: bool
) -> None:
    stopped(opened, film.path, Sees(film, 40))
    with memory(opened, on=TODAY + dt.timedelta(days=days)):
        pass
    assert bool(portions(opened)) == kept


def test_a_look_is_as_old_as_the_last_of_it(opened: Registry, film: ClipTruth) -> None:
    stopped(opened, film.path, Sees(film, 30))
    stopped(opened, film.path, Sees(film, 40), on=TODAY + dt.timedelta(days=40))
    look(opened, film.path, finder := Sees(film), on=TODAY + dt.timedelta(days=80))
    assert finder.frames[0] == 40


@pytest.mark.parametrize("cut", [1, 30])
def test_a_piece_of_the_last_portion_is_looked_at_again(
    opened: Registry, empty_registry: Path, film: ClipTruth, cut: int
) -> None:
    stopped(opened, film.path, Sees(film, 60))
    journal = empty_registry / "video_looks.journal"
    journal.write_bytes(journal.read_bytes()[:-cut])
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == list(range(50, FRAMES))


def test_an_altered_journal_is_not_believed(
    opened: Registry, empty_registry: Path, film: ClipTruth
) -> None:
    stopped(opened, film.path, Sees(film, 60))
    journal = empty_registry / "video_looks.journal"
    data = bytearray(journal.read_bytes())
    data[-5] ^= 1
    journal.write_bytes(data)
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == list(range(FRAMES))


def test_who_is_erased_takes_what_was_seen_along(
    opened: Registry, empty_registry: Path, film: ClipTruth
) -> None:
    run("people", "add", "Anna Keller", "--registry", empty_registry)
    stopped(opened, film.path, Sees(film, 40))
    with memory(opened) as seen, pytest.raises(KeyboardInterrupt):
        # Also while a run is under way that has read it: it brings nothing back.
        run("people", "erase", "Anna Keller", "--yes", "--registry", empty_registry)
        assert not (empty_registry / "video_looks.journal").exists()
        watch(film.path, eyes(finder := Sees(film, 60)), memory=seen)
    assert finder.frames == list(range(60))
    assert portions(opened) == []


def test_nothing_of_it_can_be_read_without_the_key(
    opened: Registry, empty_registry: Path, film: ClipTruth
) -> None:
    stopped(opened, film.path, finder := Sees(film, 60))
    there = (empty_registry / "video_looks.journal").read_bytes()
    heads, contents = zip(*(one.split(b"\n", 1) for one in portions(opened)), strict=True)
    sha256 = open_video(film.path).sha256.encode()
    assert all(sha256 in head for head in heads)
    assert sha256 not in there
    (face, *_) = finder.look_at_frame(next(frames(open_video(film.path))))
    assert face.landmarks is not None
    points = json.dumps(face.landmarks.points).encode()
    assert points in zlib.decompress(contents[0])
    assert points not in there
    # Nor as they are packed.
    assert not any(one[:64] in there for one in contents)


def test_a_full_disk_is_told_and_an_interruption_stays_one(
    opened: Registry, film: ClipTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RegistryUnwritableError("full", path="x")

    monkeypatch.setattr(Journal, "add", full)
    stopped(opened, film.path, Sees(film, 10))
    with pytest.raises(RegistryUnwritableError):
        look(opened, film.path, Sees(film))


def test_whoever_is_interrupted_while_a_record_is_written_loses_no_other(
    opened: Registry, film: ClipTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a record that was not written to its end nothing could be read."""
    sealed, written = Journal._sealed, []

    def interrupted(journal: Journal, record: bytes) -> bytes:
        written.append(sealed(journal, record))
        if len(written) == 2:
            raise KeyboardInterrupt
        return written[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_sealed", interrupted)
        stopped(opened, film.path, Sees(film))
    look(opened, film.path, finder := Sees(film))
    assert finder.frames == list(range(25, FRAMES))


def test_files_of_the_same_bytes_are_looked_at_once(
    opened: Registry, film: ClipTruth, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(film.path.read_bytes())
    with memory(opened) as seen:
        first = watch(film.path, eyes(Sees(film)), memory=seen)
        second = watch(twin, eyes(finder := Sees(film)), memory=seen)
    assert finder.frames == []
    assert second.info.path == twin
    assert [track.number for track in second.followed.tracks] == [
        track.number for track in first.followed.tracks
    ]


def test_the_bar_is_told_what_was_seen_before(opened: Registry, film: ClipTruth) -> None:
    stopped(opened, film.path, Sees(film, 40))

    told: list[bool] = []

    class Told(NoBars):
        def looked(self, time: Fraction, duration: Fraction | None, *, known: bool = False) -> None:
            told.append(known)

    with memory(opened) as seen:
        watch(film.path, eyes(Sees(film)), Told(), seen)
    # The finder is asked about a frame when a few more have come.
    assert told == [True] * (40 + AHEAD - 1) + [False] * (FRAMES - 40 - AHEAD + 1)


# --- what is believed ------------------------------------------------------------------------


class Counts:
    """A finder that says the same of every frame, and counts."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def look_at_frame(
        self, frame: VideoFrame, *, careful: bool = False, expected: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        self.frames.append(frame.index)
        return ()


PLACE = Box(1, 2, 3, 4)
FACE = Face(PLACE, 0.1 + 0.2, Landmarks((math.pi, 1e-300), (2, 0), (3, 1), (4, 5), (-0.0, 1 / 3)))


def answers() -> list[Answer]:
    return [Answer(Question(n, Fraction(n, 3), n == 0, (PLACE,)), (FACE,)) for n in range(4)]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: dataclasses.replace(one, frame=7),
        lambda one: dataclasses.replace(one, time=one.time + Fraction(1, 10**9)),
        lambda one: dataclasses.replace(one, careful=not one.careful),
        lambda one: dataclasses.replace(one, expected=()),
        lambda one: dataclasses.replace(one, expected=(Box(1, 2, 3, 5),)),
    ],
    ids=["frame", "time", "careful", "nowhere", "elsewhere"],
)
def test_an_answer_to_another_question_is_not_believed_nor_any_after_it(
    film: ClipTruth, change: Callable[[Question], Question]
) -> None:
    known = answers()
    known[2] = dataclasses.replace(known[2], question=change(known[2].question))
    shown = next(frames(open_video(film.path)))
    finder, kept = Counts(), list[Answer]()
    replay = Replay(finder, known, kept.extend)
    seen = []
    for n in range(4):
        frame = dataclasses.replace(shown, index=n, time=Fraction(n, 3))
        seen.append(replay.look_at_frame(frame, careful=n == 0, expected=[PLACE]))
        assert replay.replaying == (n < 2)
    replay.flush()
    assert finder.frames == [2, 3]
    assert seen == [(FACE,), (FACE,), (), ()]
    assert [one.question for one in kept] == [one.question for one in answers()[2:]]


def test_what_was_looked_at_once_more_counts_from_there_on(
    opened: Registry, film: ClipTruth
) -> None:
    info = open_video(film.path)
    looks = InterruptedLooks(opened.journal("video_looks"), "1", TODAY)
    shown = next(frames(info))

    def ask(finder: Counts, last: int, careful: int) -> None:
        with looks.looking(info, finder) as replay:
            for n in range(last):
                frame = dataclasses.replace(shown, index=n, time=Fraction(n))
                replay.look_at_frame(frame, careful=n == careful)

    with contextlib.closing(looks):
        ask(Counts(), 60, careful=10)
        ask(finder := Counts(), 40, careful=30)
        assert finder.frames == list(range(10, 40))
        ask(finder := Counts(), 50, careful=30)
        assert finder.frames == list(range(40, 50))


def test_numbers_come_back_to_the_last_bit(opened: Registry, film: ClipTruth) -> None:
    info = open_video(film.path)
    shown = next(frames(info))

    class Once(Counts):
        def look_at_frame(self, *_: object, **__: object) -> tuple[Face, ...]:
            return (FACE, dataclasses.replace(FACE, landmarks=None, passes=3, view=1))

    looks = InterruptedLooks(opened.journal("video_looks"), "1", TODAY)
    with contextlib.closing(looks):
        for finder in (Once(), Counts()):
            with looks.looking(info, finder) as replay:
                seen = replay.look_at_frame(shown, expected=[PLACE])
    assert seen == Once().look_at_frame()
    assert repr(seen) == repr(Once().look_at_frame())
