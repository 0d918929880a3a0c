"""Small videos for tests, made by the program that reads them."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from detector.detector import Detector
from detector.faces import Box
from detector.ffmpeg import executable
from detector.photo import open_photo
from tests.commands import SAMPLES


def made(path: Path, *arguments: str) -> Path:
    """A file that ffmpeg makes of these arguments."""
    command = [str(executable()), "-nostdin", "-v", "error", *arguments, "-y", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


def pictures(seconds: float = 1, rate: str = "25", size: str = "160x120") -> tuple[str, ...]:
    """Arguments for moving pictures, no two of which are alike."""
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}")


def clap(seconds: float = 2, at: float = 1, rate: int = 25, late: float = 0) -> tuple[str, ...]:
    """Arguments for black pictures with a white flash, and silence with a click at the same time.

    Args:
        seconds: how long.
        at: when it claps.
        rate: frames a second.
        late: by how much the sound begins later than the pictures.
    """
    flash = f"geq=lum='if(between(T,{at}-0.001,{at}+0.9/{rate}),235,16)':cb=128:cr=128"
    click = f"if(between(t,{at - late},{at - late}+0.01),0.8*sin(2*PI*1000*t),0)"
    return (
        *("-f", "lavfi", "-i", f"color=black:s=160x120:r={rate}:d={seconds},{flash}"),
        *("-itsoffset", f"{late}", "-f", "lavfi"),
        *("-i", f"aevalsrc='{click}':s=48000:d={seconds - late}"),
    )


@dataclasses.dataclass(frozen=True)
class Seen:
    """A portrait that moves through a clip.

    Attributes:
        portrait: of the sample people.
        at: the upper left corner in a frame, by its number; None where it is not there.
        height: of the pasted portrait, in pixels.
    """

    portrait: str
    at: Callable[[int], tuple[int, int] | None]
    height: int = 300


def clip(
    path: Path,
    people: Sequence[Seen],
    *arguments: str,
    frames: int = 16,
    rate: int = 25,
    size: tuple[int, int] = (960, 540),
) -> Path:
    """A video in which portraits of the sample people move over a plain wall."""
    pasted = []
    for one in people:
        with Image.open(SAMPLES / "portraits" / f"{one.portrait}.jpg") as image:
            width = round(image.width * one.height / image.height)
            pasted.append(image.convert("RGB").resize((width, one.height)))
    wall = Image.linear_gradient("L").resize(size).convert("RGB")
    command = [
        *(str(executable()), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0", *arguments),
        *("-pix_fmt", "yuv420p", "-y", str(path)),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        assert child.stdin
        for number in range(frames):
            picture = wall.copy()
            for one, portrait in zip(people, pasted, strict=True):
                if (corner := one.at(number)) is not None:
                    picture.paste(portrait, corner)
            child.stdin.write(picture.tobytes())
    assert child.returncode == 0
    return path


def face_in(portrait: str, height: int = 300) -> Box:
    """Where the face is in a portrait that is pasted so high."""
    frame = open_photo(SAMPLES / "portraits" / f"{portrait}.jpg")
    (face, *_) = sorted(Detector.load().find_faces(frame), key=lambda one: -one.score)
    times = height / frame.height
    return face.scaled(times, times).box
