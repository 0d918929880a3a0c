"""Files of other programs wait for their turn: one at a time is looked at, a few are waiting."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from review.errors import BusyError

WAITING = 4
"""Who waits while one is judged; each of them may have a file of the largest size on the disk."""
_LEFT_BEHIND = 24 * 3600.0
"""Seconds after which a folder of an earlier start is nobody's any more."""


class Queue:
    """Where files wait for their turn."""

    def __init__(self, home: Path, *, waiting: int = WAITING) -> None:
        """Take where they lie meanwhile.

        Args:
            home: a folder of the desk's own; what a crash left there long ago is deleted.
            waiting: how many may wait.
        """
        self.home = home / "sent"
        self._places = threading.BoundedSemaphore(1 + waiting)
        self._turn = threading.Lock()
        for left in self.home.glob("sent-*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                    shutil.rmtree(left, ignore_errors=True)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue, taken before anything is sent.

        Raises:
            BusyError: there is none.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many pictures wait already: ask again in a moment")
        try:
            yield
        finally:
            self._places.release()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The turn of whoever has a place, once it is there."""
        with self._turn:
            yield
