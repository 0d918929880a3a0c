"""Small videos for tests, made by the program that reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from detector.ffmpeg import executable


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
