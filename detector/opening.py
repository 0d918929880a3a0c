"""Opens files of strangers: regular ones only, and without ever waiting."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from detector.errors import PhotoUnreadableError
from detector.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


@contextlib.contextmanager
def opened(untrusted_path: Path) -> Iterator[BufferedReader]:
    """A regular file, open for reading; never waiting on a pipe or a device.

    Raises:
        PhotoUnreadableError: missing, not a regular file, or not to be read.
    """
    # Opening a pipe without O_NONBLOCK waits for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(untrusted_path, flags)
    except FileNotFoundError as error:
        raise PhotoUnreadableError("there is no such file; check the path") from error
    except PermissionError as error:
        if untrusted_path.is_dir():  # what Windows answers for a folder
            raise _folder() from error
        raise PhotoUnreadableError("no permission to read it; change its permissions") from error
    except (OSError, ValueError) as error:
        raise PhotoUnreadableError("cannot be opened ({reason})", reason=in_words(error)) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise _folder()
        if not stat.S_ISREG(mode):
            raise PhotoUnreadableError("this is a pipe or a device; name a photo or a video")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def _folder() -> PhotoUnreadableError:
    return PhotoUnreadableError("this is a folder; name a photo or a video")


def in_words(error: BaseException) -> str:
    """The first line of an error, safe to show; its kind where it says nothing."""
    text = printable((str(error).splitlines() or [""])[0]).strip()
    return text or type(error).__name__
