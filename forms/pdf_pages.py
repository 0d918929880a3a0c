"""The pages of a PDF as pixels, drawn in a child process that can be killed.

A few hundred bytes of PDF can ask for more drawing than ends in a lifetime, or break the library
that draws. In a child that costs one file. The child says what it has to say in JSON and in
plain pixels: whoever takes it over by a PDF sends back a wrong page, and no objects to run.

The child is not `multiprocessing`'s: that would start our own command once more in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy.typing as npt

SECONDS = 20.0
"""For opening a document, and for each page of it. A scan at 600 dpi takes less than one."""
MEMORY = 3 * 1024**3
"""Bytes of the child, on Linux. A page of as many pixels as are allowed takes 2.1 GB of it in
JPEG 2000, of which every channel is decoded into four bytes. It must never take more: where a
picture does not fit, PDFium draws the page without it and says nothing."""
_DRAWING = Path(__file__).with_name("pdf_drawing.py")
_LONGEST_LINE = 4096
_NONSENSE = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What a child that died, or that a PDF took over, makes its parent raise."""


class Refusal(enum.StrEnum):
    """Why there are no pages, or no more."""

    PASSWORD = "password"  # noqa: S105 - a reason, and no password
    DAMAGED = "damaged"
    PAGES = "pages"
    """There are too many; the reason is how many."""
    PIXELS = "pixels"
    """The pictures of a page declare too many."""
    SIZE = "size"
    """A page is too long or too wide; the reason is how many metres may be."""
    NO_SIZE = "no_size"
    SLOW = "slow"
    """The reason is how many seconds it was given."""
    BROKEN = "broken"
    """The child died: the page broke it, or it had not enough memory."""
    NOT_STARTED = "not_started"


class PdfRefusedError(Exception):
    """A PDF that is not drawn, or not to its end.

    `page` counts from 1, and is 0 where the document did not open. `reason` is a number or
    the words of whoever failed, in one line.
    """

    def __init__(self, why: Refusal, page: int, reason: str = "") -> None:
        super().__init__(f"{why}, page {page}: {reason}")
        self.why = why
        self.page = page
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class DrawnPage:
    """A page in grey: 0 black, 255 white, shape (height, width).

    `scanned`: a picture covers it, as in a scan. `fillable`: the document has fields, and
    `pages` pages.
    """

    grey: npt.NDArray[np.uint8]
    scanned: bool
    fillable: bool
    pages: int


def drawn_pages(data: bytes, *, most_pages: int, most_pixels: int) -> Generator[DrawnPage]:
    """The pages of a document, one after the other; one is drawn ahead while that one is read.

    The child lives from the first page that is asked for until the last one was given,
    something failed, or the iterator is closed.

    Args:
        data: the whole file.
        most_pages: of a document; of one with more none is given.
        most_pixels: of all pictures of a page; one with more is not drawn.

    Raises:
        PdfRefusedError: see `Refusal`. Also raised between two pages.
    """
    with _child() as child:
        with _in_time(child, page=0):
            limits = {"bytes": len(data), "memory": MEMORY, "pixels": most_pixels}
            child.send(json.dumps(limits).encode() + b"\n", data)
            document = child.told(page=0)
            count, fillable = int(document["pages"]), bool(document["fillable"])
            if count > most_pages:
                raise PdfRefusedError(Refusal.PAGES, 0, str(count))
        for number in range(1, count + 1):
            with _in_time(child, page=number):
                told = child.told(page=number)
                scanned, grey = bool(told["scanned"]), child.pixels(told, most_pixels)
            yield DrawnPage(grey, scanned, fillable, count)


class _Child:
    """The process that draws."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101
        self.process = process
        self._input, self._output = process.stdin, process.stdout

    def send(self, *blocks: bytes) -> None:
        for block in blocks:
            self._input.write(block)
        self._input.flush()

    def told(self, *, page: int) -> dict[str, Any]:
        """What it says next.

        Raises:
            PdfRefusedError: it says that it goes no further.
            ValueError: it says nothing sensible, or nothing any more.
        """
        told = json.loads(self._output.readline(_LONGEST_LINE))
        if "refused" in told:
            lines = str(told["reason"]).splitlines()
            raise PdfRefusedError(Refusal(told["refused"]), page, (lines or [""])[0])
        return dict(told)

    def pixels(self, told: dict[str, Any], most: int) -> npt.NDArray[np.uint8]:
        """The pixels of the page that it told of, shape (height, width).

        Raises:
            ValueError: they make no page, or end too early.
        """
        width, height, stride = (int(told[name]) for name in ("width", "height", "stride"))
        if not (0 < width <= stride and stride * height <= most):
            raise ValueError("a page of an impossible size")
        rows = np.empty((height, stride), np.uint8)
        if self._output.readinto(rows.data.cast("B")) != rows.size:  # type: ignore[attr-defined]
            raise ValueError("a page that ends too early")
        return np.ascontiguousarray(rows[:, :width])

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.process.kill()
        # What it did not read any more is flushed into a pipe without an end.
        with contextlib.suppress(OSError):
            self._input.close()
        self._output.close()
        self.process.wait()


@contextlib.contextmanager
def _child() -> Iterator[_Child]:
    try:
        process = subprocess.Popen(
            # -P: the folder of the script holds modules with names of others.
            [sys.executable, "-P", str(_DRAWING)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for us, who then kill it.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PdfRefusedError(Refusal.NOT_STARTED, 0, reason) from error
    child = _Child(process)
    try:
        yield child
    finally:
        child.end()


@contextlib.contextmanager
def _in_time(child: _Child, *, page: int) -> Iterator[None]:
    """What is read from the child in this block comes in time, or the child is killed.

    A timer that kills works on every platform: the read ends with the child. Windows offers
    no read of a pipe that ends by itself.
    """
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.process.kill()

    timer = threading.Timer(SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except _NONSENSE as error:
        if not late.is_set():
            raise PdfRefusedError(Refusal.BROKEN, page) from error
    finally:
        timer.cancel()
    if late.is_set():
        raise PdfRefusedError(Refusal.SLOW, page, f"{SECONDS:g}")
