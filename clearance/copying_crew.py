"""Verdicts and copies of many photos, made by several processes, told in order.

Two things happen to a photo in a process that has networks: it is looked at, and its copy is made
of what was decided. Between them, and after, everything is done by whoever asks: decide, plan,
give the copy its name. So registry and key stay in one place, and no process that dies or hangs
can leave a copy behind that nobody asked for: what it writes has a name that means nothing.

The seam is `concurrent.futures.Executor`, as in `clearance.crew`: what is sent is a path or a
commission, what comes back is what was seen or what was made.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    wait,
)
from typing import TYPE_CHECKING, Any, Final

from clearance.clear import decide, remember, with_copy, without_copy
from clearance.crew import Processes, broken_down, eyes_for, leave_ctrl_c_alone, opener_of
from clearance.errors import (
    ClearanceError,
    ExportError,
    LookBrokenError,
    told_as_bug,
    without_traces,
)
from clearance.looking import Sight, look_at
from clearance.making import examiner_with, make_copy
from clearance.remembered import stamp_of
from clearance.results import Outcome, PhotoResult
from consent.errors import ConsentError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from clearance.album_sources import AlbumFile
    from clearance.clear import House
    from clearance.copying import Copies, Planned
    from clearance.crew import Outfit
    from clearance.likes import Likes
    from clearance.looking import Eyes
    from clearance.making import Commission, Made, Raster
    from clearance.remembered import Memory
    from clearance.results import ExportResult
    from clearance.use import IntendedUse
    from clearance.verification import Examiner
    from clearance.zipped_album import ZippedAlbum
    from detector.faces import Frame

_AHEAD = 3
"""Photos under way for each process, so that none ever waits for one."""


class Hands:
    """Looks at photos and makes their copies, with the networks of one process."""

    def __init__(
        self,
        eyes: Eyes,
        opener: Callable[[AlbumFile], Callable[[Path], Frame]] | None = None,
        examiner: Examiner | None = None,
        *,
        thorough: bool = False,
        holds: bool = False,
    ) -> None:
        """Take what is looked with.

        Args:
            eyes: the networks, and who may be matched.
            opener: gives what opens a file; None for that of the eyes.
            examiner: checks the copies; None for one with the networks of the eyes.
            thorough: whether copies are looked at as thoroughly as photos.
            holds: the photo that was looked at last stays open until its copy is made. Of use
                where the same process makes it, at once.
        """
        self._eyes = eyes
        self._opener = opener
        self._examiner = examiner
        self._own: dict[bool, Examiner] = {}
        self._thorough = thorough
        self._holds = holds
        self._open: Frame | None = None

    def look(self, file: AlbumFile) -> Sight:
        """What a photo shows.

        Raises:
            PhotoUnreadableError: the file cannot be judged.
            ModelMissingError, BackendMissingError: a network cannot be loaded.
        """
        eyes = dataclasses.replace(self._eyes, open_photo=self._opening(file))
        self._open = None
        frame, sight = look_at(file.path, eyes)
        if self._holds:
            self._open = frame
        return sight

    def make(self, order: Commission) -> Made:
        """The copy, checked, under its temporary name.

        Raises:
            PhotoUnreadableError: the photo cannot be opened again.
            ExportError: it is not the photo that was judged, or there can be no copy.
        """
        frame, self._open = self._open, None
        if frame is None or (frame.path, frame.sha256) != (order.file.path, order.sha256):
            del frame
            frame = self._opening(order.file)(order.file.path)
        return make_copy(order, frame, self._examining(compared=order.compared))

    def _opening(self, file: AlbumFile) -> Callable[[Path], Frame]:
        return self._opener(file) if self._opener else self._eyes.open_photo

    def _examining(self, *, compared: bool) -> Examiner:
        if self._examiner:
            return self._examiner
        if compared not in self._own:
            self._own[compared] = examiner_with(
                self._eyes.detector, compared=compared, thorough=self._thorough
            )
        return self._own[compared]


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """What is asked of a process: functions that can be sent to one."""

    look: Callable[[AlbumFile], Sight]
    make: Callable[[Commission], Made]


def workshop(jobs: int, outfit: Outfit) -> Processes:
    """Starts processes of this machine that look at photos and make copies."""
    return Processes(jobs, outfit, _equip)


_hands: Hands | None = None


def _equip(outfit: Outfit) -> None:
    """What a process does first: see `clearance.crew`."""
    global _hands  # noqa: PLW0603 - what a process has once, for every photo
    leave_ctrl_c_alone()
    thorough = outfit.thorough or outfit.settings.detection.thorough
    archives: dict[Path, ZippedAlbum] = {}
    _hands = Hands(
        eyes_for(outfit), functools.partial(opener_of, archives=archives), thorough=thorough
    )


def _look(file: AlbumFile) -> Sight:
    if _hands is None:
        raise AssertionError("a process that was not equipped")
    return _hands.look(file)


def _make(order: Commission) -> Made:
    if _hands is None:
        raise AssertionError("a process that was not equipped")
    return _hands.make(order)


IN_A_PROCESS: Final = Work(_look, _make)
"""What may be asked of the processes of a `workshop`."""


class AtHand(Executor):
    """Does what is asked in this process, at once: for a few photos that is the fastest way."""

    def submit(self, work: Callable[..., Any], /, *words: Any, **more: Any) -> Future[Any]:
        """What came of it, already done. Ctrl-C is not kept for later."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*words, **more))
        except Exception as error:  # noqa: BLE001 - as from a process, raised by whoever waits
            future.set_exception(error)
        return future


