"""ffmpeg in a process of its own: it reads and writes videos, and may crash or hang there.

The executable is the one that the package `imageio-ffmpeg` carries; the package itself is never
imported, and no environment variable says which program runs. See docs/adr/0003-video.md.
"""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from detector.errors import BackendMissingError
from detector.untrusted import printable

if TYPE_CHECKING:
    from types import TracebackType

PACKAGE = "imageio_ffmpeg"

STALLED = 60.0
"""Seconds without a byte after which a child is stopped: a frame takes less than one."""
MEMORY = 4 * 1024**3
"""Bytes of address space of a child, on Linux. Decoding 8K with four threads takes 1.6 GB."""

_ALONE = 0x00000200 | 0x08000000
"""Windows: a process group of its own (CREATE_NEW_PROCESS_GROUP), no window (CREATE_NO_WINDOW)."""
_LAST_LINES = 40
_LONGEST_LINE = 2000
_LEVEL = re.compile(r"\[(?:error|fatal|panic)\] ")


def executable() -> Path:
    """The program that the package carries.

    Raises:
        BackendMissingError: the package is not installed, or has none for this system.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    found = sorted(Path(folders[0], "binaries").glob("ffmpeg-*")) if folders else []
    if not found:
        raise BackendMissingError(
            "videos are read and written by ffmpeg, which is not there: install imageio-ffmpeg"
        )
    return found[0]


def local(path: Path) -> str:
    """A path as ffmpeg takes it: of a file on this computer, whatever characters it holds."""
    return f"file:{path.absolute()}"


class Ffmpeg:
    """One run of ffmpeg, to be used in a `with`; it is over when that ends.

    Attributes:
        stdin: what it reads, if `feeds`.
        stdout: what it writes, if `gives`.
    """

    stdin: IO[bytes]
    stdout: IO[bytes]

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        feeds: bool = False,
        gives: bool = False,
        on_line: Callable[[str], None] | None = None,
        stalled: float = STALLED,
    ) -> None:
        """Start it.

        Args:
            arguments: after those that every run has.
            feeds: whether something is written into it.
            gives: whether something is read from it.
            on_line: is told every line that it says, in a thread of its own.
            stalled: seconds without any sign of life after which it is stopped.

        Raises:
            BackendMissingError: it is not there, or cannot be started.
        """
        command = [str(executable()), "-nostdin", "-nostats", "-hide_banner"]
        command += ["-loglevel", "level+info"]
        try:
            self._process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
                stdout=subprocess.PIPE if gives else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # Ctrl-C is for us: whoever goes on to the end of a video must have its frames.
                start_new_session=os.name != "nt",
                creationflags=_ALONE if os.name == "nt" else 0,
            )
        except OSError as error:
            raise BackendMissingError(
                "ffmpeg cannot be started ({reason}): install imageio-ffmpeg again",
                reason=error.strerror or str(error),
            ) from error
        _limit_memory(self._process.pid)
        if self._process.stdin:
            self.stdin = self._process.stdin
        if self._process.stdout:
            self.stdout = self._process.stdout
        self._errors: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self._waited_for: float | None = None
        self._stalled = stalled
        self.has_stalled = False
        self._over = threading.Event()
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read_lines, daemon=True)
        self._reader.start()
        self._guard = threading.Thread(target=self._watch, daemon=True)
        self._guard.start()

    def __enter__(self) -> Ffmpeg:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @contextlib.contextmanager
    def waited_for(self) -> Iterator[None]:
        """It must do something while the block runs; whoever does not wait may take any time."""
        self._waited_for = time.monotonic()
        try:
            yield
        finally:
            self._waited_for = None

    def read(self, into: memoryview) -> int:
        """Fill `into` from what it writes, or as far as that goes; how many bytes were read."""
        count = 0
        while count < len(into):
            with self.waited_for():
                more = self.stdout.readinto(into[count:])  # type: ignore[attr-defined]
            if not more:
                break
            count += more
        return count

    def finish(self) -> int:
        """Wait until it is over; its exit code. Nothing more is written into it."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        code = self._process.wait()
        self._reader.join()
        self._over.set()
        return code

    def stop(self) -> None:
        """It is over, whatever it was doing."""
        self._over.set()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        self._guard.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    @property
    def complaints(self) -> tuple[str, ...]:
        """The last errors that it told of, one line each, to be printed."""
        return tuple(self._errors)

    @property
    def complaint(self) -> str:
        """The first of the last errors; of what follows from it nothing is said."""
        return self._errors[0] if self._errors else "ffmpeg stopped"

    def _read_lines(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        with stream:
            while raw := stream.readline(_LONGEST_LINE):
                line = raw.decode("utf-8", "replace").rstrip()
                if found := _LEVEL.search(line):
                    self._errors.append(printable(line[found.end() :]).strip())
                if self._on_line:
                    self._on_line(line)

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            since = self._waited_for
            if since is not None and time.monotonic() - since > self._stalled:
                self.has_stalled = True
                self._process.kill()
                return


def _limit_memory(process: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    # It may be over already.
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(process, resource.RLIMIT_AS, (MEMORY, MEMORY))


def lines_of(arguments: Sequence[str]) -> tuple[int, list[str], str]:
    """Run it to its end: exit code, everything it said, and the first of its last errors.

    Raises:
        BackendMissingError: it is not there, or cannot be started.
    """
    said: list[str] = []
    with Ffmpeg(arguments, on_line=said.append) as child, child.waited_for():
        code = child.finish()
        return code, said, child.complaint
