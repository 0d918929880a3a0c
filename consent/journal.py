"""A journal beside the registry: encrypted records that are added one by one, never changed.

It holds what can be found out again, so that an interrupted run need not begin anew. Whatever is
wrong with it, it is thrown away and begun again: nothing rests on it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from consent.errors import RegistryDamagedError
from consent.files import write_whole
from consent.store import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from consent.vault import PersonSafe

_SUFFIX = ".journal"
_MAGIC = b"clearance journal 1\n"
_LENGTH = 4
_LONGEST = 16 * 2**20
"""Bytes of a record: a file that says more is none of ours."""


class Journal:
    """Records of bytes, in the order in which they were added.

    One process at a time adds to it: a second one that has it open loses nothing but its own
    records. Whoever stops in the midst of a record leaves a piece, which is cut off.
    """

    def __init__(self, path: Path, house: PersonSafe) -> None:
        self._path = path
        self._house = house
        self._stream: BinaryIO | None = None
        self._count = 0

    def records(self) -> Iterator[bytes]:
        """Every whole record; none where the file was altered or is another's.

        Raises:
            RegistryUnwritableError: it cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise unwritable(self._path, error) from error
        # All of them before the first is given: nothing of an altered file is believed. They
        # are not kept meanwhile, so that an album of any size is read in the room of its file.
        try:
            for _ in self._opened(data):
                pass
        except (RegistryDamagedError, ValueError):
            return
        yield from self._opened(data)

    def _opened(self, data: bytes) -> Iterator[bytes]:
        for number, body in enumerate(_bodies(data)):
            yield self._house.decrypt(_purpose(number), body)

    def begin(self, records: Iterable[bytes]) -> None:
        """Write the journal anew with these records, and go on behind them.

        Where another process has it open and the system keeps it closed, as Windows does, this
        one keeps nothing.

        Raises:
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        self.close()
        self._count = 0
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            sealed = map(self._sealed, records)
            write_whole(self._path, itertools.chain((_MAGIC,), sealed))
            self._stream = self._path.open("ab")
        except PermissionError as error:
            if not self._path.exists():
                raise unwritable(self._path, error) from error
        except OSError as error:
            raise unwritable(self._path, error) from error

    def add(self, record: bytes) -> None:
        """Add a record, if it was begun; it survives our own end when this returns.

        Raises:
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        if self._stream is None:
            return
        try:
            self._stream.write(self._sealed(record))
            self._stream.flush()
        except OSError as error:
            self.close()
            raise unwritable(self._path, error) from error
        except BaseException:
            # What is there may be a piece, and of what comes behind a piece nothing can be read.
            self.close()
            raise

    def close(self) -> None:
        """Add no more."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with contextlib.suppress(OSError):
                os.fsync(stream.fileno())
            with contextlib.suppress(OSError):
                stream.close()

    def _sealed(self, record: bytes) -> bytes:
        body = self._house.encrypt(_purpose(self._count), record)
        self._count += 1
        return len(body).to_bytes(_LENGTH, "big") + body


def journal_in(folder: Path, name: str, house: PersonSafe) -> Journal:
    """The journal of that name beside a registry."""
    return Journal(folder / f"{name}{_SUFFIX}", house)


def drop_journals(folder: Path) -> None:
    """Delete every journal beside a registry: what is in them can be found out again.

    Raises:
        RegistryUnwritableError: one cannot be deleted.
    """
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error


def _purpose(number: int) -> str:
    # Bound to its place: records that were moved or taken out are not read.
    return f"journal {number}"


def _bodies(data: bytes) -> Iterator[bytes]:
    """The ciphertext of every whole record.

    Raises:
        ValueError: it is no journal.
    """
    if not data.startswith(_MAGIC):
        raise ValueError("no journal")
    position = len(_MAGIC)
    while position + _LENGTH <= len(data):
        length = int.from_bytes(data[position : position + _LENGTH], "big")
        if length > _LONGEST:
            raise ValueError("no journal")
        end = position + _LENGTH + length
        if end > len(data):
            return
        yield data[position + _LENGTH : end]
        position = end
