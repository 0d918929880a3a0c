"""Many photos looked at by several processes: each has its own networks, and one core.

The seam is `concurrent.futures.Executor`: what looks at a photo is one function of a path, so
that a cluster may stand where the processes do. Registry and key stay with whoever asks; what
travels are paths, the templates of those who may be matched, and what was seen.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import multiprocessing
import signal
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clearance.errors import LookBrokenError
from clearance.looking import Before, Eyes, Looked, Sight, look_at
from clearance.remembered import stamp_of
from clearance.zipped_album import ZippedAlbum
from detector.photo import open_photo, photo_from_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from clearance.album_sources import AlbumFile
    from clearance.settings import Settings
    from clearance.twins import Twins
    from detector.faces import Frame
    from detector.matching import Gallery, Limits

FEWEST = 24
"""Photos below which starting processes takes longer than they save: each loads the networks."""
_AHEAD = 3
"""Photos that wait for each process, so that none ever waits for one; what is known of a photo
is small, and its pixels never leave the process."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outfit:
    """What a process needs to look at photos: sent to it once."""

    settings: Settings
    gallery: Gallery
    limits: Limits
    thorough: bool = False
    grouping: bool = False


def jobs_for(photos: int, asked: int | None = None) -> int:
    """How many processes look at so many photos; 1 is the one that asks.

    Args:
        photos: how many there are.
        asked: how many somebody wants; None for as many as there are cores.
    """
    from detector.networks.runtime import usable_cores

    if asked is not None:
        return max(1, min(asked, photos))
    return usable_cores() if photos >= FEWEST else 1


class Remembers(Protocol):
    """Whoever knows what was seen of photos before, as `clearance.remembered.Memory`."""

    def known(self, path: Path) -> Looked | None:
        """What was seen of a photo; None if it must be looked at."""
        ...

    def before(self, path: Path) -> Before | None:
        """Where its faces are, if they must be compared anew."""
        ...

    def keep(self, looked: Looked, stamp: tuple[int, int] | None) -> None:
        """Remember what was seen."""
        ...


