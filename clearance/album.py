"""Many files: which ones, one after the other, none of them ever skipped silently."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.clear import House, IntendedUse, clear_photo
from clearance.errors import AlbumUnreadableError, ClearanceError, ExportError
from clearance.results import Outcome, PhotoResult
from consent.errors import ConsentError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError

if TYPE_CHECKING:
    from clearance.export import Exporter

_PICTURES = ".jpg .jpeg .jpe .jfif .png .webp .tif .tiff .heic .heif .hif .avif .bmp .mpo .gif"
# Of people, and not judged yet: they must be said, not passed over.
_VIDEOS = ".mp4 .mov .m4v .mkv .webm .avi .mts .3gp"
_IN_AN_ALBUM = frozenset(f"{_PICTURES} {_VIDEOS}".split())


def album_files(folder: Path) -> list[Path]:
    """Every picture and video below the folder, in a stable order.

    Files of other kinds (sidecars, texts) and hidden files are not part of an
    album. Folders that are links are not followed, so no loop is possible.

    Raises:
        AlbumUnreadableError: a folder cannot be read; its pictures would be missing silently.
    """
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(parent) / name
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in _IN_AN_ALBUM
        ]
    return sorted(found)


def clear_files(
    paths: Iterable[Path], use: IntendedUse, house: House, exporter: Exporter | None = None
) -> Iterator[PhotoResult]:
    """One result per path, in order; a file that cannot be judged is `FAILED`.

    Raises:
        ModelMissingError, BackendMissingError: no file can be judged.
        ConsentError: the registry cannot answer.
    """
    for path in paths:
        try:
            result = clear_photo(path, use, house, exporter)
        except (ModelMissingError, BackendMissingError, ConsentError):
            raise
        except DetectorError as error:
            result = _failed(path, error, use, exporter)
        except Exception as error:  # noqa: BLE001 - the one guard: a bug fails its file, loudly
            bug = ClearanceError(
                "internal error: {kind}: {reason}", kind=type(error).__name__, reason=str(error)
            )
            result = _failed(path, bug, use, exporter)
        yield result


def _failed(
    path: Path, problem: Exception, use: IntendedUse, exporter: Exporter | None
) -> PhotoResult:
    if exporter:
        try:
            # A copy of an earlier run shows an earlier decision.
            exporter.withdraw(path)
        except ExportError as error:
            problem = ClearanceError("{first} {second}", first=problem, second=error)
    # A copy has no traceback, which would keep the picture in memory.
    return PhotoResult(path, Outcome.FAILED, asked=use.channels, problem=copy.deepcopy(problem))


def _refuse(error: OSError) -> None:
    raise AlbumUnreadableError(
        "the folder {folder} cannot be read ({reason}); its pictures would be missing from "
        "the answer: change its permissions, or name another album",
        folder=error.filename,
        reason=error.strerror or str(error),
    ) from error
