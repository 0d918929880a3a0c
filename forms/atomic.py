"""Write a document once and whole: the old file or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING, BinaryIO

from forms.errors import DocumentNotWrittenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A stream that becomes the file at `path` when the block ends without an error.

    Raises:
        DocumentNotWrittenError: the folder or file cannot be written.
    """
    # Not `tempfile`: its files can be read by nobody but the writer, for good.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> DocumentNotWrittenError:
    return DocumentNotWrittenError(
        "{path} was not written: {reason}. "
        "Check that the folder exists, is writable, and that the file is not open elsewhere.",
        path=path,
        reason=error.strerror or str(error),
    )


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Make a folder for what is written; a `private` one is new, and for its owner alone.

    Raises:
        DocumentNotWrittenError: it cannot be made, or a private one is there already.
    """
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=not private)
    except OSError as error:
        raise DocumentNotWrittenError(
            "{path} cannot be written ({reason}); name a new folder.",
            path=folder,
            reason=error.strerror or str(error),
        ) from error
