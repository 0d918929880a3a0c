"""`clear`, `export` and `still` with videos, as people use them."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.clip_truth import ClipTruth
from clearance import video_export
from clearance.commandline import ExitCode
from clearance.masks import window
from clearance.video_containers import foreign_video_parts
from clearance.video_masks import GREY
from detector.detector import Detector
from detector.faces import Face
from detector.photo import open_photo
from detector.tracking import Follower
from detector.video import frames, open_video
from detector.video_frames import VideoFrame
from tests import clips
from tests.commands import PHOTOS, SAMPLES, begun, run
from tests.videos import made, pictures

KNOWN, STRANGER = clips.CLEARED, clips.REFUSED
PORTRAIT, OF_STRANGER = (SAMPLES / "portraits" / f"{who}-1.jpg" for who in (KNOWN, STRANGER))
NAME = "Désiré Kamanda"
SIZE = (640, 480)
WEBSITE = ("--channel", "website")
FILMED = ("--channel", "website", "--material", "video")
SOUND = clips.Beside(sound=True)


def alone(path: Path, beside: clips.Beside | None = None) -> Path:
    """A clip of the one who agreed."""
    somebody = clips.walker(KNOWN, (0.4, 0.4, 0.28), (0.5, 0.42, 0.28))
    shot = clips.scene(somebody, seconds=0.8, size=SIZE)
    return clips.a_clip(path, shot, size=SIZE, beside=beside).path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """A clip of two people, with sound, and where they are."""
    path = tmp_path_factory.mktemp("clips") / "two.mp4"
    shot = clips.two_people(SIZE, seconds=0.8)
    return clips.a_clip(path, shot, size=SIZE, beside=SOUND)


@pytest.fixture
def two_people(film: ClipTruth) -> Path:
    return film.path


@pytest.fixture(scope="module")
def filmed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in which one of the two agreed to be filmed; to be read only."""
    folder = tmp_path_factory.mktemp("filmed")
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7 signed by nobody")
    registry = folder / "registry"
    there = ("--registry", registry, "--json")
    run("init", "--registry", registry).assert_exit(ExitCode.CLEARED)
    added = run("people", "add", NAME, "--portrait", PORTRAIT, *there)
    person = added.assert_exit(ExitCode.CLEARED).document["person"]
    form = ("--serial", "T-1", "--evidence", folder / "scan.pdf", "--biometric")
    dates = ("--signed", "2026-01-10", "--until", "2036-01-10")
    run("consent", "record", person, *form, *dates, *PHOTOS, *FILMED, *there).assert_exit(
        ExitCode.CLEARED
    )
    return registry


@pytest.fixture
def filmed(filmed_once: Path, tmp_path: Path) -> Path:
    """A copy of it for one test to change."""
    return Path(shutil.copytree(filmed_once, tmp_path / "filmed"))


def hidden_share(copy: Path, film: ClipTruth, person: str) -> list[float]:
    """How much of somebody's face is grey, frame by frame."""
    shares = []
    for frame in frames(open_video(copy)):
        (face,) = (one for one in film.frames[frame.index] if one.person == person)
        box = face.box.clipped(frame.width, frame.height)
        part = frame.y[box.top : box.bottom, box.left : box.right].astype(int)
        shares.append(float((np.abs(part - GREY) < 12).mean()))
    return shares


def test_who_agreed_is_to_be_seen_and_who_did_not_is_hidden_in_every_frame(
    film: ClipTruth, two_people: Path, filmed: Path, tmp_path: Path
) -> None:
    before = hashlib.sha256(two_people.read_bytes()).hexdigest()
    out = tmp_path / "out"
    run("export", two_people, "--registry", filmed, *WEBSITE, "-o", out).assert_exit(
        ExitCode.CLEARED
    )
    copy = out / "two.mp4"
    assert [path.name for path in out.iterdir()] == ["two.mp4"]
    assert hashlib.sha256(two_people.read_bytes()).hexdigest() == before
    assert min(hidden_share(copy, film, STRANGER)) == 1.0
    assert max(hidden_share(copy, film, KNOWN)) < 0.3
    assert foreign_video_parts(copy) == ()
    # Nobody agreed to be heard.
    assert open_video(copy).audio == ()
    times = [frame.time for frame in frames(open_video(two_people))]
    assert [frame.time for frame in frames(open_video(copy))] == times


