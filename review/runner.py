"""Judges what waits in the albums of a desk, in the background and in order.

The same crew looks as for `clearance scan`: processes where an album is large, this one where it
is small. What was seen of each file is kept, encrypted, so that a run that is cut off goes on where
it was, and so that a change in the registry is decided without looking again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import threading
import time
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from clearance.album import clear_looked, guarded
from clearance.album_sources import AlbumFile
from clearance.commandline import today
from clearance.crew import Crew, Here, Outfit, Processes, jobs_for
from clearance.errors import ClearanceError, told_as_bug, without_traces
from clearance.interrupted_looks import InterruptedLooks
from clearance.likes import Likes
from clearance.looking import Before, Looked
from clearance.remembered import looked_from, told_of
from clearance.remembered_videos import told_of as told_of_video
from clearance.remembered_videos import watched_from
from clearance.results import Outcome, PhotoResult
from clearance.tool_versions import looking_version
from clearance.video_clear import clear_video
from consent.errors import ConsentError
from detector.calibration import model_for
from detector.errors import DetectorError
from detector.photo import read_file, small_photo_from_bytes
from detector.video import frame_at, open_video
from review.albums import Albums
from review.errors import AlbumMissingError, ItemMissingError
from review.records import Album, Item, Kind, Progress, State

if TYPE_CHECKING:
    from clearance.clear import House
    from clearance.interrupted_looks import Replay
    from clearance.use import IntendedUse
    from clearance.video_looking import RemembersVideos, Watched
    from detector.faces import Pixels
    from detector.tracking import Looks
    from detector.video import VideoInfo
    from review.bench import Standing

THUMBNAIL_SIDE = 320
"""Longer side of a small picture, in pixels."""
_AT_ONCE = 48
"""Files that are begun before it is asked whether somebody wants the run to end."""
_MOST_TURNS = 20
"""How often an album is begun anew because people were enrolled meanwhile."""
_ANEW = 50
"""Verdicts that are made anew in one go: others wait for the registry meanwhile."""
_PATIENCE = 1.0
"""Seconds after which a runner without work looks whether there is any."""
_JPEG_QUALITY = 80


class Runner:
    """One thread that judges what waits."""

    def __init__(self, albums: Albums, *, jobs: int | None = None) -> None:
        """Start nothing yet.

        Args:
            albums: of the desk.
            jobs: how many processes look; None for as many as there are cores, where there are
                enough files.
        """
        self._albums = albums
        self._jobs = jobs
        self._work = threading.Event()
        self._end = threading.Event()
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()
        self._rate: tuple[str, float, int] | None = None
        """The album that is worked on, since when, and how many of it were judged since."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work, with what waited when the program ended."""
        self._albums.store.nobody_looks()
        self._end.clear()
        self._thread = threading.Thread(target=self._run, name="clearance desk", daemon=True)
        self._thread.start()

    def stop(self, timeout: float | None = 60.0) -> None:
        """End the work after the file that is being looked at; the rest waits.

        Args:
            timeout: seconds to wait for that; None for as long as it takes.
        """
        self._end.set()
        self._work.set()
        if self._thread:
            self._thread.join(timeout)

    def begin(self, album_id: str) -> None:
        """Have judged what waits in an album.

        Raises:
            AlbumMissingError: there is none.
        """
        self._albums.album(album_id)
        with self._lock:
            self._cancelled.discard(album_id)
        self._albums.store.ask(album_id, asked=True)
        self._work.set()

    def cancel(self, album_id: str) -> None:
        """Stop judging an album; what was judged stays, the rest waits."""
        with self._lock:
            self._cancelled.add(album_id)
        self._albums.store.ask(album_id, asked=False)

    def progress(self, album_id: str) -> Progress:
        """How far the desk is with an album, with its speed.

        Raises:
            AlbumMissingError: there is none.
            ConsentError: the registry cannot answer.
        """
        told = self._albums.progress(album_id)
        with self._lock:
            rate = self._rate
        if rate is None or rate[0] != album_id or not rate[2]:
            return told
        speed = rate[2] / max(1e-6, time.monotonic() - rate[1])
        return dataclasses.replace(told, rate=speed, seconds_left=(told.total - told.done) / speed)

    def run_waiting(self) -> None:
        """Judge everything that is asked for, in this thread, and come back."""
        for album_id in self._albums.store.asked():
            if not self._end.is_set():
                self._judge_album(album_id)

    def _run(self) -> None:
        while not self._end.is_set():
            self._work.wait(_PATIENCE)
            self._work.clear()
            # What is wrong with an album is told there. Nothing else may end this thread, or what
            # waits would wait for ever: the next turn tries again, and pages say what is wrong.
            for turn in (self.run_waiting, self._decide_anew):
                with contextlib.suppress(Exception):
                    turn()

    def _decide_anew(self) -> None:
        """Give verdicts again where what they rest on has changed, some at a time."""
        albums = self._albums
        with albums.bench.opened() as standing:
            albums.epoch(standing)
        for album_id in albums.store.stale_albums():
            try:
                while not self._end.is_set() and albums.refresh(album_id, _ANEW):
                    pass
            except (AlbumMissingError, ConsentError):
                # Gone, or the registry is busy: nothing is wrong with the album.
                continue
            except Exception as error:  # noqa: BLE001 - told where people look; the others go on
                asked, _ = albums.store.asking(album_id)
                albums.store.ask(
                    album_id, asked=asked, problem=without_traces(_as_people_read(error))
                )

    def _judge_album(self, album_id: str) -> None:
        problem: Exception | None = None
        try:
            album = self._albums.album(album_id)
            for _ in range(_MOST_TURNS):
                if self._judge_waiting(album):
                    break
            else:
                raise ClearanceError(
                    "the registry was changed again and again while the album was looked at: "
                    "begin once more"
                )
        except AlbumMissingError:
            return
        except Exception as error:  # noqa: BLE001 - told where people look; the desk goes on
            problem = without_traces(_as_people_read(error))
        finally:
            self._albums.store.nobody_looks()
            with self._lock:
                self._rate = None
        if problem:
            self._albums.store.ask(album_id, asked=False, problem=problem)
        else:
            self._albums.store.finish(album_id)

    def _judge_waiting(self, album: Album) -> bool:
        """Judge until nothing waits; False where others are in the registry by now."""
        first = self._albums.store.waiting(album.id, _AT_ONCE)
        if not first:
            return True
        with self._albums.bench.opened() as standing:
            standing.registry.sweep(today())
            house = self._albums.bench.house(standing, album, here=True)
            look = Look(self._albums, album, standing, house)
            with self._lock:
                self._rate = (album.id, time.monotonic(), 0)
            with self._crew(house, look, len(first)) as crew:
                while items := self._albums.store.waiting(album.id, _AT_ONCE):
                    self._judge(items, crew, look)
                    if self._stopped(album.id):
                        return True
                    if look.outdated():
                        return False
            likes = look.likes
            self._albums.groups[album.id] = likes.strangers(standing.registry, today())
        return True

    def _judge(self, items: tuple[Item, ...], crew: Crew, look: Look) -> None:
        ids = [item.id for item in items]
        self._albums.store.set_state(ids, State.LOOKING)
        with contextlib.closing(look.verdicts(items, crew)) as verdicts:
            for item, result in verdicts:
                try:
                    look.note(item, result)
                except ItemMissingError:
                    continue
                with self._lock:
                    if self._rate:
                        self._rate = (*self._rate[:2], self._rate[2] + 1)
                if self._stopped(item.album):
                    return

    def _crew(self, house: House, look: Look, files: int) -> Crew:
        jobs = jobs_for(files, self._jobs)
        if jobs == 1:
            here = Here(house.eyes)
            return Crew(1, lambda: here, look)
        eyes = house.eyes
        outfit = Outfit(house.settings, eyes.gallery, eyes.limits, grouping=eyes.grouping)
        return Crew(jobs, Processes(jobs, outfit), look)

    def _stopped(self, album_id: str) -> bool:
        with self._lock:
            cancelled = album_id in self._cancelled
        return cancelled or self._end.is_set()


