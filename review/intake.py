"""How files come in: written under a name of ours while they are counted and hashed.

Whoever brings a file chooses its bytes and its name. The name is kept as a text; where the bytes
lie has nothing to do with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from clearance.album import album_files, may_show_somebody
from clearance.zipped_album import ZippedAlbum
from detector.decoding import PhotoLimits
from detector.errors import DetectorError, PhotoUnreadableError
from detector.opening import opened
from detector.video import is_video
from review.album_store import AlbumStore, new_id
from review.errors import DeskError, UploadRefusedError
from review.records import Added, Item, Kind, Limits, State

LONGEST_NAME = 200
"""Characters of a name that are kept."""
_BLOCK = 2**20
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# What tells a program which format to write; any other suffix is left away.
_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".tif", ".tiff", ".bmp"),
        *(".gif", ".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".mts"),
        *(".m2ts", ".3gp", ".ogv", ".wmv"),
    }
)


def told_name(untrusted_name: str) -> str:
    """A name as it is kept and shown: composed, one line, of bounded length."""
    composed = unicodedata.normalize("NFC", untrusted_name)
    kept = "".join(sign for sign in composed if unicodedata.category(sign) not in _NOT_SHOWN)
    short = kept.strip()
    # The end tells the kind, and is what people compare.
    return short[-LONGEST_NAME:].strip() or "?"


class Intake:
    """Takes files into albums."""

    def __init__(
        self, folder: Path, store: AlbumStore, limits: Limits, came: Callable[[str], None]
    ) -> None:
        """Make the folders.

        Args:
            folder: of the desk.
            store: where the items are filed.
            limits: what may come in.
            came: is told the id of an album into which something came.
        """
        self._files, self._incoming = folder / "files", folder / "incoming"
        self._store, self._limits, self._came = store, limits, came
        for one in (self._files, self._incoming):
            one.mkdir(mode=0o700, exist_ok=True)

    def begin(self, album_id: str, untrusted_name: str) -> Upload:
        """Begin to take in a file; whoever asks must `finish` or `abandon` it.

        Raises:
            AlbumMissingError: there is no such album.
            UploadRefusedError: the album is full.
        """
        self._store.album(album_id)
        room = self._limits.album_bytes - self._store.bytes_in(album_id)
        name = told_name(untrusted_name)
        return Upload(self, album_id, name, self._incoming / f"{new_id()}.part", room)

    def add_folder(self, album_id: str, folder: Path) -> Iterator[Added]:
        """Take in every file below a folder of this machine, as `clearance scan` would find them.

        Raises:
            AlbumUnreadableError: a folder cannot be read, or there is nothing to judge.
            AlbumMissingError, UploadRefusedError: as `begin`.
        """
        for path in album_files(folder):
            name = path.relative_to(folder).as_posix()
            upload = self.begin(album_id, name)
            try:
                with opened(path) as stream:
                    upload.append_all(stream)
                if not upload.size:
                    raise PhotoUnreadableError("the file is empty; fetch it again from its source")
                yield from upload.finish()
            except DetectorError as error:
                upload.abandon()
                yield self.failed(album_id, upload.name, error)
            except BaseException:
                upload.abandon()
                raise

    def failed(self, album_id: str, name: str, problem: Exception) -> Added:
        """File an item that could not be read: it is never left out silently."""
        return self._filed(
            Item(new_id(), album_id, name, Kind.PHOTO, State.FAILED, problem=problem)
        )

    def aside(self, album_id: str, name: str) -> Added:
        """File that something came which is no picture."""
        problem = DeskError(
            "{name} is no picture and was set aside: nobody looked at it", name=name
        )
        return self._filed(
            Item(new_id(), album_id, name, Kind.BESIDE, State.ASIDE, problem=problem)
        )

    def settle(self, upload: Upload, sha256: str) -> tuple[Added, ...]:
        """What came of a file that is whole."""
        path, name = upload.path, upload.name
        if not may_show_somebody(name.rpartition("/")[2].rpartition("\\")[2]):
            path.unlink(missing_ok=True)
            return (self.aside(upload.album_id, name),)
        if name.lower().endswith(".zip"):
            return tuple(self._unpacked(upload))
        return (self._kept(upload.album_id, path, name, sha256, upload.size),)

    def check_room(self, coming: int) -> None:
        """That the disk has room for so many bytes more.

        Raises:
            UploadRefusedError: it has not.
        """
        if shutil.disk_usage(self._incoming).free - coming < self._limits.spare_bytes:
            raise UploadRefusedError(
                "there is no room for the file on the disk: delete albums that are done, or make "
                "room"
            )

    @property
    def limits(self) -> Limits:
        """What may come in."""
        return self._limits

    def _unpacked(self, upload: Upload) -> Iterator[Added]:
        archive = ZippedAlbum(upload.path)
        try:
            total = sum(map(archive.size, archive.places))
            if total > upload.room:
                raise _album_full()
            self.check_room(total)
            for place in _left_out(upload.path, archive.places):
                yield self.aside(upload.album_id, told_name(place))
            for place in archive.places:
                yield self._member(upload.album_id, archive, place)
        finally:
            archive.close()
            upload.path.unlink(missing_ok=True)

    def _member(self, album_id: str, archive: ZippedAlbum, place: str) -> Added:
        name = told_name(place)
        try:
            content = archive.read(place, PhotoLimits(file_bytes=self._limits.photo_bytes))
        except DetectorError as error:
            return self.failed(album_id, name, error)
        path = self._incoming / f"{new_id()}.part"
        try:
            with _new_file(path) as file:
                file.write(content)
            sha256 = hashlib.sha256(content).hexdigest()
            return self._kept(album_id, path, name, sha256, len(content))
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _kept(self, album_id: str, path: Path, name: str, sha256: str, size: int) -> Added:
        """File a file that lies in the incoming folder, under the name that it gets."""
        kind = Kind.VIDEO if is_video(path) else Kind.PHOTO
        if kind is Kind.PHOTO and size > self._limits.photo_bytes:
            path.unlink(missing_ok=True)
            raise _too_large(self._limits.photo_bytes)
        suffix = Path(name).suffix.lower()
        item_id = new_id()
        file = f"{item_id}{suffix if suffix in _SUFFIXES else ''}"
        target = self._files / file
        # The file first: a row without one would be a picture that cannot be opened.
        path.replace(target)
        try:
            item = Item(item_id, album_id, name, kind, State.WAITING, sha256, size, file)
            added = self._filed(item)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if added.twin:
            target.unlink(missing_ok=True)
        return added

    def _filed(self, item: Item) -> Added:
        done = self._store.add_item(item, most=self._limits.album_files)
        if done is None:
            raise UploadRefusedError(
                "the album holds {n} files already: make another one", n=self._limits.album_files
            )
        self._came(item.album)
        return Added(*done)


class Upload:
    """One file that is coming in; used by one thread at a time.

    Attributes:
        album_id: where it goes.
        name: as it is shown.
        path: where it is written meanwhile.
        room: bytes that the album may still take.
        size: bytes that have come.
    """

    def __init__(self, intake: Intake, album_id: str, name: str, path: Path, room: int) -> None:
        """Open the file: see `Intake.begin`."""
        self.album_id, self.name, self.path, self.room = album_id, name, path, room
        self.size = 0
        self._intake = intake
        self._hash = hashlib.sha256()
        limits = intake.limits
        archive = name.lower().endswith(".zip")
        self._most = (
            limits.archive_bytes if archive else max(limits.photo_bytes, limits.video_bytes)
        )
        intake.check_room(0)
        self._file: IO[bytes] | None = _new_file(path)

    def append(self, part: bytes) -> None:
        """The next bytes of the file.

        Raises:
            UploadRefusedError: it is too large, or there is no room; nothing of it is kept.
        """
        if self._file is None:
            raise UploadRefusedError("the file was given up before: bring it again")
        self.size += len(part)
        try:
            if self.size > self._most:
                raise _too_large(self._most)
            if self.size > self.room:
                raise _album_full()
            self._intake.check_room(len(part))
            self._hash.update(part)
            self._file.write(part)
        except BaseException as error:
            self.abandon()
            if isinstance(error, OSError):
                raise UploadRefusedError(
                    "the file cannot be written ({reason}): make room, and bring it again",
                    reason=error.strerror or str(error),
                ) from error
            raise

    def append_all(self, stream: IO[bytes] | Iterable[bytes]) -> None:
        """Every byte that is left in a stream.

        Raises:
            UploadRefusedError: as `append`.
        """
        read = getattr(stream, "read", None)
        parts = iter(lambda: read(_BLOCK), b"") if read else iter(stream)
        for part in parts:
            self.append(part)

    def finish(self) -> tuple[Added, ...]:
        """File it; of an archive each of its files.

        Raises:
            UploadRefusedError: it is empty, too large, or the album is full.
            AlbumUnreadableError: an archive that is damaged, protected, or leads out of itself.
            AlbumMissingError: the album was deleted meanwhile.
        """
        if self._file is None:
            raise UploadRefusedError("the file was given up before: bring it again")
        try:
            if not self.size:
                raise UploadRefusedError("the file is empty; fetch it again from its source")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._close()
            return self._intake.settle(self, self._hash.hexdigest())
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Keep nothing of it; harmless once it is finished."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                file.close()


def _new_file(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _left_out(path: Path, places: Iterable[str]) -> list[str]:
    """Names of files in an archive that are none of the album; their bytes are not unpacked."""
    known = frozenset(places)
    with zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    return [name for name in names if name.replace("\\", "/").removeprefix("./") not in known]


def _too_large(most: int) -> UploadRefusedError:
    return UploadRefusedError(
        "the file is larger than {mib} MiB: bring a smaller one", mib=most // 2**20
    )


def _album_full() -> UploadRefusedError:
    return UploadRefusedError("the album would become too large: make another one")
