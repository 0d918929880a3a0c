"""Files that arrive in a folder, each given once it is all there.

A file that is still being copied looks like a damaged photo, or, worse, like a whole one in
which nobody is to be seen. So a file is given when it has stopped changing, and again when it
changes later.
"""

from __future__ import annotations

import dataclasses
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clearance.album import may_show_somebody, unreadable_folder

INTERVAL_SECONDS = 2.0
"""Between two looks into the folder."""
SETTLE_SECONDS = 5.0
"""How long a file must not have changed. Copies over a network stand still for a while."""

_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp")
"""How copy programs and browsers name what is not all there; they rename it when it is."""

Version = tuple[int, int]
"""Size in bytes, and time of the last change in nanoseconds."""
_UNKNOWN: Version = (-1, -1)


@dataclasses.dataclass(slots=True)
class _Sighting:
    """A file as it was seen last."""

    version: Version
    since: float
    given: bool = False


def is_used_elsewhere(path: Path) -> bool:
    """Whether another program has the file open, where the system tells: on Windows.

    Elsewhere the answer is no.
    """
    if sys.platform != "win32":
        return False
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateFileW.restype = wintypes.HANDLE
    read, shared_with_nobody, existing = 0x80000000, 0, 3
    handle = kernel.CreateFileW(str(path), read, shared_with_nobody, None, existing, 0, None)
    if handle != wintypes.HANDLE(-1).value:
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return False
    # A sharing or a locking violation. What else keeps it closed is told when it is judged.
    return ctypes.get_last_error() in {32, 33}


class Inbox:
    """What is in a folder and below it, and which of it is all there."""

    def __init__(
        self,
        folder: Path,
        *,
        settle: float = SETTLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        used_elsewhere: Callable[[Path], bool] = is_used_elsewhere,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            folder: hidden files, sidecars and texts in it are passed over, as in an album; a
                linked folder is given itself, as in an album, and not entered.
            settle: seconds for which a file must not have changed.
            clock: seconds that never go back.
            used_elsewhere: whether another program has a file open.
        """
        self._folder = folder
        self._settle = settle
        self._clock = clock
        self._used_elsewhere = used_elsewhere
        self._seen: dict[Path, _Sighting] = {}
        self._unfinished: tuple[Path, ...] = ()

    @property
    def seen(self) -> tuple[Path, ...]:
        """Every file of the last look that has its name for good, given or not, sorted."""
        return tuple(sorted(self._seen))

    @property
    def waiting(self) -> tuple[Path, ...]:
        """Files that were seen and not given yet, those with temporary names included, sorted."""
        open_still = [path for path, sighting in self._seen.items() if not sighting.given]
        return tuple(sorted([*open_still, *self._unfinished]))

    def unseen(self) -> Iterator[Path]:
        """What lies there now and was not given in this version.

        Raises:
            AlbumUnreadableError: a folder cannot be read.
        """
        for path in self._files():
            known = self._seen.get(path)
            if known is None or not known.given or known.version != _version(path):
                yield path

    def arrived(self) -> Iterator[Path]:
        """Looks once; gives what is all there and was not given in this version, sorted.

        Each file is looked at again right before it is given, because the one before may have
        taken a while.

        Raises:
            AlbumUnreadableError: a folder cannot be read.
        """
        now = self._clock()
        self._look(now)
        for path in sorted(self._seen):
            sighting = self._seen[path]
            if sighting.given or now - sighting.since < self._settle:
                continue
            if _version(path) != sighting.version or self._used_elsewhere(path):
                continue  # the next look tells
            sighting.given = True
            yield path

    def _look(self, now: float) -> None:
        seen: dict[Path, _Sighting] = {}
        unfinished = []
        for path in self._files():
            if self._is_unfinished(path):
                unfinished.append(path)
                continue
            version = _version(path)
            if version is None:
                continue
            known = self._seen.get(path)
            same = known is not None and known.version == version
            seen[path] = known if known and same else _Sighting(version, now)
        # What is not there any more is forgotten: under its name another file may come.
        self._seen = seen
        self._unfinished = tuple(unfinished)

    def _files(self) -> Iterator[Path]:
        for parent, folders, names in os.walk(self._folder, onerror=self._gone_or_refused):
            here = Path(parent)
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (here / name for name in folders if (here / name).is_symlink())
            yield from (here / name for name in names if may_show_somebody(name))

    def _gone_or_refused(self, error: OSError) -> None:
        # A folder below may be moved away between two looks; the folder itself must be there.
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        if not gone or Path(error.filename) == self._folder:
            unreadable_folder(error)

    def _is_unfinished(self, path: Path) -> bool:
        parts = path.relative_to(self._folder).parts
        return any(part.startswith("~") or part.lower().endswith(_UNFINISHED) for part in parts)


def arriving(
    inbox: Inbox,
    stop: threading.Event,
    *,
    interval: float = INTERVAL_SECONDS,
    sleep: Callable[[float], object] | None = None,
) -> Iterator[Path]:
    """Files of the inbox, each as soon as it is all there, until `stop` is set.

    Files that were there before are given first. Nothing more is looked for once `stop` is
    set, and waiting ends at once.

    Args:
        inbox: where they arrive.
        stop: set by whoever has had enough.
        interval: seconds between two looks.
        sleep: waits that long; `stop.wait` by default, which a stop ends.

    Raises:
        AlbumUnreadableError: a folder cannot be read.
    """
    while not stop.is_set():
        for path in inbox.arrived():
            yield path
            if stop.is_set():
                return
        (sleep or stop.wait)(interval)


def _version(path: Path) -> Version | None:
    """Of the file; of the link itself where it leads to a folder or nowhere. None: it is gone."""
    try:
        try:
            status = path.stat()
        except FileNotFoundError:
            status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        # It is given, and whoever judges it says why it cannot be read.
        return _UNKNOWN
    return status.st_size, status.st_mtime_ns
