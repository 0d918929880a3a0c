"""Albums side by side: ours and the peers on the same photos, and how ours grows with them.

    uv run --no-sync --with matplotlib python -m benchmarks.albums MEDIA --peers FOLDER
        [--only names,copies,scale,cores,shares] [--photos 60] [--sizes 100,1000,10000]
        [--cores N] [--plot FILE.svg]

MEDIA holds `wider/`, `lfw/`, `deepface/` and `face_recognition/` with their tables. Peers are
installed from the package index into environments of their own in `--peers`, outside the
checkout, and run as their commands, like ours: each in a fresh process, on the same photos
and the same cores, one after the other.

- *names*: `clearance scan --registry` beside `face_recognition --cpus`, with the same portraits
  of the same people: speed, faces found, right and wrong names.
- *copies*: `clearance scan`, a check, and `clearance scan --blur`, with every copy verified,
  beside `deface`: speed, faces found and hidden.
- *scale*: what a picture costs in albums of more and more small pictures, the peak memory, and
  a second run in which nothing has changed.
- *cores*: one process on one core beside two on two.
- *shares*: where the time goes, and how far that is from the least it could be.

Two times are told. The *clock* is what people wait for, on an idle machine. The
*processor's* time is that of all processes of a command, and holds on a busy machine, too.
What a command takes for one picture of a single colour is its start; it is told by itself and
taken off where costs of a photo are told. `peers` in `--only` stands for names and copies.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks import album_truth, composites, peers, process_tree, wider
from benchmarks.exporting import COMMANDS
from benchmarks.time_shares import JUDGED, measured_command, shares_part
from detector.networks.runtime import usable_cores

if TYPE_CHECKING:
    from benchmarks.composites import Album, Cast
    from benchmarks.process_tree import Ran
    from detector.faces import Box

ROOT = Path(__file__).resolve().parent.parent
MIB = 2**20
LARGE_SHARE = {"12 MP": 0.1, "24 MP": 0.07}
"""Pictures of camera size for each photo of a crowd; at least two."""
FULL_SIZE_SHARE = 1 / 3
OURS = "clearance"


# --- running --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Bench:
    """Where a run works, on how many cores, and what its albums are made of."""

    media: Path
    environments: Path | None
    work: Path
    photos: int
    cores: int
    sizes: tuple[int, ...]

    def ours(self, *words: object, home: Path | None = None, cores: int | None = None) -> Ran:
        """Run `clearance`; without a home everybody is unknown.

        Raises:
            SystemExit: it neither judged the photos nor said why not.
        """
        environment = {
            **os.environ,
            "CLEARANCE_HOME": str(home or self.work / "nobody"),
            "PYTHONPYCACHEPREFIX": str(self.work / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-c", COMMANDS["ours"], *words]
        return _ended(
            OURS,
            process_tree.ran(command, environment, cores=cores or self.cores, folder=ROOT),
            JUDGED,
        )

    def theirs(self, peer: peers.Peer, *words: object) -> Ran:
        """Run the command of a peer, installed if it is not.

        Raises:
            SystemExit: it failed, or nobody said where peers may be installed.
        """
        command = peer.command(self.peers_folder(peer))
        run = process_tree.ran([command, *words], os.environ, cores=self.cores, folder=self.work)
        return _ended(peer.name, run, frozenset({0}))

    def peers_folder(self, peer: peers.Peer) -> Path:
        """The folder of the environments, with that of the peer in it.

        Raises:
            SystemExit: nobody said where, or it cannot be installed.
        """
        if self.environments is None:
            raise SystemExit("name a folder for the peers' environments: --peers FOLDER")
        peer.install(self.environments)
        return self.environments

    def folder(self, name: str) -> Path:
        """A folder that is not there yet."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))

    def plain_picture(self) -> Path:
        """A folder with one small picture of one colour: what a start is measured with."""
        folder = self.folder("plain")
        Image.new("RGB", (64, 64), "grey").save(folder / "plain.jpg")
        return folder


