"""Opens an untrusted photo: bytes to Frame, or a reason why not.

Fail closed: a file that is cut off, holds several pictures, or is of a kind
whose every pixel cannot be judged is refused. A grey half, or a thumbnail in
place of the picture, would be a photo "without faces".
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from detector.decoding import (
    DECODER_ERRORS,
    PhotoLimits,
    decode,
    decode_small,
    recognise_format,
)
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from detector.faces import Frame, SmallPhoto
from detector.opening import in_words, opened
from detector.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_T = TypeVar("_T")
_DEFAULT_LIMITS = PhotoLimits()


def open_photo(untrusted_path: Path, limits: PhotoLimits = _DEFAULT_LIMITS) -> Frame:
    """Reads, checks and decodes one still photo.

    The bytes are read once: what is hashed is what is decoded.

    Raises:
        PhotoTooLargeError: more bytes or pixels than `limits` allow.
        PhotoUnreadableError: missing, not a regular file, not a supported still
            picture, or damaged.
    """
    return photo_from_bytes(read_file(untrusted_path, limits), untrusted_path, limits)


def read_file(untrusted_path: Path, limits: PhotoLimits = _DEFAULT_LIMITS) -> bytes:
    """The bytes of one regular file, never waiting on a pipe or a device.

    Raises:
        PhotoTooLargeError: more bytes than `limits` allow.
        PhotoUnreadableError: missing, empty, not a regular file, or not to be read.
    """
    try:
        return _read(untrusted_path, limits.file_bytes)
    except PhotoUnreadableError as error:
        raise type(error)(
            "{name}: {cause}", name=printable(untrusted_path.name), cause=error
        ) from error


def photo_from_bytes(
    untrusted_bytes: bytes, untrusted_path: Path, limits: PhotoLimits = _DEFAULT_LIMITS
) -> Frame:
    """As `open_photo`, for bytes that are not in a file; the path is only a name.

    Raises:
        PhotoTooLargeError: more pixels than `limits` allow.
        PhotoUnreadableError: not a supported still picture, or damaged.
    """
    with _worded(untrusted_path):
        kind = recognise_format(untrusted_bytes)
        picture = _within(limits.seconds, lambda: decode(untrusted_bytes, kind, limits))
    return Frame(
        path=untrusted_path,
        sha256=hashlib.sha256(untrusted_bytes).hexdigest(),
        format=kind.value,
        pixels=picture.views[0],
        other_views=picture.views[1:],
        icc_profile=picture.icc_profile,
        embedded=picture.embedded,
        unjudged=picture.unjudged,
    )


def small_photo_from_bytes(
    untrusted_bytes: bytes,
    untrusted_path: Path,
    longer_side: int,
    limits: PhotoLimits = _DEFAULT_LIMITS,
) -> SmallPhoto:
    """The photo made so small that its longer side fits, in less time than `photo_from_bytes`.

    Args:
        untrusted_bytes: of the file.
        untrusted_path: only a name.
        longer_side: in pixels, at least 1; a smaller photo stays as it is.
        limits: what it may cost.

    Raises:
        PhotoTooLargeError: more pixels than `limits` allow.
        PhotoUnreadableError: not a supported still picture, or damaged.
    """
    with _worded(untrusted_path):
        kind = recognise_format(untrusted_bytes)
        pixels = _within(
            limits.seconds, lambda: decode_small(untrusted_bytes, kind, longer_side, limits)
        )
    return SmallPhoto(hashlib.sha256(untrusted_bytes).hexdigest(), pixels)


@contextlib.contextmanager
def _worded(untrusted_path: Path) -> Iterator[None]:
    """What decoders raise as one error of ours, which names the file."""
    name = printable(untrusted_path.name)
    try:
        yield
    except PhotoUnreadableError as error:
        raise type(error)("{name}: {cause}", name=name, cause=error) from error
    except DECODER_ERRORS as error:
        raise PhotoUnreadableError(
            "{name}: damaged, cut off or not a real picture ({reason}); "
            "open it in a picture program and save it again as JPEG or PNG",
            name=name,
            reason=in_words(error),
        ) from error


def _within(seconds: float, work: Callable[[], _T]) -> _T:
    """What `work` gives, if it gives it in time.

    A decoder cannot be stopped. It is left behind in a thread that ends with the program.

    Raises:
        PhotoTooLargeError: it took longer.
    """
    done: Future[_T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError as error:
        if done.done():
            raise
        raise PhotoTooLargeError(
            "it cannot be decoded within {seconds} seconds; export a smaller copy",
            seconds=round(seconds),
        ) from error


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, never waiting on a pipe or a device."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        # One byte more than allowed: the file may grow while it is read.
        content = file.read(limit + 1) if size <= limit else b""
    if size > limit or len(content) > limit:
        raise PhotoTooLargeError(
            "the file is larger than {mib} MiB; export a smaller copy", mib=round(limit / 2**20)
        )
    if not content:
        raise PhotoUnreadableError("the file is empty; fetch it again from its source")
    return content
