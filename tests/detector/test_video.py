"""A video is opened completely or not at all, and each picture has its own time."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import platform
import re
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector import ffmpeg, video, video_kinds
from detector.errors import (
    VideoChangedError,
    VideoTooLargeError,
    VideoToolMissingError,
    VideoUnreadableError,
)
from detector.ffmpeg import ChildLimits, Ffmpeg, FfmpegError, Why, executable
from detector.video import BesideKind, VideoLimits, frame_at, frames, is_video, open_video
from detector.video_frames import ColourMatrix
from detector.video_streams import read_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detector.video_frames import VideoFrame

    Maker = Callable[..., Path]

POSIX = pytest.mark.skipif(os.name != "posix", reason="names that only POSIX allows")
MOVING = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1")
SOUND = ("-f", "lavfi", "-i", "sine=d=1:r=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1")
LEVELS = [24 + 8 * number for number in range(20)]
"""The brightness of the pictures of a clip whose pictures can be told from one another."""
UNEVEN = [0, 40, 81, 120, 453, 460, 461, 500, 1500, 1533, *range(1600, 2000, 40)]
"""When they are shown, in milliseconds."""


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes a clip with the same program that reads it; each is made once."""
    folder = tmp_path_factory.mktemp("clips")

    def clip(name: str, *arguments: str, stdin: bytes = b"") -> Path:
        path = folder / name
        if not path.exists():
            quiet = ("-hide_banner", "-loglevel", "error", "-y")
            command = [str(executable()), *quiet, *arguments, f"file:{path}"]
            subprocess.run(command, input=stdin, check=True, cwd=folder)
        return path

    return clip


@pytest.fixture
def plain(make: Maker) -> Path:
    """A second of moving shapes, with sound."""
    return make("plain.mp4", *MOVING, *SOUND, *H264, "-pix_fmt", "yuv420p", "-c:a", "aac")


def uneven(make: Maker, name: str, *arguments: str) -> Path:
    """Twenty grey pictures, each of its own brightness, at the times of UNEVEN."""
    steps = "+".join(f"eq(N\\,{number})*{time}" for number, time in enumerate(UNEVEN) if time)
    raw = b"".join(bytes([level]) * (64 * 48) + b"\x80" * (32 * 24 * 2) for level in LEVELS)
    return make(
        name,
        *("-f", "rawvideo", "-s", "64x48", "-pix_fmt", "yuv420p", "-i", "pipe:0"),
        *("-vf", f"settb=1/1000,setpts={steps}", "-fps_mode", "passthrough"),
        *("-enc_time_base", "1/1000", *arguments),
        stdin=raw,
    )


def long(make: Maker, ending: str) -> Path:
    """Twelve seconds, in groups of pictures that lean on each other."""
    return make(
        f"long.{ending}",
        *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=12", "-c:v", "libx264"),
        *("-g", "30", "-bf", "3", "-x264-params", "open-gop=1", "-pix_fmt", "yuv420p"),
    )


def times(shown: Sequence[VideoFrame]) -> list[Fraction]:
    return [frame.time for frame in shown]


def same(one: VideoFrame, other: VideoFrame) -> bool:
    planes = ("y", "cb", "cr")
    alike = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in planes)
    return alike and one.time == other.time


def damaged(path: Path, target: Path, start: float, count: int) -> Path:
    """A copy of which a part is noise."""
    content = bytearray(path.read_bytes())
    place = int(start * len(content))
    noise = np.random.default_rng(1).integers(0, 256, count, np.uint8).tobytes()
    content[place : place + count] = noise
    target.write_bytes(content)
    return target


def test_a_plain_clip_says_what_it_is(plain: Path) -> None:
    info = open_video(plain)
    assert (info.container, info.codec, info.width, info.height) == ("mov", "h264", 160, 120)
    assert [info.frame_rate, info.duration, info.start, info.pictures] == [25, 1, 0, 25]
    assert (info.colours.matrix, info.colours.full_range) == (ColourMatrix.BT601, False)
    assert (info.hdr, info.interlaced, info.rotated, info.beside) == (False, False, 0, ())
    assert info.sha256 == hashlib.sha256(plain.read_bytes()).hexdigest()
    (sound,) = info.audio
    assert [sound.codec, sound.channels, sound.sample_rate, sound.start] == ["aac", 1, 48000, 0]


