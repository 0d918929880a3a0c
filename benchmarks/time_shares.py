"""Where the time of an album goes, part by part, and how far that is from what must be.

The real command runs in this process on one core, with functions of the product wrapped from
outside: the product has no hooks for it. Of calls inside one another each gets only its own
time, of its own thread, so that the parts add up to the whole; what no wrapped call did is
the rest. Reading ahead and time limits run in threads of their own, which is why a photo is
decoded here in the thread that asks for it.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import importlib
import io
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from unittest import mock

from PIL import Image

from benchmarks.arithmetic import Work, best_rate, work_of_networks
from clearance.commandline import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_P = ParamSpec("_P")
_R = TypeVar("_R")

NETWORK = "network"
COPY = "copy"
"""Begins the names of the parts that only a copy takes."""
REST = "imports, threads, the rest"
JUDGED = frozenset({ExitCode.CLEARED, ExitCode.NOT_CLEARED, ExitCode.INPUT_OR_OUTPUT})
"""How the command ends when it has looked at the photos."""

PARTS: Mapping[str, str] = {
    "detector.photo:photo_from_bytes": "decode",
    "detector.photo:read_file": "decode",
    "detector.detector:Detector.find_faces": "detect",
    "detector.detector:Detector.how_held": "detect",
    "detector.detection:copies_of": "detect, sizes",
    "detector.passes:resized": "detect, sizes",
    "detector.networks.centerface:CenterFace.find": "detect, cells",
    "detector.passes:strongest": "detect, votes",
    "detector.detection:vote": "detect, votes",
    "detector.detection:without_parts": "detect, votes",
    "detector.detector:Detector.templates": "embed",
    "detector.detector:Detector.probes": "embed",
    "detector.networks.runtime:Network.run": NETWORK,
    "detector.networks.centerface:CenterFace.__init__": "load the networks",
    "detector.networks.dlib_resnet:DlibResnet.__init__": "load the networks",
    "clearance.looking:match": "match",
    "detector.matching:worth_a_second_look": "match",
    "clearance.looking:is_sharp": "match",
    "clearance.looking:hints_of": "read what the file says",
    "clearance.looking:perceptual_hash": "alike",
    "clearance.looking:sharpness_of": "alike",
    "clearance.likes:Likes.take": "alike",
    "clearance.likes:group_faces": "alike",
    "clearance.likes:groups": "alike",
    "clearance.clear:decide": "decide",
    "clearance.copying_crew:decide": "decide",
    "clearance.copying_crew:remember": "decide",
    "clearance.album:decide": "decide",
    "clearance.clear:remember": "decide",
    "clearance.album:remember": "decide",
    "clearance.remembered:Memory.known": "journal",
    "clearance.remembered:Memory.keep": "journal",
    "clearance.remembered:Memory.compare": "journal",
    "clearance.terminal:photo": "report",
    "rich.console:Console.print": "report",
    "clearance.telling:answer": "report",
    "cli:_write_reports": "report",
    "clearance.copying:Copies.plan": COPY,
    "clearance.copying_crew:make_copy": COPY,
    "clearance.making:hide": "redact",
    "clearance.making:encode": "encode",
    "clearance.verification:foreign_parts": "audit the bytes",
    "clearance.verification:verify_copy": "compare the pixels",
    "clearance.making:_temporary": "disk",
    "clearance.export:_replace": "disk",
}
"""Functions and methods of the product, and the part to which their own time counts."""


@dataclasses.dataclass(slots=True)
class Clock:
    """Gives each part the time that its calls took themselves, without the calls inside them.

    `now` tells the time of the current thread, in seconds.
    """

    spent: dict[str, float] = dataclasses.field(default_factory=dict)
    now: Callable[[], float] = time.thread_time
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    _here: threading.local = dataclasses.field(default_factory=threading.local)

    def timed(self, part: str, call: Callable[_P, _R]) -> Callable[_P, _R]:
        """The same call, with its own time counted to the part."""

        @functools.wraps(call)
        def timing(*arguments: _P.args, **named: _P.kwargs) -> _R:
            with self.taken(part):
                return call(*arguments, **named)

        return timing

    @contextlib.contextmanager
    def taken(self, part: str) -> Iterator[None]:
        """Count the time of the block to the part."""
        open_parts: list[_Open] = self._here.__dict__.setdefault("open", [])
        mine = _Open(_named(part, [one.name for one in open_parts]), self.now())
        open_parts.append(mine)
        try:
            yield
        finally:
            open_parts.pop()
            took = self.now() - mine.began
            if open_parts:
                open_parts[-1].inside += took
            with self._lock:
                self.spent[mine.name] = self.spent.get(mine.name, 0.0) + took - mine.inside


@dataclasses.dataclass(slots=True)
class _Open:
    """A call that has not ended."""

    name: str
    began: float
    inside: float = 0.0


def _named(part: str, outer: Sequence[str]) -> str:
    """The name of a part by the calls around it: a copy's own, and whose network it is."""
    if part == NETWORK:
        return f"{outer[-1].partition(',')[0]}, {NETWORK}" if outer else NETWORK
    copying = any(name.startswith(COPY) for name in outer)
    return f"{COPY}: {part}" if copying and not part.startswith(COPY) else part


