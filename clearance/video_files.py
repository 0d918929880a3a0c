"""Which files of a run are videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detector.video import is_video

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from clearance.album_sources import AlbumFile

_SUFFIXES = {
    *(".3gp", ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"),
    *(".ogv", ".ts", ".webm", ".wmv"),
}
"""Names of videos in archives and stores, whose first bytes are not read for a list."""


def videos_among(files: Iterable[AlbumFile]) -> frozenset[Path]:
    """The files that are videos, by their first bytes."""
    return frozenset(file.path for file in files if _is_a_video(file))


def _is_a_video(file: AlbumFile) -> bool:
    if file.inside is not None or file.remote is not None:
        return file.path.suffix.lower() in _SUFFIXES
    return is_video(file.path)
