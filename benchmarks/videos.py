"""Videos side by side: what ours and deface still show, how well faces are followed, how fast.

    python -m benchmarks.videos MEDIA --peers FOLDER [--only truth,tracks,copies,sync,sheets]
        [--clips NAME,…] [--rounds 1] [--cores N] [--sheets FOLDER]

MEDIA holds `lfw/`, `wider/`, `deepface/`, `face_recognition/` and `video/` with their tables.
The clips are those of `benchmarks.clips`, where every face is known and easy, medium and hard
are told; a copy is judged by its pixels alone, by one rule for every program
(`benchmarks.clip_truth`).

- *truth*: how many faces that count `Detector.find_faces` sees in single frames, so that it is
  known that the clips are fair.
- *tracks*: faces followed through the clips, beside the truth: IDF1, switches, mixed tracks.
- *copies*: `clearance export` with a registry beside `deface`, which hides everybody: of people
  who may not be shown the face-frames that a copy shows all the same, wrong identities, what is
  hidden without need; and speed and memory at 1920 x 1080. The line *nothing hidden* is the same
  clips encoded again: it says that what is shown is counted.
- *sync*: flash and click of a clap in the copy, and its duration.
- *sheets*: real clips and their copies, some frames of each, for a person to look at; only where
  a folder is named, which must not be in the project.

deface runs as its command, in an environment of its own in `--peers`; without it ours runs
alone. Two times are told: the *clock* is what people wait for, on an idle machine; the
*processor's* time is that of all processes, and holds on a busy one, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks import album_truth, clips, composites, peers, process_tree, video_files
from benchmarks.albums import in_mib, table
from benchmarks.clip_truth import (
    SAME,
    ClipTruth,
    Difficulty,
    Following,
    Leaks,
    at_times,
    followed,
    leaks_in,
)
from benchmarks.exporting import COMMANDS
from benchmarks.time_shares import JUDGED
from detector.detector import Detector
from detector.faces import Box
from detector.networks.runtime import usable_cores

if TYPE_CHECKING:
    import numpy.typing as npt

    from benchmarks.process_tree import Ran
    from detector.tracks import Track
    from detector.video_frames import Plane

ROOT = Path(__file__).resolve().parent.parent
EVERY = 10
"""Frames between two that are searched singly for the truth's fairness."""
START_FRAMES = 4
"""Of the clip with which a program's start is measured."""
ON_SHEET = 8
"""Frames of a clip on a contact sheet."""
SHEET_WIDTH = 320
LOUD, BRIGHTER = 0.5, 30
"""A click is louder than this, of 1; a flash brighter by this, of 255, than the usual frame.

Not white: a copy may have hidden people in it."""
OURS, THEIRS, NOTHING = "clearance", "deface", "nothing hidden"


# --- copies ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What a program says of a face or track: who it is, if it may be shown, and where."""

    person: str
    cleared: bool
    box: Box


@dataclasses.dataclass(frozen=True, slots=True)
class Exported:
    """A copy of a clip.

    Attributes:
        path: of the file; None where no copy was written.
        verdicts: of who was recognised.
        run: what it took; None where nobody measured.
    """

    path: Path | None
    verdicts: tuple[Verdict, ...] = ()
    run: Ran | None = None


Export = Callable[[Path], Exported]
"""Makes a copy of a clip in which nobody is seen who may not be."""


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """One program's copy of one clip. `wrong` counts tracks cleared as somebody they are not."""

    clip: ClipTruth
    leaks: Leaks
    wrong: int
    exported: Exported


def judged(clip: ClipTruth, exported: Exported) -> Judged:
    """Judge a copy by its pixels; a clip without a copy shows nobody, and nobody cleared."""
    if exported.path is None:
        return Judged(clip, _nothing_shown(clip), wrong_identities(clip, exported), exported)
    told, _ = leaks_in(
        clip, video_files.planes(clip.path, clip.size), pictures_of(clip, exported.path)
    )
    return Judged(clip, told, wrong_identities(clip, exported), exported)


def pictures_of(clip: ClipTruth, copy: Path) -> Iterator[Plane]:
    """For each frame of a clip what its copy shows, at the clip's size.

    A copy with as many pictures as the clip has frames shows them in their order; any other by
    its times, see `at_times`.
    """
    times = video_files.shown(copy).times
    shown = video_files.planes(copy, clip.size)
    if len(times) == len(clip.times):
        return shown
    since_start = (time - times[0] for time in times)
    return at_times(
        zip(clip.times, video_files.planes(clip.path, clip.size), strict=True),
        zip(since_start, shown, strict=True),
    )