@dataclasses.dataclass(slots=True)
class Looks:
    """What the networks were asked: calls, pixels with their padding, chips of faces."""

    calls: int = 0
    pixels: int = 0
    chips: int = 0

    def see(self, batch: Any) -> None:
        """Count one call of a network: a picture, or a batch of chips."""
        from detector.networks.dlib_resnet import CHIP

        count, height, width = batch.shape[:3]
        if (height, width) == (CHIP, CHIP):
            self.chips += count
        else:
            self.calls += 1
            self.pixels += count * height * width


@dataclasses.dataclass(frozen=True, slots=True)
class Shares:
    """The processor's seconds of a run by part, the whole, and what the networks were asked."""

    spent: Mapping[str, float]
    whole: float
    looks: Looks
    photos: int

    @property
    def by_part(self) -> Mapping[str, float]:
        """Every part and the rest, the largest first."""
        rest = max(0.0, self.whole - sum(self.spent.values()))
        return dict(sorted({**self.spent, REST: rest}.items(), key=lambda one: -one[1]))

    def of_network(self) -> float:
        """Seconds within the networks."""
        return sum(took for name, took in self.spent.items() if NETWORK in name)


def measured_command(words: Sequence[object], photos: int) -> Shares:
    """Run `clearance` with the words, in this process, its networks on one thread each.

    Raises:
        SystemExit: it neither judged the photos nor said why not.
    """
    import cli

    clock, looks = Clock(), Looks()
    with _wrapped(clock, looks), contextlib.redirect_stdout(io.StringIO()):
        began = time.process_time()
        try:
            cli.app([str(word) for word in words], prog_name="clearance")
        except SystemExit as ended:
            if ended.code not in JUDGED:
                raise
        whole = time.process_time() - began
    return Shares(clock.spent, whole, looks, photos)


@contextlib.contextmanager
def _wrapped(clock: Clock, looks: Looks) -> Iterator[None]:
    from detector.networks.runtime import Network

    run = Network.run

    def seen(network: Network, batch: Any) -> Any:
        looks.see(batch)
        return run(network, batch)

    with contextlib.ExitStack() as stack:
        patch = stack.enter_context
        patch(mock.patch.object(Network, "run", seen))
        for place, part in PARTS.items():
            holder, name = held(place)
            patch(mock.patch.object(holder, name, clock.timed(part, getattr(holder, name))))
        # In the thread that asks, so that its time is that of whoever asked.
        patch(mock.patch("detector.photo._within", lambda _seconds, work: work()))
        patch(mock.patch("detector.networks.runtime.usable_cores", lambda: 1))
        yield


