"""The bytes of a written video, read piece by piece and never beyond what may be expected."""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

from clearance.errors import VerificationError

MOST_PARTS = 100_000
"""Boxes or elements outside the samples, beyond which a file is none of ours: a copy of twelve
hours has eleven thousand entries of an index with four elements each."""
LONGEST_TABLE = 64 * 2**20
"""Bytes of one table that are read: twelve hours at 60 frames a second take 10 MB."""


def broken() -> VerificationError:
    """The error that nobody can say what the file holds."""
    return VerificationError("The parts of the copy do not fit together.")


def number(data: bytes) -> int:
    """An unsigned number, its most significant byte first."""
    return int.from_bytes(data, "big")


@dataclasses.dataclass(slots=True)
class VideoBytes:
    """A file that is looked through, and how many of its parts were met.

    Attributes:
        file: open for reading.
        size: in bytes.
    """

    file: BinaryIO
    size: int
    _met: int = 0

    def read(self, start: int, stop: int, most: int = LONGEST_TABLE) -> bytes:
        """The bytes from `start` to before `stop`, all of them.

        Raises:
            VerificationError: they are too many, or not there.
        """
        if not 0 <= start <= stop <= self.size or stop - start > most:
            raise broken()
        self.file.seek(start)
        data = self.file.read(stop - start)
        if len(data) != stop - start:
            raise broken()
        return data

    def head(self, start: int, stop: int, count: int) -> bytes:
        """As many bytes from `start` on as there are before `stop`, `count` at most."""
        return self.read(start, min(stop, start + count))

    def meet(self) -> None:
        """Count one part more.

        Raises:
            VerificationError: they are too many.
        """
        self._met += 1
        if self._met > MOST_PARTS:
            raise broken()

    def is_zero(self, start: int, stop: int) -> bool:
        """Whether nothing but zeros lies there, however long it is."""
        block = 2**20
        return not any(
            any(self.read(at, min(stop, at + block))) for at in range(start, stop, block)
        )