class Look:
    """What a run sees: kept at the desk, where an earlier run's journal would be."""

    def __init__(self, albums: Albums, album: Album, standing: Standing, house: House) -> None:
        """Look at nothing yet.

        Args:
            albums: of the desk.
            album: whose files are looked at.
            standing: the open registry.
            house: what they are judged with.
        """
        seeing = albums.bench.seeing(standing, album, albums.epoch(standing))
        self._albums, self._album, self._standing = albums, album, standing
        self._house, self._seeing = house, seeing
        self._narrowed = house.narrowed
        eyes = house.eyes
        self.likes = Likes(model_for(eyes.detector) if eyes.grouping else None)
        albums.store.keep_gallery(seeing.gallery, seeing.people)
        self._use: IntendedUse = albums.bench.use(album, standing.settings)

    def verdicts(
        self, items: tuple[Item, ...], crew: Crew
    ) -> Generator[tuple[Item, PhotoResult], None, None]:
        """A verdict on each item, in order."""
        files = {item.id: AlbumFile(self._albums.path_of(item)) for item in items}
        photos = [files[item.id] for item in items if item.kind is not Kind.VIDEO]
        judged = clear_looked(photos, crew, self._use, self._house, likes=self.likes)
        with contextlib.closing(judged):
            for item in items:
                path = files[item.id].path
                yield item, self._video(path) if item.kind is Kind.VIDEO else next(judged)

    def note(self, item: Item, result: PhotoResult) -> None:
        """Note a verdict, and make the small picture.

        Raises:
            ItemMissingError: its album was deleted meanwhile.
        """
        epoch = self._albums.epoch(self._standing)
        if result.outcome is Outcome.FAILED:
            problem = result.problem or told_as_bug(RuntimeError("it failed without a reason"))
            self._albums.store.fail(item, problem, epoch)
            return
        if self._albums.store.thumbnail(item.id) is None:
            with contextlib.suppress(DetectorError, OSError):
                small = _thumbnail(self._albums.path_of(item), item.kind)
                self._albums.store.keep_thumbnail(item.id, small)
        # As the registry stands now, and with what people at the desk have said.
        self._albums.decided(item, self._standing)

    def _video(self, path: Path) -> PhotoResult:
        def judge() -> PhotoResult:
            with self.videos() as memory:
                return clear_video(path, self._use, self._house, memory=memory)

        return guarded(path, judge, self._use, None)

    @contextlib.contextmanager
    def videos(self) -> Iterator[RemembersVideos]:
        """What is known of videos, and keeps what is seen of them."""
        # The same as that of the command line: either goes on with what the other began.
        journal = self._standing.registry.journal("video_looks")
        looks = InterruptedLooks(journal, looking_version(self._house), today())
        with contextlib.closing(looks):
            yield _Videos(self, looks)

    def kept(self, path: Path) -> tuple[str, str, object] | None:
        """Id and gallery of a file, and what was seen of it with the networks of now."""
        item = self._albums.store.item_of_file(path.name)
        seen = item and self._albums.store.look(item.id)
        if not item or not seen or seen[0] != self._seeing.version:
            return None
        return item.sha256 or "", seen[1], seen[3]

    def keep_told(self, path: Path, told: object) -> None:
        """Keep what was seen of a file."""
        item = self._albums.store.item_of_file(path.name)
        if item:
            self._albums.store.keep_look(
                item.id, self._seeing.version, self._seeing.gallery, told, narrowed=self._narrowed
            )

    def outdated(self) -> bool:
        """Whether faces would be compared with others by now."""
        now = self._albums.bench.seeing(
            self._standing, self._album, self._albums.epoch(self._standing)
        )
        return (now.version, now.gallery) != (self._seeing.version, self._seeing.gallery)

    def current(self, gallery: str) -> bool:
        """Whether faces were compared with the very people of now."""
        return gallery == self._seeing.gallery

    def _again(self, item: Item, kept: tuple[str, str, object]) -> bool:
        return self._albums.compare_again(item, kept[1], kept[2], self._seeing)

    # As `clearance.crew.Remembers`

    def known(self, path: Path) -> Looked | None:
        """What was seen of a photo; None if it must be looked at."""
        kept = self.kept(path)
        item = self._albums.store.item_of_file(path.name)
        if not kept or not item or self._again(item, kept):
            return None
        return looked_from(path, kept[0], kept[2])  # type: ignore[arg-type]

    def before(self, path: Path) -> Before | None:
        """Where its faces are, if they must be compared anew."""
        kept = self.kept(path)
        if not kept:
            return None
        return Before(kept[0], looked_from(path, kept[0], kept[2]).faces)  # type: ignore[arg-type]

    def keep(self, looked: Looked, stamp: tuple[int, int] | None) -> None:
        """Remember what was seen: see `Remembers`; the bytes are the desk's own."""
        del stamp
        self.keep_told(looked.path, told_of(looked, today()))