def _nothing_shown(clip: ClipTruth) -> Leaks:
    cleared = sum(face.person in clip.cleared for _, face in clip.face_frames())
    uncleared = sum(face.person not in clip.cleared for _, face in clip.face_frames())
    return Leaks(uncleared=uncleared, cleared=cleared, frames=len(clip.frames))


def wrong_identities(clip: ClipTruth, exported: Exported) -> int:
    """Verdicts that clear somebody who has no face there in any frame."""
    return sum(
        verdict.cleared
        and not any(
            face.person == verdict.person and face.box.iou(verdict.box) >= SAME
            for faces in clip.frames
            for face in faces
        )
        for verdict in exported.verdicts
    )


def verdicts_in(output: str, people: Mapping[str, str]) -> tuple[Verdict, ...]:
    """What `clearance export --json` says of whom it recognised; `people` names the ids."""
    for line in output.splitlines():
        if line.startswith("{") and "faces" in (document := json.loads(line)):
            return tuple(
                Verdict(
                    people.get(face["person"], face["person"]),
                    face["outcome"] == album_truth.OURS_NAMED,
                    Box(*face["box"]),
                )
                for face in document["faces"]
                if face["person"]
            )
    return ()


# --- running --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Bench:
    """Where a run works, and with whom.

    Attributes:
        media: the labelled photos.
        environments: of the peers; None without.
        work: a folder that is thrown away.
        home: the registry.
        names: who each of its ids is.
        made: the clips with their truth.
        cores: how many a program may use.
        sheets: where contact sheets go; None for nowhere.
    """

    media: Path
    environments: Path | None
    work: Path
    home: Path
    names: Mapping[str, str]
    made: tuple[ClipTruth, ...]
    cores: int
    sheets: Path | None = None

    @property
    def programs(self) -> Mapping[str, Export]:
        """Who makes copies, by name."""
        if self.environments is None:
            return {OURS: self.ours, NOTHING: self.nothing}
        return {OURS: self.ours, THEIRS: self.theirs, NOTHING: self.nothing}

    def ours(self, clip: Path, *more: str) -> Exported:
        """The copy of `clearance export`, with more words if there are any.

        Raises:
            SystemExit: it neither judged the clip nor said why not.
        """
        folder = Path(tempfile.mkdtemp(prefix="ours-", dir=self.work))
        environment = {
            **os.environ,
            "CLEARANCE_HOME": str(self.home),
            "PYTHONPYCACHEPREFIX": str(self.work / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        words = ("export", clip, "-o", folder, "--json", "--registry", self.home, *more)
        run = process_tree.ran(
            [sys.executable, "-c", COMMANDS["ours"], *words],
            environment,
            cores=self.cores,
            folder=ROOT,
        )
        if run.code not in JUDGED:
            raise SystemExit(f"{OURS} ended with {run.code}:\n{run.output[-2000:]}")
        copies = sorted(path for path in folder.iterdir() if path.suffix == clip.suffix)
        return Exported(next(iter(copies), None), verdicts_in(run.output, self.names), run)

    def theirs(self, clip: Path, *words: str) -> Exported:
        """The copy of deface, with its own settings.

        Raises:
            SystemExit: it failed, or is not to be had.
        """
        peer = peers.DEFACE
        assert self.environments
        peer.install(self.environments)
        copy = Path(tempfile.mkdtemp(prefix="theirs-", dir=self.work)) / clip.name
        run = process_tree.ran(
            [peer.command(self.environments), clip, "-o", copy, *words],
            os.environ,
            cores=self.cores,
            folder=self.work,
        )
        if run.code or not copy.exists():
            raise SystemExit(f"{THEIRS} ended with {run.code}:\n{run.output[-2000:]}")
        return Exported(copy, (), run)

    def nothing(self, clip: Path) -> Exported:
        """The clip encoded again, as deface encodes: every face is shown."""
        copy = Path(tempfile.mkdtemp(prefix="nothing-", dir=self.work)) / clip.name
        video_files.ffmpeg(
            *("-i", clip, "-map", "0:v:0", "-fps_mode", "passthrough"),
            *("-c:v", "libx264", "-crf", 25, "-pix_fmt", "yuv420p", copy),
        )
        return Exported(copy)


def _by_difficulty(made: Iterable[ClipTruth]) -> Mapping[Difficulty, list[ClipTruth]]:
    found: dict[Difficulty, list[ClipTruth]] = {}
    for difficulty in Difficulty:
        if some := [clip for clip in made if clip.difficulty == difficulty]:
            found[difficulty] = some
    return found


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def _number(value: float, form: str = ".1f") -> str:
    return "–" if math.isnan(value) else format(value, form)


# --- is the truth fair ----------------------------------------------------------------------


def truth(bench: Bench) -> str:
    """What single frames show the finder."""
    detector = Detector.load()
    rows = []
    for difficulty, some in _by_difficulty(bench.made).items():
        counted = [found_in(clip, detector) for clip in some]
        total, found, false, frames = (sum(column) for column in zip(*counted, strict=True))
        faces = [face for clip in some for _, face in clip.face_frames()]
        widths = np.percentile([face.width for face in faces], (5, 50, 95))
        rows.append(
            [
                *(difficulty, len(some), sum(len(clip.frames) for clip in some), len(faces)),
                " / ".join(f"{width:.0f}" for width in widths),
                *(frames, total, _share(found, total), f"{false / frames:.2f}"),
            ]
        )
    heads = (
        *("class", "clips", "frames", "faces that count", "widths, 5 / 50 / 95 %"),
        *("frames searched", "faces there", "found", "boxes elsewhere a frame"),
    )
    return f"Every {EVERY}th frame, searched like a photo.\n\n{table(heads, rows)}"


def found_in(clip: ClipTruth, detector: Detector) -> tuple[int, int, int, int]:
    """Of some frames the faces that count, those found, boxes that are no face, and the frames."""
    total = found = false = frames = 0
    for number, pixels in enumerate(video_files.pictures(clip.path, clip.size)):
        if number % EVERY:
            continue
        boxes = [face.box for face in detector.find_faces(clips.as_frame(pixels))]
        there = clip.frames[number]
        frames += 1
        for face in there:
            if face.recognisable:
                total += 1
                found += any(face.box.iou(box) >= SAME for box in boxes)
        false += sum(all(face.box.iou(box) < 0.2 for face in there) for box in boxes)
    return total, found, false, frames


# --- following ------------------------------------------------------------------------------


def tracks(bench: Bench, follow: Callable[[Path], Sequence[Track]] | None = None) -> str:
    """How well faces are followed; `follow` gives the tracks of a clip."""
    following = follow or our_tracks()
    rows = []
    for difficulty, some in _by_difficulty(bench.made).items():
        told = sum((followed(clip, following(clip.path)) for clip in some), Following())
        rows.append(
            [
                *(difficulty, told.appearances, told.tracks, f"{told.idf1:.3f}"),
                *(f"{told.coverage:.4f}", told.switches, told.mixed),
            ]
        )
    heads = ("class", "appearances", "tracks", "IDF1", "faces with a track", "switches", "mixed")
    return table(heads, rows)


def our_tracks() -> Callable[[Path], Sequence[Track]]:
    """Our own following, without a registry."""
    from detector.tracking import Follower
    from detector.video import frames, open_video

    detector = Detector.load()

    def follow(clip: Path) -> Sequence[Track]:
        follower = Follower(detector)
        for frame in frames(open_video(clip)):
            follower.see(frame)
        return follower.end().tracks

    return follow


# --- copies beside deface -------------------------------------------------------------------


def copies(bench: Bench) -> str:
    """What copies show, by class and program, and what they cost."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for clip in bench.made:
        for name, export in bench.programs.items():
            found[name].append(judged(clip, export(clip.path)))
            print(f"{clip.name}: {name}", file=sys.stderr, flush=True)
    parts = [leak_table(found)]
    if any(clip.path.stem.startswith(clips.SPEED) for clip in bench.made):
        parts.append(_speed(bench, found))
    return "\n\n".join(parts)


def leak_table(found: Mapping[str, Sequence[Judged]]) -> str:
    """A Markdown table by class and program."""
    rows = []
    for difficulty in Difficulty:
        for name, every in found.items():
            if some := [one for one in every if one.clip.difficulty == difficulty]:
                rows.append([difficulty, name, *_leak_cells(some)])
    heads = (
        *("class", "program", "faces of uncleared", "shown all the same", "in 10,000"),
        *("longest, s", "clips with any", "without a copy", "not judged", "wrong identities"),
        *("cleared people shown", "hidden without need"),
    )
    return table(heads, rows)


def _leak_cells(some: Sequence[Judged]) -> list[object]:
    told = sum((one.leaks for one in some), Leaks())
    with_any = sum(one.leaks.leaked > 0 for one in some)
    recognising = any(one.exported.verdicts for one in some)
    return [
        *(told.uncleared, told.leaked, _number(told.per_ten_thousand)),
        *(f"{told.longest:.2f}", f"{with_any} of {len(some)}"),
        *(sum(one.exported.path is None for one in some), told.unjudged),
        sum(one.wrong for one in some) if recognising else "–",
        *(_number(told.cleared_shown, ".3f"), _number(told.over_masked, ".2%")),
    ]


def _speed(bench: Bench, found: Mapping[str, Sequence[Judged]]) -> str:
    short = bench.work / "start.mp4"
    clip = next(one for one in bench.made if one.path.stem.startswith(clips.SPEED))
    video_files.ffmpeg("-i", clip.path, "-frames:v", START_FRAMES, "-c:v", "libx264", short)
    rows, costs = [], {}
    for name, export in bench.programs.items():
        run = next(one.exported.run for one in found[name] if one.clip is clip)
        start = export(short).run
        if run is None or start is None:
            continue
        counted = len(clip.frames) - START_FRAMES
        clock, processor = run.clock - start.clock, run.processor - start.processor
        costs[name] = clock, processor
        told = next(one.leaks for one in found[name] if one.clip is clip)
        rows.append(
            [
                *(name, f"{counted / clock:.2f}", f"{1e3 * processor / counted:.0f}"),
                *(f"{start.clock:.1f}", f"{start.processor:.1f}", in_mib(run.peak)),
                _number(told.per_ten_thousand),
            ]
        )
    heads = (
        *("program", "frames a second, clock", "processor ms a frame"),
        *("start, clock s", "start, processor s", "peak MiB, all processes", "shown in 10,000"),
    )
    width, height = clip.size
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    text = (
        f"A clip of {len(clip.frames)} frames of {width} x {height} with {len(clip.people)} "
        f"people; {bench.cores} cores{load}. The start is what the first {START_FRAMES} frames "
        "take.\n\n" + table(heads, rows)
    )
    if OURS in costs and THEIRS in costs:
        ratios = [theirs / ours for ours, theirs in zip(costs[OURS], costs[THEIRS], strict=True)]
        text += f"\n\nOurs is {ratios[0]:.2f} × as fast by the clock, "
        text += f"{ratios[1]:.2f} × by the processor."
    return text


# --- sound and picture ----------------------------------------------------------------------


def sync(bench: Bench) -> str:
    """Where flash and click are in the copy, and how long it is."""
    clip = clips.clap(bench.media, clips.gallery(bench.media), bench.work / "clap.mp4")
    ours = bench.ours(clip, "--audio", "keep").path
    files = {"original": clip, f"{OURS} --audio keep": ours}
    if bench.environments is not None:
        files[f"{THEIRS} --keep-audio"] = bench.theirs(clip, "--keep-audio").path
    before = video_files.shown(clip)
    usual = claps_in(clip)
    rows: list[list[object]] = []
    for name, path in files.items():
        if path is None:
            rows.append([name, 0, *["–"] * 4])
            continue
        now, heard = video_files.shown(path), claps_in(path)
        moved = [one - other for one, other in zip(heard, usual, strict=False)]
        rows.append(
            [
                *(name, len(now.times), f"{float(now.duration):.3f}"),
                f"{float((now.duration - before.duration) / before.last):+.2f}",
                ", ".join(f"{1e3 * one:+.1f}" for one in heard) or "none heard or seen",
                f"{1e3 * max(map(abs, moved)):.1f}" if len(heard) == len(usual) else "–",
            ]
        )
    heads = (
        *("file", "frames", "seconds", "longer by frames"),
        *("click after flash, ms", "moved by, ms"),
    )
    return table(heads, rows)


def claps_in(path: Path) -> list[float]:
    """Seconds from each flash to its click; empty where there are not as many of both."""
    times = video_files.shown(path).times
    means = [float(plane.mean()) for plane in video_files.planes(path, (64, 36))]
    bright = np.array(means) > np.median(means) + BRIGHTER
    begins = np.flatnonzero(bright & ~np.concatenate([[False], bright[:-1]]))
    flashes = [float(times[frame]) for frame in begins]
    clicks = clicks_in(video_files.sound(path))
    if len(flashes) != len(clicks):
        return []
    return [click - flash for flash, click in zip(flashes, clicks, strict=True)]


def clicks_in(samples: npt.NDArray[np.float32]) -> list[float]:
    """Seconds at which it becomes loud, a tenth of a second apart at least."""
    loud = np.flatnonzero(np.abs(samples) > LOUD) / video_files.SOUND_RATE
    return [
        float(time) for time, gap in zip(loud, np.diff(loud, prepend=-1), strict=True) if gap > 0.1
    ]


# --- for a person to look at ----------------------------------------------------------------


def sheets(bench: Bench) -> str:
    """Contact sheets of real clips, original above copies."""
    if bench.sheets is None:
        return "No folder was named: --sheets FOLDER."
    bench.sheets.mkdir(parents=True, exist_ok=True)
    real = [
        *sorted((bench.media / "video").glob("*.*")),
        *sorted((bench.media / "face_recognition").rglob("*.mp4")),
    ]
    rows = []
    for path in real:
        # An animated picture becomes a video first: it is about faces, not about containers.
        clip = path if path.suffix == ".mp4" else bench.work / f"{path.stem}.mp4"
        if clip != path:
            even = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
            video_files.ffmpeg("-i", path, "-vf", even, "-pix_fmt", "yuv420p", clip)
        made = {"original": clip}
        for name, export in bench.programs.items():
            if name != NOTHING and (copy := export(clip).path):
                made[name] = copy
        target = bench.sheets / f"{path.stem}.jpg"
        contact_sheet(list(made.values())).save(target, quality=88)
        rows.append([path.name, ", ".join(made), target.name])
    return table(("clip", "rows, from above", "sheet"), rows)


def contact_sheet(files: Sequence[Path]) -> Image.Image:
    """Frames at even distances, one row a file."""
    strips = []
    for path in files:
        told = video_files.shown(path)
        width, height = told.size
        size = (SHEET_WIDTH, round(SHEET_WIDTH * height / width / 2) * 2)
        wanted = set(np.linspace(0, len(told.times) - 1, ON_SHEET).round().astype(int).tolist())
        strip = [
            pixels
            for frame, pixels in enumerate(video_files.pictures(path, size))
            if frame in wanted
        ]
        strips.append(np.concatenate(strip, axis=1))
    across = min(strip.shape[1] for strip in strips)
    return Image.fromarray(np.concatenate([strip[:, :across] for strip in strips]))


# --- the whole ------------------------------------------------------------------------------

PARTS: Mapping[str, Callable[[Bench], str]] = {
    "truth": truth,
    "tracks": tracks,
    "copies": copies,
    "sync": sync,
    "sheets": sheets,
}
TITLES: Mapping[str, str] = {
    "truth": "Are the clips fair",
    "tracks": "Faces followed",
    "copies": "What copies show, and what they cost",
    "sync": "Sound and picture",
    "sheets": "Real clips, to be looked at",
}


def chosen(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, in the order in which they run; all for an empty one.

    Raises:
        argparse.ArgumentTypeError: one is not known.
    """
    asked = [word for word in text.split(",") if word]
    if unknown := [word for word in asked if word not in PARTS]:
        raise argparse.ArgumentTypeError(
            f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}"
        )
    return tuple(part for part in PARTS if not asked or part in asked)


def outside(text: str) -> Path:
    """A folder that is not in the project: pictures of people must not get there.

    Raises:
        argparse.ArgumentTypeError: it is.
    """
    folder = Path(text).resolve()
    if folder.is_relative_to(ROOT):
        raise argparse.ArgumentTypeError(f"{folder} is in the project: name one outside of it")
    return folder


def main() -> None:
    """Print a Markdown section for each part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--peers", type=Path, help="folder for the environments of the peers")
    parser.add_argument("--only", type=chosen, default=chosen(""), help="parts, with commas")
    parser.add_argument("--clips", type=lambda text: tuple(text.split(",")), default=())
    parser.add_argument("--rounds", type=int, default=1, help="how many sets of clips")
    parser.add_argument("--cores", type=int, default=usable_cores())
    parser.add_argument("--sheets", type=outside, help="folder for contact sheets")
    options = parser.parse_args()
    # No key ring: the key of a registry that is thrown away lies beside it.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    with tempfile.TemporaryDirectory() as folder:
        bench = prepared(
            options.media.resolve(), Path(folder), options.rounds, options.clips, options.cores
        )
        bench = dataclasses.replace(
            bench,
            environments=options.peers and options.peers.resolve(),
            sheets=options.sheets,
        )
        for name in options.only:
            print(f"\n### {TITLES[name]}\n\n{PARTS[name](bench)}", flush=True)


def prepared(media: Path, work: Path, rounds: int, names: Sequence[str], cores: int) -> Bench:
    """The clips of so many rounds and the registry, in a folder.

    Raises:
        SystemExit: the media are not there.
    """
    cast = clips.gallery(media)
    home = work / "registry"
    enrolled = album_truth.enrol(cast, home, materials=("photo", "video", "voice"))
    known = composites.only(cast, enrolled.values())
    detector = Detector.load()
    made = tuple(
        clip
        for number in range(rounds)
        for clip in clips.make(media, known, work / "clips", number, names, detector)
    )
    return Bench(media, None, work, home, enrolled, made, cores)


if __name__ == "__main__":
    main()