def test_frames_are_numbered_upright_and_own_their_samples(plain: Path) -> None:
    shown = list(frames(open_video(plain)))
    assert [frame.index for frame in shown] == list(range(25))
    assert times(shown) == [Fraction(number, 25) for number in range(25)]
    assert {(frame.y.shape, frame.cb.shape, frame.cr.shape) for frame in shown} == {
        ((120, 160), (60, 80), (60, 80))
    }
    assert all(not np.shares_memory(a.y, b.y) for a, b in itertools.pairwise(shown))
    assert not np.array_equal(shown[0].y, shown[24].y)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("uneven.mp4", (*H264, "-qp", "0", "-bf", "2", "-video_track_timescale", "1000")),
        ("uneven.mkv", (*H264, "-qp", "0", "-g", "5")),
        ("uneven.webm", ("-c:v", "libvpx", "-crf", "4", "-b:v", "5M", "-deadline", "realtime")),
    ],
)
def test_each_picture_has_its_own_time(make: Maker, name: str, arguments: tuple[str, ...]) -> None:
    info = open_video(uneven(make, name, *arguments))
    seen = [(round(float(frame.y.mean())), frame.time) for frame in frames(info)]
    expected = [Fraction(time, 1000) for time in UNEVEN]
    assert [time for _, time in seen] == expected
    assert all(abs(grey - level) <= 1 for (grey, _), level in zip(seen, LEVELS, strict=True))


def test_the_picture_of_a_moment_is_the_one_that_is_shown_then(make: Maker) -> None:
    info = open_video(uneven(make, "uneven.mkv", *H264, "-qp", "0", "-g", "5"))
    asked = {-1: 0, 0: 0, 452: 3, 453: 4, 460: 5, 1499: 7, 1500: 8, 99_000: 19}
    for milliseconds, number in asked.items():
        frame = frame_at(info, Fraction(milliseconds, 1000))
        assert frame.time == Fraction(UNEVEN[number], 1000)
        assert round(float(frame.y.mean())) == LEVELS[number]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_part_is_the_same_as_in_the_whole(make: Maker, ending: str) -> None:
    path = long(make, ending)
    info = open_video(path)
    whole = list(frames(info))
    start, stop = whole[203].time, whole[240].time
    part = list(frames(info, start=start, stop=stop, first=203))
    assert [frame.index for frame in part] == list(range(203, 240))
    assert all(same(one, other) for one, other in zip(part, whole[203:240], strict=True))
    between = frame_at(info, whole[250].time + Fraction(1, 60))
    assert same(between, whole[250])


