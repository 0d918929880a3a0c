"""Makes the copies of an album's settled pictures, one after the other, in the background."""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from typing import TYPE_CHECKING

from clearance.errors import ClearanceError, told_as_bug, without_traces
from consent.errors import ConsentError
from detector.errors import DetectorError
from review.albums import MOST_TILES
from review.errors import DeskError

if TYPE_CHECKING:
    from review.albums import Albums
    from review.pictures import Pictures
    from review.records import Tile

_OURS = (ClearanceError, ConsentError, DetectorError, DeskError)


@dataclasses.dataclass(frozen=True, slots=True)
class Copying:
    """How far the copies of an album are.

    Attributes:
        running: whether they are being made.
        done: how many were made in this run.
        total: how many there are to make in it.
        problems: what could not be made: the name of the picture, and why.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    problems: tuple[tuple[str, Exception], ...] = ()


class Copier:
    """One thread that makes copies; may be asked by any other.

    It keeps nothing that must survive the program: what was made is kept by `Pictures`, and what
    was not is made when somebody asks again.
    """

    def __init__(self, albums: Albums, pictures: Pictures) -> None:
        """Begin nothing yet.

        Args:
            albums: of the desk.
            pictures: makes each copy.
        """
        self._albums, self._pictures = albums, pictures
        self._waiting: deque[str] = deque()
        self._told: dict[str, Copying] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    def begin(self, album_id: str) -> None:
        """Have the copies made that are missing of pictures with nothing left to settle."""
        with self._lock:
            if self._told.get(album_id, Copying()).running:
                return
            self._told[album_id] = Copying(running=True)
            self._waiting.append(album_id)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="clearance copies", daemon=True
                )
                self._thread.start()

    def progress(self, album_id: str) -> Copying:
        """How far it is with an album."""
        with self._lock:
            return self._told.get(album_id, Copying())

    def stop(self, timeout: float | None = 60.0) -> None:
        """End after the copy that is being made.

        Args:
            timeout: seconds to wait for that.
        """
        self._end.set()
        if self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._end.is_set():
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                album_id = self._waiting.popleft()
            try:
                self._make(album_id)
            finally:
                with self._lock:
                    told = self._told[album_id]
                    self._told[album_id] = dataclasses.replace(told, running=False)

    def _make(self, album_id: str) -> None:
        try:
            missing = [one for one in self._tiles(album_id) if one.settled and not one.copied]
        except _OURS as error:
            self._tell(album_id, problems=(("", without_traces(error)),))
            return
        self._tell(album_id, total=len(missing))
        problems: list[tuple[str, Exception]] = []
        for done, tile in enumerate(missing, 1):
            if self._end.is_set():
                return
            try:
                self._pictures.copy(tile.item.id)
            except _OURS as error:
                problems.append((tile.item.name, without_traces(error)))
            except Exception as error:  # noqa: BLE001 - a bug fails its picture, loudly
                problems.append((tile.item.name, told_as_bug(error)))
            self._tell(album_id, done=done, problems=tuple(problems))

    def _tiles(self, album_id: str) -> list[Tile]:
        found: list[Tile] = []
        while page := self._albums.tiles(album_id, offset=len(found), limit=MOST_TILES).tiles:
            found += page
        return found

    def _tell(self, album_id: str, **changed: object) -> None:
        with self._lock:
            told = self._told.get(album_id, Copying(running=True))
            self._told[album_id] = dataclasses.replace(told, **changed)  # type: ignore[arg-type]
