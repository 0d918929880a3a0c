"""What a photo costs a worker, and what Dask costs beside it, in seconds of a processor.

    python -m benchmarks.cluster MEDIA [--photos 40] [--trivial 2000] [--people 500]

The first table looks at crowds of WIDER FACE (1024 pixels wide) as they are and enlarged to 12
megapixels, on one core, as a worker does: with nobody enrolled, and with a gallery. The second
lets a scheduler and a worker of Dask, each a process, look at pictures of 32 pixels in which
nothing is searched: what is left is reading, the way there and back, and Dask.

Only processor time is told, which holds on a busy machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from clearance.album_sources import AlbumFile
from clearance.cluster import Cluster
from clearance.crew import Crew, Outfit, eyes_for, look_for
from clearance.settings import Settings
from detector.calibration import limits_for, model_for
from detector.detector import Detector
from detector.matching import Gallery
from tests.clearance.cluster_eyes import ENROLLED, LIMITS, light_eyes, light_version

TWELVE = (4000, 3000)


def outfit_of(people: int) -> Outfit:
    """What a worker is sent, with so many people enrolled whom nobody looks like."""
    chance = np.random.default_rng(1)
    detector = Detector.load(at_once=False)
    model = model_for(detector)
    rows = chance.normal(0, 0.1, (people, 128)).astype(np.float32)
    enrolled = {str(number): [row] for number, row in enumerate(rows)}
    gallery = Gallery.of(enrolled, detector.recogniser_name, model)
    return Outfit(Settings(), gallery, limits_for(model, people))


def per_photo(photos: list[Path], people: int) -> tuple[float, float]:
    """Processor seconds and faces per photo, networks loaded."""
    eyes = eyes_for(outfit_of(people))
    look_for(AlbumFile(photos[0]), None, eyes, {})
    began, faces = time.process_time(), 0
    for photo in photos:
        faces += len(look_for(AlbumFile(photo), None, eyes, {}).looked.faces)
    return (time.process_time() - began) / len(photos), faces / len(photos)


def enlarged(photos: list[Path], folder: Path) -> list[Path]:
    """Each as a JPEG of 12 megapixels."""
    made = []
    for photo in photos:
        with Image.open(photo) as picture:
            large = picture.convert("RGB").resize(TWELVE, Image.Resampling.LANCZOS)
        made.append(folder / photo.name)
        large.save(made[-1], quality=90)
    return made


def used(process: psutil.Process) -> float:
    """Processor seconds of a process and its children."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def overhead(count: int, folder: Path) -> dict[str, float]:
    """Processor milliseconds per photo of client, scheduler and worker."""
    files = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.new("RGB", (32, 32)).save(path)
        files.append(AlbumFile(path))
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": Path.cwd()}
    told = folder / "scheduler.json"
    scheduler = subprocess.Popen(
        [*dask, "scheduler", *local, "--port", "0", "--scheduler-file", str(told)],
        **quiet,  # type: ignore[call-overload]
    )
    worker = subprocess.Popen(
        [*dask, "worker", *local, "--nthreads", "1", "--scheduler-file", str(told)],
        **quiet,  # type: ignore[call-overload]
    )
    try:
        while not told.exists():
            time.sleep(0.1)
        from distributed import Client

        with Client(scheduler_file=str(told), set_as_default=False, timeout=60) as client:
            client.wait_for_workers(1, timeout=120)
            address = client.scheduler.address
        outfit = Outfit(Settings(), ENROLLED, LIMITS)
        cluster = Cluster(address, outfit, light_version(), equip=light_eyes, patience=60)
        with Crew(2, cluster) as crew:
            coming = crew.look(files)
            for _ in range(20):
                next(coming)
            others = [psutil.Process(one.pid) for one in (scheduler, worker)]
            before = [time.process_time(), *map(used, others)]
            rest = sum(not isinstance(one, Exception) for one in coming)
            after = [time.process_time(), *map(used, others)]
    finally:
        for one in (worker, scheduler):
            one.terminate()
            one.wait()
    names = ("client", "scheduler", "worker")
    return {
        name: (end - start) * 1000 / rest
        for name, end, start in zip(names, after, before, strict=True)
    }


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--trivial", type=int, default=2000)
    parser.add_argument("--people", type=int, default=500)
    asked = parser.parse_args()
    every = sorted((asked.media / "wider").rglob("*.jpg"))
    photos = every[:: max(1, len(every) // asked.photos)][: asked.photos]
    with tempfile.TemporaryDirectory() as made:
        print("| photos | enrolled | faces a photo | processor seconds a photo |")
        print("|---|---|---|---|")
        large = enlarged(photos[: asked.photos // 3 or 1], Path(made))
        for name, some in (("crowds, 1024 wide", photos), ("the same, 12 MP", large)):
            for people in (0, asked.people):
                seconds, faces = per_photo(some, people)
                print(f"| {len(some)} {name} | {people} | {faces:.1f} | {seconds:.2f} |")
    with tempfile.TemporaryDirectory() as made:
        print("\n| of Dask, a photo | processor |\n|---|---|")
        for name, milliseconds in overhead(asked.trivial, Path(made)).items():
            print(f"| {name} | {milliseconds:.1f} ms |")


if __name__ == "__main__":
    main()