def test_a_long_clip_is_not_decoded_from_its_start(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = long(make, "mkv")
    info = open_video(path)
    sought: list[str] = []
    original = video._arguments

    def noting(*given: object) -> list[str]:
        arguments = original(*given)  # type: ignore[arg-type]
        sought.extend(arguments[arguments.index("-ss") + 1 :][:1] if "-ss" in arguments else [])
        return arguments

    monkeypatch.setattr(video, "_arguments", noting)
    next(frames(info, start=Fraction(10)))
    assert sought == ["8000000us"]


def test_an_index_that_leads_too_far_is_not_believed(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = open_video(long(make, "mkv"))
    original = video._decoded
    monkeypatch.setattr(
        video, "_decoded", lambda info, seek: original(info, None if seek is None else seek + 5)
    )
    assert next(frames(info, start=Fraction(4), first=100)).time == 4


@pytest.mark.parametrize(
    ("name", "arguments", "codec"),
    [
        ("v.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), "vp9"),
        ("v.mkv", ("-c:v", "ffv1"), "ffv1"),
        ("v.avi", ("-c:v", "mpeg4", "-bf", "2"), "mpeg4"),
        ("v10.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "prores"),
        ("v444.mkv", (*H264, "-pix_fmt", "yuv444p"), "h264"),
        ("v.mpg", ("-c:v", "mpeg2video"), "mpeg2video"),
        ("v.gif", (), "gif"),
        ("v.webp", ("-c:v", "libwebp_anim", "-quality", "90"), "webp_anim"),
        ("v.apng", (), "apng"),
        ("v.hevc.mov", ("-c:v", "libx265", "-x265-params", "log-level=none"), "hevc"),
    ],
)
def test_kinds_of_files_and_samples(
    make: Maker, name: str, arguments: tuple[str, ...], codec: str
) -> None:
    path = make(name, "-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=1", *arguments)
    info = open_video(path)
    shown = list(frames(info))
    assert (info.codec, len(shown), is_video(path)) == (codec, 10, True)
    assert [time - shown[0].time for time in times(shown)] == [
        Fraction(number, 10) for number in range(10)
    ]
    # The test picture has a strip of the six colours at its foot: red is redder than blue is.
    assert shown[0].y.std() > 30
    assert shown[0].cr.std() > 20


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_pictures_stand_upright(make: Maker, turn: int) -> None:
    lying = make("bar.mp4", "-f", "lavfi", "-i", BAR, *H264, "-qp", "4")
    path = make(f"turned{turn}.mp4", "-display_rotation", str(turn), "-i", str(lying), "-c", "copy")
    info = open_video(path)
    assert info.rotated % 360 == turn
    frame = next(frames(info))
    assert frame.y.shape == ((128, 64) if turn in {90, 270} else (64, 128))
    # A matrix of 90 degrees turns to the left: what was at the right is at the top.
    edges = {
        0: frame.y[:, -16:],
        90: frame.y[:16],
        180: frame.y[:, :16],
        270: frame.y[-16:],
    }
    assert edges[turn].min() > 200
    assert np.sort(frame.y, axis=None)[: frame.y.size * 3 // 4].max() < 60


BAR = "color=black:s=128x64:r=10:d=0.3,drawbox=x=104:w=24:h=64:color=white:t=fill"


def test_odd_sizes_lose_their_last_row_and_column(make: Maker) -> None:
    path = make(
        "odd.mp4", *("-f", "lavfi", "-i", "testsrc2=s=101x75:r=5:d=1"), *H264,
        *("-pix_fmt", "yuv444p"),
    )  # fmt: skip
    info = open_video(path)
    assert (info.width, info.height) == (100, 74)
    assert len(list(frames(info))) == 5


@pytest.mark.parametrize(("aspect", "size"), [("16/11", (232, 120)), ("8/9", (160, 136))])
def test_pixels_become_square(make: Maker, aspect: str, size: tuple[int, int]) -> None:
    name = f"aspect{aspect.replace('/', '-')}.mp4"
    info = open_video(make(name, *MOVING, "-vf", f"setsar={aspect}", *H264))
    assert (info.width, info.height) == size
    assert next(frames(info)).y.shape == size[::-1]


def teeth(frame: VideoFrame) -> float:
    """How much a row differs from those above and below."""
    y = frame.y.astype(np.int16)
    return float(np.abs(2 * y[1:-1] - y[:-2] - y[2:]).mean())


def test_fields_are_put_together(make: Maker) -> None:
    path = make(
        "fields.ts",
        *("-f", "lavfi", "-i", "testsrc2=s=160x120:r=50:d=0.4"),
        *("-vf", "tinterlace=interleave_top", "-c:v", "mpeg2video", "-flags", "+ildct+ilme"),
    )
    info = open_video(path)
    assert info.interlaced
    shown = list(frames(info))
    assert times(shown) == [Fraction(number, 25) for number in range(10)]
    combed = list(frames(dataclasses.replace(info, filters="format=yuv420p")))
    assert teeth(shown[5]) < 0.8 * teeth(combed[5])


def test_a_picture_at_the_same_time_as_another_is_kept(make: Maker, tmp_path: Path) -> None:
    content = uneven(make, "uneven.mkv", *H264, "-qp", "0", "-g", "5").read_bytes()
    # The block of track 1 at 461 ms; now at 460, like the one before.
    assert content.count(b"\x81\x01\xcd") == 1
    path = tmp_path / "twice.mkv"
    path.write_bytes(content.replace(b"\x81\x01\xcd", b"\x81\x01\xcc"))
    shown = list(frames(open_video(path)))
    assert [round(float(frame.y.mean())) for frame in shown] == LEVELS
    assert times(shown) == [Fraction(time, 1000) for time in UNEVEN]


# The signals of 26 and 203 cd/m2, grey and white of ITU-R BT.2408: tables 1 and 2 there.
@pytest.mark.parametrize(
    ("transfer", "grey", "white"), [("smpte2084", 0.38, 0.58), ("arib-std-b67", 0.38, 0.75)]
)
@pytest.mark.parametrize("matrix", ["bt2020nc", "unknown"])
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_bright_pictures_are_made_for_usual_screens(
    make: Maker, transfer: str, grey: float, white: float, matrix: str, size: tuple[int, int]
) -> None:
    width, height = size
    levels = [round(64 + 876 * signal) for signal in (grey, white)]
    colour = np.full(2 * (-(-width // 2)) * (-(-height // 2)), 512, np.uint16).tobytes()
    raw = [np.full(width * height, level, np.uint16).tobytes() + colour for level in levels]
    path = make(
        f"{transfer}-{matrix}-{width}.mkv",
        *("-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", f"{width}x{height}", "-i", "pipe:0"),
        *("-vf", f"setparams=color_trc={transfer}:colorspace={matrix}", "-c:v", "ffv1"),
        stdin=b"".join(raw),
    )
    info = open_video(path)
    assert info.hdr
    assert (info.width, info.height) == (width // 2 * 2, height // 2 * 2)
    assert (info.colours.matrix, info.colours.full_range) == (ColourMatrix.BT709, False)
    seen = [(float(frame.y.mean()) - 16) / 219 for frame in frames(info)]
    # Without HDR grey is 0.41 and white is 1.
    assert seen == [pytest.approx(0.43, abs=0.06), pytest.approx(0.87, abs=0.06)]
    assert abs(next(frames(info)).cb.mean() - 128) <= 2


def test_wide_colours_become_those_of_usual_screens(make: Maker) -> None:
    path = make(
        "wide-colours.mkv",
        *("-f", "lavfi", "-i", "color=red:s=64x64:r=5:d=0.4,format=yuv420p10le"),
        *("-vf", "setparams=color_trc=bt2020-10:colorspace=bt2020nc:color_primaries=bt2020"),
        *("-c:v", "ffv1"),
    )
    info = open_video(path)
    assert (info.hdr, info.colours.matrix) == (False, ColourMatrix.BT709)
    red, green, blue = next(frames(info)).rgb().mean(axis=(0, 1))
    assert red > 200
    assert max(green, blue) < 60


def test_full_range_stays_as_it_is(make: Maker) -> None:
    path = make("full.mkv", *MOVING, "-pix_fmt", "yuvj420p", *H264)
    info = open_video(path)
    assert info.colours.full_range
    assert next(frames(info)).y.min() < 10


def test_what_hides_behind_transparency_is_not_shown(make: Maker) -> None:
    path = make(
        "through.apng", "-f", "lavfi", "-i", "color=white@0.0:s=32x32:r=5:d=0.4,format=rgba"
    )
    assert next(frames(open_video(path))).y.max() <= 20


def test_a_new_size_in_the_midst_is_made_the_first_one(make: Maker) -> None:
    coded = ("-c:v", "libvpx", "-deadline", "realtime")
    make("part1.webm", "-f", "lavfi", "-i", "color=white:s=128x96:r=10:d=0.5", *coded)
    make("part2.webm", "-f", "lavfi", "-i", "color=black:s=64x64:r=10:d=0.5", *coded)
    parts = b"ffconcat version 1.0\nfile part1.webm\nfile part2.webm\n"
    listed = ("-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe,file")
    # A list from a pipe has no folder of its own.
    here = make("part1.webm").parent
    (here / "parts.txt").write_bytes(parts)
    path = make("sizes.webm", *listed, "-i", "parts.txt", "-c", "copy")
    shown = list(frames(open_video(path)))
    assert len(shown) == 10
    assert {frame.y.shape for frame in shown} == {(96, 128)}
    assert [round(float(frame.y.mean()) / 200) for frame in shown] == [1] * 5 + [0] * 5


def test_the_largest_default_stream_is_judged_and_the_others_named(make: Maker) -> None:
    path = make(
        "several.mkv",
        *("-f", "lavfi", "-i", "color=red:s=64x64:r=5:d=1"),
        *("-f", "lavfi", "-i", "color=red:s=128x96:r=5:d=1"),
        *("-f", "lavfi", "-i", "color=red:s=256x192:r=5:d=1"),
        *("-map", "0", "-map", "1", "-map", "2", *H264, "-disposition:0", "default"),
        *("-disposition:1", "default", "-disposition:2", "0"),
        *("-metadata:s:0", "title=other angle"),
    )
    info = open_video(path)
    assert (info.stream, info.width) == (1, 128)
    assert [(each.kind, each.index, each.title) for each in info.beside] == [
        (BesideKind.VIDEO, 0, "other angle"),
        (BesideKind.VIDEO, 2, ""),
    ]


SUBTITLES = b"1\n00:00:00,000 --> 00:00:01,000\nMrs Jones\n"
CHAPTERS = b""";FFMETADATA1
title=Ward 3 \\= west
location=+46.2276+007.3606/
[CHAPTER]
TIMEBASE=1/1000
START=0
END=900
title=Anna's chapter
"""


def test_everything_beside_pictures_and_sound_is_named(make: Maker, plain: Path) -> None:
    folder = plain.parent
    (folder / "words.srt").write_bytes(SUBTITLES)
    (folder / "chapters.txt").write_bytes(CHAPTERS)
    cover = make("cover.png", "-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1")
    path = make(
        "rich.mkv",
        *("-i", str(plain), "-i", "words.srt", "-f", "ffmetadata", "-i", "chapters.txt"),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-map_chapters", "2", "-c", "copy"),
        *("-attach", "words.srt", "-metadata:s:t:0", "mimetype=text/plain"),
        *("-attach", str(cover), "-metadata:s:t:1", "mimetype=image/png"),
        *("-metadata:s:t:1", "filename=cover.png", "-metadata:s:s:0", "title=English"),
    )
    info = open_video(path)
    assert [(each.kind, each.codec, each.title) for each in info.beside] == [
        (BesideKind.SUBTITLES, "subrip", "English"),
        (BesideKind.ATTACHMENT, "none", "words.srt"),
        (BesideKind.COVER, "png", "cover.png"),
        (BesideKind.CHAPTERS, "", "Anna's chapter"),
    ]
    lower = {name.lower(): text for name, text in info.texts.items()}
    assert lower["title"] == "Ward 3 = west"
    assert lower["location"] == "+46.2276+007.3606/"
    assert lower["chapter 1:title"] == "Anna's chapter"
    assert lower["2:title"] == "English"
    assert lower["0:handler_name"] == "VideoHandler"


def test_a_time_code_is_named(make: Maker, plain: Path) -> None:
    path = make("code.mov", "-i", str(plain), "-c", "copy", "-timecode", "10:00:00:00")
    (code,) = open_video(path).beside
    assert (code.kind, code.codec) == (BesideKind.DATA, "tmcd")


def test_sound_and_pictures_that_begin_apart_stay_apart(make: Maker) -> None:
    late = make("late.mp4", *SOUND, "-itsoffset", "0.4", *MOVING, *H264, "-bf", "2", "-c:a", "aac")
    info = open_video(late)
    assert info.start == Fraction(2, 5)
    assert next(frames(info)).time == Fraction(2, 5)
    assert [each.start for each in info.audio] == [Fraction(-2, 5)]
    early = open_video(
        make("early.mkv", *MOVING, "-itsoffset", "0.3", *SOUND, *H264, "-c:a", "pcm_s16le")
    )
    assert [early.start, early.audio[0].start] == [0, Fraction(3, 10)]


def test_an_edit_list_is_obeyed(make: Maker) -> None:
    source = make(
        "whole.mp4",
        *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=4"),
        *(*H264, "-g", "40", "-pix_fmt", "yuv420p"),
    )
    cut = make("cut.mp4", "-ss", "1.5", "-i", str(source), "-c", "copy")
    whole, shown = list(frames(open_video(source))), list(frames(open_video(cut)))
    # The file still holds the pictures before the cut; players do not show them.
    assert times(shown) == [Fraction(number, 10) for number in range(25)]
    assert all(np.array_equal(one.y, other.y) for one, other in zip(shown, whole[15:], strict=True))


def test_times_grow_where_those_of_the_file_do_not(plain: Path) -> None:
    info = open_video(plain)
    clock = video._Clock(info)
    told = [b" 0 0 1/12800", b" 1 512 1/12800", b" 2 512 1/12800", b" 3 500 1/12800"]
    seen = [clock.time(each, number) for number, each in enumerate(told)]
    assert seen == [Fraction(0), *(Fraction(raw, 12800) for raw in (512, 513, 514))]
    with pytest.raises(FfmpegError, match="without a time"):
        clock.time(b" 9 900 1/12800", 4)
    clock.time(b" 4 100000 1/12800", 4)
    with pytest.raises(VideoUnreadableError, match="runs backwards"):
        clock.time(b" 5 1 1/12800", 5)


@pytest.mark.parametrize("name", ["sound.m4a", "song.m4a"])
def test_sound_alone_is_no_video(make: Maker, name: str) -> None:
    cover = make("cover.png", "-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1")
    extra = ("-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy") if "song" in name else ()
    hung = ("-disposition:v:0", "attached_pic") if extra else ()
    path = make(name, *SOUND, *extra, "-c:a", "aac", *hung)
    with pytest.raises(VideoUnreadableError, match=r"\.m4a: there is no picture in it, only sound"):
        open_video(path)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cut.mp4", H264),
        ("cut-front.mp4", (*H264, "-movflags", "+faststart")),
        ("cut.mkv", H264),
        ("cut.webm", ("-c:v", "libvpx", "-deadline", "realtime")),
        ("cut.avi", ("-c:v", "mpeg4")),
        ("cut.gif", ()),
        ("cut.apng", ()),
        ("cut.webp", ("-c:v", "libwebp_anim",)),
    ],
)  # fmt: skip
def test_a_file_that_is_cut_off_is_refused_at_once(
    make: Maker, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    content = make(f"whole-{name}", *MOVING, *arguments).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(VideoUnreadableError, match=f"{name}: the file is cut off"):
        open_video(path)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("hurt.mp4", (*H264, "-movflags", "+faststart")),
        ("hurt.mkv", H264),
        ("hurt.ts", ("-c:v", "mpeg2video")),
        ("hurt.avi", ("-c:v", "mpeg4")),
    ],
)
def test_damage_in_the_midst_is_seen(
    make: Maker, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    whole = make(f"whole-{name}", *MOVING, *arguments)
    path = damaged(whole, tmp_path / name, 0.6, 3000)
    with pytest.raises(VideoUnreadableError, match=f"{name}: damaged or cut off.*again as MP4"):
        list(frames(open_video(path)))
    assert len(list(frames(open_video(whole)))) == 25


def test_a_packet_stream_that_is_cut_off_is_refused(make: Maker, tmp_path: Path) -> None:
    content = make("whole-hurt.ts", *MOVING, "-c:v", "mpeg2video").read_bytes()
    path = tmp_path / "cut.ts"
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(VideoUnreadableError, match="damaged or cut off"):
        list(frames(open_video(path)))


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nplain.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile plain.mp4\n",
        b"file plain.mp4\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        b'AviSource("plain.avi")\n',
        b"import vapoursynth as vs\n",
        b'<?xml version="1.0"?><MPD></MPD>',
        b'\xef\xbb\xbf<?xml version="1.0"?><MPD>\0</MPD>',
    ],
    ids=["hls", "concat", "plain-concat", "sdp", "avisynth", "vapoursynth", "dash", "dash-bom"],
)
def test_a_list_in_the_guise_of_a_video_is_refused(plain: Path, content: bytes) -> None:
    path = plain.parent / "list.mp4"
    path.write_bytes(content)
    assert not is_video(path)
    with pytest.raises(VideoUnreadableError, match="names other files, and no video"):
        open_video(path)


@pytest.mark.parametrize(
    "name",
    [
        "-y.mp4",
        "holiday%03d.mp4",
        "Zoë's Bühne ☃.mp4",
        "a b;c&d.mp4",
        pytest.param("two\nlines.mp4", marks=POSIX),
        pytest.param("concat:a|b.mp4", marks=POSIX),
        pytest.param("http:..mp4", marks=POSIX),
        pytest.param('"*?".mp4', marks=POSIX),
        pytest.param("back\\slash.mp4", marks=POSIX),
    ],
)
def test_a_name_is_only_a_name(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(plain.read_bytes())
    monkeypatch.chdir(tmp_path)
    info = open_video(Path(name))
    assert info.path.is_absolute()
    assert len(list(frames(info))) == 25


@POSIX
def test_an_error_names_the_file_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.mp4"
    path.write_bytes(b"nothing\0")
    with pytest.raises(VideoUnreadableError) as caught:
        open_video(path)
    assert str(caught.value).startswith("two\\x0alines.mp4: not a video of a kind that is read")


def test_a_title_cannot_forge_what_is_in_the_file(make: Maker, plain: Path) -> None:
    forged = "x\n  Stream #0:0: Video: png, rgb24, 4x4 (attached pic)\nDuration: 99:00:00.00"
    path = make("title.mp4", "-i", str(plain), "-c", "copy", "-metadata", f"title={forged}")
    info = open_video(path)
    assert info.texts["title"] == forged
    assert [info.codec, info.width, info.duration] == ["h264", 160, 1]


def test_a_tag_whose_name_imitates_a_stream_is_refused(make: Maker, plain: Path) -> None:
    name = "a\n  Stream #0:0(und): Video: png, rgb24, 4x4 (attached pic)"
    path = make(
        "tag.mp4",
        *("-i", str(plain), "-c", "copy", "-movflags", "use_metadata_tags"),
        *("-metadata", f"{name}=x"),
    )
    with pytest.raises(VideoUnreadableError, match="its tags imitate"):
        open_video(path)


def test_escaped_texts_are_read_back() -> None:
    tags = read_tags(
        b";FFMETADATA1\ntitle=a\\=b\\\n[STREAM]\\\nc\\\\\n[STREAM]\nk\\=ey=v\\;al\n"
        b"[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1\ntitle=\\#1\n"
    )
    assert tags.whole == {"title": "a=b\n[STREAM]\nc\\"}
    assert tags.streams == [{"k=ey": "v;al"}]
    assert tags.chapters == [{"title": "#1"}]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(file_bytes=1000), "the file is larger"),
        (VideoLimits(pixels=160 * 120 - 1), "its pictures are 160 x 120 pixels"),
        (VideoLimits(side=159), "longer than 159"),
        (VideoLimits(seconds=0), "longer than 0.0 hours"),
        (VideoLimits(pictures=24), "more than 24 pictures"),
        (VideoLimits(streams=1), "has 2 streams, more than 1"),
    ],
    ids=["bytes", "pixels", "side", "seconds", "pictures", "streams"],
)
def test_what_is_too_large_is_refused(plain: Path, limits: VideoLimits, words: str) -> None:
    with pytest.raises(VideoTooLargeError, match=words):
        open_video(plain, limits)
    exact = VideoLimits(pixels=160 * 120, side=160, seconds=1, pictures=25, streams=2)
    assert len(list(frames(open_video(plain, exact)))) == 25


def test_pixels_that_become_square_are_counted_as_they_are_shown(make: Maker) -> None:
    path = make("wide.mp4", *MOVING, "-vf", "setsar=200/1", *H264)
    with pytest.raises(VideoTooLargeError, match=r"its pictures are \d{5} x 120 pixels"):
        open_video(path)


def test_a_small_file_of_many_pixels_is_stopped(make: Maker) -> None:
    path = make("bomb.gif", "-f", "lavfi", "-i", "color=red:s=640x480:r=20:d=2")
    info = open_video(path, VideoLimits(animation_pixels=20 * 640 * 480))
    seen: list[int] = []
    with pytest.raises(VideoTooLargeError, match="which no animation needs"):
        seen.extend(frame.index for frame in frames(info))
    assert seen == list(range(20))


def test_more_pixels_than_declared_are_not_decoded(tmp_path: Path) -> None:
    huge = b"GIF89a" + b"\xff\xff\xff\xff" + b"\0\0\0"
    picture = b"\x2c" + b"\0\0\0\0" + b"\xff\xff\xff\xff" + b"\0" + b"\x02\x02\x4c\x01\0"
    path = tmp_path / "huge.gif"
    path.write_bytes(huge + picture * 2 + b";")
    assert is_video(path)
    with pytest.raises(VideoUnreadableError):
        open_video(path)


def test_a_file_that_changes_while_it_is_read_is_refused(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing.mp4"
    path.write_bytes(plain.read_bytes())
    info = open_video(path)
    shown = frames(info)
    next(shown)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(VideoChangedError, match="the file changed while it was judged"):
        list(shown)
    with pytest.raises(VideoChangedError):
        next(frames(info))


def test_bytes_exchanged_behind_our_back_are_noticed_when_asked(
    plain: Path, tmp_path: Path
) -> None:
    path = tmp_path / "same.mp4"
    path.write_bytes(plain.read_bytes())
    info = open_video(path)
    os.utime(path)  # notes differ, bytes do not
    video.check_unchanged(info)
    content = bytearray(plain.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.stamp.modified_ns, info.stamp.modified_ns))
    with pytest.raises(VideoChangedError):
        video.check_unchanged(info, thoroughly=True)


def test_missing_files_folders_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadableError, match="there is no such file"):
        open_video(tmp_path / "none.mp4")
    with pytest.raises(VideoUnreadableError, match="this is a folder"):
        open_video(tmp_path)
    if os.name == "posix":
        os.mkfifo(tmp_path / "endless.mp4")
        with pytest.raises(VideoUnreadableError, match="a pipe or a device"):
            open_video(tmp_path / "endless.mp4")
        with pytest.raises(VideoUnreadableError, match="a pipe or a device"):
            open_video(Path("/dev/zero"))
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(VideoUnreadableError, match="the file is empty"):
        open_video(tmp_path / "empty.mp4")


def test_other_kinds_are_named(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"OggS" + bytes(100))
    assert is_video(path)
    with pytest.raises(VideoUnreadableError, match=r"film\.mp4: Ogg is not read"):
        open_video(path)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\0\0\0\x18ftypisom", True),
        (b"\0\0\0\x18ftypheic", False),
        (b"\0\0\0\x18ftypavif", False),
        (b"\x1a\x45\xdf\xa3", True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02", True),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10", False),
        (b"RIFF\0\0\0\0WEBPVP8 ", False),
        (b"RIFF\0\0\0\0WAVE", False),
        (b"GIF89a", True),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", False),
        (b"\xff\xd8\xff\xe0", False),
        (b"%PDF-1.7", False),
        (b"All free for you", False),
        (b"\x12\0\0\0mdat", True),
        (b"", False),
        ((b"\x47" + bytes(187)) * 8, True),
        ((bytes(4) + b"\x47" + bytes(187)) * 8, True),
    ],
)  # fmt: skip
def test_a_video_is_known_by_its_bytes(head: bytes, found: bool) -> None:
    assert is_video(head) is found