def _ended(name: str, run: Ran, fine: frozenset[int]) -> Ran:
    if run.code not in fine:
        raise SystemExit(f"{name} ended with {run.code}:\n{run.output[-2000:]}")
    return run


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What a photo of an album costs one program, its start taken off.

    Seconds a photo of the clock and of the processors; `peak` is bytes.
    """

    clock: float
    processor: float
    peak: int | None

    @classmethod
    def of(cls, run: Ran, start: Ran, photos: int) -> Cost:
        """Of a run over so many photos; a start that took longer than the run counts nothing."""
        return cls(
            max(0.0, run.clock - start.clock) / photos,
            max(0.0, run.processor - start.processor) / photos,
            run.peak,
        )

    @property
    def cells(self) -> list[str]:
        """Photos a second by the clock, the processor's seconds a photo, the peak in MiB."""
        rate = f"{1 / self.clock:.2f}" if self.clock else "–"
        return [rate, f"{self.processor:.3f}", in_mib(self.peak)]


def in_mib(held: int | None) -> str:
    """Bytes in MiB; a dash where they are not known."""
    return "–" if held is None else f"{held / MIB:.0f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


_COST = ("photos a second, clock", "processor s a photo", "peak MiB")


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What a part of the measurement gives: a text, and bars for the plot by album and program."""

    text: str
    bars: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    growth: Mapping[int, float] = dataclasses.field(default_factory=dict)


# --- beside face_recognition ----------------------------------------------------------------


def names(bench: Bench) -> Part:
    """Names of the people in the photos, by ours and by face_recognition."""
    cast, home, ids = _gallery(bench)
    known = bench.folder("known")
    peers.known_people(cast.portraits, known)
    theirs = peers.FACE_RECOGNITION
    plain = bench.plain_picture()
    scan = ("--json", "--registry", home)
    starts = {
        OURS: bench.ours("scan", plain, *scan),
        theirs.name: bench.theirs(theirs, known, plain, "--cpus", bench.cores),
    }
    rows, bars = [], {}
    for album in _albums(bench, cast):
        photos = album.photos
        ours = bench.ours("scan", album.folder, *scan)
        said = album_truth.answers_in(ours.output, ids)
        peer = bench.theirs(theirs, known, album.folder, "--cpus", bench.cores)
        paths = [photo.path for photo in photos]
        seen = peers.located(theirs, bench.peers_folder(theirs), paths)
        costs = {
            OURS: Cost.of(ours, starts[OURS], len(photos)),
            theirs.name: Cost.of(peer, starts[theirs.name], len(photos)),
        }
        judged = {
            OURS: album_truth.judged_names(album.pictures, said.named, said.likely),
            theirs.name: album_truth.judged_names(album.pictures, peers.names_printed(peer.output)),
        }
        boxes = {OURS: said.boxes, theirs.name: seen}
        rows += [
            [
                album.name,
                len(photos),
                name,
                *costs[name].cells,
                *found_cells(album, boxes[name]),
                *name_cells(judged[name]),
            ]
            for name in costs
        ]
        bars[album.name] = {name: cost.clock and 1 / cost.clock for name, cost in costs.items()}
        _tell_failed(said.failed)
    heads = (
        *("album", "photos", "program", *_COST, "recognisable faces found", "false boxes a photo"),
        *("people there", "named", "shown as likely", "wrong names", "wrong looks"),
    )
    told = (
        f"{len(cast.portraits)} people known by {sum(map(len, cast.portraits.values()))} "
        f"portraits; {bench.cores} cores. {_starts(starts)} face_recognition encodes the known "
        "people anew at every start; ours has their templates in the registry."
    )
    return Part(f"{told}\n\n{table(heads, rows)}", bars)


def _gallery(bench: Bench, people: int = 20) -> tuple[Cast, Path, Mapping[str, str]]:
    """The people whom both know, ours by a registry, and who each of its ids is."""
    cast = composites.cast_in(bench.media, people)
    home = bench.folder("registry") / "home"
    ids = album_truth.enrol(cast, home)
    return composites.only(cast, ids.values()), home, ids


def _albums(bench: Bench, cast: Cast) -> list[Album]:
    """Crowds, pictures of camera size, and full-size photos of known people."""
    large = {size: max(1, round(bench.photos * share)) for size, share in LARGE_SHARE.items()}
    return [
        composites.crowds(bench.media, bench.photos, bench.folder("crowds")),
        *(
            composites.composed(bench.media, cast, size, count, bench.folder("composed"))
            for size, count in large.items()
        ),
        composites.full_size(
            cast, max(1, round(bench.photos * FULL_SIZE_SHARE)), bench.folder("full-size")
        ),
    ]


def found_cells(album: Album, boxes: Mapping[str, Sequence[Box]]) -> list[str]:
    """Recognisable faces found and false boxes a photo; dashes where the labels do not tell."""
    photos = album.photos
    if not any(photo.faces for photo in photos):
        return ["–", "–"]
    judged = wider.judged("", [(photo, boxes.get(photo.path.name, ())) for photo in photos])
    false = f"{judged.false_per_photo:.2f}" if album.complete else "–"
    return [f"{judged.recall(wider.Band.RECOGNISABLE):.3f}", false]


def name_cells(judged: album_truth.Names) -> list[int]:
    """Who was there, who was named, and whom it was mistaken for."""
    return [judged.there, judged.right, judged.looked_at, judged.wrong, judged.wrong_looks]


def _starts(starts: Mapping[str, Ran]) -> str:
    told = ", ".join(
        f"{name} {run.clock:.1f} s by the clock, {run.processor:.1f} s of the processors"
        for name, run in starts.items()
    )
    return f"Start: {told}."


def _tell_failed(files: Sequence[str]) -> None:
    if files:
        print(f"Not judged: {', '.join(files)}", file=sys.stderr)


# --- beside deface --------------------------------------------------------------------------


def copies(bench: Bench) -> Part:
    """A check, copies with their verification, and the copies of deface."""
    theirs = peers.DEFACE
    plain = bench.plain_picture()
    check, export = f"{OURS}, check", f"{OURS}, verified copies"
    starts = {
        check: bench.ours("scan", plain, "--json"),
        export: bench.ours("scan", plain, "--blur", "-o", bench.folder("out"), "--json"),
        theirs.name: bench.theirs(theirs, plain),
    }
    rows, bars = [], {}
    for album in _albums(bench, composites.cast_in(bench.media)):
        photos = album.photos
        looked = bench.ours("scan", album.folder, "--json")
        written = bench.ours("scan", album.folder, "--blur", "-o", bench.folder("out"), "--json")
        said, made = (album_truth.answers_in(run.output) for run in (looked, written))
        # Last, as it writes beside what it reads.
        peer = bench.theirs(theirs, album.folder)
        blurred = {photo.path.name: _beside(photo.path) for photo in photos}
        runs = {check: looked, export: written, theirs.name: peer}
        costs = {name: Cost.of(run, starts[name], len(photos)) for name, run in runs.items()}
        truth = {
            check: [*found_cells(album, said.boxes), "–", "–"],
            export: [*found_cells(album, made.boxes), *hidden_cells(photos, made.copies)],
            theirs.name: ["–", "–", *hidden_cells(photos, blurred)],
        }
        rows += [
            [album.name, len(photos), name, *cost.cells, *truth[name]]
            for name, cost in costs.items()
        ]
        bars[album.name] = {name: cost.clock and 1 / cost.clock for name, cost in costs.items()}
        _tell_failed(made.failed)
    heads = (
        *("album", "photos", "program", *_COST, "recognisable faces found", "false boxes a photo"),
        *("copies", "recognisable faces hidden"),
    )
    told = (
        f"Nobody is enrolled, everybody is hidden; {bench.cores} cores. {_starts(starts)} A face "
        "is hidden where its middle differs from the original; deface tells no boxes."
    )
    return Part(f"{told}\n\n{table(heads, rows)}", bars)


def _beside(photo: Path) -> Path:
    """Where deface writes its copy of a photo."""
    return photo.with_name(f"{photo.stem}_anonymized{photo.suffix}")


def hidden_cells(photos: Sequence[wider.Photo], made: Mapping[str, Path]) -> list[str]:
    """Copies written, and recognisable faces hidden in them; a dash where nothing is labelled."""
    hidden = album_truth.hidden_in(photos, made)
    return [f"{hidden.copies}", f"{hidden.hidden} of {hidden.total}" if hidden.total else "–"]


# --- growth, cores, shares ------------------------------------------------------------------


def scale(bench: Bench) -> Part:
    """What a small picture costs in larger and larger albums, and what the memory does."""
    _, home, _ = _gallery(bench, people=4)
    photos = wider.read_photos(bench.media)
    rows, growth = [], {}
    for size in bench.sizes:
        # A registry of its own: what was seen of another album must not be in it.
        own = bench.folder("registry") / "home"
        shutil.copytree(home, own)
        album = bench.folder("album")
        composites.variants(photos, size, album)
        first, again = (bench.ours("scan", album, home=own) for _ in range(2))
        shutil.rmtree(album)
        growth[size] = first.clock / size * 1e3
        rows.append(
            [
                f"{size:,}",
                *(f"{each / size * 1e3:.1f}" for each in (first.clock, first.processor)),
                in_mib(first.peak),
                *(f"{each / size * 1e3:.2f}" for each in (again.clock, again.processor)),
                in_mib(again.peak),
            ]
        )
    heads = (
        *("pictures", "clock ms a picture", "processor ms", "peak MiB, all processes"),
        *("again, unchanged: clock ms a picture", "processor ms", "peak MiB"),
    )
    low, high = composites.SMALL
    told = (
        f"Pictures of {low} to {high} pixels, no two of the same bytes, of photos of "
        f"{composites.FEW} people at most, starts included; "
        f"{bench.cores} cores."
    )
    return Part(f"{told}\n\n{table(heads, rows)}", growth=growth)


def cores(bench: Bench) -> Part:
    """One process on one core, two threads on two, two processes on two."""
    album = composites.crowds(bench.media, bench.photos, bench.folder("crowds"))
    ways: Mapping[str, tuple[int, int]] = {
        "one process, one core": (1, 1),
        "one process, two cores": (1, 2),
        "two processes, two cores": (2, 2),
    }
    count = len(album.photos)
    runs = {
        name: bench.ours("scan", album.folder, "--json", "--jobs", jobs, cores=used)
        for name, (jobs, used) in ways.items()
    }
    one = next(iter(runs.values()))
    rows = [
        [
            name,
            f"{run.clock:.1f}",
            f"{run.processor:.1f}",
            f"{count / run.clock:.2f}",
            f"{one.clock / run.clock:.2f} ×",
            f"{run.processor / one.processor:.2f} ×",
            in_mib(run.peak),
        ]
        for name, run in runs.items()
    ]
    heads = (
        *("way", "clock s", "processor s", "photos a second", "as fast, clock"),
        *("processor's work", "peak MiB"),
    )
    return Part(f"{count} photos of crowds, starts included.\n\n{table(heads, rows)}")


def shares(bench: Bench) -> Part:
    """Where the time of ours goes, with nobody and with somebody enrolled, and with copies."""
    cast, home, _ = _gallery(bench)
    some = dataclasses.replace(bench, photos=max(2, bench.photos // 3))
    crowd, twelve, *_ = _albums(some, cast)
    albums = {"crowds": crowd, "12 MP": twelve}
    runs = {}
    # As a worker of an album: one core, and a thread for each network.
    with process_tree.on_cores(1):
        for name, album in albums.items():
            paths = [photo.path for photo in album.photos]
            for how, more in (
                ("check", ("--jobs", 1, "--again")),
                ("copies", ("--blur", "-o", bench.folder("out"))),
            ):
                words = ("scan", *paths, "--registry", home, *more)
                runs[f"{name}, {how}"] = (measured_command(words, len(paths)), paths)
        told = "One core, people enrolled. Each part's own time, of the processor.\n\n"
        return Part(told + shares_part(runs))


PARTS: Mapping[str, Callable[[Bench], Part]] = {
    "names": names,
    "copies": copies,
    "scale": scale,
    "cores": cores,
    "shares": shares,
}
TITLES: Mapping[str, str] = {
    "names": "Names, beside face_recognition",
    "copies": "Check and copies, beside deface",
    "scale": "More and more pictures",
    "cores": "One and two processes",
    "shares": "Where the time goes",
}
_SEVERAL: Mapping[str, tuple[str, ...]] = {"peers": ("names", "copies")}


def chosen(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, in the order in which they run; all for an empty one.

    Raises:
        argparse.ArgumentTypeError: one is not known.
    """
    asked = [part for word in text.split(",") if word for part in _SEVERAL.get(word, (word,))]
    unknown = [part for part in asked if part not in PARTS]
    if unknown:
        known = ", ".join([*PARTS, *_SEVERAL])
        raise argparse.ArgumentTypeError(f"no part {', '.join(unknown)}; there are {known}")
    return tuple(part for part in PARTS if not asked or part in asked)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


