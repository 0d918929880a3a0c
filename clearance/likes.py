"""What is alike in an album: known while its run lasts, and forgotten with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.bursts import Seen, groups

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.bursts import PictureGroup
    from clearance.looking import Sight
    from clearance.results import PhotoResult


class Likes:
    """Gathers pictures that are nearly the same."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._pictures: list[Seen[Path]] = []

    def take(self, sight: Sight, result: PhotoResult) -> None:
        """What was seen of one photo, and what was decided about it."""
        looked = sight.looked
        self._pictures.append(Seen(result.path, looked.sha256, looked.likeness, looked.taken))

    def pictures(self) -> tuple[PictureGroup[Path], ...]:
        """Groups of pictures that are nearly the same."""
        return tuple(groups(self._pictures))
