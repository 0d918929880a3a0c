"""Which files an album command is about: files, folders, patterns, archives, stores and lists.

None of them is ever left out silently. What stands in the list and is no photo fails there,
as a file; what cannot even be listed is an error.
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import fnmatch
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from clearance.album import album_files, may_show_somebody, unreadable_folder
from clearance.errors import AlbumUnreadableError
from clearance.remote_files import RemoteFile, is_url, local_path, remote_files, shown
from clearance.zipped_album import ZippedAlbum
from detector.decoding import PhotoLimits
from detector.errors import PhotoUnreadableError
from detector.photo import open_photo, photo_from_bytes, read_file
from detector.untrusted import printable

if TYPE_CHECKING:
    from types import TracebackType

    from detector.faces import Frame

STANDARD_INPUT = "-"
"""Stands for a list of paths on standard input."""
MAX_LIST_BYTES = 64 * 2**20
"""What a list on standard input may hold."""

_DEFAULT_LIMITS = PhotoLimits()
_WILDCARD = re.compile(r"[*?[]")
_ANY_DEPTH = "**"
_ORDINARY_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


@dataclasses.dataclass(frozen=True, slots=True)
class AlbumFile:
    """One file of an album.

    Attributes:
        path: as people see it; of a file in an archive its place inside, below the path of
            the archive as if that were a folder; of one in a store its address without keys,
            with one `/` after the scheme.
        root: the folder, archive or address that was named, or the part of a pattern before its
            first wildcard; None of a file that was named itself.
        inside: the place in the archive, with `/`; None of a file that is in none.
        remote: how it is read, of a file in a store; None of any other.
    """

    path: Path
    root: Path | None = None
    inside: str | None = None
    remote: RemoteFile | None = None


class AlbumSources:
    """The files that were named, each once, in the order in which they were named.

    A context manager: archives are open, and unpacked photos exist, no longer than that.

    Attributes:
        files: at least one.
    """

    files: tuple[AlbumFile, ...]

    def __init__(
        self, named: Iterable[str | os.PathLike[str]], standard_input: BinaryIO | None = None
    ) -> None:
        """List the files. Only archives are opened, to see what they hold.

        Args:
            named: files, folders with all that is below them, patterns (`*.jpg`, and
                `**/*.jpg` for every depth), ZIP archives, addresses of a store or of files in
                it (`s3://bucket/folder/`), and `-` for a list on standard input. A pattern
                that is also the name of a file is that file.
            standard_input: where `-` reads: a path on each line, or before each NUL, of a
                file, a folder, an archive or a store. None where `-` is the name of a file.

        Raises:
            AlbumUnreadableError: a folder, an archive, a store or the list cannot be read, or
                there is nothing to judge in it; no file matches a pattern; nothing was named.
            BackendMissingError: a package that reads a store is not installed.
        """
        self._remote: dict[Path, RemoteFile] = {}
        self._archives: dict[tuple[str, str], ZippedAlbum] = {}
        self._members: dict[Path, tuple[ZippedAlbum, str]] = {}
        self._real_folders: dict[Path, str] = {}
        self._private: tempfile.TemporaryDirectory[str] | None = None
        self._unpacked = 0
        found: dict[tuple[str, str, str | None], AlbumFile] = {}
        try:
            for file in self._all(named, standard_input):
                found.setdefault((*self._entry(file), file.inside), file)
        except BaseException:
            self.close()
            raise
        if not found:
            raise AlbumUnreadableError("no file is named: name files, or the folder of the album")
        self.files = tuple(found.values())

    def open_photo(self, path: Path, limits: PhotoLimits = _DEFAULT_LIMITS) -> Frame:
        """As `detector.photo.open_photo`, for the path of any of the files.

        A photo in an archive is decoded from memory and written nowhere.

        Raises:
            PhotoTooLargeError: more bytes or pixels than `limits` allow.
            PhotoUnreadableError: missing, not a supported still picture, or damaged.
        """
        if path not in self._members and path not in self._remote:
            return open_photo(path, limits)
        return photo_from_bytes(self.read(path, limits), path, limits)

    def read(self, path: Path, limits: PhotoLimits = _DEFAULT_LIMITS) -> bytes:
        """The bytes of any of the files.

        Raises:
            PhotoTooLargeError: more bytes than `limits` allow.
            PhotoUnreadableError: missing, empty, not a regular file, or damaged in its archive.
        """
        if path in self._remote:
            return self._remote[path].read(limits)
        if path not in self._members:
            return read_file(path, limits)
        archive, place = self._members[path]
        return archive.read(place, limits)

    def size(self, path: Path) -> int | None:
        """The bytes that any of the files has, as its folder or archive says; None if unknown."""
        if path in self._members:
            archive, place = self._members[path]
            return archive.size(place)
        try:
            return path.stat().st_size
        except OSError:
            return None

    @contextlib.contextmanager
    def unpacked(self, path: Path, limits: PhotoLimits = _DEFAULT_LIMITS) -> Iterator[Path]:
        """Where the bytes of any of the files can be read inside the block.

        A file in an archive or a store is written to a folder that only its owner may enter,
        under a number for a name, and removed after the block. Any other file is where it is.

        Raises:
            PhotoTooLargeError, PhotoUnreadableError: as `read`, for such a file.
        """
        if path not in self._members and path not in self._remote:
            yield path
            return
        content = self.read(path, limits)
        suffix = path.suffix if _ORDINARY_SUFFIX.fullmatch(path.suffix) else ""
        self._unpacked += 1
        copied: Path | None = None
        try:
            try:
                copied = self._private_folder() / f"{self._unpacked}{suffix}"
                copied.touch(0o600, exist_ok=False)
                copied.write_bytes(content)
            except OSError as error:
                raise PhotoUnreadableError(
                    "{name}: it cannot be unpacked ({reason}); make room on the disk",
                    name=printable(path.name),
                    reason=error.strerror or str(error),
                ) from error
            yield copied
        finally:
            if copied:
                copied.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the archives and remove what was unpacked.

        Raises:
            AlbumUnreadableError: it cannot be removed.
        """
        for archive in self._archives.values():
            archive.close()
        if self._private:
            try:
                self._private.cleanup()
            except OSError as error:
                raise AlbumUnreadableError(
                    "photos that were unpacked cannot be removed ({reason}): delete the folder "
                    "{folder} by hand",
                    folder=self._private.name,
                    reason=error.strerror or str(error),
                ) from error

    def __enter__(self) -> AlbumSources:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _all(
        self, named: Iterable[str | os.PathLike[str]], standard_input: BinaryIO | None
    ) -> Iterator[AlbumFile]:
        for given in named:
            one = os.fspath(given)
            path = Path(one)
            if one == STANDARD_INPUT and standard_input:
                for listed in _listed_names(standard_input):
                    yield from self._anything(listed)
                standard_input = None  # read to its end
            elif _WILDCARD.search(one) and not is_url(one) and not os.path.lexists(path):
                yield from self._matching(path)
            else:
                yield from self._anything(one)

    def _anything(self, name: str) -> Iterator[AlbumFile]:
        """The files of what a path or an address names."""
        is_path = not is_url(name) or os.path.lexists(name)
        path = Path(name) if is_path else local_path(name)
        yield from self._below(path) if path else self._in_store(name)

    def _in_store(self, url: str) -> Iterator[AlbumFile]:
        root = Path(shown(url))
        for parts, remote in remote_files(url):
            file = AlbumFile(root.joinpath(*parts), root if parts else None, remote=remote)
            known = self._remote.setdefault(file.path, remote)
            if known.place != remote.place:
                raise AlbumUnreadableError(
                    "two files of different stores would both be called {path}: check one store "
                    "after the other",
                    path=file.path,
                )
            yield file

    def _below(self, path: Path) -> Iterator[AlbumFile]:
        """The files of a folder or an archive; of anything else, there or not, itself."""
        if os.path.isdir(path):  # noqa: PTH112 - a Path's raises where a folder above is closed
            yield from (AlbumFile(file, path) for file in album_files(path))
        elif path.suffix.lower() == ".zip" and os.path.isfile(path):  # noqa: PTH113
            yield from self._in_archive(path)
        else:
            yield AlbumFile(path)

    def _in_archive(self, path: Path) -> Iterator[AlbumFile]:
        entry = self._entry(AlbumFile(path))
        if entry in self._archives:
            return
        archive = self._archives[entry] = ZippedAlbum(path)
        for place in archive.places:
            file = AlbumFile(path / place, path, place)
            self._members[file.path] = archive, place
            yield file

    def _matching(self, pattern: Path) -> Iterator[AlbumFile]:
        first = next(n for n, part in enumerate(pattern.parts) if _WILDCARD.search(part))
        root = Path(*pattern.parts[:first])
        linked: list[Path] = []
        found = _matches(root, pattern.parts[first:], linked)
        if not found and not linked:
            raise AlbumUnreadableError(
                "no picture matches {pattern}: check the path", pattern=pattern
            )
        for path in found:
            for file in self._below(path):
                yield file if file.inside else dataclasses.replace(file, root=root)
        yield from (AlbumFile(path, root) for path in sorted(linked))

    def _entry(self, file: AlbumFile) -> tuple[str, str]:
        """Which name in which folder a file or its archive has, by whatever way it was named.

        Two names of one file are two: their copies are as well.
        """
        if file.remote:
            return "", str(file.path)
        path = file.root if file.inside is not None and file.root else file.path
        if path.parent not in self._real_folders:
            self._real_folders[path.parent] = os.path.realpath(path.parent)
        return self._real_folders[path.parent], path.name

    def _private_folder(self) -> Path:
        if self._private is None:
            # Made for its owner alone, and removed at the latest when the program ends.
            self._private = tempfile.TemporaryDirectory(prefix="clearance-")
        return Path(self._private.name)


