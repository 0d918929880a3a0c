"""How fast the networks are, beside their peers: embedding, detection, decoding, search, memory.

    uv run --no-sync --with onnx python -m benchmarks.speed [--photos FOLDER] [--repeats 9]
                                                            [--only detection ...]

Ours and the peer's take turns in one process, so that both meet the same machine.
Two times are told, medians of all turns: of the clock, and of all processors
together. The clock is what people wait for; with one thread on a busy machine the
processor's time is the fair one. The factor says how many times as fast something
is as the line in bold.

Peers: face_recognition with dlib, deface with ONNX Runtime (its code wants the
package onnx, hence `--with onnx`), OpenCV. The photos are the first ones in the
folder, by name, in which faces are found; without a folder those of sample_media.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import numpy as np
from PIL import Image

from detector.calibration import limits_for, model_for
from detector.detector import Detector
from detector.faces import Face, Frame
from detector.matching import Gallery, match
from detector.networks.centerface import CenterFace
from detector.networks.dlib_resnet import DlibResnet
from detector.networks.runtime import usable_cores
from detector.passes import TILE
from detector.photo import open_photo
from detector.recognition import cut_chip, templates
from detector.scoring import Comparison
from detector.voting import strongest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from detector.faces import Pixels

    Floats = npt.NDArray[np.float32]

ROOT = Path(__file__).resolve().parent.parent
THRESHOLD = 0.2
"""deface's default; both decode and suppress neighbours at it."""

SIZES = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}
BATCHES = (1, 4, 16)
GALLERY = 1_000_000
SEARCHED = 20
BLOCK = 131_072
"""Templates compared at once."""


class Timed(NamedTuple):
    """Medians in seconds."""

    clock: float
    processor: float


def in_turns(candidates: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Timed]:
    """Runs all candidates `repeats` times, one after the other, after one turn to warm up."""
    spent: dict[str, list[Timed]] = {name: [] for name in candidates}
    for turn in range(repeats + 1):
        for name, run in candidates.items():
            # Threads of the one before may still spin for a while.
            time.sleep(0.02)
            clock, processor = time.perf_counter(), time.process_time()
            run()
            one = Timed(time.perf_counter() - clock, time.process_time() - processor)
            if turn:
                spent[name].append(one)
    return {
        name: Timed(*(statistics.median(column) for column in zip(*values, strict=True)))
        for name, values in spent.items()
    }


def table(title: str, candidates: Mapping[str, Callable[[], object]], repeats: int) -> None:
    """Times the candidates and prints them; the first is what the others are compared with."""
    print(f"\n### {title}\n\n| | clock ms | processor ms | factor, clock | factor, processor |")
    print("|---|---|---|---|---|")
    times = in_turns(candidates, repeats)
    base = next(iter(times.values()))
    for name, one in times.items():
        factors = f"{base.clock / one.clock:.3g} | {base.processor / one.processor:.3g}"
        shown = f"**{name}**" if one is base else name
        print(f"| {shown} | {one.clock * 1e3:.1f} | {one.processor * 1e3:.1f} | {factors} |")


# --- photos --------------------------------------------------------------------------------


class Subject(NamedTuple):
    """A photo and the faces in it that have landmarks."""

    frame: Frame
    faces: tuple[Face, ...]


def subjects(folder: Path, faces: int) -> list[Subject]:
    """Photos with together at least `faces` faces, fewer if the folder has not as many."""
    detector = Detector.load()
    found: list[Subject] = []
    for path in sorted(folder.rglob("*.jpg")):
        frame = open_photo(path)
        seen = tuple(face for face in detector.find_faces(frame) if face.landmarks)
        if seen:
            found.append(Subject(frame, seen))
        if sum(len(one.faces) for one in found) >= faces:
            break
    if not found:
        raise SystemExit(f"no photo with a face in {folder}")
    return found


def resized(frame: Frame, size: tuple[int, int]) -> Image.Image:
    """The photo at another size, its middle cut to the same shape."""
    width, height = size
    scale = max(width / frame.width, height / frame.height)
    within = (width / scale, height / scale)
    left, top = (frame.width - within[0]) / 2, (frame.height - within[1]) / 2
    box = (left, top, left + within[0], top + within[1])
    return Image.fromarray(frame.pixels).resize(size, Image.Resampling.LANCZOS, box=box)


# --- the sections --------------------------------------------------------------------------


