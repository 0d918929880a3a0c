"""The copy of a video: parts that were examined, joined with the sound, examined once more."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.errors import (
    ExportError,
    ExportRefusedError,
    VerificationError,
    without_traces,
)
from clearance.hearing import Hearing, hearing
from clearance.making import explained
from clearance.results import AudioMode, Outcome, VideoExport
from clearance.sound import write_sound
from clearance.video_chunks import (
    Proven,
    Written,
    places,
    proven_chunk,
    write_chunk,
)
from clearance.video_containers import foreign_video_parts
from clearance.video_encoding import join
from clearance.video_examination import FrameExaminer, digest_of
from clearance.video_explanation import Doubt, doubts_of, write_sheet
from clearance.video_masks import frames_around
from clearance.video_plan import Chunk, VideoPlan, VideoWishes, plan_copy
from consent.files import sha256_of
from detector.errors import DetectorError
from detector.video import frames, open_video

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clearance.export import Exporter
    from clearance.results import VideoResult
    from clearance.video_encoding import VideoFormat
    from clearance.video_looking import Watched
    from clearance.video_progress import Bars
    from detector.detector import Detector
    from detector.video_frames import VideoFrame


@dataclasses.dataclass(frozen=True, slots=True)
class VideoCopies:
    """Makes the copies of the videos of a run.

    Attributes:
        exporter: knows which name a copy gets, and removes earlier ones.
        detector: looks at the copies.
        wishes: what a person asks of them.
        format: how they are written.
        version: of the program and the networks.
        check_name: refuses a copy whose name names somebody.
        explain: folder for a sheet of doubtful frames; None for none.
    """

    exporter: Exporter
    detector: Detector
    wishes: VideoWishes
    format: VideoFormat
    version: str
    check_name: Callable[[VideoResult], None]
    explain: Path | None = None

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy of a video that cannot be judged now, and parts of one.

        Returns:
            Whether there was a copy.

        Raises:
            ExportError: it is there and cannot be removed.
        """
        found = self.exporter.withdraw(photo)
        with contextlib.suppress(ExportRefusedError):
            target = self.exporter.target(photo)
            with explained(target):
                _clear_away(target)
        return found

    def with_copy(self, watched: Watched, result: VideoResult, told: Bars) -> VideoResult:
        """The result with its copy; failed where there is none. `told` how far it is."""
        try:
            with self.exporter.none_stale(result.path):
                target = self.exporter.target(result.path)
                # Whatever part of it cannot be written: there is no copy.
                with explained(target):
                    export = self._made(watched, result, target, told)
        except (ExportError, DetectorError) as error:
            problem = without_traces(result.problem or error)
            return dataclasses.replace(result, outcome=Outcome.FAILED, problem=problem)
        return dataclasses.replace(result, video_export=export)

    def _made(self, watched: Watched, result: VideoResult, target: Path, told: Bars) -> VideoExport:
        self.check_name(result)
        plan = plan_copy(watched, result, self.wishes, self.format, self.version)
        with _workplace(target, plan) as folder:
            proven = self._proven(plan, folder, result.path, told)
            appeared = [place for one in proven for place in one.appeared]
            self._explain(result.path, plan, doubts_of(plan, appeared))
            heard = hearing(plan, result, self.wishes.audio, appeared)
            finished = folder / f"finished{target.suffix}"
            sound = _sound(plan, heard, folder)
            join(_lengths(plan, proven), sound, finished, plan.format, plan.watched.info)
            _verify(finished, plan, proven, sound=sound is not None)
            sha256 = sha256_of(finished)
            self.exporter.put(finished, target)
        hidden = Outcome.REDACTED if plan.masks or plan.drawn or appeared else Outcome.CLEARED
        return VideoExport(
            path=target,
            sha256=sha256,
            width=plan.watched.info.width,
            height=plan.watched.info.height,
            duration=float(watched.end - watched.first),
            frames=watched.followed.frames,
            hidden=plan.hidden,
            appeared=places(appeared, frames_around(watched.frame_rate)),
            audio=heard.mode,
            removed=result.beside,
            rounds=max(one.rounds for one in proven),
            # A voice that somebody wants to keep is heard by somebody first.
            outcome=hidden if heard.settled else Outcome.REVIEW,
        )

    def _explain(self, path: Path, plan: VideoPlan, doubts: Sequence[Doubt]) -> None:
        """Draw what a person should look at, where somebody wants to see it."""
        if self.explain and doubts:
            write_sheet(self.explain / f"{path.stem}.explain.png", plan, doubts)

    def _examined(
        self, plan: VideoPlan, written: Written, examiner: FrameExaminer, path: Path
    ) -> Proven:
        try:
            return proven_chunk(plan, written, examiner)
        except VerificationError as error:
            frame = error.values.get("frame")
            if isinstance(frame, int):
                self._explain(path, plan, [Doubt(frame, box) for box in error.where])
            raise

    def _proven(self, plan: VideoPlan, folder: Path, path: Path, told: Bars) -> list[Proven]:
        """Every part, examined; while one is, the next is written."""
        examiner = FrameExaminer(self.detector)
        known = {chunk: Proven.load(chunk, _part(folder, chunk, plan)) for chunk in plan.chunks}
        proven: list[Proven] = []
        total = plan.watched.followed.frames
        # The first part takes seconds: whoever watches sees that the look is over.
        told.examined(0, total)
        with contextlib.closing(_Source(plan)) as source, ThreadPoolExecutor(1) as executor:

            def write(chunk: Chunk) -> Written:
                return write_chunk(plan, chunk, source.at(chunk.start), _part(folder, chunk, plan))

            waiting = [chunk for chunk, found in known.items() if found is None]
            written = _one_ahead(executor, write, waiting)
            for chunk, found in known.items():
                if found:
                    proven.append(found)
                else:
                    proven.append(self._examined(plan, next(written).result(), examiner, path))
                told.examined(chunk.stop - chunk.start, total)
        return proven


