"""One run: from what was asked to a verdict on every file, and what there is to say at its end."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.commandline import (
    ExitCode,
    detector_for,
    registry_folder,
    registry_if_there,
    say,
    settings_in,
    tell_outdated,
    today,
)
from clearance.results import Outcome

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile, AlbumSources
    from clearance.bursts import PictureGroup
    from clearance.clear import House
    from clearance.cluster_options import ClusterOrder
    from clearance.copy_options import CopyOrder
    from clearance.face_groups import FaceGroup
    from clearance.likes import Likes
    from clearance.rate import MatchingRate
    from clearance.remembered import Change, Memory
    from clearance.results import PhotoResult
    from clearance.run_options import AlbumOrder, Order
    from clearance.use import IntendedUse
    from consent.registry import Registry
    from detector.detector import Detector


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """The files of a run, and what is done about them.

    Attributes:
        paths: as people see them, in the order in which they are judged.
        root: the one folder they come from; None for none.
        copying: how copies are made; None for none.
        sources: where the files of an album are; None for files that are no album.
        album: how it is gone through; None for files that are no album.
        cluster: where it is looked at; None for here.
        videos: which of the paths are videos.
        jobs: how many processes somebody wants; None for as many as there are cores.
    """

    paths: tuple[Path, ...]
    root: Path | None = None
    copying: CopyOrder | None = None
    sources: AlbumSources | None = None
    album: AlbumOrder | None = None
    cluster: ClusterOrder | None = None
    jobs: int | None = None
    videos: frozenset[Path] = frozenset()

    @property
    def files(self) -> tuple[AlbumFile, ...]:
        """Where the files are."""
        from clearance.album_sources import AlbumFile

        return self.sources.files if self.sources else tuple(map(AlbumFile, self.paths))

    @property
    def photos(self) -> tuple[Path, ...]:
        """The paths that are no videos."""
        return tuple(path for path in self.paths if path not in self.videos)

    @property
    def looks_itself(self) -> bool:
        """Whether this process looks at the files, and no others do."""
        return self.processes == 1 and not self.on_cluster

    @property
    def on_cluster(self) -> bool:
        """Whether the workers of a cluster look."""
        return self.cluster is not None and self.cluster.scheduler is not None

    @property
    def processes(self) -> int:
        """How many processes of this machine look at the files."""
        if self.album is None and not self.copying:
            return 1
        from clearance.crew import jobs_for

        return jobs_for(len(self.photos), self.jobs)


@dataclasses.dataclass(frozen=True, slots=True)
class Findings:
    """What there is to say at the end of a run.

    Attributes:
        counts: how many files have which verdict, those that were not judged included.
        rate: how often a stranger is mistaken; None where nobody was compared.
        edges: the largest versions that verdicts are about, other than the files themselves.
        left: files that were not judged because the run was stopped.
        changes: verdicts that differ from the run before.
        alike: pictures that are nearly the same.
        strangers: faces that nobody has recognised, by person.
        names: what the people of suggestions are called, by id.
        not_compared: faces that nobody has recognised and that are in no group for want of a
            template.
        all_copied: whether every file has a copy.
        results: every verdict, where somebody asked that they be kept.
    """

    counts: Mapping[Outcome, int]
    rate: MatchingRate | None = None
    edges: tuple[int, ...] = ()
    left: tuple[Path, ...] = ()
    changes: tuple[Change, ...] = ()
    alike: tuple[PictureGroup[Path], ...] = ()
    strangers: tuple[FaceGroup[Path], ...] = ()
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    not_compared: int = 0
    all_copied: bool = False
    results: tuple[PhotoResult, ...] = ()

    @property
    def total(self) -> int:
        """How many files there are."""
        return sum(self.counts.values())

    def exit_code(self, *, exporting: bool) -> ExitCode:
        """The number of the verdicts; of `export`, which is about its copies, that of the copies.

        Args:
            exporting: whether it was asked about copies.
        """
        if self.left:
            return ExitCode.INTERRUPTED
        code = exit_code(self.counts)
        copied = exporting and self.all_copied and code is ExitCode.NOT_CLEARED
        return ExitCode.CLEARED if copied else code


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """The number of the worst of the verdicts."""
    worst = Outcome.worst(outcomes)
    if worst is Outcome.FAILED:
        return ExitCode.INPUT_OR_OUTPUT
    return ExitCode.CLEARED if worst.publishable else ExitCode.NOT_CLEARED


class Run:
    """The files of a task, judged one after the other; made by `begun`.

    What every verdict says is counted as it goes by, so that an album takes no more memory than
    a picture; the verdicts themselves are kept only where somebody wants them at the end.
    """

    def __init__(
        self,
        task: Task,
        use: IntendedUse,
        house: House,
        judged: Generator[PhotoResult, None, None],
        *,
        keep: bool,
        memory: Memory | None = None,
        likes: Likes | None = None,
    ) -> None:
        """Take what judges them.

        Args:
            task: the files.
            use: what they are to be used for.
            house: what they are judged with.
            judged: gives a verdict on each of them, in order.
            keep: whether the verdicts are needed at the end.
            memory: what earlier runs saw and decided.
            likes: gathers what is alike.
        """
        self.task, self.use, self.house = task, use, house
        self._judged = judged
        self._keep = keep
        self._memory = memory
        self._likes = likes
        self._counts: collections.Counter[Outcome] = collections.Counter()
        self._edges: set[int] = set()
        self._kept: list[PhotoResult] = []
        self._done = 0
        self._faces = False
        self._all_copied = True

    def verdicts(self, stop: threading.Event | None = None) -> Iterator[PhotoResult]:
        """Every verdict as soon as it is known, until there is none left or `stop` is set."""
        # Closed at once, and not when nobody needs it any more: what is under way is given up.
        with contextlib.closing(self._judged) as judged:
            for result in judged:
                self._done += 1
                self._count(result)
                yield result
                if stop and stop.is_set():
                    return

    def findings(self) -> Findings:
        """What there is to say now. Whatever was not judged has failed."""
        from clearance.album import not_judged
        from clearance.rate import rate_of

        left = self.task.paths[self._done :]
        for path in left:
            self._count(not_judged(path, self.use))
        self._done += len(left)
        likes = self._likes
        return Findings(
            counts=dict(self._counts),
            rate=rate_of(self.house, faces=self._faces),
            edges=tuple(sorted(self._edges)),
            left=left,
            changes=tuple(self._memory.changes) if self._memory else (),
            alike=likes.pictures() if likes else (),
            strangers=likes.strangers(self.house.registry, today()) if likes else (),
            names=likes.names if likes else {},
            not_compared=likes.left_out if likes else 0,
            all_copied=self._all_copied,
            results=tuple(self._kept),
        )

    def _count(self, result: PhotoResult) -> None:
        self._counts[result.outcome] += 1
        self._faces |= bool(result.faces)
        self._all_copied &= result.copy is not None and result.copy.outcome.publishable
        if result.rendition:
            self._edges.add(result.rendition.max_edge)
        if self._keep:
            self._kept.append(result)


@contextlib.contextmanager
def begun(
    order: Order, task: Task, *, keep: bool, detector: Detector | None = None
) -> Iterator[Run]:
    """A run over the files of the task, with everything that it needs open.

    Args:
        order: what is asked about the files.
        task: the files.
        keep: whether the verdicts are needed at the end.
        detector: the networks that the settings name, where they are loaded already.

    Raises:
        BadParameter: the institution knows no such channel or purpose.
        ConsentError: the registry cannot be used.
        SettingsInvalidError: nor can the settings.
    """
    folder = registry_folder(order.registry)
    settings = settings_in(folder)
    use = order.use(settings)
    # The first photo is decoded and the network loaded while the rest of the
    # program is imported and the registry opened.
    from clearance.video_files import videos_among
    from detector.ahead import PhotosAhead
    from detector.photo import open_photo

    task = dataclasses.replace(task, videos=videos_among(task.files))
    alone = task.looks_itself
    opener = task.sources.open_photo if task.sources else open_photo
    photos = PhotosAhead(task.photos if alone else (), opener)
    detector = detector or detector_for(settings, thorough=order.thorough, at_once=alone)
    from clearance.album import clear_files
    from clearance.clear import House, Manner

    with photos, registry_if_there(folder, settings, order.words) as registry:
        manner = Manner(photos.open, here=alone, grouping=task.album is not None)
        among = _among(registry, order, task.album.roster if task.album else None)
        house = House.open(settings, detector, registry, today(), manner, among=among)
        if registry and settings.detection.matching:
            tell_outdated(registry, detector, order.words)
        if not task.copying and not task.sources:
            judged = clear_files(task.photos, use, house)
            if not task.videos:
                yield Run(task, use, house, judged, keep=keep)
                return
            from clearance.remembered_videos import video_memory
            from clearance.videos import Videos

            with video_memory(order, house) as memory:
                videos = Videos(use, house, words=order.words, memory=memory)
                judged = videos.among(task.paths, task.videos, judged)
                yield Run(task, use, house, judged, keep=keep)
            return
        # Here and not above: a single photo needs none of it.
        from clearance.crews import at_work

        with at_work(task, order, use, house) as work:
            yield Run(
                task, use, house, work.judged, keep=keep, memory=work.memory, likes=work.likes
            )


def _among(registry: Registry | None, order: Order, roster: Path | None) -> frozenset[str] | None:
    """Whom faces are compared with, and a line for whoever is left out; None for everybody."""
    if registry is None or not (roster or order.event):
        return None
    from clearance import album_words
    from clearance.event_roster import event_roster

    among = event_roster(registry, roster, order.event)
    for line in album_words.compared_with(among, order.words):
        say(line)
    return among.people
