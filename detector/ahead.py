"""Opens the next photo while the one before is looked at."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from detector.faces import Frame


class PhotosAhead:
    """Photos of a run, each opened one ahead of its turn; at most two are held.

    Decoding a photo leaves the interpreter free, so the first one is open by the
    time the registry is.
    """

    def __init__(self, paths: Sequence[Path], opener: Callable[[Path], Frame] = open_photo) -> None:
        """Begins to open the first of the paths."""
        self._opener = opener
        self._paths = tuple(paths)
        self._turn = 0
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._next: Future[Frame] | None = None
        self._begin()

    def open(self, path: Path) -> Frame:
        """As `open_photo`; without waiting where it is the turn of this path."""
        expected = self._turn < len(self._paths) and self._paths[self._turn] == path
        if not expected or self._next is None:
            return self._opener(path)
        ready = self._next
        try:
            return ready.result()
        finally:
            self._turn += 1
            self._begin()

    def _begin(self) -> None:
        rest = self._paths[self._turn : self._turn + 1]
        self._next = self._executor.submit(self._opener, rest[0]) if rest else None

    def __enter__(self) -> PhotosAhead:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