def embedding(people: list[Subject], repeats: int) -> None:
    """Faces whose places are known, to templates: per face of the whole path, and alone."""
    import face_recognition

    count = sum(len(one.faces) for one in people)
    geometry = DlibResnet.geometry
    chips = np.stack(
        [
            chip
            for frame, faces in people
            for face in faces
            if face.landmarks
            and (chip := cut_chip(frame.views[face.view], face.landmarks, geometry)) is not None
        ]
    )

    def theirs() -> None:
        for frame, faces in people:
            boxes = [face.box for face in faces]
            places = [(box.top, box.right, box.bottom, box.left) for box in boxes]
            face_recognition.face_encodings(frame.pixels, places, model="small")

    for threads in dict.fromkeys((1, usable_cores())):
        recogniser = DlibResnet(threads)

        def ours(recogniser: DlibResnet = recogniser) -> None:
            for frame, faces in people:
                templates(frame.views, faces, recogniser)

        def in_batches(size: int, recogniser: DlibResnet = recogniser) -> None:
            for start in range(0, len(chips), size):
                recogniser.embed(chips[start : start + size])

        candidates: dict[str, Callable[[], object]] = {
            "face_recognition.face_encodings, dlib": theirs,
            "ours, chips and embedding, photo by photo": ours,
        }
        for size in BATCHES:
            candidates[f"ours, embedding alone, in batches of {size}"] = partial(in_batches, size)
        table(f"Embedding of {count} faces, {_threads(threads)}", candidates, repeats)


def detection(people: list[Subject], repeats: int) -> None:
    """One look at one size, from pixels to boxes."""
    frame = max(people, key=lambda one: len(one.faces)).frame
    large = np.asarray(resized(frame, SIZES["24 MP"]))
    top, left = (large.shape[0] - TILE) // 2, (large.shape[1] - TILE) // 2
    pictures = {
        "1600 x 1120": np.asarray(resized(frame, (1600, 1120))),
        f"a tile of 24 MP, {TILE} x {TILE}": large[top : top + TILE, left : left + TILE],
    }
    for threads in dict.fromkeys((1, usable_cores())):
        theirs, ours = deface_finder(threads), CenterFace(threads)
        for name, pixels in pictures.items():
            table(
                f"One look at {name}, {_threads(threads)}",
                {
                    "deface, ONNX Runtime": partial(theirs, pixels, THRESHOLD),
                    "ours": partial(look, ours, pixels),
                },
                repeats,
            )


def look(finder: CenterFace, pixels: Pixels) -> None:
    """Finds and keeps the strongest sighting of each face, as deface's call does."""
    strongest(finder.find(pixels, THRESHOLD))