def test_a_consent_to_photos_is_none_to_videos(
    two_people: Path, empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    enrol(empty_registry, NAME, PORTRAIT)
    answer = run("check", two_people, "--registry", empty_registry, *WEBSITE, "--json")
    document = answer.assert_exit(ExitCode.NOT_CLEARED).document
    (known,) = (face for face in document["faces"] if face["person"])
    assert known["outcome"] == "blocked"
    assert "material_not_covered" in known["reasons"]


def test_somebody_alone_who_agreed_to_all_of_it_is_clear_and_heard(
    empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    video = alone(tmp_path / "alone.mp4", SOUND)
    enrol(empty_registry, NAME, PORTRAIT, *FILMED, "--material", "voice")
    judged = ("--registry", empty_registry, *WEBSITE)
    run("check", video, *judged).assert_exit(ExitCode.CLEARED)
    run("export", video, *judged, "-o", tmp_path / "out").assert_exit(ExitCode.CLEARED)
    assert open_video(tmp_path / "out" / "alone.mp4").audio


def test_a_voice_without_a_yes_keeps_a_video_at_look_at_it(filmed: Path, tmp_path: Path) -> None:
    silent = alone(tmp_path / "silent.mp4")
    speaking = alone(tmp_path / "speaking.mp4", SOUND)
    judged = ("--registry", filmed, *WEBSITE, "--json")
    assert run("check", silent, *judged).document["outcome"] == "cleared"
    assert run("check", speaking, *judged).document["outcome"] == "review"


def test_a_voice_that_is_kept_without_a_yes_is_for_a_person(filmed: Path, tmp_path: Path) -> None:
    video = alone(tmp_path / "speaking.mp4", SOUND)
    judged = ("--registry", filmed, *WEBSITE, "-o", tmp_path / "out", "--json")
    kept = run("export", video, *judged, "--audio", "keep").assert_exit(ExitCode.NOT_CLEARED)
    assert kept.document["video"]["export"]["outcome"] == "review"
    left_out = run("export", video, *judged).assert_exit(ExitCode.CLEARED)
    assert left_out.document["video"]["export"]["outcome"] == "cleared"


def test_a_still_is_taken_through_the_same_gate(
    film: ClipTruth, two_people: Path, filmed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stills"
    judged = ("--registry", filmed, *WEBSITE, "-o", out)
    run("still", two_people, "--at", "0.5", *judged, "--json").assert_exit(ExitCode.CLEARED)
    (still,) = out.iterdir()
    assert still.name == "two 0.50.png"
    pixels = open_photo(still).pixels
    assert pixels.shape == (480, 640, 3)
    (face,) = (one for one in film.frames[5] if one.person == STRANGER)
    source = next(f for f in frames(open_video(two_people)) if f.index == 5).rgb()
    place = window(face.box)
    assert np.abs(pixels[place].astype(int) - source[place]).mean() > 15


def test_a_still_of_no_moment_is_refused_in_one_line(two_people: Path, tmp_path: Path) -> None:
    answer = run("still", two_people, "--at", "7", "-o", tmp_path / "out")
    answer.assert_exit(ExitCode.USAGE)
    assert "0.80 s long" in answer.result.output


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.mp4", "cut"),
        ("noise.mp4", "noise"),
        ("playlist.mp4", "playlist"),
        ("empty.mp4", "empty"),
    ],
    ids=["cut", "noise", "playlist", "empty"],
)
def test_what_is_no_whole_video_fails_and_takes_its_copy_along(
    name: str, content: str, tmp_path: Path
) -> None:
    whole = made(tmp_path / "whole.mp4", *pictures(1), "-movflags", "+faststart").read_bytes()
    bad = tmp_path / name
    bad.write_bytes(
        {
            "cut": whole[: int(len(whole) * 0.7)],
            "noise": whole[:2000] + bytes(range(256)) * 100 + whole[-100:],
            "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nfile:///etc/passwd\n",
            "empty": b"",
        }[content]
    )
    out = tmp_path / "out"
    out.mkdir()
    for suffix in (".mp4", ".jpg"):
        (out / name).with_suffix(suffix).write_bytes(b"an earlier decision")
    answer = run("export", bad, "-o", out, "--json").assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert answer.document["outcome"] == "failed"
    target = {"playlist": ".jpg", "empty": ".jpg"}.get(content, ".mp4")
    assert not (out / name).with_suffix(target).exists()


def test_videos_and_photos_of_an_album_come_in_their_order(
    two_people: Path, demo_registry: Path, tmp_path: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in ("a.jpg", "c.jpg"):
        (album / name).write_bytes((SAMPLES / "album" / "01.jpg").read_bytes())
    (album / "b.mp4").write_bytes(two_people.read_bytes())
    answer = run("scan", album, "--registry", demo_registry, "--json", "--jobs", "1")
    assert [Path(one["path"]).name for one in answer.documents] == ["a.jpg", "b.mp4", "c.jpg"]


def test_nothing_of_the_work_is_left_and_a_failed_copy_leaves_none(
    two_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_export, "foreign_video_parts", lambda _: ("moov/udta",))
    out = tmp_path / "out"
    answer = run("export", two_people, "-o", out, "--json").assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "moov/udta" in answer.document["problem"]
    assert list(out.iterdir()) == []


def test_what_was_seen_of_a_video_need_not_be_looked_at_again(
    film: ClipTruth, two_people: Path, filmed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = ("--registry", filmed, *WEBSITE, "--json")
    first = run("check", two_people, *judged).document
    with monkeypatch.context() as patch:
        patch.setattr(Follower, "see", _never)
        assert run("check", two_people, *judged).document == first
        run("export", two_people, *judged, "-o", tmp_path / "out").assert_exit(ExitCode.CLEARED)
    assert min(hidden_share(tmp_path / "out" / "two.mp4", film, STRANGER)) == 1.0


@pytest.mark.parametrize("pulled", [False, True], ids=["ctrl-c", "killed"])
@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
def test_an_interrupted_look_goes_on_where_it_was(
    filmed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulled: bool
) -> None:
    """What was seen is not looked at again, and the answer is that of a look without a stop."""
    video = clips.a_clip(tmp_path / "long.mp4", clips.two_people(seconds=8)).path
    judged = ("--registry", filmed, *WEBSITE, "--json")
    kept = filmed / "video_looks.journal"
    process = begun("check", video, *judged)
    while process.poll() is None and not (kept.exists() and kept.stat().st_size > 1000):
        time.sleep(0.01)
    if pulled:
        process.kill()
    else:
        process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=120)
    assert process.returncode == (-signal.SIGKILL if pulled else ExitCode.INTERRUPTED), told
    asked = []
    look = Detector.look_at_frame

    def counted(self: Detector, frame: VideoFrame, **how: Any) -> tuple[Face, ...]:
        asked.append(frame.index)
        return look(self, frame, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Detector, "look_at_frame", counted)
        document = run("check", video, *judged).document
        first = asked[0]
        assert first >= 25
        assert asked == list(range(first, 80))
        asked.clear()
        again = run("scan", video, *judged, "--again").document
        assert asked == list(range(80))
    assert again == document


def test_a_video_that_was_seen_is_judged_anew_and_somebody_new_is_looked_for(
    two_people: Path, filmed: Path, enrol: Callable[..., str]
) -> None:
    judged = ("--registry", filmed, *WEBSITE, "--json")
    before = run("check", two_people, *judged).document
    (person,) = {face["person"] for face in before["faces"] if face["person"]}
    enrol(filmed, "Priya Ramanathan", OF_STRANGER, *FILMED, serial="T-2")
    after = run("check", two_people, *judged).document
    run("consent", "withdraw", person, "--registry", filmed).assert_exit(ExitCode.CLEARED)
    last = run("check", two_people, *judged).document
    verdicts = [[face["outcome"] for face in one["faces"]] for one in (before, after, last)]
    assert [one.count("cleared") for one in verdicts] == [1, 2, 1]


def test_an_interrupted_copy_goes_on_with_the_parts_that_were_examined(
    film: ClipTruth, two_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(video_export, "join", _interrupted)
        assert run("export", two_people, "-o", out).result.exit_code == ExitCode.INTERRUPTED
    assert not (out / "two.mp4").exists()
    (work,) = out.iterdir()
    assert work.name.startswith(".clearance-")
    # Only what was examined may lie there.
    assert {path.name for path in work.iterdir()} == {"part-00000.mp4", "part-00000.json"}
    with monkeypatch.context() as patch:
        patch.setattr(video_export, "write_chunk", _never)
        run("export", two_people, "-o", out).assert_exit(ExitCode.CLEARED)
    assert [path.name for path in out.iterdir()] == ["two.mp4"]
    assert min(hidden_share(out / "two.mp4", film, STRANGER)) == 1.0


def test_parts_of_another_decision_are_thrown_away(
    film: ClipTruth, two_people: Path, filmed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(video_export, "join", _interrupted)
        run("export", two_people, "--registry", filmed, *WEBSITE, "-o", out)
    # Now everybody is hidden.
    run("export", two_people, *WEBSITE, "-o", out).assert_exit(ExitCode.CLEARED)
    assert [path.name for path in out.iterdir()] == ["two.mp4"]
    assert min(hidden_share(out / "two.mp4", film, KNOWN)) == 1.0
    assert min(hidden_share(out / "two.mp4", film, STRANGER)) == 1.0


def test_a_mask_that_a_person_drew_is_hidden_in_every_frame(tmp_path: Path) -> None:
    video = made(tmp_path / "wall.mp4", *pictures(0.4, size="320x240"))
    out, sheets = tmp_path / "out", tmp_path / "sheets"
    drawn = ("--mask", "box:40,40,120,100")
    run("export", video, *drawn, "-o", out, "--explain", sheets).assert_exit(ExitCode.CLEARED)
    shown = list(frames(open_video(out / "wall.mp4")))
    assert len(shown) == 10
    for frame in shown:
        assert np.abs(frame.y[44:96, 44:116].astype(int) - GREY).max() < 24
    # Nobody is in it, so that there is no doubt to be looked at.
    assert not sheets.exists()
    outside = ("--mask", "box:400,40,500,100")
    answer = run("export", video, *outside, "-o", out, "--json")
    answer.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "320 x 240" in answer.document["problem"]
    assert not (out / "wall.mp4").exists()


def test_a_video_that_cannot_be_judged_leaves_nothing_of_an_earlier_copy(
    two_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, out = tmp_path / "two.mp4", tmp_path / "out"
    video.write_bytes(two_people.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(video_export, "join", _interrupted)
        run("export", video, "-o", out)
    assert list(out.iterdir())
    video.write_bytes(video.read_bytes()[:9000])
    run("export", video, "-o", out).assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert list(out.iterdir()) == []


def test_doubtful_frames_are_drawn_for_the_house(
    two_people: Path, filmed: Path, tmp_path: Path
) -> None:
    out, sheets = tmp_path / "out", tmp_path / "sheets"
    judged = ("--registry", filmed, *WEBSITE)
    run("export", two_people, *judged, "-o", out, "--explain", sheets).assert_exit(ExitCode.CLEARED)
    (sheet,) = sheets.iterdir()
    assert sheet.name == "two.explain.png"
    pixels = open_photo(sheet).pixels
    red = (np.abs(pixels.astype(int) - (220, 20, 30)).max(axis=2) < 10).sum()
    assert red > 200


def _never(*_: object, **__: object) -> None:
    raise AssertionError("looked at once more")


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_nothing_that_lies_beside_the_pictures_gets_into_a_copy(tmp_path: Path) -> None:
    beside = clips.Beside(
        sound=True, subtitles=True, chapters=True, titles=True, data=True, cover=True, turned=90
    )
    video = clips.a_clip(tmp_path / "full.mp4", beside=beside).path
    out = tmp_path / "out"
    answer = run("export", video, "-o", out, "--audio", "replace-tone", "--json")
    document = answer.assert_exit(ExitCode.CLEARED).document
    told = {"subtitles", "chapters", "data", "cover"}
    assert told <= set(document["video"]["beside"])
    copy = out / "full.mp4"
    assert foreign_video_parts(copy) == ()
    info = open_video(copy)
    assert (info.beside, len(info.audio), info.rotated) == ((), 1, 0)
    assert (info.width, info.height) == clips.SMALL
    for word in (b"Priya", b"Tiziano", b"Ward 3"):
        assert word in video.read_bytes()
        assert word not in copy.read_bytes()
