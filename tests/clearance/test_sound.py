"""What is heard in a copy: at its time, and nothing where there must be silence."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clearance.errors import ExportError
from clearance.results import AudioMode
from clearance.sound import RATE, write_sound
from clearance.video_encoding import FORMATS
from detector.video import frames, open_video
from tests.clearance.video_copies import copied, end_of, heard, with_little_room
from tests.videos import clap, made, pictures

MP4 = FORMATS["mp4"]
LOSSLESS = ("-c:v", "ffv1", "-c:a", "pcm_s16le")
FRAME = 1 / 25
NO_SILENCE: tuple[tuple[Fraction, Fraction], ...] = ()


def seen_and_heard(source: Path, folder: Path, name: str) -> tuple[float, float, float]:
    """When a copy claps to the eye and to the ear, and how much longer its sound lasts."""
    target, shown, _ = copied(source, folder, name, parts=2, mode=AudioMode.KEEP)
    again = list(frames(open_video(target)))
    flash = next(frame.time - again[0].time for frame in again if frame.y.mean() > 150)
    samples = heard(target)
    click = int(np.argmax(np.abs(samples) > 0.3)) / RATE
    return float(flash), click, len(samples) / RATE - float(end_of(shown) - shown[0].time)


@pytest.mark.parametrize("late", [0, 0.05, 0.3, -0.2])
@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_a_clap_is_heard_when_it_is_seen(name: str, late: float, tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", *clap(2, at=1, late=late), *LOSSLESS)
    flash, click, longer = seen_and_heard(source, tmp_path, name)
    assert abs(flash - click) < FRAME
    assert abs(longer) < FRAME


def test_a_gap_in_the_sound_moves_nothing_behind_it(tmp_path: Path) -> None:
    # Longer than a frame, and shorter than what ffmpeg fills unless it is told to.
    kept = "asetnsamples=480,aselect='not(between(t,0.2,0.265))'"
    source = made(tmp_path / "in.mkv", *clap(2, at=1), "-af", kept, *LOSSLESS)
    flash, click, longer = seen_and_heard(source, tmp_path, "mp4")
    assert abs(flash - click) < FRAME / 2
    assert abs(longer) < FRAME


@pytest.mark.parametrize("seconds", [0.5, 3])
def test_sound_of_another_length_is_made_as_long_as_the_pictures(
    seconds: float, tmp_path: Path
) -> None:
    source = made(
        tmp_path / "in.mkv", *pictures(1), "-f", "lavfi", "-i", f"sine=d={seconds}", *LOSSLESS
    )
    target, *_ = copied(source, tmp_path, "mp4", parts=1, mode=AudioMode.KEEP)
    samples = heard(target)
    assert abs(len(samples) / RATE - 1) < FRAME
    assert np.abs(samples[: int(0.45 * RATE)]).max() > 0.05
    assert (np.abs(samples[int(0.6 * RATE) :]).max() > 0.05) == (seconds > 1)


@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_a_silence_is_silent_and_the_rest_is_heard(name: str, tmp_path: Path) -> None:
    # Noise: what an encoder smears before and behind it is as strong as it gets.
    source = made(
        tmp_path / "in.mkv", *pictures(3), "-f", "lavfi", "-i", "anoisesrc=d=3:a=0.9:s=1", *LOSSLESS
    )
    spans = ((Fraction(1), Fraction(3, 2)), (Fraction(13, 10), Fraction(2)))
    mode = AudioMode.MUTE_UNCLEARED
    target, *_ = copied(source, tmp_path, name, mode=mode, silences=spans)
    samples = heard(target)
    silent = samples[RATE : 2 * RATE]
    # Opus lets what is far below hearing die away; of the rest 16 bits know nothing smaller.
    assert np.abs(silent).max() < 0.003
    assert np.abs(np.diff(silent)).max() < 1 / 32768
    assert samples[: int(0.9 * RATE)].max() > 0.3
    assert samples[int(2.1 * RATE) : int(2.9 * RATE)].max() > 0.3


def test_a_silence_from_beginning_to_end_leaves_nothing(tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mkv", *pictures(1), "-f", "lavfi", "-i", "anoisesrc=d=1:s=1", *LOSSLESS
    )
    spans = ((Fraction(-5), Fraction(1, 2)), (Fraction(1, 2), Fraction(99)))
    mode = AudioMode.MUTE_UNCLEARED
    target, *_ = copied(source, tmp_path, "mp4", parts=1, mode=mode, silences=spans)
    assert not heard(target).any()


def loudest(samples: np.ndarray) -> float:
    """The tone that is heard best, in hertz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[int(power.argmax())])


def test_a_tone_takes_the_place_of_all_that_was_said(tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4", *pictures(2), "-f", "lavfi", "-i", "sine=f=3000:d=2", "-c:a", "aac"
    )
    target, *_ = copied(source, tmp_path, "mp4", mode=AudioMode.REPLACE_TONE)
    samples = heard(target)[: 2 * RATE - 4800]
    assert abs(loudest(samples) - 440) < 5
    power = np.abs(np.fft.rfft(samples)) ** 2
    assert power[np.fft.rfftfreq(len(samples), 1 / RATE) > 2500].max() < power.max() * 1e-4


def test_of_several_sounds_the_first_is_heard_and_no_other(tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mkv",
        *pictures(1),
        *("-f", "lavfi", "-i", "sine=f=500:d=1:r=44100", "-f", "lavfi", "-i", "sine=f=2000:d=1"),
        *("-map", "0", "-map", "1", "-map", "2", "-ac:a:0", "6", *LOSSLESS),
    )
    target, *_ = copied(source, tmp_path, "webm", parts=1, mode=AudioMode.KEEP)
    info = open_video(target)
    assert [(one.channels, one.sample_rate) for one in info.audio] == [(2, RATE)]
    assert abs(loudest(heard(target)) - 500) < 5


@pytest.mark.parametrize("mode", [AudioMode.KEEP, AudioMode.MUTE_UNCLEARED])
def test_damaged_sound_is_told_in_one_line_and_leaves_nothing(
    mode: AudioMode, tmp_path: Path
) -> None:
    noise = ("-f", "lavfi", "-i", "anoisesrc=d=1:s=1", "-c:a", "aac")
    source = made(tmp_path / "in.mp4", *pictures(1), *noise)
    data = source.read_bytes()
    # The samples lie in front of the tables.
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    middle = (begin + end) // 2
    source.write_bytes(data[:middle] + b"\x55" * (end - middle) + data[end:])
    target = tmp_path / "sound"
    with pytest.raises(ExportError, match="is damaged") as told:
        write_sound(open_video(source), mode, NO_SILENCE, target, MP4, (Fraction(0), Fraction(1)))
    assert "\n" not in str(told.value)
    assert not target.exists()


@pytest.mark.skipif(os.name != "posix", reason="the limit is one of POSIX systems")
def test_where_there_is_no_room_nothing_is_left_of_the_sound(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", *pictures(1), "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    info = with_little_room(open_video(source), tmp_path, blocks=4)
    target = tmp_path / "sound"
    with pytest.raises(ExportError, match="cannot be written") as told:
        mode, span = AudioMode.REPLACE_TONE, (Fraction(0), Fraction(9))
        write_sound(info, mode, NO_SILENCE, target, MP4, span)
    assert "\n" not in str(told.value)
    assert not target.exists()
