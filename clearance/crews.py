"""Who looks at the files of a run, who makes their copies, and what they remember."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from clearance.album import clear_looked
from clearance.commandline import today
from clearance.copying import Copies
from clearance.copying_crew import IN_A_PROCESS, AtHand, CopyingCrew, Hands, Work, workshop
from clearance.crew import Crew, Here, Outfit, Processes
from clearance.export import Exporter
from clearance.kept_copies import KeptCopies
from clearance.likes import Likes
from clearance.making import examiner_with
from clearance.naming import Naming
from clearance.remembered import Memory
from clearance.tool_versions import looking_version
from clearance.twins import Twins
from detector.calibration import model_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Executor, Future

    from clearance.album_sources import AlbumFile
    from clearance.clear import House
    from clearance.copy_options import CopyOrder
    from clearance.looking import Sight
    from clearance.results import PhotoResult
    from clearance.run import Task
    from clearance.run_options import Order
    from clearance.use import IntendedUse
    from clearance.verification import Examiner
    from clearance.video_export import VideoCopies


@dataclasses.dataclass(frozen=True, slots=True)
class AtWork:
    """The verdicts as they come, what earlier runs decided, and what is alike."""

    judged: Generator[PhotoResult, None, None]
    memory: Memory | None
    likes: Likes | None


@contextlib.contextmanager
def at_work(task: Task, order: Order, use: IntendedUse, house: House) -> Iterator[AtWork]:
    """Whoever judges the files of a task, while the block runs.

    Raises:
        ConsentError: what is remembered cannot be read.
        ClusterError: the cluster cannot be used.
        BadParameter: the copies cannot be made as they are asked for.
    """
    with contextlib.ExitStack() as open_things:
        model = model_for(house.eyes.detector) if house.eyes.grouping else None
        likes = Likes(model) if task.album else None
        jobs, start = _elsewhere(task, order, house)
        memory = _memory(task, order, house)
        if memory:
            open_things.callback(memory.close)
        if task.copying:
            kept = _kept(task, order, house)
            if kept:
                open_things.callback(kept.close)
            exporter = _exporter(task, task.copying, order, house)
            copies = copies_of(exporter, task.copying, order, house, kept)
            videos = (
                video_copies_of(exporter, copies, task.copying, order, house)
                if task.videos
                else None
            )
            crew = open_things.enter_context(_copying_crew(task, order, house))
            judged = crew.clear(_photos(task), use, house, copies, memory=memory, likes=likes)
        else:
            videos = None
            looking = Crew(jobs, start, memory, _twins(task))
            open_things.enter_context(looking)
            judged = clear_looked(_photos(task), looking, use, house, memory=memory, likes=likes)
        if task.videos:
            from clearance.remembered_videos import video_memory
            from clearance.videos import Videos

            seen = open_things.enter_context(video_memory(order, house, again=_again(task)))
            moving = Videos(use, house, videos, task.sources, order.words, seen)
            judged = moving.among(task.paths, task.videos, judged)
        yield AtWork(judged, memory, likes)


def all_copies(
    task: Task, copying: CopyOrder, order: Order, house: House
) -> tuple[Copies, VideoCopies]:
    """What makes the copies of photos, and those of videos, without those of earlier runs.

    Args:
        task: the files.
        copying: how copies are made.
        order: what is asked about the files.
        house: what they are judged with.
    """
    exporter = _exporter(task, copying, order, house)
    copies = copies_of(exporter, copying, order, house)
    return copies, video_copies_of(exporter, copies, copying, order, house)


def copies_of(
    exporter: Exporter,
    copying: CopyOrder,
    order: Order,
    house: House,
    kept: KeptCopies | None = None,
) -> Copies:
    """What plans the copies of a run and gives them their names.

    Args:
        exporter: writes them.
        copying: how copies are made.
        order: what is asked about the files.
        house: what they are judged with.
        kept: the copies of earlier runs; None for none.
    """
    settings = house.settings
    naming = None
    if house.registry:
        naming = Naming(
            house.registry,
            settings.consent,
            ordinary=settings.publication.ordinary_words,
            credited=settings.publication.credited,
        )
    return Copies(
        exporter,
        copying.wishes(settings),
        naming,
        settings.publication,
        sidecars=order.words if copying.sidecar else None,
        kept=kept,
    )


def video_copies_of(
    exporter: Exporter, copies: Copies, copying: CopyOrder, order: Order, house: House
) -> VideoCopies:
    """What makes the copies of the videos of a run.

    Args:
        exporter: gives them their names.
        copies: knows whom a name may name.
        copying: how copies are made.
        order: what is asked about the files.
        house: what they are judged with.
    """
    from clearance.video_export import VideoCopies

    return VideoCopies(
        exporter,
        house.eyes.detector,
        copying.video_wishes(),
        copying.video_format(),
        looking_version(house, thorough=order.thorough),
        copies.check_name,
        copying.explain,
    )


def _exporter(task: Task, copying: CopyOrder, order: Order, house: House) -> Exporter:
    return Exporter(
        copying.out,
        task.paths,
        _examiner(order, house),
        root=task.root,
        manner=copying.manner(),
        videos=task.videos,
    )


def _photos(task: Task) -> tuple[AlbumFile, ...]:
    return tuple(file for file in task.files if file.path not in task.videos)


def _outfit(order: Order, house: House) -> Outfit:
    eyes = house.eyes
    return Outfit(
        house.settings, eyes.gallery, eyes.limits, thorough=order.thorough, grouping=eyes.grouping
    )


def _elsewhere(task: Task, order: Order, house: House) -> tuple[int, Callable[[], Executor]]:
    """How many look at once, and what starts them."""
    outfit = _outfit(order, house)
    if task.cluster and task.on_cluster:
        version = looking_version(house, thorough=order.thorough)
        cluster = task.cluster.cluster(outfit, version)
        if cluster:
            return max(2, cluster.threads()), cluster
    if task.looks_itself:
        here = Here(house.eyes)
        return 1, lambda: here
    return task.processes, Processes(task.processes, outfit)


def _copying_crew(task: Task, order: Order, house: House) -> CopyingCrew:
    if task.looks_itself:
        hands = Hands(house.eyes, examiner=_examiner(order, house), holds=True)
        return CopyingCrew(1, AtHand, Work(hands.look, hands.make))
    start = workshop(task.processes, _outfit(order, house))
    return CopyingCrew(task.processes, start, IN_A_PROCESS)


def _examiner(order: Order, house: House) -> Examiner:
    detection = house.settings.detection
    return examiner_with(
        house.eyes.detector,
        compared=detection.matching,
        thorough=order.thorough or detection.thorough,
    )


def _memory(task: Task, order: Order, house: House) -> Memory | None:
    """What earlier runs saw; nothing where there is no registry beside which it could lie."""
    if house.registry is None or not (task.album or len(task.paths) > 1):
        return None
    looked_with = looking_version(house, thorough=order.thorough)
    journal = house.registry.journal("albums")
    return Memory(journal, looked_with, house.eyes.gallery, today(), again=_again(task))


def _kept(task: Task, order: Order, house: House) -> KeptCopies | None:
    """The copies of earlier runs; nothing where there is no registry beside which it could lie."""
    if house.registry is None:
        return None
    looked_with = looking_version(house, thorough=order.thorough)
    journal = house.registry.journal("copies")
    return KeptCopies(journal, looked_with, today(), again=_again(task))


def _again(task: Task) -> bool:
    return bool(task.album and task.album.again)


def _twins(task: Task) -> Twins[Future[Sight]] | None:
    if task.sources is None:
        return None
    return Twins(task.sources.files, task.sources.size, task.sources.read)
