"""An inbox, judged as it fills."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from clearance.album import clear_files
from clearance.album_sources import AlbumFile
from clearance.arriving import Inbox, arriving
from clearance.clear import House
from clearance.commandline import (
    detector_for,
    registry_folder,
    registry_if_there,
    settings_in,
    today,
)
from clearance.crews import all_copies
from clearance.run import Task
from clearance.video_files import videos_among
from clearance.videos import Videos

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from clearance.copy_options import CopyOrder
    from clearance.results import PhotoResult
    from clearance.run_options import Order
    from clearance.settings import Settings
    from clearance.use import IntendedUse
    from consent.registry import Registry
    from detector.detector import Detector

_LONGEST_PAUSE = 2.0


@dataclasses.dataclass(slots=True)
class Watch:
    """What judges the pictures that arrive in a folder; made by `watching`.

    Attributes:
        use: what they are to be used for.
        house: what the last of them was judged with.
    """

    use: IntendedUse
    house: House
    _order: Order
    _settings: Settings
    _detector: Detector
    _registry: Registry | None
    _folder: Path
    _inbox: Inbox
    _settle: float
    _copying: CopyOrder | None

    def verdicts(self, stop: threading.Event) -> Iterator[PhotoResult]:
        """The verdict on each picture as soon as it is all there, until `stop` is set.

        Raises:
            AlbumUnreadableError: the folder cannot be read any more.
            ConsentError: nor can the registry.
        """
        pause = min(_LONGEST_PAUSE, self._settle + 0.2)
        for path in arriving(self._inbox, stop, interval=pause):
            # Opened anew: somebody may have signed since the last picture came.
            self.house = House.open(self._settings, self._detector, self._registry, today())
            copies = video_copies = None
            videos = videos_among(map(AlbumFile, self._inbox.seen))
            if self._copying:
                # All that is there: of two pictures whose copies would have one name none has any.
                task = Task(self._inbox.seen, self._folder, self._copying, videos=videos)
                copies, video_copies = all_copies(task, self._copying, self._order, self.house)
            if path in videos:
                yield Videos(self.use, self.house, video_copies).judged(path)
            else:
                yield from clear_files([path], self.use, self.house, copies)

    def left(self) -> int:
        """How many files there are that nobody has judged: none of them is clear.

        Raises:
            AlbumUnreadableError: the folder cannot be read.
        """
        return len(set(self._inbox.waiting) | set(self._inbox.unseen()))


@contextlib.contextmanager
def watching(
    order: Order, inbox: Path, *, settle: float, copying: CopyOrder | None
) -> Iterator[Watch]:
    """What judges the pictures that arrive in a folder, with everything that it needs open.

    Args:
        order: what is asked about the pictures.
        inbox: the folder.
        settle: seconds for which a file must not have changed.
        copying: how copies are made; None for none.

    Raises:
        BadParameter: the institution knows no such channel or purpose.
        ConsentError: the registry cannot be used.
        SettingsInvalidError: nor can the settings.
    """
    folder = registry_folder(order.registry)
    settings = settings_in(folder)
    use = order.use(settings)
    detector = detector_for(settings, thorough=order.thorough)
    with registry_if_there(folder, settings, order.words) as registry:
        house = House.open(settings, detector, registry, today())
        coming = Inbox(inbox, settle=settle)
        yield Watch(
            *(use, house, order, settings, detector, registry, inbox, coming, settle, copying)
        )
