"""A video's file: opened without waiting, and known again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from detector import opening
from detector.errors import PhotoUnreadableError, VideoUnreadableError
from detector.video_info import FileStamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A regular file, open for reading; never waiting on a pipe or a device.

    Raises:
        VideoUnreadableError: missing, not a regular file, or not to be read.
    """
    with contextlib.ExitStack() as open_things:
        try:
            file = open_things.enter_context(opening.opened(path))
        except PhotoUnreadableError as error:
            raise VideoUnreadableError("{cause}", cause=error) from error
        yield file


def stamp_of(file: BufferedReader) -> FileStamp:
    """What the file system notes of the file now."""
    status = os.fstat(file.fileno())
    return FileStamp(
        device=status.st_dev,
        number=status.st_ino,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
    )


def sha256_of(file: BufferedReader) -> str:
    """The SHA-256 of the whole file, hexadecimal, block by block."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
