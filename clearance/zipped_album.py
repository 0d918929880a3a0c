"""Photos in a ZIP archive of unknown origin, read one at a time.

What the archive says of itself is not believed: names are checked before anything is made of
them, sizes before anything is unpacked, and while it is. A name never decides where something
is written.
"""

from __future__ import annotations

import copy
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from clearance.album import may_show_somebody
from clearance.errors import AlbumUnreadableError
from detector.decoding import PhotoLimits
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from detector.untrusted import printable

MAX_MEMBERS = 100_000
"""Entries of an archive, folders and sidecars included."""
MAX_LISTING_BYTES = 32 * 2**20
"""What an archive's table of contents may take; 100,000 entries take about 15 MiB."""
MAX_RATIO = 200
"""How many times its packed size a file may have. Photos are packed already and hardly
shrink; what was made to exhaust a computer shrinks by a thousand."""
SMALL_BYTES = 2**20
"""Up to this size nothing is too much, however it was packed."""
MAX_NAME = 255
"""Bytes of one part of a name, as most file systems allow."""
MAX_PLACE = 2000
"""Characters of a whole name, folders included."""

_DEFAULT_LIMITS = PhotoLimits()
_AT_ONCE = 2**20
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # with a password, strongly, and with its listing
_LOCAL_HEADER = 30
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_REFUSED_BY_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f]')
_WRONG = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


class ZippedAlbum:
    """The files of one archive that may show somebody; to be closed.

    Attributes:
        path: of the archive.
        places: where the files lie in it, with `/`, sorted.
    """

    def __init__(self, path: Path) -> None:
        """Read the table of contents; no file is unpacked.

        Raises:
            AlbumUnreadableError: not a ZIP archive, damaged, too many files, a name that leads
                out of it, a name twice, a password, or nothing that could be judged.
        """
        self.path = path
        try:
            self._file = _opened(path)
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            self._archive = zipfile.ZipFile(self._file)
            self._members = self._listed()
        except AlbumUnreadableError:
            self._file.close()
            raise
        except _WRONG as error:
            self._file.close()
            raise self._unreadable(error) from error
        self.places = tuple(sorted(self._members))

    def close(self) -> None:
        """Close the file. Nothing can be read afterwards."""
        self._archive.close()
        self._file.close()

    def size(self, place: str) -> int:
        """The bytes that one of `places` says to have."""
        return self._members[place].file_size

    def read(self, place: str, limits: PhotoLimits = _DEFAULT_LIMITS) -> bytes:
        """The bytes of one of `places`.

        Raises:
            PhotoTooLargeError: more bytes than `limits` allow, or packed beyond `MAX_RATIO`.
            PhotoUnreadableError: damaged, empty, a link or a device, or packed in a manner
                that is not read here.
        """
        try:
            return self._read(self._members[place], limits)
        except PhotoUnreadableError as error:
            name = printable(place.rpartition("/")[2])
            raise type(error)("{name}: {cause}", name=name, cause=error) from error

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise AlbumUnreadableError(
                "{archive} holds more than {n} files: unpack it, and name its folders one by one",
                archive=self.path,
                n=MAX_MEMBERS,
            )
        self._refuse_overlaps(entries)
        members: dict[str, zipfile.ZipInfo] = {}
        for place, entry in self._files(entries):
            if place in members:
                raise AlbumUnreadableError(
                    "{archive} holds two files named {name}, and programs differ in which of them "
                    "they show: pack it again from its source",
                    archive=self.path,
                    name=printable(place),
                )
            if entry.flag_bits & _ENCRYPTED:
                raise AlbumUnreadableError(
                    "{archive} is protected with a password: unpack it, and name the folder",
                    archive=self.path,
                )
            members[place] = entry
        if not members:
            raise AlbumUnreadableError(
                "there is no picture in {folder}: name the folder of the album", folder=self.path
            )
        return members

    def _files(self, entries: list[zipfile.ZipInfo]) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """Place and entry of what belongs to an album, by the same rules as for a folder."""
        for entry in entries:
            # Not `filename`, which ends at a NUL.
            parts = safe_parts(entry.orig_filename)
            is_folder = entry.orig_filename.endswith(("/", "\\")) and not entry.file_size
            if parts is None or not (parts or is_folder):
                raise AlbumUnreadableError(
                    "{archive} holds a file with a name that leads out of its folder or cannot be "
                    "used ({name}): pack it again from its source",
                    archive=self.path,
                    name=printable(entry.orig_filename[:MAX_NAME]),
                )
            hidden = any(part.startswith(".") for part in parts)
            if not (is_folder or hidden) and may_show_somebody(parts[-1]):
                yield "/".join(parts), entry

    def _refuse_overlaps(self, entries: list[zipfile.ZipInfo]) -> None:
        """One packed file that is listed under many names unpacks to a thousand times its size.

        Raises:
            zipfile.BadZipFile: two entries share bytes, or one ends behind the archive.
        """
        ordered = sorted(entries, key=lambda entry: entry.header_offset)
        starts = [entry.header_offset for entry in ordered]
        ends = [entry.header_offset + _LOCAL_HEADER + entry.compress_size for entry in ordered]
        size = os.fstat(self._file.fileno()).st_size
        if any(end > start for end, start in zip(ends, [*starts[1:], size], strict=True)):
            raise zipfile.BadZipFile("its files overlap")

    def _read(self, member: zipfile.ZipInfo, limits: PhotoLimits) -> bytes:
        # Zero where the archive was made by a program that keeps no modes.
        if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG}:
            raise PhotoUnreadableError(
                "this is a link or a device in an archive; pack the photo itself"
            )
        _check_size(member, limits)
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise PhotoUnreadableError(
                "packed in a manner that is not read here; unpack the archive, and name the folder"
            )
        # `zipfile` stops where the listing says that the file ends. Asked for one byte more, it
        # tells a file that goes on from one that ends.
        asked = copy.copy(member)
        asked.file_size += 1
        content = bytearray()
        try:
            with self._archive.open(asked) as stream:
                while part := stream.read(_AT_ONCE):
                    content += part
            if len(content) != member.file_size:
                raise zipfile.BadZipFile("it has another size than the archive says")
        except _WRONG as error:
            raise PhotoUnreadableError(
                "damaged in the archive ({reason}); pack it again from its source",
                reason=_in_words(error),
            ) from error
        if not content:
            raise PhotoUnreadableError("the file is empty; fetch it again from its source")
        return bytes(content)

    def _unreadable(self, error: BaseException) -> AlbumUnreadableError:
        return AlbumUnreadableError(
            "{archive} cannot be read as a ZIP archive ({reason}): unpack it, and name the folder",
            archive=self.path,
            reason=_in_words(error),
        )


