"""What was put into a folder of sorted pictures: so that only that is ever taken out again.

A small file of ours in the folder. Its first line says what it is; each other line is one thing
that was put there, and is on the disk before the thing is. So whoever stops in the midst of a run
leaves nothing behind that the next run would not know.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from clearance.errors import SortingError
from clearance.zipped_album import safe_parts
from consent.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

NAME = ".clearance-sorted"
"""Of the file, in the folder it is about."""
_VERSION = 1
_MOST = 1 << 28
"""Bytes that are read: of 100,000 pictures with long names it has some 60 MiB."""


@dataclasses.dataclass(frozen=True, slots=True)
class Put:
    """One thing that was put into the folder: a link, a copy, or else a folder.

    Attributes:
        place: below the folder, with `/`.
        target: where a link leads.
        sha256: of a copy.
    """

    place: str
    target: str | None = None
    sha256: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is neither a link nor a copy."""
        return self.target is None and self.sha256 is None


class SortedRecord:
    """The file; one process at a time writes it."""

    def __init__(self, folder: Path, shelves: Collection[str]) -> None:
        """Take the folder, and the names below which everything lies."""
        self._path = folder / NAME
        self._shelves = frozenset(shelves)
        self._held: IO[bytes] | None = None

    def read(self) -> list[Put]:
        """What earlier runs put there, in order; nothing where there is no record.

        Raises:
            SortingError: it cannot be read, is of a newer program, was altered, or another
                process is sorting into the folder.
        """
        try:
            self._hold("rb")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        if self._held is None:
            return []
        content = self._held.read(_MOST + 1)
        if len(content) > _MOST:
            raise self._unusable(SortingError("it is too large"))
        # Behind the last line break is what was being written when the program was stopped:
        # its file had no place yet.
        lines = content.rpartition(b"\n")[0].split(b"\n")
        try:
            self._check_head(json.loads(lines[0]))
            return [self._put(json.loads(line)) for line in lines[1:]]
        except (ValueError, TypeError, RecursionError) as error:
            raise self._unusable(SortingError("it was altered")) from error

    def begin(self, puts: Iterable[Put]) -> None:
        """Write the record anew, whole or not at all; `add` goes on behind these.

        Raises:
            SortingError: it cannot be written, or another process is sorting into the folder.
        """
        content = _line({"clearance-sorted": _VERSION})
        content += b"".join(_line(_told(put)) for put in puts)
        try:
            # Windows replaces no file that is open: not even by ourselves.
            self.close()
            write_whole(self._path, content)
            self._hold("ab")
        except OSError as error:
            raise self._unwritable(error) from error

    def add(self, put: Put) -> None:
        """Add one thing that is about to be put there; it is on the disk when this returns.

        Raises:
            SortingError: full disk, no permission, or another process took the record over.
        """
        if self._held is None:
            raise AssertionError("a record that was not begun")
        try:
            if not os.path.samestat(os.fstat(self._held.fileno()), self._path.stat()):
                raise self._busy()
            self._held.write(_line(_told(put)))
            self._held.flush()
            os.fsync(self._held.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Add no more."""
        if self._held is not None:
            held, self._held = self._held, None
            held.close()

    def _hold(self, mode: str) -> None:
        """Open the record and keep others from writing it, where the system can."""
        self.close()
        flags = os.O_APPEND | os.O_RDWR if mode == "ab" else os.O_RDONLY
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        held: IO[bytes] = os.fdopen(os.open(self._path, flags), mode)
        self._held = held
        try:
            import fcntl
        except ImportError:  # Windows, where nobody replaces a file that is open
            return
        try:
            fcntl.flock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network drives know no locks.
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                self.close()
                raise self._busy() from error

    def _check_head(self, head: object) -> None:
        if not isinstance(head, dict) or not isinstance(head.get("clearance-sorted"), int):
            raise ValueError("no record")
        if head["clearance-sorted"] > _VERSION:
            raise self._unusable(SortingError("a newer version of the program wrote it"))

    def _put(self, told: object) -> Put:
        """One line, as far as it may be believed: a place below one of our own folders.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(told, dict):
            raise ValueError("no line of ours")
        put = Put(**told)
        texts = (text for text in (put.place, put.target, put.sha256) if text is not None)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("no text")
        parts = safe_parts(put.place, windows=True)
        if not parts or "/".join(parts) != put.place or parts[0] not in self._shelves:
            raise ValueError("a place that is none of ours")
        return put

    def _busy(self) -> SortingError:
        return SortingError(
            "Another run is sorting pictures into {folder}: wait for its end, or name another "
            "folder.",
            folder=self._path.parent,
        )

    def _unusable(self, reason: str | SortingError) -> SortingError:
        return SortingError(
            "{path} says what may be taken out of the folder, and cannot be used ({reason}): "
            "sort into another folder, and delete this one by hand.",
            path=self._path,
            reason=reason,
        )

    def _unwritable(self, error: OSError) -> SortingError:
        return SortingError(
            "Nothing can be sorted into {folder} ({reason}): make room, or choose a folder you "
            "may write to.",
            folder=self._path.parent,
            reason=error.strerror or str(error),
        )


def _told(put: Put) -> dict[str, object]:
    return {name: text for name, text in dataclasses.asdict(put).items() if text is not None}


def _line(told: Mapping[str, object]) -> bytes:
    # Only ASCII: halves of characters, which some file names have, survive it.
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"
