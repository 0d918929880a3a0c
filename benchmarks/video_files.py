"""Videos for measurements, written and read by the packaged ffmpeg and none of the product's code.

What the product reads and writes is judged here: by its own reader a mistake could hide
itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import subprocess
import wave
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.ffmpeg import executable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    from PIL import Image

    from detector.video_frames import Plane

SOUND_RATE = 48_000
"""Samples a second in which sound is written and read."""
_TICKS = 90_000
"""Parts of a second in which the times of uneven frames are written."""
_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error")


def ffmpeg(*words: object) -> bytes:
    """Run ffmpeg to its end, and give what it wrote on standard output.

    Raises:
        SystemExit: it failed; with its last words.
    """
    command = [str(executable()), *_QUIET, "-y", *map(str, words)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed: {done.stderr.decode('utf-8', 'replace')[-600:]}")
    return done.stdout


# --- writing --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures become a video.

    Attributes:
        rate: pictures a second, where no times are given.
        quality: of libx264, its CRF: 18 is good, 36 is poor.
        preset: of libx264.
        options: further words for ffmpeg, before the name of the file.
        inputs: further inputs, such as sound, with the words before them.
        video_options: words before the pictures.
    """

    rate: Fraction = Fraction(25)
    quality: int = 20
    preset: str = "veryfast"
    options: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    video_options: tuple[str, ...] = ()


