"""Stacks of scans that are being read in the background, one after the other."""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.commandline import today
from clearance.errors import ClearanceError
from clearance.recording import Counter
from consent.errors import ConsentError
from detector.errors import DetectorError
from forms.errors import FormsError
from review.errors import DeskError

if TYPE_CHECKING:
    from forms.drafts import Draft
    from forms.page_codes import Foreign
    from review.desk import Desk

_MOST = 50
"""Readings that are remembered; of older ones only their drafts are."""


@dataclasses.dataclass(slots=True)
class Reading:
    """A stack on its way.

    Attributes:
        id: by which its page is found.
        total: files.
        done: files that were read.
        finished: whether it is over.
        drafts: what was read, without pictures.
        foreign: pages that are none of ours: the file's number in the stack, the page, why.
        problems: what could not be read.
        portraits: numbers of forms that a portrait was kept for.
    """

    id: str
    total: int
    done: int = 0
    finished: bool = False
    drafts: tuple[Draft, ...] = ()
    foreign: tuple[tuple[str, int, Foreign], ...] = ()
    problems: tuple[Exception, ...] = ()
    portraits: tuple[str, ...] = ()


class Readings:
    """Reads stacks in the background; what was sent lies in files of its own until then."""

    def __init__(self, folder: Path) -> None:
        """Wait for stacks.

        Args:
            folder: where scans wait; what an earlier start of the program left is deleted.
        """
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        self._known: OrderedDict[str, Reading] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def new_folder(self) -> Path:
        """An empty folder for the files of one stack, for its owner alone.

        Raises:
            DeskError: it cannot be made.
        """
        path = self._folder / secrets.token_hex(8)
        try:
            path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise DeskError(
                "the scans cannot be kept while they are read: {reason}",
                reason=error.strerror or str(error),
            ) from error
        return path

    def begin(self, desk: Desk, folder: Path) -> Reading:
        """Read the files of a folder, in the order of their names; the folder is gone then."""
        paths = sorted(folder.iterdir())
        reading = Reading(secrets.token_urlsafe(9), len(paths))
        with self._lock:
            self._known[reading.id] = reading
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        worker = threading.Thread(
            target=self._read, args=(desk, reading, folder, paths), name="reading", daemon=True
        )
        worker.start()
        return reading

    def get(self, id_: str) -> Reading | None:
        """The stack of that id; None where there is none, or it is long over."""
        with self._lock:
            return self._known.get(id_)

    def _read(self, desk: Desk, reading: Reading, folder: Path, paths: list[Path]) -> None:
        try:
            # One at a time: a page takes all of a processor.
            with self._turn:
                _read_all(desk, reading, paths)
        except (ClearanceError, ConsentError, DetectorError, FormsError, DeskError) as error:
            reading.problems = (*reading.problems, error)
        except Exception:  # noqa: BLE001 - nobody else hears of it in a thread
            stopped = DeskError("the program has made a mistake while reading; read it again")
            reading.problems = (*reading.problems, stopped)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            reading.finished = True


def _read_all(desk: Desk, reading: Reading, paths: list[Path]) -> None:
    from forms.reading import Stack

    with desk.registry() as registry, Stack(desk.folder) as stack:
        for path in paths:
            stack.read(path)
            reading.done += 1
        stack.keep(Counter(registry, desk.settings, desk.detector, today()))
        reading.drafts = tuple(stack.drafts)
        reading.foreign = tuple(stack.foreign)
        reading.problems = (*stack.unreadable, *stack.refused_portraits)
        reading.portraits = tuple(serial for _, serial in stack.kept_portraits)