class CopyingCrew:
    """Processes that look at photos and make copies. To be used in a `with`.

    Whatever is under way when that ends, by Ctrl-C or an error, has no copy afterwards, neither
    a new one nor that of an earlier decision. A process that dies takes nothing along: what was
    under way is done again, alone, and fails by itself if it is at fault.
    """

    def __init__(self, jobs: int, start: Callable[[], Executor], work: Work) -> None:
        """Take how many may work at once.

        Args:
            jobs: how many.
            start: gives an executor whose workers are equipped for the work.
            work: what is asked of them.
        """
        self._jobs = jobs
        self._start = start
        self._work = work
        self._executor: Executor | None = None

    def __enter__(self) -> CopyingCrew:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def clear(
        self,
        files: Iterable[AlbumFile],
        use: IntendedUse,
        house: House,
        copies: Copies,
        *,
        memory: Memory | None = None,
        likes: Likes | None = None,
    ) -> Generator[PhotoResult, None, None]:
        """One result per file, with its copy, in the order of the files.

        A file that cannot be judged, or has no copy, is `FAILED`, and an earlier copy of it is
        gone. Each is decided about, and its name written into the log, before its result is
        told: where somebody stops in between, a few that were not told of may be done.

        Args:
            files: the photos.
            use: what they are for.
            house: what they are judged with.
            copies: plans the copies and gives them their names.
            memory: what earlier runs saw; None for nothing.
            likes: gathers what is alike; None where nobody asks.

        Raises:
            ModelMissingError, BackendMissingError: no file can be judged.
            ConsentError: the registry cannot answer.
        """
        desk = _Desk(use, house, copies, memory)
        waiting: collections.deque[_Begun] = collections.deque()
        coming = iter(files)
        ahead = _AHEAD * self._jobs if self._jobs > 1 else 1
        try:
            while True:
                while len(waiting) < ahead and (file := next(coming, None)):
                    waiting.append(_Begun(file))
                    self._go_on(waiting[-1], desk)
                if not waiting:
                    return
                self._wait_for_the_first(waiting, desk)
                first = waiting.popleft()
                result = first.result
                if result is None:
                    raise AssertionError("a photo without a verdict")
                # Of what was seen and could not be decided nobody knows who is in it.
                if likes and first.sight and result.sha256 is not None:
                    likes.take(first.sight, result)
                if memory:
                    memory.compare(result)
                yield result
        finally:
            self._give_up(waiting, desk)

    def _wait_for_the_first(self, waiting: collections.deque[_Begun], desk: _Desk) -> None:
        """Go on with whatever comes back, until the first photo is done."""
        while waiting[0].result is None:
            open_ = [one for one in waiting if one.result is None]
            done, _ = wait([one.task for one in open_ if one.task], return_when=FIRST_COMPLETED)
            back = [one for one in open_ if one.task in done]
            if any(one.is_broken for one in back):
                self._mend(open_, desk)
                return
            for one in back:
                self._go_on(one, desk)

    def _mend(self, lost: list[_Begun], desk: _Desk) -> None:
        """Do again, one by one, what was under way: none of it says whose fault it was."""
        for one in lost:
            alone = False
            while one.result is None:
                if one.task:
                    wait([one.task])
                if not one.is_broken:
                    self._go_on(one, desk)
                    continue
                self._end()
                # What a dead process had written of it is in the way.
                desk.clean(one)
                if alone:
                    desk.blame(one)
                else:
                    self._send(one)
                    alone = True

    def _go_on(self, one: _Begun, desk: _Desk) -> None:
        """The next step of a photo: what came back is decided on, and the next task sent."""
        desk.next_step(one)
        if one.result is None:
            self._send(one)

    def _send(self, one: _Begun) -> None:
        if self._executor is None:
            self._executor = self._start()
        try:
            if one.planned:
                one.task = self._executor.submit(self._work.make, one.planned.order)
            else:
                one.task = self._executor.submit(self._work.look, one.file)
        except BrokenExecutor as error:
            one.task = Future()
            one.task.set_exception(error)

    def _give_up(self, waiting: Iterable[_Begun], desk: _Desk) -> None:
        """Nothing of what is under way is left: what is written last, is removed last."""
        unfinished = [one for one in waiting if one.result is None]
        for one in unfinished:
            if one.task:
                one.task.cancel()
        try:
            if any(one.task and not one.task.done() for one in unfinished):
                self._end()
        finally:
            desk.abandon(unfinished)

    def _end(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


@dataclasses.dataclass(slots=True)
class _Begun:
    """A photo under way: looked at while there is no plan, being copied while there is one."""

    file: AlbumFile
    stamp: tuple[int, int] | None = None
    task: Future[Any] | None = None
    sight: Sight | None = None
    judged: PhotoResult | None = None
    planned: Planned | None = None
    result: PhotoResult | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the process that had it is gone."""
        task = self.task
        return bool(task and task.done() and isinstance(_problem(task), BrokenExecutor))


def _problem(task: Future[Any]) -> BaseException | None:
    # One that was cancelled was taken along by a process that broke.
    return BrokenExecutor("cancelled") if task.cancelled() else task.exception()


class _Desk:
    """Where it is decided: before a photo is looked at, after it, and when its copy was made."""

    def __init__(
        self, use: IntendedUse, house: House, copies: Copies, memory: Memory | None
    ) -> None:
        self._use = use
        self._house = house
        self._copies = copies
        self._memory = memory

    def next_step(self, one: _Begun) -> None:
        """Take what came back of a photo, and say what is to be done next.

        Afterwards it has its result; or a plan, by which its copy is to be made; or neither,
        and is to be looked at.
        """
        try:
            if one.task is None:
                self._before(one)
            elif one.planned is None:
                self._after_look(one, one.task.result())
            else:
                self._after_making(one, one.planned, one.task.result())
        except (ModelMissingError, BackendMissingError, ConsentError):
            raise
        except ExportError as error:
            self._refused(one, error)
        except (DetectorError, LookBrokenError) as error:
            self._failed(one, error)
        except Exception as error:  # noqa: BLE001 - the one guard: a bug fails its file, loudly
            self._failed(one, told_as_bug(error))

    def blame(self, one: _Begun) -> None:
        """A photo breaks whatever works on it."""
        path = one.file.path
        if one.planned is None:
            self._failed(one, broken_down())
            return
        error = ExportError(
            "The program that made the copy of {path} broke down, or ran out of memory: open the "
            "photo in a picture program and save it again.",
            path=path,
        )
        self._refused(one, error)

    def clean(self, one: _Begun) -> None:
        """Remove what was written of a copy that is to be made again."""
        if one.planned:
            self._copies.discard(one.planned)

    def abandon(self, unfinished: Iterable[_Begun]) -> None:
        """Remove what was written of copies, and earlier ones, each whatever befalls the others."""
        problem: ExportError | None = None
        for one in unfinished:
            try:
                if one.planned:
                    self._copies.abandon(one.planned)
            except ExportError as error:
                problem = problem or error
        if problem:
            raise problem

    def _before(self, one: _Begun) -> None:
        """What was seen before need not be looked at, if the copy is there as well."""
        if self._memory is None:
            return
        known = self._memory.known(one.file.path)
        if known is None:
            one.stamp = stamp_of(one.file.path)
            return
        judged = decide(known, self._use, self._house)
        if self._take_over(one, judged):
            one.sight = Sight(known)
            return
        # Its landmarks are not remembered, and the mask follows them.
        one.stamp = stamp_of(one.file.path)

    def _after_look(self, one: _Begun, sight: Sight) -> None:
        one.sight = sight
        if self._memory:
            self._memory.keep(sight.looked, one.stamp)
        one.judged = decide(sight.looked, self._use, self._house)
        if not self._take_over(one, one.judged):
            one.planned = self._copies.plan(one.file, one.judged)

    def _after_making(self, one: _Begun, planned: Planned, made: Made) -> None:
        export = self._copies.finish(planned, made)
        self._told(one, planned_for=one.judged, export=export, raster=made.raster)

    def _take_over(self, one: _Begun, judged: PhotoResult) -> bool:
        one.judged = judged
        found = self._copies.taken_over(judged)
        if found is None:
            return False
        export, raster = found
        self._told(one, planned_for=judged, export=export, raster=raster)
        return True

    def _told(
        self,
        one: _Begun,
        *,
        planned_for: PhotoResult | None,
        export: ExportResult,
        raster: Raster,
    ) -> None:
        if planned_for is None:
            raise AssertionError("a copy of a photo without a verdict")
        result = with_copy(planned_for, export, self._house, self._copies, raster)
        remember(result, self._house)
        one.result = result

    def _refused(self, one: _Begun, error: ExportError) -> None:
        """There is no copy; the verdict stands."""
        if one.judged is None:
            self._failed(one, error)
            return
        if one.planned:
            error = self._copies.refuse(one.planned, error)
        result = without_copy(one.judged, error, self._copies)
        remember(result, self._house)
        one.result = result

    def _failed(self, one: _Begun, problem: Exception) -> None:
        """There is no verdict, and a copy of an earlier run shows an earlier one."""
        try:
            if one.planned:
                self._copies.abandon(one.planned)
            else:
                self._copies.withdraw(one.file.path)
        except ExportError as error:
            problem = ClearanceError("{first} {second}", first=problem, second=error)
        # A copy has no traceback, which would keep the picture in memory.
        one.result = PhotoResult(
            one.file.path,
            Outcome.FAILED,
            asked=self._use.channels,
            use=self._use,
            problem=without_traces(problem),
        )