def deface_finder(threads: int) -> Any:
    """The finder of deface by its own code, with the number of threads given."""
    import deface.centerface
    import onnxruntime

    whole = onnxruntime.InferenceSession

    def limited(model: bytes, **arguments: Any) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return whole(model, options, **arguments)

    with (
        mock.patch.object(onnxruntime, "InferenceSession", limited),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        return deface.centerface.CenterFace(backend="onnxrt")


def decoding(people: list[Subject], repeats: int) -> None:
    """A JPEG file in memory to pixels."""
    import cv2

    def pillow(data: bytes, draft: int) -> None:
        with Image.open(io.BytesIO(data)) as image:
            if draft > 1:
                image.draft("RGB", (image.width // draft, image.height // draft))
            image.load()

    for name, size in SIZES.items():
        held = io.BytesIO()
        resized(people[0].frame, size).save(held, "JPEG", quality=92)
        data = held.getvalue()
        encoded = np.frombuffer(data, np.uint8)
        table(
            f"Decoding a JPEG of {name}",
            {
                "Pillow, full size (ours)": partial(pillow, data, 1),
                "Pillow, draft at 1/2": partial(pillow, data, 2),
                "Pillow, draft at 1/4": partial(pillow, data, 4),
                "OpenCV, full size": partial(cv2.imdecode, encoded, cv2.IMREAD_COLOR),
            },
            repeats,
        )


def search(people: list[Subject], repeats: int) -> None:
    """Exact search in a gallery, beside reading the same memory once."""
    rng = np.random.default_rng(1)
    gallery = rng.standard_normal((GALLERY, 128), dtype=np.float32)
    faces = rng.standard_normal((SEARCHED, 128), dtype=np.float32)
    squares = np.einsum("nd,nd->n", gallery, gallery)
    table(
        f"{SEARCHED} faces among {GALLERY:,} templates, float32",
        {
            "reading the gallery once (its sum)": gallery.sum,
            "copying the gallery": gallery.copy,
            "exact search": partial(nearest, faces, gallery, squares),
        },
        repeats,
    )
    model = model_for(Detector.load())
    if model is None:
        raise SystemExit("the built-in recogniser has no score tables")
    counts = np.ones(GALLERY)
    prepared = model.prepared(gallery)
    known = Gallery(
        tuple(map(str, range(GALLERY))),
        gallery,
        counts,
        model.recogniser,
        model,
        Comparison.of(model, prepared, counts),
    )
    shown = [people[0].faces[0]] * SEARCHED
    limits = limits_for(model, GALLERY)
    table(
        f"{SEARCHED} faces among {GALLERY:,} people, with the product's scores",
        {
            "reading the gallery once (its sum)": prepared.astype(np.float32).sum,
            "Gallery.scores": partial(known.scores, faces),
            "detector.match": partial(match, faces, shown, known, limits),
        },
        repeats,
    )


def nearest(faces: Floats, gallery: Floats, squares: Floats) -> npt.NDArray[np.intp]:
    """The nearest row of the gallery for each face.

    The distance is |g|² - 2 g·f + |f|², and |f|² is the same for all rows. Blocks
    keep the memory small; smaller ones make the threads of the linear algebra wait
    for each other.
    """
    best = np.full(len(faces), np.inf, np.float32)
    rows = np.zeros(len(faces), np.intp)
    columns = np.ascontiguousarray(-2 * faces.T)
    for start in range(0, len(gallery), BLOCK):
        block = slice(start, start + BLOCK)
        far = gallery[block] @ columns
        far += squares[block, None]
        here = far.argmin(axis=0)
        found = far[here, np.arange(len(faces))]
        better = found < best
        best[better], rows[better] = found[better], here[better] + start
    return rows


def memory(people: list[Subject], _: int) -> None:
    """The largest resident memory of one process that looks for faces in 24 megapixels."""
    print("\n### Memory for 24 MP, a process each\n\n| | peak MB | s | factor, memory |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        resized(people[0].frame, SIZES["24 MP"]).save(photo, quality=92)
        peaks = {name: _peak(program, photo) for name, program in PROGRAMS.items()}
    base = peaks["deface, ONNX Runtime"][0]
    for name, (peak, seconds) in peaks.items():
        print(f"| {name} | {peak:.0f} | {seconds:.1f} | {base / peak:.2f} |")


PROGRAMS = {
    "deface, ONNX Runtime": """
import imageio, deface.centerface
deface.centerface.CenterFace(backend="onnxrt")(imageio.v3.imread(sys.argv[1]), 0.2)
""",
    "ours, detection": """
from detector.detector import Detector
from detector.photo import open_photo
Detector.load().find_faces(open_photo(Path(sys.argv[1])))
""",
    "ours, detection and templates": """
from detector.detector import Detector
from detector.photo import open_photo
detector = Detector.load()
frame = open_photo(Path(sys.argv[1]))
detector.templates(frame, detector.find_faces(frame))
""",
    "numpy and the runtime, imported": "import numpy, onnxruntime",
}

# Linux keeps the peak of the parent in the usual figure, in kilobytes; macOS counts in bytes.
PEAK = """
status = Path("/proc/self/status")
if status.exists():
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    peak = int(line.split()[1]) * 1024
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak)
"""


def _peak(program: str, photo: Path) -> tuple[float, float]:
    """Peak resident memory of a process in MB, and the seconds it took."""
    start = time.perf_counter()
    whole = f"import sys\nfrom pathlib import Path\n{program}\n{PEAK}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", whole, str(photo)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(done.stdout.split()[-1]) / 1e6, time.perf_counter() - start


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


SECTIONS = {
    "embedding": embedding,
    "detection": detection,
    "decoding": decoding,
    "search": search,
    "memory": memory,
}


def chosen(names: list[str] | None) -> Iterator[Callable[[list[Subject], int], None]]:
    """The sections to run, in their own order."""
    return (run for name, run in SECTIONS.items() if not names or name in names)


def main() -> None:
    """Print a Markdown table per question."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=Path, default=ROOT / "sample_media")
    parser.add_argument("--faces", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=[*SECTIONS])
    options = parser.parse_args()
    people = subjects(options.photos, options.faces)
    for section in chosen(options.only):
        section(people, options.repeats)


if __name__ == "__main__":
    main()