@dataclasses.dataclass(frozen=True, slots=True)
class _Videos:
    """As `clearance.video_looking.RemembersVideos`."""

    look: Look
    looks: InterruptedLooks

    def known(self, info: VideoInfo) -> Watched | None:
        """What was seen of a video; None if it must be looked at."""
        kept = self.look.kept(info.path)
        if not kept or kept[0] != info.sha256 or not self.look.current(kept[1]):
            return None
        return watched_from(info, kept[2])  # type: ignore[arg-type]

    def keep(self, watched: Watched) -> None:
        """Remember what was seen."""
        self.look.keep_told(watched.info.path, told_of_video(watched))
        self.looks.drop(watched.info.sha256)

    def looking(self, info: VideoInfo, finder: Looks) -> contextlib.AbstractContextManager[Replay]:
        """What looks at its frames, which goes on where an earlier look was interrupted."""
        return self.looks.looking(info, finder)


def jpeg_of(pixels: Pixels, quality: int = _JPEG_QUALITY) -> bytes:
    """A JPEG of these pixels and of nothing else: uint8 RGB, shape (height, width, 3)."""
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "JPEG", quality=quality)
    return content.getvalue()


def made_small(pixels: Pixels, side: int) -> Pixels:
    """The picture with a longer side of at most so many pixels."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def still_of(path: Path) -> Pixels:
    """A frame from the middle of a video.

    Raises:
        VideoUnreadableError: it cannot be read.
    """
    info = open_video(path)
    return frame_at(info, info.start + Fraction(info.duration or 0) / 2).rgb()


def _thumbnail(path: Path, kind: Kind) -> bytes:
    if kind is Kind.VIDEO:
        return jpeg_of(made_small(still_of(path), THUMBNAIL_SIDE))
    return jpeg_of(small_photo_from_bytes(read_file(path), path, THUMBNAIL_SIDE).pixels)


def _as_people_read(error: Exception) -> Exception:
    """An error as people may read it."""
    if hasattr(error, "template"):
        return error
    return told_as_bug(error)
