"""What a verified copy costs, in time and memory, beside deface on the same photos.

    uv run --no-sync --with onnx,opencv-python-headless python -m benchmarks.exporting MEDIA
        [--repeats 5] [--only process command memory parts]

MEDIA holds `wider/` with `boxes.csv`, and `hard/`. The photos of 12 and 24 megapixels are
put together from WIDER FACE, enlarged, with eight labelled faces of 80 to 400 pixels; the
third is a real photo of 12 megapixels. Everybody is hidden: there is no registry. Ours
finds faces, hides heads, encodes, opens the copy again, audits its bytes, compares its
pixels, looks for faces once more, mirrored, and measures whether a hidden head still
resembles its owner. deface finds, blurs and writes.

- *In one process*, with the networks loaded: ours and deface's `image_detect`, in turns,
  after one turn to warm up.
- *As a command*, from a cold start of the interpreter: `clearance export` and `deface`.
- *Memory*: the largest resident memory of a process each, less that of a process that
  only imports the same and loads its networks; in MiB and in decoded pictures of 3 bytes
  a pixel.
- *The parts* of ours, of one process.

Two times are told, medians: of the clock, and of all processors together, which holds on
a busy machine, too. deface runs by its own code on ONNX Runtime (it wants the package
onnx, hence `--with`), with its own defaults.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar
from unittest import mock

from PIL import Image

from benchmarks.cold_start import spent
from benchmarks.speed import PEAK, in_turns
from benchmarks.wider import Photo, read_photos
from detector.detector import Detector
from detector.faces import Box
from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clearance.verification import Examiner

_P = ParamSpec("_P")
_R = TypeVar("_R")

ROOT = Path(__file__).resolve().parent.parent
MIB = 2**20
WIDTHS = (80, 400)
"""Of the faces in a picture that was put together, in pixels."""
GRIDS: Mapping[str, tuple[tuple[int, int], tuple[tuple[int, ...], ...]]] = {
    "12 MP": ((4000, 3000), ((2, 2), (2, 2))),
    "24 MP": ((6000, 4000), ((2, 1, 1), (1, 2, 1))),
}
"""The size of each, and how many faces the photo in each cell of its grid has."""
REAL = (11e6, 13e6)
"""Pixels of the real photo: the first in `hard/` in which faces are found."""
QUALITY = 92
REST = "verify: compare the pixels; colours, disk"
"""Of our parts, what no call of its own does."""
TOGETHER = "together"


# --- photos ---------------------------------------------------------------------------------


class Subject(NamedTuple):
    """A photo to be made publishable, and how many faces ours finds in it."""

    name: str
    path: Path
    width: int
    height: int
    faces: int

    @property
    def title(self) -> str:
        """What it is, for a table."""
        return f"{self.name}, {self.width} x {self.height}, {self.faces} faces"


def subjects(media: Path, folder: Path) -> list[Subject]:
    """The photos of the run, written into the folder where they are put together."""
    detector = Detector.load()

    def subject(name: str, path: Path) -> Subject:
        frame = open_photo(path)
        return Subject(name, path, frame.width, frame.height, len(detector.find_faces(frame)))

    composed = [subject(f"composed, {name}", compose(media, name, folder)) for name in GRIDS]
    real = (subject("real", path) for path in _large(media / "hard"))
    found = next((one for one in real if one.faces), None)
    return [*composed, found] if found else composed


def compose(media: Path, name: str, folder: Path) -> Path:
    """Crowd photos side by side, each enlarged to fill its cell: a JPEG in the folder."""
    (width, height), grid = GRIDS[name]
    picture = Image.new("RGB", (width, height))
    photos = iter(read_photos(media))
    down = height // len(grid)
    for row, wanted in enumerate(grid):
        across = width // len(wanted)
        for column, faces in enumerate(wanted):
            path, box = next(_fitting(photos, faces, across, down))
            with Image.open(path) as opened:
                part = opened.convert("RGB").resize(
                    (across, down), Image.Resampling.LANCZOS, box=box
                )
            picture.paste(part, (column * across, row * down))
    target = folder / f"{name.replace(' ', '-')}.jpg"
    picture.save(target, quality=QUALITY)
    return target


def _fitting(
    photos: Iterator[Photo], faces: int, across: int, down: int
) -> Iterator[tuple[Path, tuple[float, float, float, float]]]:
    """Photos whose middle, enlarged to the cell, shows so many faces, all of a fit size."""
    for photo in photos:
        with Image.open(photo.path) as opened:
            width, height = opened.size
        scale = max(across / width, down / height)
        wide, high = min(width, across / scale), min(height, down / scale)
        left, top = (width - wide) / 2, (height - high) / 2
        box = (left, top, left + wide, top + high)
        cell = Box.around(*box)
        seen = [face.box for face in photo.faces if face.box.intersection(cell)]
        whole = all(one.intersection(cell) == one.area for one in seen)
        fit = all(WIDTHS[0] <= one.width * scale <= WIDTHS[1] for one in seen)
        if whole and fit and len(seen) == faces:
            yield photo.path, box


def _large(folder: Path) -> Iterator[Path]:
    """The JPEG files of about 12 megapixels."""
    for path in sorted(folder.rglob("*.jpg")):
        with contextlib.suppress(OSError, Image.DecompressionBombError):
            with Image.open(path) as opened:
                pixels = opened.width * opened.height
            if REAL[0] <= pixels <= REAL[1]:
                yield path


# --- ours and theirs ------------------------------------------------------------------------


class Ours:
    """Looks for faces, hides them all and writes the verified copy, as `export` does."""

    def __init__(self, watch: Watch | None = None) -> None:
        """Load the networks; `watch` takes the time of the parts."""
        self._watch = watch or Watch()
        self.detector = Detector.load()
        self.detector.prepare_matching()

    def __call__(self, photo: Path, folder: Path) -> None:
        """One copy, into the folder."""
        from clearance.export import Exporter

        timed = self._watch.timed
        with self._watch.inside():
            frame = timed("decode", open_photo)(photo)
            faces = timed("find", self.detector.find_faces)(frame)
            Exporter(folder, [photo], self._examiner()).write(frame, faces, ())

    def _examiner(self) -> Examiner:
        from clearance.making import examiner_with

        timed = self._watch.timed
        examiner = examiner_with(self.detector, compared=True)
        alike, look = examiner.compare, examiner.second_look
        find = timed("verify: find again, mirrored", self.detector.find_faces)
        return dataclasses.replace(
            examiner,
            open_photo=timed("verify: open again", open_photo),
            compare=alike and timed("verify: compare the hidden with their owners", alike),
            how_held=timed("verify: how the photo was held", self.detector.how_held),
            second_look=look and dataclasses.replace(look, find_faces=find),
        )


class Theirs:
    """deface's own way from a file to a file."""

    def __init__(self) -> None:
        """Load its network."""
        from deface.centerface import CenterFace

        with contextlib.redirect_stdout(io.StringIO()):
            self.network = CenterFace(backend="onnxrt")

    def __call__(self, photo: Path, folder: Path) -> None:
        """One copy, into the folder."""
        from deface.deface import image_detect

        image_detect(
            str(photo),
            str(folder / photo.name),
            self.network,
            threshold=0.2,
            replacewith="blur",
            mask_scale=1.3,
            ellipse=True,
            draw_scores=False,
            enable_preview=False,
            keep_metadata=False,
        )


