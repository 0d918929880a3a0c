"""What is written can be read again: the same pictures, at the same times, and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clearance.errors import ExportError
from clearance.results import AudioMode
from clearance.video_containers import foreign_video_parts
from clearance.video_encoding import FORMATS, ChunkWriter, join
from clearance.video_examination import digest_of
from detector.video import VideoInfo, frames, open_video
from detector.video_frames import ColourMatrix, Colours
from tests.clearance.oracle import listed
from tests.clearance.video_copies import copied, with_little_room
from tests.videos import made, pictures

ANY_FORMAT = pytest.mark.parametrize("name", FORMATS)
MP4 = FORMATS["mp4"]


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


TICKS = (0, 3, 4, 9, 12, 13, 20)
"""When frames are shown, in units of an odd length."""


def written(folder: Path, name: str, base: Fraction, parts: tuple[int, ...]) -> Path:
    """A copy whose frames are shown at `TICKS` units of `base`; 5 units after the last it ends.

    Args:
        folder: in which it is made.
        name: of its format.
        base: in seconds.
        parts: the frames with which a part begins, beside the first.
    """
    info = dataclasses.replace(an_info(folder), time_base=base / 3)
    (frame, *_) = frames(open_video(info.path))
    times = [tick * base for tick in (*TICKS, TICKS[-1] + 5)]
    chunks = []
    for start, stop in itertools.pairwise((0, *parts, len(TICKS))):
        path = folder / f"part-{start}{FORMATS[name].part_suffix}"
        with ChunkWriter(path, FORMATS[name], info, times[stop]) as writer:
            for time in times[start:stop]:
                writer.write(frame.y, frame.cb, frame.cr, time)
        chunks.append((path, times[stop] - times[start]))
    target = folder / f"copy{FORMATS[name].suffix}"
    join(chunks, None, target, FORMATS[name], info)
    return target


@ANY_FORMAT
@pytest.mark.parametrize("base", [Fraction(1, 30), Fraction(3, 90_000) * 1001, Fraction(7, 1000)])
def test_times_and_the_length_of_the_last_frame_are_kept(
    name: str, base: Fraction, tmp_path: Path
) -> None:
    copy = open_video(written(tmp_path, name, base, (2, 6)))
    times = [frame.time for frame in frames(copy)]
    wanted = [tick * base for tick in TICKS]
    assert copy.duration is not None
    if name == "mp4":
        assert times == wanted
        assert abs(copy.duration - (TICKS[-1] + 5) * base) <= base / 3
    else:
        errors = [abs(one - other) for one, other in zip(times, wanted, strict=True)]
        assert max(errors) <= Fraction(1, 2000)
        assert abs(copy.duration - (TICKS[-1] + 5) * base) <= Fraction(1, 1000)


@ANY_FORMAT
def test_a_part_may_be_one_frame(name: str, tmp_path: Path) -> None:
    target = written(tmp_path, name, Fraction(1, 30), tuple(range(1, len(TICKS))))
    assert len(list(frames(open_video(target)))) == len(TICKS)
    assert foreign_video_parts(target) == ()


def test_hundreds_of_parts_add_up_to_the_tick(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    shown = list(frames(info))[:2]
    length, base = Fraction(2002, 30_000), Fraction(1001, 30_000)
    info = dataclasses.replace(info, time_base=Fraction(1, 30_000))
    part = tmp_path / "part.mp4"
    with ChunkWriter(part, MP4, info, length) as writer:
        for number, frame in enumerate(shown):
            writer.write(frame.y, frame.cb, frame.cr, number * base)
    target = tmp_path / "copy.mp4"
    join([(part, length)] * 300, None, target, MP4, info)
    again = list(frames(open_video(target)))
    assert [frame.time for frame in again] == [number * base for number in range(600)]
    assert {digest_of(frame) for frame in again[::2]} == {digest_of(again[0])}
    assert {digest_of(frame) for frame in again[1::2]} == {digest_of(again[1])}


@pytest.mark.skipif(os.name != "posix", reason="such names are allowed on POSIX systems only")
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / 'l\'été\n"50%d" \\ #file x'
    folder.mkdir()
    target = written(folder, "mp4", Fraction(1, 25), (3,))
    assert len(list(frames(open_video(target)))) == len(TICKS)


def test_a_part_of_a_name_that_must_be_quoted_is_not_taken(tmp_path: Path) -> None:
    target = tmp_path / "copy.mp4"
    parts = [(tmp_path / "a\nfile b.mp4", Fraction(1))]
    with pytest.raises(ValueError, match="name"):
        join(parts, None, target, MP4, an_info(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.mp4"]


def test_players_may_begin_before_all_is_there_and_nothing_is_skipped(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", *pictures(1), "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    target, *_ = copied(source, tmp_path, "mp4", mode=AudioMode.KEEP)
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"edts" not in data


@pytest.mark.parametrize("mode", [AudioMode.MUTE, AudioMode.KEEP])
def test_exiftool_finds_nothing_but_what_a_player_needs(mode: AudioMode, tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4",
        *pictures(1),
        *("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"),
        *("-metadata", "title=Anna Muster", "-metadata", "creation_time=2026-11-28T10:00:00Z"),
    )
    target, *_ = copied(source, tmp_path, "mp4", mode=mode)
    found = {
        name.rpartition(":")[2]: value
        for name, value in listed(target).items()
        if "Binary data" not in str(value)
    }
    for name in [one for one in found if one.endswith("Date")]:
        assert found.pop(name) == "0000:00:00 00:00:00"
    texts = {name for name, value in found.items() if isinstance(value, str)}
    # Of the empty box of texts, as ffmpeg writes it, and of the two tracks.
    assert texts <= {
        *("MatrixStructure", "PreferredVolume", "TrackVolume", "GraphicsMode", "OpColor"),
        *("HandlerVendorID", "HandlerDescription", "MediaLanguageCode", "AudioFormat"),
        *("CompressorID", "PixelAspectRatio", "HandlerType", "ColorProfiles", "ColorPrimaries"),
        *("TransferCharacteristics", "MatrixCoefficients"),
        *(name for name in texts if name.endswith(("Duration", "Time"))),
    }
    assert found["HandlerDescription"] in ("VideoHandler", "SoundHandler")


@pytest.mark.skipif(os.name != "posix", reason="the limit is one of POSIX systems")
def test_where_there_is_no_room_nothing_is_left(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    full = with_little_room(info, tmp_path, blocks=2)
    part, target = tmp_path / "part.mp4", tmp_path / "copy.mp4"
    random = np.random.default_rng(1)
    noise = random.integers(0, 256, (info.height, info.width), np.uint8)
    grey = np.full((info.height // 2, info.width // 2), 128, np.uint8)
    with (
        pytest.raises(ExportError, match="cannot be written") as told,
        ChunkWriter(part, MP4, full, Fraction(1)) as writer,
    ):
        writer.write(noise, grey, grey, Fraction(0))
    assert "\n" not in str(told.value)
    assert not part.exists()
    with ChunkWriter(part, MP4, info, Fraction(1)) as writer:
        writer.write(noise, grey, grey, Fraction(0))
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ExportError, match="cannot be written"):
        join([(part, Fraction(1))], None, target, MP4, full)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_frame_of_another_size_is_not_written(tmp_path: Path) -> None:
    info = an_info(tmp_path)
    (frame, *_) = frames(info)
    path = tmp_path / "part.mp4"
    with (
        pytest.raises(ValueError, match="size"),
        ChunkWriter(path, MP4, info, Fraction(1)) as writer,
    ):
        writer.write(frame.cb, frame.cb, frame.cr, frame.time)
    assert not path.exists()


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", list(ColourMatrix))
@ANY_FORMAT
def test_samples_mean_what_they_meant(
    name: str, matrix: ColourMatrix, full_range: bool, tmp_path: Path
) -> None:
    colours = Colours(matrix, full_range)
    info = dataclasses.replace(an_info(tmp_path), colours=colours)
    flat = np.full((info.height, info.width), 250, np.uint8)
    grey = np.full((info.height // 2, info.width // 2), 128, np.uint8)
    path = tmp_path / f"part{FORMATS[name].part_suffix}"
    with ChunkWriter(path, FORMATS[name], info, Fraction(1)) as writer:
        writer.write(flat, grey, grey, Fraction(0))
    target = tmp_path / f"copy{FORMATS[name].suffix}"
    join([(path, Fraction(1))], None, target, FORMATS[name], info)
    again = open_video(target)
    assert again.colours == colours
    (frame,) = frames(again)
    # Whiter than white stays what it is: nothing was converted.
    assert abs(float(frame.y.mean()) - 250) < 1