class Crew:
    """Processes that look at photos. To be used in a `with`: none of them is left behind.

    A process that dies, of a photo that breaks it or for want of memory, takes nothing along:
    what it was looking at is looked at again, alone, and fails by itself if it is at fault.
    """

    def __init__(
        self,
        jobs: int,
        start: Callable[[], Executor],
        memory: Remembers | None = None,
        twins: Twins[Future[Sight]] | None = None,
    ) -> None:
        """Take how many may look at once.

        Args:
            jobs: how many.
            start: gives an executor whose workers know what to look with: `Processes`, `Here`.
            memory: what was seen before; None for nothing.
            twins: which files hold the same bytes; None where nobody asks.
        """
        self._jobs = jobs
        self._start = start
        self._memory = memory
        self._twins = twins
        self._executor: Executor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def look(self, files: Iterable[AlbumFile]) -> Iterator[Sight | Exception]:
        """What each photo shows, in the order of the files; or why it cannot be said.

        Of files with the same bytes one is looked at.
        """
        waiting: collections.deque[_Begun] = collections.deque()
        coming = iter(files)
        try:
            while True:
                ahead = _AHEAD * self._jobs if self._jobs > 1 else 1
                while len(waiting) < ahead and (file := next(coming, None)):
                    waiting.append(self._begun(file))
                if not waiting:
                    return
                begun = waiting.popleft()
                try:
                    yield self._kept(begun)
                except BrokenExecutor:
                    # All that were begun are lost with it; none of them says whose fault it was.
                    lost = [begun, *waiting]
                    waiting.clear()
                    yield from map(self._alone, lost)
                except Exception as error:  # noqa: BLE001 - it is the verdict on this file
                    yield error
        finally:
            for begun in waiting:
                begun.future.cancel()

    def _begun(self, file: AlbumFile) -> _Begun:
        if self._memory and (known := self._memory.known(file.path)):
            return _Begun(file, _done(Sight(known)))
        stamp = stamp_of(file.path) if self._memory else None
        before = self._memory.before(file.path) if self._memory else None
        if self._twins is None:
            return _Begun(file, self._begin(file, before), stamp, fresh=True)
        future, same = self._twins.begin(file, functools.partial(self._begin, file, before))
        return _Begun(file, future, stamp, fresh=True, same=same)

    def _kept(self, begun: _Begun) -> Sight:
        """What was seen, remembered; of a repeated file what its twin showed.

        Raises:
            Exception: it could not be looked at.
        """
        if begun.same:
            return self._kept_twin(begun)
        sight = begun.future.result()
        if self._memory and begun.fresh:
            self._memory.keep(sight.looked, begun.stamp)
        return sight

    def _kept_twin(self, begun: _Begun) -> Sight:
        """What another file of the same bytes showed; if it showed nothing, what this one does.

        A reason names its file, and a file that changed while it was looked at is no twin.
        """
        sight = None if begun.future.exception() else begun.future.result()
        if sight and sight.looked.sha256 == begun.same:
            looked = dataclasses.replace(sight.looked, path=begun.file.path)
            future = _done(dataclasses.replace(sight, looked=looked))
        else:
            future = self._begin(begun.file)
        return self._kept(dataclasses.replace(begun, future=future, same=None))

    def _alone(self, begun: _Begun) -> Sight | Exception:
        """A photo while nothing else is looked at: if something breaks, it is to blame."""
        try:
            if begun.future.done() and not begun.future.exception():
                return self._kept(begun)
            self._end()
            again = self._begin(begun.file)
            return self._kept(dataclasses.replace(begun, future=again, same=None))
        except BrokenExecutor:
            self._end()
            return broken_down()
        except Exception as error:  # noqa: BLE001 - it is the verdict on this file
            return error

    def _begin(self, file: AlbumFile, before: Before | None = None) -> Future[Sight]:
        if self._executor is None:
            self._executor = self._start()
        try:
            return self._executor.submit(_look, file, before)
        except BrokenExecutor as error:
            return _done(error)

    def _end(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Begun:
    """A photo that is being looked at, or was before.

    `stamp` is size and time of its file when that began; `fresh`: it was not known already;
    `same`: the SHA-256 of its bytes, where another file that has them is looked at in its place.
    """

    file: AlbumFile
    future: Future[Sight]
    stamp: tuple[int, int] | None = None
    fresh: bool = False
    same: str | None = None


def _done(told: Sight | BaseException) -> Future[Sight]:
    future: Future[Sight] = Future()
    if isinstance(told, BaseException):
        future.set_exception(told)
    else:
        future.set_result(told)
    return future


@dataclasses.dataclass(frozen=True, slots=True)
class Processes:
    """Starts processes of this machine.

    Attributes:
        jobs: how many.
        outfit: what they look with.
        equip: what each does with it first; None to look at photos only.
    """

    jobs: int
    outfit: Outfit
    equip: Callable[[Outfit], None] | None = None

    def __call__(self) -> Executor:
        """An executor whose processes have loaded what they look with."""
        # Not "fork": the networks run threads, and a forked copy of one hangs.
        context = multiprocessing.get_context("spawn")
        equip = self.equip or _equip
        return ProcessPoolExecutor(
            self.jobs, mp_context=context, initializer=equip, initargs=(self.outfit,)
        )


class Here(Executor):
    """Looks in this process, at once: for a few photos that is the fastest way."""

    def __init__(self, eyes: Eyes) -> None:
        """Take what is looked with."""
        self._eyes = eyes

    def submit(self, _work: Callable[..., Any], /, *words: Any, **_more: Any) -> Future[Any]:
        """What the photo shows, already seen."""
        try:
            file, before = words
            return _done(look_at(file.path, self._eyes, before)[1])
        except Exception as error:  # noqa: BLE001 - the verdict on this file, as from a process
            return _done(error)


_eyes: Eyes | None = None


def _equip(outfit: Outfit) -> None:
    """What a process does first: the networks, on one core, since the others have theirs."""
    global _eyes  # noqa: PLW0603 - what a process has once, for every photo
    leave_ctrl_c_alone()
    _eyes = eyes_for(outfit)


def leave_ctrl_c_alone() -> None:
    """Ctrl-C is for whoever asked, who then ends the processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_archives: dict[Path, ZippedAlbum] = {}


def _look(file: AlbumFile, before: Before | None) -> Sight:
    if _eyes is None:
        raise AssertionError("a process that was not equipped")
    return look_for(file, before, _eyes, _archives)


def eyes_for(outfit: Outfit) -> Eyes:
    """What one worker looks with: networks that load in the background, on one core each."""
    from clearance.commandline import detector_for

    detector = detector_for(outfit.settings, thorough=outfit.thorough, threads=1)
    if len(outfit.gallery) or outfit.grouping:
        detector.prepare_matching()
    return Eyes(detector, outfit.gallery, outfit.limits, grouping=outfit.grouping)


def look_for(
    file: AlbumFile, before: Before | None, eyes: Eyes, archives: dict[Path, ZippedAlbum]
) -> Sight:
    """What one file of an album shows; its bytes are read where this runs.

    Args:
        file: which.
        before: where an earlier run saw its faces; None if it must be searched.
        eyes: what is looked with; how the file is opened is up to the file.
        archives: those that whoever looks has open already; one that is new is added.

    Raises:
        PhotoUnreadableError, AlbumUnreadableError: the file, or its archive, cannot be judged.
        ModelMissingError, BackendMissingError: a network, or what reads the file, is missing.
    """
    opener = opener_of(file, archives)
    return look_at(file.path, dataclasses.replace(eyes, open_photo=opener), before)[1]


def broken_down() -> LookBrokenError:
    """What is said of a photo with which whoever looked at it broke down, alone."""
    return LookBrokenError(
        "the program that looked at it broke down, or ran out of memory: open it in a "
        "picture program and save it again"
    )


def opener_of(file: AlbumFile, archives: dict[Path, ZippedAlbum]) -> Callable[[Path], Frame]:
    """What opens a file; of one in an archive, each process has its own hand in it."""
    if file.remote:
        return functools.partial(photo_from_bytes, file.remote.read())
    if file.inside is None or file.root is None:
        return open_photo
    if file.root not in archives:
        archives[file.root] = ZippedAlbum(file.root)
    return functools.partial(photo_from_bytes, archives[file.root].read(file.inside))
