"""From a cold start to a verdict, beside what importing face_recognition alone takes.

    python -m benchmarks.cold_start [--photo PHOTO] [--runs 7]

Both are whole processes, started alternately on the same machine: the
interpreter's own start is in both figures. Both find their modules compiled, as
from the second start on; the first round does that and is not counted. The photo
is brought to 12 megapixels and the people in it are looked up in the demo
registry, so the run decodes, detects, embeds, matches, decides and writes its
audit entry.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TWELVE_MEGAPIXELS = (4000, 3000)
CHECK = "import sys, cli; sys.argv[0] = 'clear'; cli.clear()"


class Spent(NamedTuple):
    """What one process took, in seconds: of the clock, and of all processors together."""

    wall: float
    processor: float


def spent(arguments: list[str], environment: dict[str, str]) -> Spent:
    """Runs one process; its exit code is not of interest."""
    before, start = _children(), time.perf_counter()
    subprocess.run(
        arguments,
        check=False,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Spent(time.perf_counter() - start, _children() - before)


def _children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def twelve_megapixels(photo: Path, folder: Path) -> Path:
    """A 4000 x 3000 JPEG of the photo."""
    target = folder / "twelve-megapixels.jpg"
    with Image.open(photo) as picture:
        resized = picture.convert("RGB").resize(TWELVE_MEGAPIXELS, Image.Resampling.LANCZOS)
    resized.save(target, quality=92)
    return target


def main() -> None:
    """Print the medians and their ratio as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, default=ROOT / "sample_media" / "ward-opening.jpg")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photo = twelve_megapixels(options.photo, folder)
        demo = [sys.executable, "-c", "import cli; cli.main()", "demo", str(folder / "demo")]
        subprocess.run(demo, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        environment = {
            **os.environ,
            "CLEARANCE_HOME": str(folder / "demo" / "registry"),
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        commands = {
            "clear, 12 MP photo": [sys.executable, "-c", CHECK, str(photo), "--json"],
            "import face_recognition": [sys.executable, "-c", "import face_recognition"],
        }
        found: dict[str, list[Spent]] = {name: [] for name in commands}
        for turn in range(options.runs + 1):
            for name, command in commands.items():
                one = spent(command, environment)
                if turn:
                    found[name].append(one)
    print("| process | median s | fastest s | median processor s |\n|---|---|---|---|")
    medians = []
    for name, values in found.items():
        walls, processors = zip(*values, strict=True)
        median = statistics.median(walls)
        medians.append(median)
        print(f"| {name} | {median:.2f} | {min(walls):.2f} | {statistics.median(processors):.2f} |")
    print(f"\nclear takes {medians[0] / medians[1]:.2f} of the time of the import alone.")


if __name__ == "__main__":
    main()
