"""The albums of the desk: what came in, what the verdicts are now, and when all of it goes.

A verdict is never believed for having been true once. Before anything is shown, what happened in
the registry since is read from its log; every verdict that may be another one now is decided anew
from what was seen of the file, and until then there is none. What was seen with other networks, or
compared with other people, can block a picture and never clear it: it waits to be looked at again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from clearance.checklist import ChecklistItem, checklist_of
from clearance.commandline import today
from clearance.documents import photo_document
from clearance.remembered import looked_from, outdated_between
from clearance.remembered_videos import watched_from
from clearance.results import Outcome, PhotoResult
from clearance.video_clear import decide_video
from consent.admission import admitted_author, admitted_name
from consent.errors import PersonUnknownError
from consent.registry import Registry
from detector.errors import VideoUnreadableError
from detector.video import open_video
from review.album_store import DATABASE_NAME, AlbumStore, new_id
from review.bench import Bench, decide_with, settings_digest
from review.errors import AlbumRefusedError, NoVerdictError
from review.intake import Intake
from review.records import (
    RETENTION_DAYS,
    Album,
    Answer,
    Decision,
    Item,
    Kind,
    Limits,
    Noted,
    Page,
    Progress,
    Review,
    State,
    Tile,
    Verb,
)

if TYPE_CHECKING:
    import sqlite3

    from clearance.face_groups import FaceGroup
    from review.bench import Seeing, Standing
    from review.intake import Upload
    from review.records import Added

FOLDER = "desk"
"""The desk's folder below that of the registry."""
MOST_TILES = 500
"""Tiles of one page."""
_TOGETHER = 50
"""Verdicts that are written in one go: others wait meanwhile."""
_FORGOTTEN = 24 * 3600.0
"""Seconds after which a file that nobody knows is left over: uploads that were cut off."""