class Part(NamedTuple):
    """The time of a part, of the clock and of the processors, in seconds; how often it ran."""

    clock: float
    processor: float
    times: float


@dataclasses.dataclass(slots=True)
class Watch:
    """Takes the time of parts, run by run."""

    runs: list[dict[str, Part]] = dataclasses.field(default_factory=list)
    _now: dict[str, Part] = dataclasses.field(default_factory=dict)

    def timed(self, part: str, call: Callable[_P, _R]) -> Callable[_P, _R]:
        """The same call, with its time added to the part."""

        def timing(*arguments: _P.args, **named: _P.kwargs) -> _R:
            with self._taken(part):
                return call(*arguments, **named)

        return timing

    @contextlib.contextmanager
    def _taken(self, part: str) -> Iterator[None]:
        clock, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            so_far = self._now.get(part, Part(0, 0, 0))
            self._now[part] = Part(
                so_far.clock + time.perf_counter() - clock,
                so_far.processor + time.process_time() - processor,
                so_far.times + 1,
            )

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Take the time of one run, also of what happens inside the exporter."""
        from clearance import making, verification

        self._now = {}
        inner = [
            (making, "hide", "redact"),
            (making, "encode", "encode"),
            (verification, "foreign_parts", "verify: audit the bytes"),
        ]
        with contextlib.ExitStack() as stack:
            for module, name, part in inner:
                call = self.timed(part, getattr(module, name))
                stack.enter_context(mock.patch.object(module, name, call))
            stack.enter_context(self._taken(TOGETHER))
            yield
        whole = self._now.pop(TOGETHER)
        clock, processor, _ = (sum(column) for column in zip(*self._now.values(), strict=True))
        rest = Part(whole.clock - clock, whole.processor - processor, 1)
        self.runs.append({**self._now, REST: rest, TOGETHER: whole})


# --- the sections ---------------------------------------------------------------------------


def process(people: Sequence[Subject], repeats: int, folder: Path) -> None:
    """Both in this process, networks loaded."""
    print("\n### In one process, networks loaded\n")
    print(_HEAD)
    ways: Mapping[str, Callable[[Path, Path], None]] = {"ours": Ours(), "deface": Theirs()}
    for one in people:
        calls = {name: partial(way, one.path, folder) for name, way in ways.items()}
        times = in_turns(calls, repeats)
        print(_line(one, times["ours"], times["deface"]))


COMMANDS = {
    "ours": "import sys, cli; sys.argv[0] = 'clearance'; cli.main()",
    "deface": "import sys; sys.argv[0] = 'deface'; from deface.deface import main; main()",
}


def _commanded(photo: Path, folder: Path) -> Mapping[str, list[str]]:
    """What is typed after each command."""
    return {
        "ours": ["export", str(photo), "-o", str(folder)],
        "deface": [str(photo), "-o", str(folder / photo.name)],
    }


def command(people: Sequence[Subject], repeats: int, folder: Path) -> None:
    """Both as commands, each in a fresh process; their modules are compiled before."""
    print("\n### As a command, in a fresh process\n")
    print(_HEAD)
    environment = {
        **os.environ,
        "CLEARANCE_HOME": str(folder / "nobody"),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for one in people:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for turn in range(repeats + 1):
            for name, typed in _commanded(one.path, folder).items():
                written = folder / one.path.name
                written.unlink(missing_ok=True)
                took = spent([sys.executable, "-c", COMMANDS[name], *typed], environment)
                _must_exist(written, name)
                if turn:
                    times[name].append((took.wall, took.processor))
        medians = {name: _medians(runs) for name, runs in times.items()}
        print(_line(one, medians["ours"], medians["deface"]))


def _must_exist(copy: Path, name: str) -> None:
    if not copy.exists():
        raise SystemExit(f"{name} wrote no copy {copy.name}")


def _medians(runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    clock, processor = (statistics.median(column) for column in zip(*runs, strict=True))
    return clock, processor


_HEAD = (
    "| photo | ours, clock s | processor s | deface, clock s | processor s | ours / deface, clock "
    "| processor |\n|---|---|---|---|---|---|---|"
)


def _line(one: Subject, ours: Sequence[float], theirs: Sequence[float]) -> str:
    cells = [*ours, *theirs, ours[0] / theirs[0], ours[1] / theirs[1]]
    return f"| {one.title} | {' | '.join(f'{cell:.2f}' for cell in cells)} |"


# Each network sees one small picture: what it sets up at its first look is no photo's.
LOADED = {
    "ours": """
