"""`--max-edge` with videos, as people use it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip_truth import ClipTruth
from clearance import video_export
from clearance.commandline import ExitCode
from clearance.video_masks import GREY
from detector.photo import open_photo
from detector.video import frames, open_video
from tests import clips
from tests.commands import run
from tests.test_video_command import KNOWN, SIZE, STRANGER, WEBSITE, filmed_once

__all__ = ["filmed_once"]

SMALLER = ("--max-edge", "400")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """A clip of two people that a player turns upright."""
    path = tmp_path_factory.mktemp("clips") / "two.mp4"
    shot = clips.two_people(SIZE, seconds=0.4)
    beside = clips.Beside(sound=True, turned=90)
    return clips.a_clip(path, shot, size=SIZE, beside=beside)


@pytest.fixture(scope="module")
def far_away(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """Somebody nobody asked, who is recognised in the clip and not in one of 200 pixels."""
    path = tmp_path_factory.mktemp("clips") / "far.mp4"
    somebody = clips.walker(STRANGER, (0.4, 0.4, 0.07), (0.44, 0.4, 0.07))
    return clips.a_clip(path, clips.scene(somebody, seconds=0.4, size=SIZE), size=SIZE)


def grey_share(copy: Path, film: ClipTruth, person: str) -> list[float]:
    """How much of somebody's face is grey, frame by frame, at the size of the copy."""
    shares = []
    for frame in frames(open_video(copy)):
        (face,) = (one for one in film.frames[frame.index] if one.person == person)
        box = face.box.scaled(frame.width / SIZE[0], frame.height / SIZE[1])
        inside = box.clipped(frame.width, frame.height)
        part = frame.y[inside.top : inside.bottom, inside.left : inside.right].astype(int)
        shares.append(float((np.abs(part - GREY) < 12).mean()))
    return shares


def test_the_copy_of_a_video_is_as_large_as_it_was_judged(
    film: ClipTruth, filmed_once: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    judged = ("--registry", filmed_once, *WEBSITE, *SMALLER, "-o", out)
    answer = run("export", film.path, *judged, "--audio", "replace-tone", "--json")
    document = answer.assert_exit(ExitCode.CLEARED).document
    assert document["rendition"] == {"max_edge": 400, "width": 400, "height": 300}
    assert (document["width"], document["height"]) == SIZE
    export = document["video"]["export"]
    assert (export["width"], export["height"]) == (400, 300)
    info = open_video(out / "two.mp4")
    assert (info.width, info.height, info.rotated, len(info.audio)) == (400, 300, 0, 1)
    before = [frame.time for frame in frames(open_video(film.path))]
    assert [frame.time - info.start for frame in frames(info)] == [
        time - before[0] for time in before
    ]
    assert min(grey_share(out / "two.mp4", film, STRANGER)) == 1.0
    assert max(grey_share(out / "two.mp4", film, KNOWN)) < 0.3


def test_who_is_too_small_in_the_smaller_copy_is_seen_in_it_only(
    far_away: ClipTruth, filmed_once: Path, tmp_path: Path
) -> None:
    judged = ("--registry", filmed_once, *WEBSITE)
    small, whole = tmp_path / "small", tmp_path / "whole"
    run("export", far_away.path, *judged, "--max-edge", "200", "-o", small).assert_exit(
        ExitCode.CLEARED
    )
    info = open_video(small / "far.mp4")
    assert (info.width, info.height) == (200, 150)
    assert max(grey_share(small / "far.mp4", far_away, STRANGER)) < 0.5
    run("export", far_away.path, *judged, "--max-edge", "640", "-o", whole).assert_exit(
        ExitCode.CLEARED
    )
    info = open_video(whole / "far.mp4")
    assert (info.width, info.height) == SIZE
    assert min(grey_share(whole / "far.mp4", far_away, STRANGER)) == 1.0


def test_parts_of_a_copy_of_another_size_are_not_used(
    film: ClipTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(video_export, "join", _interrupted)
        answer = run("export", film.path, "--max-edge", "500", "-o", out)
        assert answer.result.exit_code == ExitCode.INTERRUPTED
    assert list(out.iterdir())
    run("export", film.path, *SMALLER, "-o", out).assert_exit(ExitCode.CLEARED)
    assert [path.name for path in out.iterdir()] == ["two.mp4"]
    info = open_video(out / "two.mp4")
    assert (info.width, info.height) == (400, 300)
    assert min(grey_share(out / "two.mp4", film, STRANGER)) == 1.0


def test_a_still_is_as_large_as_it_was_judged(
    film: ClipTruth, filmed_once: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stills"
    judged = ("--registry", filmed_once, *WEBSITE, *SMALLER, "-o", out)
    run("still", film.path, "--at", "0.2", *judged).assert_exit(ExitCode.CLEARED)
    (still,) = out.iterdir()
    assert open_photo(still).pixels.shape == (300, 400, 3)


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