def _one_ahead(
    executor: Executor, write: Callable[[Chunk], Written], chunks: Sequence[Chunk]
) -> Iterator[Future[Written]]:
    """The parts in order, each begun while the one before is used."""
    under_way: collections.deque[Future[Written]] = collections.deque()
    for chunk in chunks:
        under_way.append(executor.submit(write, chunk))
        if len(under_way) > 1:
            yield under_way.popleft()
    yield from under_way


class _Source:
    """The frames of a video, read once from its first to its last as far as that is possible."""

    def __init__(self, plan: VideoPlan) -> None:
        self._plan = plan
        self._frames: Generator[VideoFrame, None, None] | None = None
        self._next = -1

    def at(self, frame: int) -> Iterator[VideoFrame]:
        """The frames from this one on."""
        watched = self._plan.watched
        if self._frames is None or frame != self._next:
            self.close()
            start = watched.time_of(frame) if frame else None
            self._frames, self._next = frames(watched.info, start=start), frame
        for picture in self._frames:
            self._next += 1
            yield picture

    def close(self) -> None:
        """Read no more."""
        if self._frames is not None:
            self._frames.close()


def _lengths(plan: VideoPlan, proven: Sequence[Proven]) -> list[tuple[Path, Fraction]]:
    """The parts, and how long each is shown."""
    shown = plan.watched.time_of
    return [(one.path, shown(one.chunk.stop) - shown(one.chunk.start)) for one in proven]


def _sound(plan: VideoPlan, heard: Hearing, folder: Path) -> Path | None:
    if heard.mode is AudioMode.MUTE:
        return None
    path, watched = folder / "sound", plan.watched
    span = watched.first, watched.end
    write_sound(watched.info, heard.mode, heard.silences, path, plan.format, span)
    return path


def _part(folder: Path, chunk: Chunk, plan: VideoPlan) -> Path:
    return folder / f"part-{chunk.number:05}{plan.format.part_suffix}"


@contextlib.contextmanager
def _workplace(target: Path, plan: VideoPlan) -> Iterator[Path]:
    """A folder beside the copy in which it is made.

    It is kept only where somebody interrupts, and of it only parts that were examined: these need
    not be made again, as long as the copy rests on the same. What is left of others is removed.
    """
    folder = target.parent / f"{_name_of(target)}-{plan.digest[:24]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_away(target, but=folder)
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    except KeyboardInterrupt:
        examined = {path.stem for path in folder.glob("*.json")}
        for path in folder.iterdir():
            if path.stem not in examined:
                path.unlink()
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)


def _name_of(target: Path) -> str:
    """How the names of folders begin in which a copy is made; it says nothing of its name."""
    return f".clearance-{hashlib.sha256(target.name.encode()).hexdigest()[:12]}"


def _clear_away(target: Path, but: Path | None = None) -> None:
    """Remove what interrupted runs left of a copy, but for one folder."""
    for left in target.parent.glob(f"{_name_of(target)}-*"):
        if left != but:
            shutil.rmtree(left)


def _verify(finished: Path, plan: VideoPlan, proven: Sequence[Proven], *, sound: bool) -> None:
    """Open the finished copy: it shows the frames that were examined, when they were shown.

    Raises:
        VerificationError: it does not, or carries more.
    """
    if foreign := foreign_video_parts(finished):
        raise VerificationError(
            "The copy carries more than its pictures and sound: {parts}.",
            parts=", ".join(foreign),
        )
    digests = [digest for one in proven for digest in one.frames]
    watched = plan.watched
    # Players and formats of a millisecond's resolution.
    tolerance = max(watched.info.time_base, Fraction(1, 1000))
    shown = 0
    try:
        info = open_video(finished)
        if (info.width, info.height) != (watched.info.width, watched.info.height):
            raise VerificationError("The copy shows pictures of another size than was written.")
        for frame in frames(info):
            if shown >= len(digests) or digest_of(frame) != digests[shown]:
                raise VerificationError(
                    "The copy does not show the pictures that were examined, at {time} s.",
                    time=round(float(frame.time), 2),
                )
            wanted = watched.time_of(shown) - watched.first
            if abs(frame.time - wanted) > tolerance:
                raise VerificationError(
                    "The copy shows a picture at {time} s that belongs to {wanted} s.",
                    time=round(float(frame.time), 3),
                    wanted=round(float(wanted), 3),
                )
            shown += 1
    except DetectorError as error:
        raise VerificationError(
            "The copy cannot be opened again: {reason}", reason=error
        ) from error
    if shown != len(digests):
        raise VerificationError("The copy holds fewer frames than were written.")
    if info.beside or bool(info.audio) is not sound:
        raise VerificationError("The copy does not hold one video and the sound that it should.")