import numpy, cli
from benchmarks.exporting import Ours
from clearance.export import Exporter
from detector.faces import Box, Face, Frame, Landmarks
detector = Ours().detector
frame = Frame(Path("none"), "", "PNG", numpy.zeros((64, 64, 3), numpy.uint8))
detector.find_faces(frame)
points = Landmarks((20, 20), (40, 20), (30, 30), (22, 42), (38, 42))
detector.templates(frame, [Face(Box(10, 5, 50, 60), 1.0, points)])
""",
    "deface": """
import numpy
from benchmarks.exporting import Theirs
import deface.deface
Theirs().network(numpy.zeros((64, 64, 3), numpy.uint8), 0.2)
""",
}
COMMANDED = """
try:
    {command}
except SystemExit:
    pass
"""


def memory(people: Sequence[Subject], _: int, folder: Path) -> None:
    """The largest resident memory of a command, less that of its imports and networks."""
    print("\n### Memory of a command, a process each\n")
    print(
        "| photo | ours, peak MiB | more than loaded | decoded pictures | deface, peak MiB "
        "| more than loaded | decoded pictures | deface / ours, more than loaded |"
    )
    print("|---|---|---|---|---|---|---|---|")
    environment = {**os.environ, "CLEARANCE_HOME": str(folder / "nobody")}
    loaded = {name: _peak(program, [], environment) for name, program in LOADED.items()}
    for one in people:
        decoded = one.width * one.height * 3
        cells, more = [], {}
        for name, typed in _commanded(one.path, folder).items():
            written = folder / one.path.name
            written.unlink(missing_ok=True)
            peak = _peak(COMMANDED.format(command=COMMANDS[name]), typed, environment)
            _must_exist(written, name)
            more[name] = peak - loaded[name]
            cells += [f"{peak / MIB:.0f}", f"{more[name] / MIB:.0f}", f"{more[name] / decoded:.1f}"]
        cells.append(f"{more['deface'] / more['ours']:.1f} ×")
        print(f"| {one.title} | {' | '.join(cells)} |")
    figures = ", ".join(f"{name} {peak / MIB:.0f} MiB" for name, peak in loaded.items())
    print(f"\nLoaded, before any photo: {figures}.")


def _peak(program: str, typed: Sequence[str], environment: Mapping[str, str]) -> int:
    """Peak resident memory of a process, in bytes.

    It tells its own: what the system says of a child holds the parent's memory, too, from
    before the child became another program.
    """
    whole = f"import sys\nfrom pathlib import Path\n{program}\n{PEAK}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", whole, *typed],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(done.stdout.split()[-1])


def parts(people: Sequence[Subject], repeats: int, folder: Path) -> None:
    """Where the time of ours goes; a copy in which faces appear is made and looked at again."""
    for one in people:
        watch = Watch()
        ours = Ours(watch)
        for _ in range(repeats + 1):
            ours(one.path, folder)
        print(f"\n### The parts of ours: {one.title}\n")
        print("| part | times | clock ms | processor ms | share of the processor |")
        print("|---|---|---|---|---|")
        medians = _median_parts(watch.runs[1:])
        for name, part in medians.items():
            share = 100 * part.processor / medians[TOGETHER].processor
            cells = f"{part.times:g} | {part.clock * 1e3:.0f} | {part.processor * 1e3:.0f}"
            print(f"| {name} | {cells} | {share:.0f} % |")


def _median_parts(runs: Sequence[Mapping[str, Part]]) -> Mapping[str, Part]:
    return {
        name: Part(*(statistics.median(column) for column in zip(*values, strict=True)))
        for name in runs[0]
        if (values := [run[name] for run in runs if name in run])
    }


SECTIONS: Mapping[str, Callable[[Sequence[Subject], int, Path], None]] = {
    "process": process,
    "command": command,
    "memory": memory,
    "parts": parts,
}


def main() -> None:
    """Print a Markdown table per question."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("media", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=[*SECTIONS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        sources, copies = Path(temporary) / "photos", Path(temporary) / "copies"
        sources.mkdir()
        copies.mkdir()
        people = subjects(options.media.resolve(), sources)
        for name, run in SECTIONS.items():
            if not options.only or name in options.only:
                run(people, options.repeats, copies)


if __name__ == "__main__":
    main()