class Albums:
    """The albums of one desk. Every method may be called by any thread."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        retention: int = RETENTION_DAYS,
        clock: Callable[[], dt.date] = today,
    ) -> None:
        """Open the desk; its folder and file are made where there are none.

        Args:
            folder: of the desk, directly below that of the registry.
            limits: what may come in.
            retention: days after which an album that nobody touched is deleted by `sweep`.
            clock: gives the day.

        Raises:
            ConsentError: there is no registry, or it cannot be used.
            DeskDamagedError: another version wrote the desk's file.
        """
        self.folder = folder
        self.bench = Bench(folder.parent)
        # Opened once for the key, which is what the desk's own file is encrypted with.
        with Registry.open(folder.parent) as registry:
            safe = registry.house_safe
        for one in (folder, folder / "copies"):
            one.mkdir(mode=0o700, exist_ok=True)
        self.store = AlbumStore(folder / DATABASE_NAME, safe)
        self.groups: dict[str, tuple[FaceGroup[Path], ...]] = {}
        """Faces of each album that may be one person's: in memory only, as in any run."""
        self._retention = retention
        self._clock = clock
        self._intake = Intake(folder, self.store, limits or Limits(), self._came)

    # Albums

    def create(
        self,
        title: str,
        event: str | None = None,
        channels: Sequence[str] = (),
        purpose: str | None = None,
        on: dt.date | None = None,
        until: dt.date | None = None,
        *,
        by: str,
    ) -> Album:
        """Make an album.

        Args:
            title: as people read it.
            event: the occasion as on the forms; None for none in particular.
            channels: where the pictures are to be published; none for every channel.
            purpose: what for; None for any.
            on: the day of publication; None for whatever day it is.
            until: the last day of the campaign.
            by: who makes it.

        Raises:
            AlbumRefusedError: a channel or purpose that the institution does not know, or days
                that contradict each other.
            RecordInvalidError: the title, the event or the name cannot be kept.
        """
        if until and until < (on or self._clock()):
            raise AlbumRefusedError("the campaign ends before the day of publication: check both")
        with self.bench.opened() as standing:
            consent = standing.settings.consent
            _refuse_unknown(channels, consent.channels)
            _refuse_unknown([purpose] if purpose else [], consent.purposes)
            asked = tuple(dict.fromkeys(channels)) or consent.channels
        album = Album(
            id=new_id(),
            title=admitted_name(title),
            event=admitted_name(event) if event else None,
            channels=asked,
            purpose=purpose,
            on=on,
            until=until,
            by=admitted_author(by),
            made=dt.datetime.now(dt.UTC),
            touched=self._clock(),
        )
        self.store.add_album(album)
        return album

    def album(self, album_id: str) -> Album:
        """One album.

        Raises:
            AlbumMissingError: there is none.
        """
        return self.store.album(album_id)

    def albums(self, event: str | None = None) -> tuple[Album, ...]:
        """Every album, the newest first; of one occasion, where it is named."""
        found = self.store.albums()
        return tuple(one for one in found if one.event == event) if event else found

    def item(self, item_id: str) -> Item:
        """One file.

        Raises:
            ItemMissingError: there is none.
        """
        return self.store.item(item_id)

    # Intake

    def begin_upload(self, album_id: str, untrusted_name: str) -> Upload:
        """Begin to take in a file: `append` its bytes, then `finish`, or `abandon` it.

        Raises:
            AlbumMissingError: there is no such album.
            UploadRefusedError: there is no room on the disk.
        """
        return self._intake.begin(album_id, untrusted_name)

    def add_file(
        self, album_id: str, untrusted_name: str, stream: IO[bytes] | Iterable[bytes]
    ) -> tuple[Added, ...]:
        """Take in one file; a ZIP archive as each of its files.

        Args:
            album_id: where it goes.
            untrusted_name: kept as a text.
            stream: its bytes.

        Raises:
            AlbumMissingError: there is no such album.
            UploadRefusedError: it is too large or empty, or there is no room; nothing is kept.
            AlbumUnreadableError: an archive that cannot be used; nothing of it is kept.
        """
        upload = self.begin_upload(album_id, untrusted_name)
        try:
            upload.append_all(stream)
            return upload.finish()
        finally:
            upload.abandon()

    def add_folder(self, album_id: str, folder: Path) -> Iterator[Added]:
        """Take in every file below a folder of this machine; never for a path from the web.

        Raises:
            AlbumUnreadableError: it cannot be read, or there is nothing to judge.
            AlbumMissingError, UploadRefusedError: as `add_file`.
        """
        return self._intake.add_folder(album_id, folder)

    def _came(self, album_id: str) -> None:
        self.store.touch(album_id, self._clock())

    # Verdicts

    def epoch(self, standing: Standing) -> int:
        """The registry as of which verdicts count, after what has happened was noted."""
        epoch, seen, day, settings = self.store.standing()
        now, digest = self._clock().isoformat(), settings_digest(standing.settings)
        changes = standing.registry.changes_after(seen)
        same = (day, settings) == (now, digest)
        if same and changes.number == seen:
            return epoch
        everything = changes.anybody or not same
        pictures = tuple(sorted(changes.pictures))
        return self.store.advance(
            changes.number, now, digest, everything=everything, pictures=pictures
        )

    def refresh(self, album_id: str, most: int | None = None) -> int:
        """Decide anew whatever may have another verdict by now, without looking again.

        Args:
            album_id: which.
            most: so many at most; None for all.

        Returns:
            How many verdicts were made.

        Raises:
            AlbumMissingError: there is no such album.
            ConsentError: the registry cannot answer.
        """
        album = self.store.album(album_id)
        with self.bench.opened() as standing:
            epoch = self.epoch(standing)
            stale = self.store.stale(album_id)[:most]
            self._decide_all(stale, album, standing, epoch)
        return len(stale)

    def verdict(self, item_id: str) -> PhotoResult:
        """The verdict on one file, decided now; of a video a `VideoResult`.

        Raises:
            ItemMissingError: there is no such file.
            NoVerdictError: it was not judged yet, must be looked at again, or cannot be judged.
            ConsentError: the registry cannot answer.
        """
        return self.review(item_id).result

    def review(self, item_id: str) -> Review:
        """Everything there is to say of one file, decided now.

        Raises:
            ItemMissingError, NoVerdictError, ConsentError: as `verdict`.
        """
        item = self.store.item(item_id)
        album = self.store.album(item.album)
        with self.bench.opened() as standing:
            result = self._decide(item, album, standing, self.epoch(standing))
        if result is None:
            raise _no_verdict(self.store.item(item_id))
        decisions = self.store.decisions(item_id)
        return Review(
            item=self.store.item(item_id),
            result=result,
            decisions=decisions,
            checklist=answers(result, decisions),
            ready=self._ready(item, result, decisions),
        )

    def decided(self, item: Item, standing: Standing) -> PhotoResult | None:
        """The verdict on a file as the open registry stands; None where there is none."""
        return self._decide(item, self.store.album(item.album), standing, self.epoch(standing))

    def tiles(
        self,
        album_id: str,
        outcome: Outcome | None = None,
        channel: str | None = None,
        offset: int = 0,
        limit: int = 60,
    ) -> Page:
        """Some files of an album in their order, each with the verdict of now.

        Args:
            album_id: which.
            outcome: only files with this verdict.
            channel: which verdict `outcome` is about; None for all channels that are asked about.
            offset: so many are left out.
            limit: so many at most, and never more than `MOST_TILES`.

        Raises:
            AlbumMissingError: there is no such album.
            ConsentError: the registry cannot answer.
        """
        album = self.store.album(album_id)
        limit = max(0, min(limit, MOST_TILES))
        with self.bench.opened() as standing:
            epoch = self.epoch(standing)
            # Of those with one verdict only the ones that count now are shown: the others follow,
            # while the page is open, as they are decided anew.
            stale = frozenset(self.store.stale(album_id))
            rows, total = self.store.page(album_id, outcome, channel, max(0, offset), limit)
            shown = [row["id"] for row in rows if row["id"] in stale]
            self._decide_all(shown, album, standing, epoch)
        if shown:
            rows, total = self.store.page(album_id, outcome, channel, max(0, offset), limit)
        return Page(tuple(map(self._tile, rows)), total)

    def thumbnail(self, item_id: str) -> bytes | None:
        """A small JPEG of a file, at most 320 pixels wide or high; None while there is none."""
        return self.store.thumbnail(item_id)

    def progress(self, album_id: str) -> Progress:
        """How far the desk is with an album, by verdicts that count now.

        What must be decided anew counts as not done, and is not waited for: with thousands of
        pictures that takes seconds.

        Raises:
            AlbumMissingError: there is no such album.
            ConsentError: the registry cannot answer.
        """
        with self.bench.opened() as standing:
            self.epoch(standing)
        told = self.store.counts(album_id)
        running, problem = self.store.asking(album_id)
        running = running or bool(self.store.stale(album_id))
        counts = {outcome: told.get(outcome.value, 0) for outcome in Outcome}
        aside = told.get(State.ASIDE.value, 0)
        return Progress(
            total=sum(told.values()) - aside,
            done=sum(counts.values()),
            counts={outcome: n for outcome, n in counts.items() if n},
            aside=aside,
            running=running,
            problem=problem,
        )

    def compare_again(self, item: Item, gallery: str, told: Any, now: Seeing) -> bool:
        """Whether the faces of a file must be compared anew, with whoever is enrolled now.

        Args:
            item: the file.
            gallery: whom they were compared with.
            told: what was seen of it.
            now: with what would be looked.
        """
        if gallery == now.gallery:
            return False
        if item.kind is Kind.VIDEO:
            return bool(told["tracks"])
        before = self.store.gallery(gallery)
        return before is None or outdated_between(before, now.people)(told)

    def touch(self, item: Item) -> None:
        """Note that somebody worked on the album of a file."""
        self.store.touch(item.album, self._clock())

    def path_of(self, item: Item) -> Path:
        """Where the bytes of a file lie.

        Raises:
            NoVerdictError: none were kept.
        """
        if item.file is None:
            raise _no_verdict(item)
        return self.folder / "files" / item.file

    def basis(self, result: PhotoResult, decisions: Sequence[Decision]) -> str:
        """What a copy rests on: of another verdict, or other decisions, it is not the copy."""
        # An answer to a question changes nothing in a copy; whether it is settled is asked apart.
        standing = [one.id for one in decisions if one.stands and one.verb is not Verb.ANSWERED]
        told = json.dumps([_undated(photo_document(result)), standing], sort_keys=True)
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    def drop_copy(self, item_id: str) -> None:
        """Delete the copy of a file, if there is one."""
        kept = self.store.copy(item_id)
        if kept:
            # The row first: without it nobody takes the file for a copy.
            self.store.drop_copy(item_id)
            (self.folder / "copies" / kept[0]).unlink(missing_ok=True)

    def _decide_all(
        self, item_ids: Sequence[str], album: Album, standing: Standing, epoch: int
    ) -> None:
        # Before the desk's file is locked: to read the gallery takes long.
        self.bench.seeing(standing, album, epoch)
        for start in range(0, len(item_ids), _TOGETHER):
            with self.store.together():
                for item_id in item_ids[start : start + _TOGETHER]:
                    self._decide(self.store.item(item_id), album, standing, epoch)

    def _decide(
        self, item: Item, album: Album, standing: Standing, epoch: int
    ) -> PhotoResult | None:
        """Decide about one file and note it; None where there is no verdict to be shown."""
        seen = self.store.look(item.id)
        if seen is None or item.file is None:
            return None
        version, gallery, narrowed, told = seen
        now = self.bench.seeing(standing, album, epoch)
        house = dataclasses.replace(now.house, registry=standing.registry, narrowed=narrowed)
        use = self.bench.use(album, standing.settings)
        decisions = self.store.decisions(item.id)
        path = self.path_of(item)
        try:
            if item.kind is Kind.VIDEO:
                watched = watched_from(open_video(path), told)
                result: PhotoResult = decide_video(watched, use, house)
            else:
                rejected = [one for one in decisions if one.stands and one.verb is Verb.REJECTED]
                looked = looked_from(path, item.sha256 or "", told)
                result = decide_with(looked, use, house, rejected)
        except VideoUnreadableError as error:
            # The file is not what was looked at any more.
            self.store.fail(item, error, epoch)
            return None
        except PersonUnknownError:
            # Erased since: nothing that was seen of them may stay.
            self.store.drop_look(item.id)
            self._wait(item, epoch)
            return None
        outdated = version != now.version or self.compare_again(item, gallery, told, now)
        if outdated and result.outcome.publishable:
            self._wait(item, epoch)
            return None
        self._drop_outdated_copy(item, result, decisions)
        noted = Noted(
            State.WAITING if outdated else State.JUDGED,
            result.outcome,
            result.channels,
            len(result.faces),
            settled=settled(result, decisions),
            # Whoever joined since may be in it: what was made before is not handed on.
            ready=not outdated and self._ready(item, result, decisions),
        )
        self.store.decided(item.id, noted, epoch)
        if outdated:
            self.store.ask(album.id, asked=True)
        return result

    def _wait(self, item: Item, epoch: int) -> None:
        """Note that a file must be looked at again before anything is said of it."""
        self.drop_copy(item.id)
        self.store.decided(item.id, Noted(State.WAITING), epoch)
        self.store.ask(item.album, asked=True)

    def _drop_outdated_copy(
        self, item: Item, result: PhotoResult, decisions: Sequence[Decision]
    ) -> None:
        kept = self.store.copy(item.id)
        if kept and kept[1] != self.basis(result, decisions):
            self.drop_copy(item.id)

    def _ready(self, item: Item, result: PhotoResult, decisions: Sequence[Decision]) -> bool:
        """Whether there is a copy that may be published, and nothing is left to settle.

        Never the file itself: it may hold a place, names, a thumbnail of how it was before.
        """
        kept = self.store.copy(item.id)
        return (
            kept is not None
            and Outcome(kept[2]["outcome"]).publishable
            and settled(result, decisions)
        )

    def _tile(self, row: sqlite3.Row) -> Tile:
        item = self.store.item_in(row)
        failed = item.state is State.FAILED
        known = failed or (bool(row["fresh"]) and row["outcome"] is not None)
        channels: Mapping[str, str] = json.loads(row["channels"])
        return Tile(
            item=item,
            outcome=Outcome(row["outcome"]) if known and row["outcome"] else None,
            channels={name: Outcome(one) for name, one in channels.items()} if known else {},
            faces=row["faces"] if known else 0,
            settled=bool(row["settled"]) and known,
            ready=bool(row["ready"]) and known,
            copied=bool(row["copied"]) and known,
        )

    # The end

    def delete_album(self, album_id: str) -> None:
        """Delete an album: its rows, then its files.

        Raises:
            AlbumMissingError: there is none.
            ConsentError: the desk's file cannot be written.
        """
        originals, copies = self.store.delete_album(album_id)
        self.groups.pop(album_id, None)
        for folder, names in (("files", originals), ("copies", copies)):
            for name in names:
                # One that another program has open goes with the next sweep.
                with contextlib.suppress(PermissionError):
                    (self.folder / folder / name).unlink(missing_ok=True)
        self.store.forget_deleted()

    def delete_item(self, item_id: str) -> None:
        """Delete one file with its copy and everything that was decided about it.

        Raises:
            ItemMissingError: there is none.
            ConsentError: the desk's file cannot be written.
        """
        for name in self.store.delete_item(item_id):
            for folder in ("files", "copies"):
                with contextlib.suppress(PermissionError):
                    (self.folder / folder / name).unlink(missing_ok=True)

    def sweep(self, day: dt.date | None = None) -> tuple[str, ...]:
        """Delete albums that nobody touched for too long, and files that are left over.

        Args:
            day: today; None to ask the clock.

        Returns:
            The ids of the albums that were deleted.

        Raises:
            ConsentError: the desk's file cannot be written.
        """
        last = (day or self._clock()) - dt.timedelta(days=self._retention)
        old = self.store.untouched_since(last)
        for album_id in old:
            self.delete_album(album_id)
        known = self.store.files()
        latest = time.time() - _FORGOTTEN
        for folder in ("files", "copies", "incoming", "making"):
            where = self.folder / folder
            for path in where.rglob("*") if where.is_dir() else ():
                if path.name not in known and path.is_file() and path.stat().st_mtime < latest:
                    with contextlib.suppress(PermissionError):
                        path.unlink(missing_ok=True)
        return old


