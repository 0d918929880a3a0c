"""What is written can be read again: the same pictures, at the same times, and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clearance.errors import ExportError
from clearance.results import AudioMode
from clearance.sound import RATE, write_sound
from clearance.video_containers import foreign_video_parts
from clearance.video_encoding import FORMATS, ChunkWriter, join
from clearance.video_examination import digest_of
from detector.ffmpeg import Ffmpeg, executable, to_file
from detector.video import VideoInfo, frames, open_video
from detector.video_frames import ColourMatrix, VideoFrame
from tests.videos import clap, made, pictures

ANY_FORMAT = pytest.mark.parametrize("name", FORMATS)
MP4 = FORMATS["mp4"]


def end_of(shown: list[VideoFrame]) -> Fraction:
    if len(shown) == 1:
        return shown[0].time + Fraction(1, 25)
    return shown[-1].time + (shown[-1].time - shown[0].time) / (len(shown) - 1)


def copied(
    source: Path,
    folder: Path,
    name: str,
    *,
    parts: int = 3,
    mode: AudioMode = AudioMode.MUTE,
    silences: tuple[tuple[Fraction, Fraction], ...] = (),
) -> tuple[Path, list[VideoFrame], list[bytes]]:
    """A copy in several parts, the frames that went in, and what each part showed of them."""
    info, format_ = open_video(source), FORMATS[name]
    shown = list(frames(info))
    ends = [*np.linspace(0, len(shown), parts + 1).astype(int)]
    chunks, seen = [], []
    for number, (start, stop) in enumerate(itertools.pairwise(ends)):
        path = folder / f"part-{number}{format_.suffix}"
        until = shown[stop].time if stop < len(shown) else end_of(shown)
        with ChunkWriter(path, format_, info, until) as writer:
            for frame in shown[start:stop]:
                writer.write(frame.y, frame.cb, frame.cr, frame.time)
        seen += [digest_of(frame) for frame in frames(open_video(path))]
        chunks.append((path, until - shown[start].time))
    sound = None
    if mode is not AudioMode.MUTE:
        sound = folder / "sound"
        write_sound(info, mode, silences, sound, format_, (shown[0].time, end_of(shown)))
    target = folder / f"copy{format_.suffix}"
    join(chunks, sound, target, format_, info)
    return target, shown, seen


def heard(path: Path) -> np.ndarray:
    """Mono samples of a file, from the time of its first picture."""
    arguments = ["-i", to_file(path), "-map", "0:a:0", "-ac", "1", "-ar", str(RATE)]
    program = executable()
    with Ffmpeg([*arguments, "-f", "f32le", "pipe:1"], program=program) as child:
        return np.frombuffer(child.read_all(50_000_000), np.float32)


@ANY_FORMAT
def test_parts_put_together_show_what_each_of_them_showed(name: str, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", *pictures(2, "30000/1001"))
    target, shown, seen = copied(source, tmp_path, name)
    again = list(frames(open_video(target)))
    assert [digest_of(frame) for frame in again] == seen
    assert len(again) == len(shown)


def test_times_are_exact_to_the_tick_at_any_rate(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", *pictures(2, "30000/1001"))
    target, shown, _ = copied(source, tmp_path, "mp4")
    assert [f.time for f in frames(open_video(target))] == [f.time for f in shown]


def test_frames_that_are_shown_for_different_times_keep_them(tmp_path: Path) -> None:
    slow = "setpts='if(lt(N,10),N,10+(N-10)*3)/25/TB'"
    source = made(
        tmp_path / "in.mkv", *pictures(2), "-vf", slow, "-fps_mode", "passthrough", "-c:v", "ffv1"
    )
    target, shown, _ = copied(source, tmp_path, "mp4", parts=4)
    times = [f.time for f in frames(open_video(target))]
    assert len({round(b - a, 3) for a, b in itertools.pairwise(times)}) > 1
    assert [t - times[0] for t in times] == [f.time - shown[0].time for f in shown]


@ANY_FORMAT
def test_a_copy_holds_nothing_but_pictures_and_sound(name: str, tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4",
        *pictures(1),
        *("-f", "lavfi", "-i", "sine=d=1", "-metadata", "title=Anna Muster", "-c:a", "aac"),
        *("-metadata:s:v", "handler_name=Anna", "-metadata", "location=+46.5+6.6/"),
    )
    info = open_video(source)
    assert "Anna Muster" in info.texts["title"]
    target, *_ = copied(source, tmp_path, name, mode=AudioMode.KEEP)
    assert foreign_video_parts(target) == ()
    data = target.read_bytes()
    assert b"Anna" not in data
    assert b"x264" not in data
    copy = open_video(target)
    assert len(copy.audio) == 1
    assert copy.beside == ()


def test_colours_are_those_of_the_video(tmp_path: Path) -> None:
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=limited"
    source = made(tmp_path / "in.mp4", *pictures(0.5), "-vf", tags, "-pix_fmt", "yuv420p")
    target, *_ = copied(source, tmp_path, "mp4", parts=1)
    before, after = open_video(source), open_video(target)
    assert before.colours.matrix is ColourMatrix.BT709
    assert after.colours == before.colours


@pytest.mark.parametrize("late", [0, 0.3])
@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_a_clap_is_heard_when_it_is_seen(name: str, late: float, tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mkv", *clap(2, at=1, late=late), "-c:v", "ffv1", "-c:a", "pcm_s16le"
    )
    target, shown, _ = copied(source, tmp_path, name, mode=AudioMode.KEEP)
    again = list(frames(open_video(target)))
    flash = next(frame.time - again[0].time for frame in again if frame.y.mean() > 150)
    samples = heard(target)
    click = int(np.argmax(np.abs(samples) > 0.3)) / RATE
    assert abs(float(flash) - click) < 1 / 25
    assert abs(len(samples) / RATE - float(end_of(shown) - shown[0].time)) < 1 / 25


@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_a_silence_is_silent_and_the_rest_is_heard(name: str, tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4", *pictures(3), "-f", "lavfi", "-i", "sine=f=700:d=3", "-c:a", "aac"
    )
    span = ((Fraction(1), Fraction(2)),)
    mode = AudioMode.MUTE_UNCLEARED
    target, *_ = copied(source, tmp_path, name, mode=mode, silences=span)
    samples = np.abs(heard(target))
    assert samples[RATE : 2 * RATE].max() < 0.001
    assert samples[: int(0.9 * RATE)].max() > 0.05
    assert samples[int(2.1 * RATE) : int(2.9 * RATE)].max() > 0.05


def test_a_tone_takes_the_place_of_all_that_was_said(tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4", *pictures(2), "-f", "lavfi", "-i", "sine=f=3000:d=2", "-c:a", "aac"
    )
    target, *_ = copied(source, tmp_path, "mp4", mode=AudioMode.REPLACE_TONE)
    samples = heard(target)[: 2 * RATE - 4800]
    power = np.abs(np.fft.rfft(samples)) ** 2
    loudest = np.fft.rfftfreq(len(samples), 1 / RATE)[int(power.argmax())]
    assert abs(loudest - 440) < 5
    assert power[(np.fft.rfftfreq(len(samples), 1 / RATE) > 2500)].max() < power.max() * 1e-4


def an_info(path: Path) -> VideoInfo:
    return open_video(made(path / "small.mp4", *pictures(0.2)))


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    (frame, *_) = frames(info)
    path = tmp_path / "part.mp4"
    with (
        pytest.raises(RuntimeError, match="stop"),
        ChunkWriter(path, MP4, info, Fraction(1)) as writer,
    ):
        writer.write(frame.y, frame.cb, frame.cr, frame.time)
        raise RuntimeError("stop")
    assert not path.exists()


def test_an_encoder_that_dies_is_told_in_one_line(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    (frame, *_) = frames(info)
    broken = dataclasses.replace(MP4, picture=("-c:v", "no_such_encoder"))
    path = tmp_path / "part.mp4"
    with pytest.raises(ExportError) as told, ChunkWriter(path, broken, info, Fraction(9)) as writer:
        for number in range(200):
            writer.write(frame.y, frame.cb, frame.cr, Fraction(number, 25))
    assert "no_such_encoder" in str(told.value)
    assert "\n" not in str(told.value)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    with pytest.raises(ExportError):
        join([], None, tmp_path / "none" / "copy.mp4", MP4, info)
