"""Copies of small videos, made part by part, and what is heard in them."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np

from clearance.results import AudioMode
from clearance.sound import RATE, write_sound
from clearance.video_encoding import FORMATS, ChunkWriter, join
from clearance.video_examination import digest_of
from detector.ffmpeg import Ffmpeg, executable, to_file
from detector.video import VideoInfo, frames, open_video
from detector.video_frames import VideoFrame


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
        path = folder / f"part-{number}{format_.part_suffix}"
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


def with_little_room(info: VideoInfo, folder: Path, blocks: int) -> VideoInfo:
    """The same video, whose program may write files of so many KiB: as on a full disk."""
    script = folder / f"room-for-{blocks}.sh"
    script.write_text(
        f"#!/bin/sh\ntrap '' XFSZ\nulimit -f {blocks * 2}\nexec '{info.program}' \"$@\"\n"
    )
    script.chmod(0o755)
    return dataclasses.replace(info, program=script)
