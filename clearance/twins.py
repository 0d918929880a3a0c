"""Files of one album that hold the same bytes: they are looked at once, and judged each.

An export of a camera or a phone holds many a picture twice. Only files of the same size are
read to see whether they are the same.
"""

from __future__ import annotations

import collections
import hashlib
from typing import TYPE_CHECKING, Generic, TypeVar

from detector.errors import PhotoUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from clearance.album_sources import AlbumFile

T = TypeVar("T")


class Twins(Generic[T]):
    """What was begun about each content that several files of an album may have."""

    def __init__(
        self,
        files: Iterable[AlbumFile],
        size_of: Callable[[Path], int | None],
        read: Callable[[Path], bytes],
    ) -> None:
        """No file is read yet.

        Args:
            files: those of the album.
            size_of: the bytes of a file; None where that cannot be said.
            read: its bytes.
        """
        sizes = {file.path: size_of(file.path) for file in files}
        several = collections.Counter(size for size in sizes.values() if size)
        self._alike = frozenset(path for path, size in sizes.items() if several[size or 0] > 1)
        self._read = read
        self._begun: dict[str, T] = {}

    def begin(self, file: AlbumFile, start: Callable[[], T]) -> tuple[T, str | None]:
        """What was begun about the file's content.

        Args:
            file: the file.
            start: begins it, where no file before has these bytes.

        Returns:
            What was begun; and where that was for another file, the SHA-256 that this one has:
            the other may have changed meanwhile, and what was seen of it may be another one's.
        """
        if file.path not in self._alike:
            return start(), None
        try:
            sha256 = hashlib.sha256(self._read(file.path)).hexdigest()
        except PhotoUnreadableError:
            return start(), None
        if sha256 in self._begun:
            return self._begun[sha256], sha256
        begun = self._begun[sha256] = start()
        return begun, None