# --- plot -----------------------------------------------------------------------------------


def plot(parts: Iterable[Part], path: Path) -> None:
    """Draw photos a second by album and program, and what a picture costs by album size."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    drawings: list[Callable[[Any], None]] = []
    for part in parts:
        if part.bars:
            drawings.append(functools.partial(_draw_bars, part.bars))
        if part.growth:
            drawings.append(functools.partial(_draw_growth, part.growth))
    if not drawings:
        raise SystemExit("a plot shows names, copies or scale: none of them ran")
    # Without chance and date: the same figures give the same file.
    mpl.rcParams["svg.hashsalt"] = "albums"
    figure, axes = pyplot.subplots(
        1, len(drawings), figsize=(6 * len(drawings), 4.2), layout="constrained", squeeze=False
    )
    for draw, ax in zip(drawings, axes[0], strict=True):
        draw(ax)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_bars(bars: Mapping[str, Mapping[str, float]], ax: Any) -> None:
    programs = list(next(iter(bars.values())))
    width = 0.8 / len(programs)
    for number, program in enumerate(programs):
        places = [row + (number - (len(programs) - 1) / 2) * width for row in range(len(bars))]
        drawn = ax.barh(places, [rates[program] for rates in bars.values()], width, label=program)
        ax.bar_label(drawn, fmt="%.2g", padding=2)
    ax.set(xlabel="photos a second", yticks=range(len(bars)), yticklabels=list(bars))
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.legend()


def _draw_growth(growth: Mapping[int, float], ax: Any) -> None:
    ax.plot(list(growth), list(growth.values()), marker="o")
    ax.set(xscale="log", xlabel="pictures in the album", ylabel="ms a picture")
    ax.set_ylim(0, 1.1 * max(growth.values()))
    ax.grid(visible=True, alpha=0.3)


def main() -> None:
    """Print a Markdown section for each part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--peers", type=Path, help="folder for the environments of the peers")
    parser.add_argument("--only", type=chosen, default=chosen(""), help="parts, with commas")
    parser.add_argument("--photos", type=int, default=60, help="photos of crowds")
    parser.add_argument("--sizes", type=_sizes, default=(100, 1_000, 10_000))
    parser.add_argument("--cores", type=int, default=usable_cores())
    parser.add_argument("--plot", type=Path, help="an SVG file")
    options = parser.parse_args()
    # No key ring: the key of a registry that is thrown away lies beside it.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    made = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            options.media.resolve(),
            options.peers and options.peers.resolve(),
            Path(folder),
            options.photos,
            options.cores,
            options.sizes,
        )
        # Once without counting: afterwards every module is compiled.
        bench.ours("scan", bench.plain_picture(), "--blur", "-o", bench.folder("out"))
        for name in options.only:
            part = PARTS[name](bench)
            print(f"\n### {TITLES[name]}\n\n{part.text}", flush=True)
            made.append(part)
    if options.plot:
        plot(made, options.plot)


if __name__ == "__main__":
    main()