def safe_parts(untrusted_name: str, *, windows: bool = os.name == "nt") -> tuple[str, ...] | None:
    r"""Folders and name of a file in an archive; None where they must not become a path.

    `\` separates like `/`, because on some computers it would. Refused are absolute names,
    `..`, drives, NUL, and what is too long; on Windows also what it does not allow, or what
    there is a device.
    """
    name = untrusted_name.replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or "\0" in name or len(name) > MAX_PLACE:
        return None
    if not all(map(_is_safe, parts)) or (windows and not all(map(_is_safe_on_windows, parts))):
        return None
    return parts


def _is_safe(part: str) -> bool:
    # Windows drops spaces and dots at the end: there "... " is ".." or less.
    return (
        bool(part.strip(" ."))
        and not _DRIVE.match(part)
        and len(part.encode("utf-8", "surrogatepass")) <= MAX_NAME
    )


def _is_safe_on_windows(part: str) -> bool:
    refused = _REFUSED_BY_WINDOWS.search(part) or _RESERVED.fullmatch(part)
    return not refused and part[-1] not in " ."


def _check_size(member: zipfile.ZipInfo, limits: PhotoLimits) -> None:
    if member.file_size > limits.file_bytes:
        raise PhotoTooLargeError(
            "the file is larger than {mib} MiB; export a smaller copy",
            mib=round(limits.file_bytes / 2**20),
        )
    if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
        raise PhotoTooLargeError(
            "it unpacks to more than {n} times its size, as no photo does; if it is one, unpack "
            "the archive, and name the folder",
            n=MAX_RATIO,
        )


class _Bounded(io.BufferedReader):
    """Refuses to read more at once than a table of contents may take.

    `zipfile` reads all of it at once, however much the archive says that it is.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        most = MAX_LISTING_BYTES + 1
        content = super().read(most if size is None or size < 0 else min(size, most))
        if len(content) >= most:
            raise zipfile.BadZipFile("its table of contents is too long")
        return content


def _opened(path: Path) -> _Bounded:
    """The archive, to be read; never waiting on a pipe.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    raw = io.FileIO(os.open(path, flags))
    if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
        raw.close()
        raise OSError("not a file")
    return _Bounded(raw)


def _in_words(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    text = printable((reason or str(error)).partition("\n")[0]).strip()
    return text or type(error).__name__