def answers(
    result: PhotoResult, decisions: Iterable[Decision]
) -> dict[ChecklistItem, Decision | None]:
    """Each question of a file's checklist, with the last answer that stands."""
    found: dict[ChecklistItem, Decision | None] = dict.fromkeys(checklist_of(result))
    for decision in decisions:
        if decision.stands and decision.question in found:
            found[decision.question] = decision
    return found


def settled(result: PhotoResult, decisions: Iterable[Decision]) -> bool:
    """Whether a person has answered every question of a file, and none of them is open."""
    given = answers(result, decisions).values()
    answered = all(one and one.answer is not Answer.OPEN for one in given)
    return answered and result.outcome is not Outcome.FAILED


def wishes(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The faces that somebody wants hidden: the last word on each of them counts."""
    last: dict[tuple[object, object], Decision] = {}
    for decision in decisions:
        if decision.stands and decision.verb in (Verb.HIDDEN, Verb.SHOWN):
            last[decision.box if decision.track is None else None, decision.track] = decision
    return tuple(one for one in last.values() if one.verb is Verb.HIDDEN)


def masks(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The masks that somebody drew and nobody took back."""
    drawn = (one.mask for one in decisions if one.stands and one.verb is Verb.MASKED)
    return tuple(dict.fromkeys(mask for mask in drawn if mask))


def _undated(document: dict[str, Any]) -> dict[str, Any]:
    """A verdict without the day on which it was asked for: another day alone changes nothing."""
    use = document["use"]
    return {**document, "use": use and {**use, "on": None}, "export": None, "path": None}


def _refuse_unknown(asked: Iterable[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise AlbumRefusedError(
                "the institution knows no {name!r}; it knows {known}: choose one of them",
                name=name,
                known=", ".join(known),
            )


def _no_verdict(item: Item) -> NoVerdictError:
    if item.problem:
        return NoVerdictError("{cause}", cause=item.problem)
    return NoVerdictError(
        "there is no verdict on {name} yet: wait until it was looked at", name=item.name
    )
