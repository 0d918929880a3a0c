"""Every picture of an album in a folder named by its verdict, as a link or as a copy.

The folder shows one run. What an earlier run put there is taken out before anything is judged:
what has not been judged is not clear. Only what a run of ours put there is ever taken out, and
the originals are neither moved nor written to.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.album import may_show_somebody
from clearance.errors import SortingError, SortingRefusedError
from clearance.results import Outcome
from clearance.sorted_places import places_of
from clearance.sorted_record import Put, SortedRecord
from consent.files import sha256_of, sync_folder
from detector.errors import DetectorError
from detector.photo import read_file

if TYPE_CHECKING:
    from types import TracebackType

    from clearance.album_sources import AlbumFile
    from clearance.language import Language
    from clearance.results import PhotoResult

_UNFINISHED = ".clearance-sorted.part"
"""A copy until it is whole and checked."""
_LISTED = 3
"""How many names are told of files that are not ours."""
_REPARSE_POINT = 0x400  # of Windows: a folder that leads elsewhere, as a link does
_WINDOWS_LINK = "\\\\?\\"  # what Windows puts before the target of a link
_MAY_GO_OUT = frozenset({Outcome.CLEARED, Outcome.EXEMPT, Outcome.NOT_RECOGNISABLE})


class SortAs(enum.StrEnum):
    """What is put into the folder of a verdict."""

    LINK = "link"
    """Takes no room; shows the original as it is whenever somebody looks."""
    COPY = "copy"
    """The very bytes that were judged, with the time of the original."""


class Shelf(enum.StrEnum):
    """The folders, named like the outcomes; those that may be published first."""

    CLEARED = "cleared"
    """May be published as it is, for whichever reason: nothing else lies here."""
    ONLY_SMALLER = "only_smaller"
    """Only a smaller version may be published: nobody has said that of the file itself."""
    REVIEW = "review"
    BLOCKED = "blocked"
    FAILED = "failed"

    @classmethod
    def of(cls, result: PhotoResult) -> Shelf:
        """Where a picture belongs by its verdict.

        A hidden copy is another file: what it may does not count for the picture.
        """
        if result.outcome in _MAY_GO_OUT:
            return cls.CLEARED if result.rendition is None else cls.ONLY_SMALLER
        try:
            return cls(result.outcome.value)
        except ValueError:
            return cls.REVIEW


class Sorter:
    """Puts the pictures of one run into the folders of their verdicts. To be used in a `with`.

    Entering takes out whatever an earlier run put there, so it comes before anything that may
    fail. `problems` tells, in order, which pictures have no place or not that of their verdict;
    a run with any has not done what it was asked for. `strangers` are files below the folders
    that no run put there, or that somebody replaced: they stay, and nobody has judged them.
    """

    def __init__(
        self,
        folder: Path,
        files: Sequence[AlbumFile],
        how: SortAs = SortAs.LINK,
        read: Callable[[Path], bytes] = read_file,
    ) -> None:
        """Plan the places. Nothing is written or taken out yet.

        Args:
            folder: where the folders of the verdicts lie; made if it is not there.
            files: every file of the album.
            how: what is put there.
            read: gives the bytes of a file, as `AlbumSources.read`.

        Raises:
            SortingRefusedError: the folder is, holds, or lies in one of the album; links to
                pictures in an archive are asked for.
        """
        self._folder = Path(os.path.realpath(folder))
        self._how = how
        self._read = read
        self._files = {file.path: file for file in files}
        self._places = places_of(files)
        self._record = SortedRecord(self._folder, tuple(Shelf))
        self.problems: list[SortingError] = []
        self.strangers: tuple[Path, ...] = ()
        _refuse_overlap(self._folder, files)
        zipped = next((file for file in files if file.inside is not None), None)
        if zipped and how is SortAs.LINK:
            raise SortingRefusedError(
                "A picture in a ZIP archive, such as {path}, cannot be linked to: "
                "use --sort-as copy.",
                path=zipped.path,
            )

    @property
    def folder(self) -> Path:
        """Where the folders of the verdicts lie, without links on the way."""
        return self._folder

    def __enter__(self) -> Sorter:
        """Take out what an earlier run put there.

        Raises:
            SortingError: something of it cannot be taken out, or the folder not be written to.
            SortingRefusedError: links cannot be made there.
        """
        try:
            with _explained(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
            kept, stuck = self._take_out(self._record.read())
            self._record.begin(kept)
            if stuck:
                raise stuck[0]
            self.strangers = tuple(self._strangers())
            if self._how is SortAs.LINK:
                self._try_a_link()
        except BaseException:
            self._record.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._record.close()

    def place(self, result: PhotoResult) -> Path | None:
        """Put one picture into the folder of its verdict.

        If its bytes are no longer those that were judged it goes to `failed`.

        Returns:
            Where it lies; None where it could not be put, which is among the problems.
        """
        try:
            return self._place(result)
        except SortingError as problem:
            self.problems.append(problem)
            return None

    def told(self, words: Language) -> list[str]:
        """What a person must know beside the verdicts, a line each."""
        lines = [words.error(problem) for problem in self.problems]
        if self.strangers:
            said = words.ngettext(
                "{n} file in {folder} was not put there by this run and was not judged: {names}",
                "{n} files in {folder} were not put there by this run and were not judged: {names}",
                len(self.strangers),
            )
            names = [path.relative_to(self._folder).as_posix() for path in self.strangers]
            more = ["…"] if len(names) > _LISTED else []
            listed = ", ".join([*names[:_LISTED], *more])
            lines.append(said.format(n=len(names), folder=self._folder, names=listed))
        return [*lines, words.gettext("Sorted into: {path}").format(path=self._folder)]

    def _place(self, result: PhotoResult) -> Path:
        file = self._files.get(result.path)
        if file is None:
            raise AssertionError("a picture that is none of this run")
        shelf = Shelf.of(result)
        content = self._content(result, shelf)
        if content is not None and hashlib.sha256(content).hexdigest() != result.sha256:
            if shelf is not Shelf.FAILED:
                self.problems.append(
                    SortingError(
                        "{path} has changed since it was judged and lies in {folder}: "
                        "run the command again.",
                        path=result.path,
                        folder=Shelf.FAILED.value,
                    )
                )
            shelf = Shelf.FAILED
        parts = (shelf.value, *self._places[result.path])
        target = self._folder.joinpath(*parts)
        with _explained(target):
            self._make_folders(parts[:-1])
            if os.path.lexists(target):
                raise SortingError(
                    "{path} is not put there by this run and is left as it is; the picture "
                    "{picture} has no place among the sorted ones: move that file away.",
                    path=target,
                    picture=result.path,
                )
            if content is None or self._how is SortAs.LINK:
                self._link(file, target, "/".join(parts))
            else:
                self._copy(content, file, target, "/".join(parts))
        return target

    def _content(self, result: PhotoResult, shelf: Shelf) -> bytes | None:
        """The picture's bytes as they are now; None where a link to it needs none.

        Raises:
            SortingError: they cannot be read any more.
        """
        if shelf is Shelf.FAILED and self._how is SortAs.LINK:
            return None
        try:
            return self._read(result.path)
        except DetectorError as error:
            raise SortingError(
                "The picture has no place among the sorted ones: {cause}", cause=error
            ) from error

    def _make_folders(self, parts: tuple[str, ...]) -> None:
        """The folders of a place, none of which may lead elsewhere.

        Raises:
            SortingError: one of them is a file or a link.
            OSError: one cannot be made.
        """
        for depth in range(1, len(parts) + 1):
            folder = self._folder.joinpath(*parts[:depth])
            if not os.path.lexists(folder):
                self._record.add(Put("/".join(parts[:depth])))
                folder.mkdir()
            elif not _is_real_folder(folder):
                raise SortingError(
                    "{path} is in the way, where a folder for sorted pictures would be: "
                    "move it away.",
                    path=folder,
                )

    def _link(self, file: AlbumFile, target: Path, place: str) -> None:
        original = Path(os.path.realpath(file.path.parent), file.path.name)
        if not os.path.lexists(original):
            raise SortingError(
                "{path} is not there any more and has no place among the sorted pictures.",
                path=file.path,
            )
        self._record.add(Put(place, target=str(original)))
        target.symlink_to(original, target_is_directory=original.is_dir())

    def _copy(self, content: bytes, file: AlbumFile, target: Path, place: str) -> None:
        """Write the copy under a name of our own, read it back, then give it its place."""
        # A file in an archive is as old as the archive, as far as one can say without its clock.
        source = (file.root if file.inside is not None and file.root else file.path).stat()
        sha256 = hashlib.sha256(content).hexdigest()
        unfinished = self._folder / _UNFINISHED
        unfinished.unlink(missing_ok=True)
        try:
            _write_new(unfinished, content, source)
            if sha256_of(unfinished) != sha256:
                raise SortingError(
                    "The copy of {path} is not what was written: check the disk.", path=file.path
                )
            self._record.add(Put(place, sha256=sha256))
            _give_name(unfinished, target)
            sync_folder(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)

    def _take_out(self, puts: Sequence[Put]) -> tuple[list[Put], list[SortingError]]:
        """Take out what is still as a run of ours put it there, the clear pictures first.

        Returns:
            What had to stay: folders that hold something, files that cannot be taken out; and
            an error for each of the files.
        """
        kept, stuck = [], []
        order = list(Shelf)
        for put in sorted(puts, key=lambda put: order.index(Shelf(put.place.split("/")[0]))):
            path = self._folder / put.place
            try:
                if not put.is_folder and self._is_ours(put):
                    path.unlink()
            except OSError as error:
                kept.append(put)
                stuck.append(
                    SortingError(
                        "{path} may show an earlier verdict and cannot be taken out ({reason}): "
                        "delete it by hand.",
                        path=path,
                        reason=error.strerror or str(error),
                    )
                )
        return self._folders_left(puts) + kept, stuck

    def _folders_left(self, puts: Sequence[Put]) -> list[Put]:
        """Remove the empty folders that we made, from the innermost on; those that are left."""
        left = []
        made = {put.place: put for put in puts if put.is_folder}
        for place in sorted(made, key=lambda place: place.count("/"), reverse=True):
            path = self._folder / place
            if not self._lies_here(place) or not _is_real_folder(path):
                continue
            try:
                path.rmdir()
            except OSError:
                left.append(made[place])
        return left

    def _is_ours(self, put: Put) -> bool:
        """Whether there is still what we put there: the same link, or a copy of the same bytes.

        Raises:
            OSError: it cannot be looked at.
        """
        path = self._folder / put.place
        if not self._lies_here(put.place):
            return False
        try:
            mode = path.lstat().st_mode
            if put.target is not None:
                return stat.S_ISLNK(mode) and _target_of(path) == put.target
            return stat.S_ISREG(mode) and sha256_of(path) == put.sha256
        except FileNotFoundError:
            return False

    def _lies_here(self, place: str) -> bool:
        """Whether the way to a place leads nowhere else: else it may lead to the originals."""
        parents = place.split("/")[:-1]
        return all(
            _is_real_folder(self._folder.joinpath(*parents[:depth]))
            for depth in range(1, len(parents) + 1)
        )

    def _strangers(self) -> Iterator[Path]:
        """Whatever lies in our folders now, if it may show somebody."""
        for shelf in Shelf:
            top = self._folder / shelf.value
            if os.path.lexists(top) and not _is_real_folder(top):
                yield top
                continue
            for parent, folders, names in os.walk(top):
                folders.sort()
                here = Path(parent)
                linked = [name for name in folders if not _is_real_folder(here / name)]
                yield from (
                    here / name for name in sorted([*linked, *names]) if may_show_somebody(name)
                )

    def _try_a_link(self) -> None:
        """Find out before anything is judged whether links can be made.

        Raises:
            SortingRefusedError: they cannot.
        """
        probe = self._folder / _UNFINISHED
        try:
            probe.unlink(missing_ok=True)
            probe.symlink_to(self._folder, target_is_directory=True)
            probe.unlink()
        except (OSError, NotImplementedError) as error:
            raise SortingRefusedError(
                "Links cannot be made in {folder} ({reason}): use --sort-as copy.",
                folder=self._folder,
                reason=getattr(error, "strerror", None) or str(error),
            ) from error


def _refuse_overlap(folder: Path, files: Iterable[AlbumFile]) -> None:
    """See to it that what is sorted and where it is sorted to have nothing in common.

    Raises:
        SortingRefusedError: the folder is, holds, or lies in one of the album.
    """
    above_folder = _names_above(folder)
    albums: set[Path] = set()
    parents: set[Path] = set()
    for file in files:
        album = file.root or file.path
        if album not in albums:
            albums.add(album)
            # A file that was named itself is no folder of an album.
            lies_in = file.root is not None and not _names(album).isdisjoint(above_folder)
            if lies_in or not _names(folder).isdisjoint(_names_above(album)):
                raise _overlap(folder, album)
        # A picture may be a link to one that lies elsewhere.
        real = Path(os.path.realpath(file.path)).parent
        if file.inside is None and real not in parents:
            parents.add(real)
            if not _names(folder).isdisjoint(_names_above(real)):
                raise _overlap(folder, file.path)


def _overlap(folder: Path, album: Path) -> SortingRefusedError:
    return SortingRefusedError(
        "The pictures cannot be sorted into {folder}: it is, holds, or lies in {album}, which "
        "belongs to the album. Choose a folder beside the album.",
        folder=folder,
        album=album,
    )


def _names(path: Path) -> frozenset[object]:
    """What a file or folder can be known by, however its path is written."""
    real = os.path.realpath(path)
    try:
        status = os.stat(real)  # noqa: PTH116 - beside realpath, which is of os as well
    except OSError:
        return frozenset({os.path.normcase(real)})
    # Zero where a file system has no numbers.
    number = {(status.st_dev, status.st_ino)} if status.st_ino else set()
    return frozenset({os.path.normcase(real), *number})


def _names_above(path: Path) -> frozenset[object]:
    """As `_names`, of it and of every folder that holds it."""
    real = Path(os.path.realpath(path))
    return frozenset().union(*map(_names, (real, *real.parents)))


def _is_real_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one or to nothing."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not (
        getattr(status, "st_file_attributes", 0) & _REPARSE_POINT
    )


def _target_of(link: Path) -> str:
    return str(link.readlink()).removeprefix(_WINDOWS_LINK)


def _write_new(path: Path, content: bytes, like: os.stat_result) -> None:
    """A new file with the time of another, and for nobody who may not read that one."""
    mode = (stat.S_IMODE(like.st_mode) & 0o666) | 0o600
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.utime(path, ns=(like.st_mtime_ns, like.st_mtime_ns))


def _give_name(unfinished: Path, target: Path) -> None:
    """Move a file to a name that is free, and never onto another file.

    Raises:
        FileExistsError: somebody took the name meanwhile.
    """
    if os.name == "nt":  # where a file is not replaced by another that is renamed
        unfinished.rename(target)
        return
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:  # a file system without such links
        unfinished.rename(target)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what to do about an error of the file system."""
    try:
        yield
    except OSError as error:
        raise SortingError(
            "{path} cannot be written ({reason}): make room on the disk, or choose a folder "
            "you may write to.",
            path=path,
            reason=error.strerror or str(error),
        ) from error
