"""The peers as their users have them: from the package index, in environments of their own.

Each peer gets a virtual environment in a folder outside the checkout, made once and used
again as long as it is wanted with the same packages. It runs as its own command. Pinned are
the versions; what it shares with ours (numpy, Pillow, the runtime of networks) has the same.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MARK = "installed.txt"


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """A program of others.

    Attributes:
        name: of its environment and of its command.
        package: itself; installed without what it asks for.
        needs: what it is given instead. Its own list would start a C++ build of dlib, or
            bring the desktop build of OpenCV.
    """

    name: str
    package: str
    needs: tuple[str, ...]

    def command(self, folder: Path) -> Path:
        """Its program in the environments of `folder`."""
        return self._bin(folder) / (self.name + (".exe" if os.name == "nt" else ""))

    def python(self, folder: Path) -> Path:
        """The interpreter of its environment."""
        return self._bin(folder) / ("python.exe" if os.name == "nt" else "python")

    def install(self, folder: Path) -> None:
        """Make its environment in `folder`, unless it is there.

        Raises:
            SystemExit: it cannot be made.
        """
        home = folder / self.name
        wanted = "\n".join((self.package, *self.needs))
        mark = home / _MARK
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            return
        shutil.rmtree(home, ignore_errors=True)
        print(f"Installing {self.package} and what it needs in {home}", file=sys.stderr)
        try:
            for command in self._making(home, folder):
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemExit(f"{self.package} cannot be installed: {error}") from error
        mark.write_text(wanted, encoding="utf-8")

    def _making(self, home: Path, folder: Path) -> list[list[str]]:
        python = str(self.python(folder))
        if shutil.which("uv"):
            make = ["uv", "venv", "--quiet", "--python", sys.executable, str(home)]
            install = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        else:
            make = [sys.executable, "-m", "venv", str(home)]
            install = [python, "-m", "pip", "install", "--quiet"]
        return [make, [*install, *self.needs], [*install, "--no-deps", self.package]]

    def _bin(self, folder: Path) -> Path:
        return folder / self.name / ("Scripts" if os.name == "nt" else "bin")


FACE_RECOGNITION = Peer(
    "face_recognition",
    "face_recognition==1.3.0",
    (
        "click",
        "dlib-bin==20.0.1.post1",
        "face_recognition_models==0.3.0",
        "numpy==2.4.6",
        "pillow==13.0.0",
        # It imports pkg_resources, which later ones have no more.
        "setuptools<81",
    ),
)
DEFACE = Peer(
    "deface",
    "deface==1.5.0",
    (
        "imageio==2.38.1",
        "imageio-ffmpeg==0.8.1",
        "numpy==2.4.6",
        "onnx==1.23.2",
        "onnxruntime==1.31.1",
        "opencv-python-headless==5.0.0.93",
        "pillow==13.0.0",
        "scikit-image==0.26.0",
        "tqdm==4.70.1",
    ),
)

NOBODY = frozenset({"unknown_person", "no_persons_found"})
"""What the command of face_recognition prints where it knows no name."""


def known_people(portraits: Mapping[str, Sequence[Path]], folder: Path) -> None:
    """The folder of known people as face_recognition wants it: a picture for each name.

    With several portraits of somebody the name is followed by `.2`, `.3`…
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, paths in portraits.items():
        for number, path in enumerate(paths, 1):
            suffix = f".{number}" if number > 1 else ""
            shutil.copyfile(path, folder / f"{name}{suffix}{path.suffix}")


def names_printed(output: str) -> dict[str, list[str]]:
    """What `face_recognition` printed: the names said of each file, by the file's name.

    A face is a line for each portrait it is like, or one that says that nobody is known. Of a
    file in which it finds no face the list is empty.
    """
    found: dict[str, list[str]] = {}
    for row in csv.reader(output.splitlines()):
        if len(row) != 2 or row[0].startswith("WARNING"):
            continue
        path, said = row
        names = found.setdefault(Path(path).name, [])
        if said not in NOBODY:
            names.append(_without_number(said))
    return found


def _without_number(name: str) -> str:
    head, _, tail = name.rpartition(".")
    return head if head and tail.isdigit() else name


def boxes_printed(output: str) -> dict[str, list[Box]]:
    """What `LOCATING` printed: the boxes found in each file, by the file's name."""
    found: dict[str, list[Box]] = {}
    for row in csv.reader(output.splitlines()):
        if len(row) == 5:
            top, right, bottom, left = (int(edge) for edge in row[1:])
            found.setdefault(Path(row[0]).name, []).append(Box(left, top, right, bottom))
    return found


LOCATING = """
import sys
import numpy, PIL.Image, face_recognition
for path in sys.argv[1:]:
    pixels = face_recognition.load_image_file(path)
    longest, scale = max(pixels.shape), 1.0
    if longest > 1600:
        image = PIL.Image.fromarray(pixels)
        image.thumbnail((1600, 1600), PIL.Image.LANCZOS)
        pixels, scale = numpy.array(image), longest / 1600
    for corners in face_recognition.face_locations(pixels):
        print(path, *(round(edge * scale) for edge in corners), sep=",")
"""
"""Tells where the faces are that the command of face_recognition sees, which prints names only.

It looks as the command does: in pictures of 1600 pixels at most, by HOG, enlarged once.
"""


def located(peer: Peer, folder: Path, photos: Iterable[Path]) -> dict[str, list[Box]]:
    """The boxes that face_recognition finds in each photo, by the file's name."""
    done = subprocess.run(
        [str(peer.python(folder)), "-W", "ignore", "-c", LOCATING, *map(str, photos)],
        capture_output=True,
        text=True,
        check=True,
    )
    return boxes_printed(done.stdout)