def held(place: str) -> tuple[Any, str]:
    """The module or class that holds a function, and its name there.

    Raises:
        ImportError, AttributeError: the product has no such function any more.
    """
    module, _, path = place.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for one in outer:
        holder = getattr(holder, one)
    getattr(holder, name)
    return holder, name


# --- the floor ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Floor:
    """What a run must take on one core, in seconds."""

    decode: float
    arithmetic: float
    peak: float
    """Float32 operations a second that one core of this machine can do."""

    @property
    def together(self) -> float:
        """Both."""
        return self.decode + self.arithmetic


def floor_of(shares: Shares, photos: Iterable[Path], work: Work, peak: float) -> Floor:
    """Decoding each photo once at full size, and the arithmetic of what was looked at."""
    decoding = sum(map(decode_seconds, photos))
    looks = shares.looks
    return Floor(decoding, work.seconds(looks.pixels, looks.chips, peak), peak)


def decode_seconds(path: Path, times: int = 3) -> float:
    """Processor's seconds to pixels at full size, by Pillow: the quickest of some times."""
    content = path.read_bytes()
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        with Image.open(io.BytesIO(content)) as image:
            image.load()
        best = min(best, time.process_time() - began)
    return best


# --- tables ---------------------------------------------------------------------------------


def shares_table(runs: Mapping[str, Shares]) -> str:
    """A Markdown table: milliseconds a photo and share of each part, a pair of columns a run."""
    heads = " | ".join(f"{name}, ms a photo | share" for name in runs)
    lines = [f"| part | {heads} |", "|---|" + "---|---|" * len(runs)]
    totals: collections.Counter[str] = collections.Counter()
    for run in runs.values():
        totals.update(run.by_part)
    for part, _ in totals.most_common():
        cells = []
        for run in runs.values():
            took = run.by_part.get(part, 0.0)
            cells.append(f"{took / run.photos * 1e3:.1f} | {took / run.whole:.1%}")
        lines.append(f"| {part} | {' | '.join(cells)} |")
    wholes = " | ".join(f"{run.whole / run.photos * 1e3:.1f} | 100%" for run in runs.values())
    return "\n".join([*lines, f"| **together** | {wholes} |"])


def floor_table(runs: Mapping[str, tuple[Shares, Floor]]) -> str:
    """A Markdown table: what each run took, what it must take, and how far that is."""
    lines = [
        (
            "| run | megapixels looked at, a photo | looks | chips | ms a photo | in the networks "
            "| arithmetic at the peak | decoding, Pillow | floor | of the floor | networks, share "
            "of the peak |"
        ),
        "|---" * 11 + "|",
    ]
    for name, (shares, floor) in runs.items():
        count, looks = shares.photos, shares.looks
        each = [shares.whole, shares.of_network(), floor.arithmetic, floor.decode, floor.together]
        cells = [
            f"{looks.pixels / count / 1e6:.2f}",
            f"{looks.calls / count:.1f}",
            f"{looks.chips / count:.1f}",
            *(f"{seconds / count * 1e3:.1f}" for seconds in each),
            f"{shares.whole / floor.together:.2f} ×",
            f"{floor.arithmetic / shares.of_network():.0%}" if shares.of_network() else "–",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shares_part(runs: Mapping[str, tuple[Shares, Sequence[Path]]]) -> str:
    """Where the time went and what the floor is, as Markdown."""
    work, peak = work_of_networks(), best_rate()
    floors = {
        name: (shares, floor_of(shares, photos, work, peak))
        for name, (shares, photos) in runs.items()
    }
    told = (
        f"One core multiplies {peak / 1e9:.0f} thousand million float32 operations a second (the "
        f"quicker of numpy and the runtime, large matrices). The face finder takes "
        f"{work.per_pixel:,.0f} operations a pixel, the recogniser {work.per_face / 1e6:,.0f} "
        "million a chip."
    )
    return "\n\n".join(
        [
            shares_table({name: shares for name, (shares, _) in runs.items()}),
            told,
            floor_table(floors),
        ]
    )
