"""Bytes that wait on the disk instead of in memory, readable by nobody but this process.

Scans are personal data: the file has no name that another process could open, goes when this
process goes, however it does, and holds nothing but ciphertext, whose key is in memory only.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from forms.errors import DocumentNotWrittenError

if TYPE_CHECKING:
    from pathlib import Path

_NONCE_BYTES = 12


class Kept(NamedTuple):
    """Where something waits: its first byte in the file, and how many there are."""

    start: int
    length: int


class Spool:
    """A file of things that wait, until it is closed.

    Args:
        folder: where there is room. Not that of temporary files, which is memory on many
            systems.

    Raises:
        DocumentNotWrittenError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise self._failed(error) from error
        self._cipher = AESGCM(AESGCM.generate_key(256))

    def close(self) -> None:
        """Give the file up, and whatever waits in it."""
        self._file.close()

    def keep(self, data: bytes) -> Kept:
        """Put something away.

        Raises:
            DocumentNotWrittenError: the disk is full, or cannot be written.
        """
        try:
            start = self._file.seek(0, os.SEEK_END)
            length = self._file.write(self._cipher.encrypt(_nonce(start), data, None))
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error
        return Kept(start, length)

    def read(self, kept: Kept) -> bytes:
        """What was put away there.

        Raises:
            DocumentNotWrittenError: the disk gives something else back.
        """
        try:
            self._file.seek(kept.start)
            return self._cipher.decrypt(_nonce(kept.start), self._file.read(kept.length), None)
        except (OSError, InvalidTag) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> DocumentNotWrittenError:
        return DocumentNotWrittenError(
            "What was read cannot wait in {folder} ({reason}): make room there, and read again.",
            folder=self._folder,
            reason=getattr(error, "strerror", None) or type(error).__name__,
        )


def _nonce(start: int) -> bytes:
    # No two things of a spool start at the same place, and no two spools have the same key.
    return start.to_bytes(_NONCE_BYTES, "big")
