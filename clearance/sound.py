"""The sound of a copy: kept, silenced where it must be, or a tone in its place.

It is decoded to samples, changed here, and encoded afresh: silence is exactly zero, to the sample,
before an encoder sees it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clearance.errors import ExportError
from clearance.results import AudioMode
from clearance.video_encoding import none_left, run_to_the_end
from detector.ffmpeg import Ffmpeg, FfmpegError, from_file, to_file
from detector.untrusted import printable
from detector.video_probe import STRICT

if TYPE_CHECKING:
    from clearance.video_encoding import VideoFormat
    from detector.video import VideoInfo

RATE, CHANNELS = 48_000, 2
"""Samples a second and channels of every copy: what every player takes."""
_PART = RATE
"""Samples that are looked at in one go."""
_WIDER = Fraction(2048 + 1024, RATE)
"""Seconds by which a silence begins earlier and ends later: encoders look at blocks of 2048
samples, and a sound beside the silence must not be heard in it; and what is heard may lie as much
as `_NEAREST` beside its time."""
_NEAREST = 0.01
"""Seconds by which samples may lie beside the time that the file gives them, before they are put
there. Times are rounded to milliseconds in some files, and every correction is a click."""
_TONE_HERTZ, _TONE_LEVEL = 440.0, 0.03
_BYTES = 4 * CHANNELS

Samples = npt.NDArray[np.float32]
"""Sound: float32, shape (samples, channels), -1 to 1."""


def write_sound(
    info: VideoInfo,
    mode: AudioMode,
    silences: Sequence[tuple[Fraction, Fraction]],
    target: Path,
    format_: VideoFormat,
    span: tuple[Fraction, Fraction],
) -> None:
    """The sound of a copy, as a file of its own, exactly as long as the pictures.

    Args:
        info: the video.
        mode: what becomes of its sound; not `MUTE`.
        silences: from when to when nothing is heard, in seconds.
        target: the file.
        format_: of the copy.
        span: when the first picture is shown and the last one is gone, in seconds.

    Raises:
        ExportError: the sound cannot be read, or not be written.
    """
    length = round((span[1] - span[0]) * RATE)
    samples: Generator[Samples, None, None]
    if mode is AudioMode.REPLACE_TONE:
        samples = _tone(length)
    else:
        relative = [(start - span[0], end - span[0]) for start, end in silences]
        samples = _silenced(_decoded(info, span[0], length), relative)
    with contextlib.closing(samples), none_left(target):
        _encode(_without_beginning(samples, format_.priming), target, format_, info.program)


def _decoded(info: VideoInfo, start: Fraction, length: int) -> Generator[Samples, None, None]:
    """So many samples from `start` on; silence where the file holds none."""
    stream = info.audio[0].index
    # Times of the file, counted from the first picture; gaps are filled, and what comes before
    # the first picture is cut off.
    filters = (
        f"asetpts=PTS-({float(info.origin + start):.9f})/TB,"
        f"aresample={RATE}:async=1:min_hard_comp={_NEAREST}:first_pts=0,"
        "aformat=sample_fmts=flt:channel_layouts=stereo"
    )
    arguments = [
        # What a decoder makes up for what is damaged is not what was said.
        *STRICT,
        *("-copyts", *from_file(info.path, info.container.value)),
        *("-map", f"0:{stream}", "-vn", "-af", filters, "-f", "f32le", "pipe:1"),
    ]
    parts = _empty(length)
    try:
        with Ffmpeg(arguments, program=info.program, limits=info.child) as child:
            for part in parts:
                read = child.read_into(part.data)
                part[read // _BYTES :] = 0
                if read < part.nbytes:
                    # It has ended, and says only now whether that was the end of the sound.
                    child.finish()
                    yield part
                    break
                yield part
    except FfmpegError as error:
        raise ExportError(
            "The sound of {path} is damaged ({reason}): leave it out with --audio mute.",
            path=printable(info.path.name),
            reason=error.reason,
        ) from error
    yield from parts


def _empty(length: int) -> Iterator[Samples]:
    """So many samples of silence."""
    for begin in range(0, length, _PART):
        yield np.zeros((min(_PART, length - begin), CHANNELS), np.float32)


def _silenced(
    parts: Generator[Samples, None, None], silences: Sequence[tuple[Fraction, Fraction]]
) -> Generator[Samples, None, None]:
    begun = 0
    spans = sorted(
        (math.floor((start - _WIDER) * RATE), math.ceil((end + _WIDER) * RATE))
        for start, end in silences
    )
    with contextlib.closing(parts):
        for part in parts:
            for first, last in spans:
                part[max(0, first - begun) : max(0, last - begun)] = 0
            begun += len(part)
            spans = [span for span in spans if span[1] > begun]
            yield part


def _tone(length: int) -> Generator[Samples, None, None]:
    for begin in range(0, length, _PART):
        at = np.arange(begin, min(begin + _PART, length))
        # The phase by whole turns of the tone, so that hours lose no precision.
        turns = (at * int(_TONE_HERTZ) % RATE) / RATE
        wave = (_TONE_LEVEL * np.sin(2 * np.pi * turns)).astype(np.float32)
        yield np.repeat(wave[:, None], CHANNELS, axis=1)


def _without_beginning(parts: Iterable[Samples], count: int) -> Generator[Samples, None, None]:
    """Without the first samples: the encoder puts as many of silence in their place."""
    for part in parts:
        if count >= len(part):
            count -= len(part)
            continue
        yield part[count:]
        count = 0


def _encode(parts: Iterable[Samples], target: Path, format_: VideoFormat, program: Path) -> None:
    arguments = [
        *("-f", "f32le", "-ar", str(RATE), "-ac", str(CHANNELS), "-i", "pipe:0"),
        *format_.sound,
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
        *("-f", format_.sound_muxer, "-y", to_file(target)),
    ]
    child = Ffmpeg(arguments, program=program, feeds=True, answers=False)
    run_to_the_end(child, target, (np.ascontiguousarray(part).data for part in parts))