def test_a_codec_that_is_not_listed_stays_closed(make: Maker) -> None:
    path = make("old.avi", "-f", "lavfi", "-i", "color=red:s=64x64:r=5:d=1", "-c:v", "zmbv")
    with pytest.raises(VideoUnreadableError, match="coded as zmbv, which is not read; convert"):
        open_video(path)


def test_a_still_gif_is_a_photo(make: Maker) -> None:
    still = make("still.gif", "-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1")
    moving = make("v.gif", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=1")
    assert (is_video(still), is_video(moving)) == (False, True)


class _Noted:
    """Notes the processes that are started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        start = subprocess.Popen

        def noting(*arguments: object, **named: object) -> subprocess.Popen[bytes]:
            self.started.append(start(*arguments, **named))  # type: ignore[call-overload]
            return self.started[-1]

        monkeypatch.setattr(subprocess, "Popen", noting)


def test_the_decoder_ends_when_nobody_listens(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = open_video(plain)
    noted = _Noted(monkeypatch)
    before = threading.active_count()
    shown = frames(info)
    next(shown)
    (process,) = noted.started
    shown.close()
    assert process.poll() is not None
    assert threading.active_count() == before


def test_a_program_that_works_on_ends_with_its_context() -> None:
    endless = ("-f", "lavfi", "-i", "testsrc2=s=16x16", "-f", "null", "-")
    with Ffmpeg(endless, program=executable(), answers=False) as child:
        process = child._process
        assert process.poll() is None
    assert process.returncode != 0


def test_a_silent_program_is_killed() -> None:
    waiting = ("-f", "rawvideo", "-s", "64x64", "-i", "pipe:0", "-f", "null", "-")
    limits = ChildLimits(seconds=0.3)
    with (
        Ffmpeg(waiting, program=executable(), feeds=True, limits=limits) as child,
        pytest.raises(FfmpegError) as caught,
    ):
        assert child.read_into(bytearray(1)) == 0
        child.finish()
    assert caught.value.why is Why.SLOW


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_a_program_that_wants_too_much_memory_fails() -> None:
    hungry = ("-f", "lavfi", "-i", "color=s=4000x4000:d=1", "-f", "null", "-")
    limits = ChildLimits(memory=40 * 1024**2)
    with (
        Ffmpeg(hungry, program=executable(), answers=False, limits=limits) as child,
        pytest.raises(FfmpegError) as caught,
    ):
        child.finish()
    assert caught.value.why is Why.FAILED


def test_a_flood_of_errors_does_not_stop_it_and_little_is_kept() -> None:
    chatty = ("-f", "lavfi", "-i", "testsrc2=s=16x16:r=25:d=200", "-vf", "showinfo")
    asked = (*chatty, "-f", "null", "-")
    with Ffmpeg(asked, program=executable(), level="info", answers=False, kept=5000) as child:
        child.finish()
        assert sum(map(len, child.said)) < 40_000


def test_what_is_fed_comes_back() -> None:
    raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "8x4")
    asked = (*raw, "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
    with Ffmpeg(asked, program=executable(), feeds=True) as child:
        child.write(np.arange(32, dtype=np.uint8).data)
        assert child._process.stdin is not None
        child._process.stdin.close()
        assert child.read_all(100) == bytes(range(32))


def test_an_error_is_one_line_without_addresses(tmp_path: Path) -> None:
    asked = ("-i", ffmpeg.to_file(tmp_path / "none.mp4"), "-f", "null", "-")
    with (
        Ffmpeg(asked, program=executable(), answers=False) as child,
        pytest.raises(FfmpegError) as caught,
    ):
        child.finish()
    assert caught.value.reason == "Error opening input: No such file or directory"
    assert not re.search(r"0x[0-9a-f]{6}|\n", caught.value.reason)


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "other"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FFREPORT", f"file={tmp_path / 'report.log'}")
    program = executable()
    assert program.is_file()
    assert "imageio_ffmpeg" in program.parts
    with Ffmpeg(("-version",), program=program) as child:
        assert child.read_all(1 << 20).startswith(b"ffmpeg version")
    assert not list(tmp_path.iterdir())


def test_an_own_program_is_named_by_its_whole_path(tmp_path: Path) -> None:
    own = tmp_path / "ffmpeg"
    own.touch()
    assert executable(own) == own
    for wrong in (Path("ffmpeg"), tmp_path / "none"):
        with pytest.raises(VideoToolMissingError, match=r"\[video\] ffmpeg in clearance.toml"):
            executable(wrong)


def test_a_package_without_the_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(VideoToolMissingError, match="install imageio-ffmpeg again"):
        executable()


def test_a_program_that_does_not_start(plain: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "ffmpeg"
    wrong.write_bytes(b"no program")
    with pytest.raises(VideoUnreadableError, match="ffmpeg could not be started"):
        open_video(plain, program=wrong)


def test_real_clips_are_read_to_their_end(media: Path) -> None:
    clips = sorted(path for path in (media / "video").glob("*") if is_video(path))
    if not clips:
        pytest.skip(f"no clips in {media / 'video'}")
    for path in clips:
        info = open_video(path)
        shown = [frame.time for frame in frames(info, stop=Fraction(3))]
        assert shown
        assert shown == sorted(set(shown))


def test_kinds_have_the_names_of_their_readers() -> None:
    with Ffmpeg(("-demuxers",), program=executable()) as child:
        known = child.read_all(1 << 20).decode()
    for kind in video_kinds.Container:
        assert re.search(rf"^ D +\S*\b{kind.value}\b", known, re.MULTILINE), kind