def write(
    pictures: Iterable[Image.Image],
    size: tuple[int, int],
    path: Path,
    encoding: Encoding | None = None,
    times: Sequence[Fraction] = (),
) -> None:
    """Write RGB pictures as H.264, in the colours of high definition.

    Args:
        pictures: all of one size.
        size: width and height, both even.
        path: of the file; its name says the container.
        encoding: see `Encoding`.
        times: when each is shown, in seconds from 0; by the rate without any. They are kept
            to the nearest 1/90000 second.

    Raises:
        SystemExit: ffmpeg failed.
    """
    how = encoding or Encoding()
    command = [
        *(str(executable()), *_QUIET, "-y"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"),
        *("-r", str(how.rate), *how.video_options, "-i", "pipe:0", *how.inputs),
        *("-map", "0:v:0", "-vf", _filter(times), "-fps_mode", "passthrough"),
        *(("-enc_time_base", f"1:{_TICKS}") if times else ()),
        *("-c:v", "libx264", "-preset", how.preset, "-crf", str(how.quality), "-threads", "2"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-color_range", "tv", "-pix_fmt", "yuv420p", *how.options, str(path)),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stderr
        # Where ffmpeg has ended, its own words say why.
        with contextlib.suppress(BrokenPipeError):
            for picture in pictures:
                process.stdin.write(picture.tobytes())
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise SystemExit(f"ffmpeg could not write {path.name}: {said[-600:]}")


def _filter(times: Sequence[Fraction]) -> str:
    colours = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    return f"{colours},{_moved(times)}" if times else colours


def _moved(times: Sequence[Fraction]) -> str:
    """The filter that gives frame N the N-th of these times."""
    ticks = [round(time * _TICKS) for time in times]
    # A tree of halves: ffmpeg's expressions have no tables, and a chain is too deep.
    return f"settb=1/{_TICKS},setpts={_choice(ticks, 0)}"


def _choice(ticks: Sequence[int], first: int) -> str:
    steps = {after - before for before, after in itertools.pairwise(ticks)}
    if len(steps) <= 1:
        return f"{ticks[0]}+(N-{first})*{next(iter(steps), 0)}"
    half = len(ticks) // 2
    below, above = _choice(ticks[:half], first), _choice(ticks[half:], first + half)
    return f"if(lt(N\\,{first + half})\\,{below}\\,{above})"


def write_sound(samples: npt.NDArray[np.float32], path: Path) -> None:
    """Write sound, -1 to 1, one channel, as a WAV file of `SOUND_RATE`."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


# --- reading --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """When the pictures of a video are shown.

    Attributes:
        size: width and height of the upright pictures, in pixels.
        times: of each picture, seconds.
        last: how long the last one is shown, seconds.
    """

    size: tuple[int, int]
    times: tuple[Fraction, ...]
    last: Fraction

    @property
    def duration(self) -> Fraction:
        """From the first picture until the last one is gone, seconds."""
        return self.times[-1] - self.times[0] + self.last

    @property
    def rate(self) -> float:
        """Pictures a second, on average."""
        return float(len(self.times) / self.duration)


def shown(path: Path) -> Shown:
    """Decode a video and tell when each picture is shown.

    Raises:
        SystemExit: ffmpeg cannot read it, or it shows nothing.
    """
    listed = ffmpeg(
        *("-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"),
        *("-enc_time_base", "demux", "-c:v", "rawvideo", "-f", "framecrc", "-"),
    ).decode("ascii", "replace")
    tick, size = Fraction(0), (0, 0)
    rows = []
    for line in listed.splitlines():
        if line.startswith("#tb 0:"):
            tick = Fraction(line.rpartition(":")[2].strip())
        elif line.startswith("#dimensions 0:"):
            width, height = line.rpartition(":")[2].strip().split("x")
            size = (int(width), int(height))
        elif not line.startswith("#"):
            cells = line.split(",")
            rows.append((int(cells[2]), int(cells[3])))
    if not rows:
        raise SystemExit(f"{path.name} shows no picture")
    return Shown(size, tuple(tick * start for start, _ in rows), tick * rows[-1][1])


def planes(path: Path, size: tuple[int, int]) -> Iterator[Plane]:
    """The brightness of every picture, brought to that size.

    Raises:
        SystemExit: ffmpeg cannot read all of it.
    """
    yield from _read(path, size, "gray", 1, "format=yuv420p,extractplanes=y")


def pictures(path: Path, size: tuple[int, int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Every picture as RGB, (height, width, 3), brought to that size.

    Raises:
        SystemExit: ffmpeg cannot read all of it.
    """
    yield from _read(path, size, "rgb24", 3, "format=yuv420p")


def _read(
    path: Path, size: tuple[int, int], form: str, samples: int, chain: str
) -> Iterator[npt.NDArray[np.uint8]]:
    width, height = size
    command = [
        *(str(executable()), *_QUIET, "-i", f"file:{path}", "-map", "0:v:0"),
        *("-vf", f"{chain},scale={width}:{height}:flags=bicubic", "-fps_mode", "passthrough"),
        *("-pix_fmt", form, "-f", "rawvideo", "pipe:1"),
    ]
    shape = (height, width, samples) if samples > 1 else (height, width)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        try:
            while held := process.stdout.read(width * height * samples):
                if len(held) < width * height * samples:
                    raise SystemExit(f"{path.name} ends within a picture")
                yield np.frombuffer(held, np.uint8).reshape(shape)
        except GeneratorExit:
            process.kill()
            raise
        said = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise SystemExit(f"ffmpeg could not read {path.name}: {said[-600:]}")


def sound(path: Path) -> npt.NDArray[np.float32]:
    """The first sound of a file in one channel, -1 to 1; silence is laid where it begins later.

    Empty where there is none.

    Raises:
        SystemExit: ffmpeg cannot read it.
    """
    if "Audio:" not in described(path):
        return np.empty(0, np.float32)
    raw = ffmpeg(
        *("-i", f"file:{path}", "-map", "0:a:0", "-af", "aresample=async=1:first_pts=0"),
        *("-ac", 1, "-ar", SOUND_RATE, "-f", "f32le", "-"),
    )
    return np.frombuffer(raw, np.float32)


def described(path: Path) -> str:
    """What ffmpeg says about a file: its streams, chapters and titles."""
    command = [str(executable()), "-nostdin", "-hide_banner", "-i", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stderr.decode("utf-8", "replace")


def streams(path: Path) -> Mapping[str, int]:
    """How many streams of each kind (`Video`, `Audio`, `Subtitle`…) a file holds."""
    found: dict[str, int] = {}
    for kind in re.findall(r"Stream #0:\d+.*?: (\w+): ", described(path)):
        found[kind] = found.get(kind, 0) + 1
    return found
