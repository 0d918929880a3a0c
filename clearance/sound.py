"""The sound of a copy: kept, silenced where it must be, or a tone in its place.

It is decoded to samples, changed here, and encoded afresh: silence is exactly zero, to the sample,
before an encoder sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clearance.errors import ExportError
from clearance.results import AudioMode
from clearance.video_encoding import unwritten
from detector.ffmpeg import Ffmpeg, FfmpegError, from_file, to_file
from detector.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clearance.video_encoding import VideoFormat
    from detector.video import VideoInfo

RATE, CHANNELS = 48_000, 2
"""Samples a second and channels of every copy: what every player takes."""
_PART = RATE
"""Samples that are looked at in one go."""
_WIDER = Fraction(2048, RATE)
"""Seconds by which a silence begins earlier and ends later: encoders look at blocks of 2048
samples, and a sound beside the silence must not be heard in it."""
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
    if mode is AudioMode.REPLACE_TONE:
        samples = _tone(length)
    else:
        relative = [(start - span[0], end - span[0]) for start, end in silences]
        samples = _silenced(_decoded(info, span[0], length), relative)
    _encode(_without_beginning(samples, format_.priming), target, format_, info.program)


def _decoded(info: VideoInfo, start: Fraction, length: int) -> Iterator[Samples]:
    """So many samples from `start` on; silence where the file holds none."""
    stream = info.audio[0].index
    # Times of the file, counted from the first picture; gaps are filled, and what comes before
    # the first picture is cut off.
    filters = (
        f"asetpts=PTS-({float(info.origin + start):.9f})/TB,aresample={RATE}:async=1:first_pts=0,"
        "aformat=sample_fmts=flt:channel_layouts=stereo"
    )
    arguments = [
        *("-copyts", *from_file(info.path, info.container.value)),
        *("-map", f"0:{stream}", "-vn", "-af", filters, "-f", "f32le", "pipe:1"),
    ]
    given = 0
    try:
        with Ffmpeg(arguments, program=info.program, limits=info.child) as child:
            while given < length:
                part = np.zeros((min(_PART, length - given), CHANNELS), np.float32)
                read = child.read_into(part.data)
                if not read:
                    child.finish()
                    break
                part[read // _BYTES :] = 0
                given += len(part)
                yield part
    except FfmpegError as error:
        raise ExportError(
            "The sound of {path} is damaged ({reason}): leave it out with --audio mute.",
            path=printable(info.path.name),
            reason=error.reason,
        ) from error
    while given < length:
        part = np.zeros((min(_PART, length - given), CHANNELS), np.float32)
        given += len(part)
        yield part


def _silenced(
    parts: Iterator[Samples], silences: Sequence[tuple[Fraction, Fraction]]
) -> Iterator[Samples]:
    begun = 0
    for part in parts:
        for start, end in silences:
            first = max(0, int((start - _WIDER) * RATE) - begun)
            last = max(0, -int(-(end + _WIDER) * RATE // 1) - begun)
            part[first:last] = 0
        begun += len(part)
        yield part


def _tone(length: int) -> Iterator[Samples]:
    for begin in range(0, length, _PART):
        at = np.arange(begin, min(begin + _PART, length))
        # The phase by whole turns of the tone, so that hours lose no precision.
        turns = (at * int(_TONE_HERTZ) % RATE) / RATE
        wave = (_TONE_LEVEL * np.sin(2 * np.pi * turns)).astype(np.float32)
        yield np.repeat(wave[:, None], CHANNELS, axis=1)


def _without_beginning(parts: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Without the first samples: the encoder puts as many of silence in their place."""
    for part in parts:
        if count >= len(part):
            count -= len(part)
            continue
        yield part[count:]
        count = 0


def _encode(parts: Iterator[Samples], target: Path, format_: VideoFormat, program: Path) -> None:
    arguments = [
        *("-f", "f32le", "-ar", str(RATE), "-ac", str(CHANNELS), "-i", "pipe:0"),
        *format_.sound,
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
        *("-f", format_.sound_muxer, "-y", to_file(target)),
    ]
    try:
        with Ffmpeg(arguments, program=program, feeds=True, answers=False) as child:
            for part in parts:
                child.write(np.ascontiguousarray(part).data)
            child.finish()
    except FfmpegError as error:
        raise unwritten(target, error) from error