def _listed_names(stream: BinaryIO) -> list[str]:
    """The paths and addresses of a list; lines without any are left out.

    Raises:
        AlbumUnreadableError: none, or far too many.
    """
    content = stream.read(MAX_LIST_BYTES + 1)
    if len(content) > MAX_LIST_BYTES:
        raise AlbumUnreadableError(
            "the list on standard input is larger than {mib} MiB: name the folder of the album",
            mib=MAX_LIST_BYTES // 2**20,
        )
    text = _decoded(content)
    if "\0" in text:
        names = text.split("\0")
    else:
        names = [line.removesuffix("\r") for line in text.split("\n")]
    named = [name for name in names if name.strip()]
    if not named:
        raise AlbumUnreadableError("the list on standard input names no file")
    return named


def _decoded(content: bytes) -> str:
    """Text of a list as file systems spell names; PowerShell begins it with a mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return os.fsdecode(content.removeprefix(codecs.BOM_UTF8))


def _matches(root: Path, parts: tuple[str, ...], linked: list[Path]) -> list[Path]:
    """What is there, part after part; folders that are links, below `**`, go to `linked`.

    Like a shell, a wildcard matches no hidden name. Unlike `glob` it raises where a folder
    cannot be read, and a linked folder whose content was not looked at can be told.

    Raises:
        AlbumUnreadableError: a folder cannot be read.
    """
    found = [root]
    for part in parts[:-1]:
        if part == _ANY_DEPTH:
            found = [folder for here in found for folder in _folders(here, linked)]
        else:
            found = [path for here in found for path in _named(here, part)]
    last = parts[-1]
    if last == _ANY_DEPTH:
        return sorted(set(found))
    wild = _WILDCARD.search(last) and not last.startswith(".")
    return sorted(
        {
            path
            for here in found
            for path in _named(here, last)
            # A sidecar that the pattern did not ask for by name is none of the album.
            if not wild or may_show_somebody(path.name) or os.path.isdir(path)  # noqa: PTH112
        }
    )


def _folders(top: Path, linked: list[Path]) -> Iterator[Path]:
    if not os.path.isdir(top):  # noqa: PTH112
        return
    for parent, folders, _ in os.walk(top, onerror=unreadable_folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked += [here / name for name in folders if (here / name).is_symlink()]
        yield here


def _named(folder: Path, part: str) -> list[Path]:
    if not _WILDCARD.search(part):
        try:
            (folder / part).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            pass  # it may be there: it fails as a file
        return [folder / part]
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unreadable_folder(error)
        raise
    shown = names if part.startswith(".") else [name for name in names if name[:1] != "."]
    return [folder / name for name in fnmatch.filter(shown, part)]
