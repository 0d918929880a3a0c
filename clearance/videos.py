"""The videos of a run, judged one after the other between its photos."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.album import guarded
from clearance.video_clear import clear_video
from clearance.video_progress import bars

if TYPE_CHECKING:
    from clearance.album_sources import AlbumSources
    from clearance.clear import House
    from clearance.language import Language
    from clearance.remembered_videos import VideoMemory
    from clearance.results import PhotoResult
    from clearance.use import IntendedUse
    from clearance.video_export import VideoCopies


@dataclasses.dataclass(frozen=True, slots=True)
class Videos:
    """Judges the videos of a run.

    Attributes:
        use: what they are to be used for.
        house: what they are judged with.
        copies: makes their copies; None where none are asked for.
        sources: where the files of an album are; None for files that are no album.
        words: the language of whoever watches; None where nobody does.
        memory: what earlier runs saw; None for nothing.
    """

    use: IntendedUse
    house: House
    copies: VideoCopies | None = None
    sources: AlbumSources | None = None
    words: Language | None = None
    memory: VideoMemory | None = None

    def among(
        self,
        paths: tuple[Path, ...],
        videos: frozenset[Path],
        photos: Generator[PhotoResult, None, None],
    ) -> Generator[PhotoResult, None, None]:
        """One result for each path, in order: of the videos from here, of the others from there.

        Args:
            paths: of all files of the run.
            videos: those that are videos.
            photos: judges the others, in their order.

        Raises:
            ModelMissingError, BackendMissingError: no file can be judged.
            ConsentError: the registry cannot answer.
        """
        with contextlib.closing(photos):
            for path in paths:
                yield self.judged(path) if path in videos else next(photos)

    def judged(self, path: Path) -> PhotoResult:
        """The verdict on one video; it has failed where it cannot be judged."""
        return guarded(path, functools.partial(self._judge, path), self.use, self.copies)

    def _judge(self, path: Path) -> PhotoResult:
        with self._readable(path) as where, bars(self.words) as told:
            return clear_video(
                where,
                self.use,
                self.house,
                self.copies,
                told_as=path,
                told=told,
                memory=self.memory,
            )

    def _readable(self, path: Path) -> contextlib.AbstractContextManager[Path]:
        return self.sources.unpacked(path) if self.sources else contextlib.nullcontext(path)
