"""A video's file: opened without waiting, and known again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from detector.errors import VideoUnreadableError
from detector.video_info import FileStamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 20


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading; never waiting on a pipe or a device.

    Raises:
        VideoUnreadableError: missing, not a regular file, or not to be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise VideoUnreadableError("there is no such file; check the path") from error
    except PermissionError as error:
        if path.is_dir():  # what Windows answers for a folder
            raise VideoUnreadableError("this is a folder; name a video") from error
        raise VideoUnreadableError("no permission to read it; change its permissions") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise VideoUnreadableError("cannot be opened ({reason})", reason=reason) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise VideoUnreadableError("this is a folder; name a video")
        if not stat.S_ISREG(mode):
            raise VideoUnreadableError("this is a pipe or a device; name a video")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def stamp_of(file: BinaryIO) -> FileStamp:
    """What the file system notes of the file now."""
    status = os.fstat(file.fileno())
    return FileStamp(
        device=status.st_dev,
        number=status.st_ino,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
    )


def sha256_of(file: BinaryIO) -> str:
    """The SHA-256 of the whole file, hexadecimal, block by block."""
    file.seek(0)
    total = hashlib.sha256()
    while block := file.read(_BLOCK):
        total.update(block)
    return total.hexdigest()
