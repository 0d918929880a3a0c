"""The pictures of an open desk, with everything that is done to them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from review.albums import Albums
from review.copier import Copier
from review.decisions import Decisions
from review.pictures import Pictures
from review.runner import Runner

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Workbench:
    """What pages about pictures work with; all of it may be used by any thread.

    Attributes:
        albums: what came in, and the verdicts.
        decisions: what people decide.
        pictures: shows them and makes copies.
        runner: judges what waits, in the background.
        copier: makes copies, in the background.
    """

    albums: Albums
    decisions: Decisions
    pictures: Pictures
    runner: Runner
    copier: Copier

    @classmethod
    def open(cls, home: Path) -> Workbench:
        """Open the desk's albums and go on judging what waited when the program ended.

        Args:
            home: folder of the desk, directly below that of the registry.

        Raises:
            ConsentError: the registry cannot be used.
            DeskDamagedError: another version wrote the desk's file.
        """
        albums = Albums(home)
        albums.sweep()
        runner = Runner(albums)
        runner.start()
        pictures = Pictures(albums)
        return cls(albums, Decisions(albums), pictures, runner, Copier(albums, pictures))

    def close(self) -> None:
        """End the work after the file that is being looked at; the rest waits."""
        self.copier.stop()
        self.runner.stop()

    def neighbours(self, item_id: str) -> tuple[str | None, str | None]:
        """The ids of the picture before and the one after, in the order of the album."""
        return self.albums.store.neighbours(item_id)
