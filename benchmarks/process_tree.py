"""Runs a command and says what it took with every process that it started.

The clock, the processors' time of the whole tree and its peak memory. The processors' time of
a tree is that of all its processes that somebody has waited for; some programs leave theirs
behind (Python's "forkserver" does). So on Linux whoever asks becomes the one to whom they
fall (`PR_SET_CHILD_SUBREAPER`) and waits for them all. Memory is read from `/proc` every
fifth of a second: the sum of proportional set sizes, in which what processes share counts
once; elsewhere it is not told.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROC = Path("/proc")
EVERY = 0.2
"""Seconds between two looks at the memory."""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of linux/prctl.h."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """What a command took, and what it said on standard output.

    Seconds; `peak` is bytes, None where the system does not tell.
    """

    clock: float
    processor: float
    peak: int | None
    code: int
    output: str


def ran(
    command: Sequence[object],
    environment: Mapping[str, str],
    *,
    cores: int | None = None,
    folder: Path | None = None,
) -> Ran:
    """Run a command to its end, on so many cores, in a folder.

    Args:
        command: what is started, and its words.
        environment: all of it.
        cores: how many it and its processes may use; None for all. Systems that cannot say
            which use all.
        folder: where it runs; None for here.
    """
    _adopt()
    with tempfile.TemporaryFile() as said, on_cores(cores):
        before, began = _children(), time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
        )
        watch = Watch(process.pid)
        with watch:
            code = process.wait()
        clock = time.perf_counter() - began
        _wait_for_the_left_behind()
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
        return Ran(clock, _children() - before, watch.peak, code, output)


@contextlib.contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """Keep to the first `count` usable cores, with whatever is started meanwhile."""
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(usable)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


class Watch:
    """Looks again and again at the memory of a process and all below it. To be used in a `with`.

    Attributes:
        peak: the most that was seen, in bytes; None where the system does not tell.
    """

    def __init__(self, pid: int) -> None:
        """Take the process at the top."""
        self.peak: int | None = None
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        if (PROC / "self" / "smaps_rollup").exists():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            held = sum(map(memory_of, tree_below(self._pid)))
            self.peak = max(self.peak or 0, held) or None


def tree_below(top: int) -> list[int]:
    """The process and all that it or its own have started and that still run."""
    parents = {
        int(entry.name): parent
        for entry in PROC.iterdir()
        if entry.name.isdigit() and (parent := _parent(entry)) is not None
    }
    return descendants(top, parents)


def descendants(top: int, parents: Mapping[int, int]) -> list[int]:
    """`top` and everybody below it, by the parent of each."""
    found = [top]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _parent(entry: Path) -> int | None:
    with contextlib.suppress(OSError):
        return parent_in((entry / "stat").read_text(encoding="utf-8", errors="replace"))
    return None


def parent_in(stat: str) -> int:
    """The parent in a line of `/proc/PID/stat`; a program's name may hold anything."""
    return int(stat.rpartition(")")[2].split()[1])


def memory_of(pid: int) -> int:
    """The proportional set size of a process in bytes; 0 of one that has ended."""
    with contextlib.suppress(OSError):
        return proportional_in((PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8"))
    return 0


def proportional_in(rollup: str) -> int:
    """The line `Pss` of `/proc/PID/smaps_rollup`, in bytes; 0 without one."""
    for line in rollup.splitlines():
        name, _, rest = line.partition(":")
        if name == "Pss":
            return int(rest.split()[0]) * 1024
    return 0


def _adopt() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _wait_for_the_left_behind() -> None:
    if hasattr(os, "waitpid"):
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


def _children() -> float:
    used = os.times()
    return used.children_user + used.children_system
