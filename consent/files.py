"""Encrypted files beside the registry, each named by the SHA-256 of its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from consent.errors import RegistryDamagedError, RegistryUnwritableError
from consent.store import unwritable

_NAME = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}\.tmp")


class EncryptedFiles:
    """A folder of files that are written once, whole, and never changed.

    It sees ciphertext only. A file whose name is in no record is the remains of
    an interrupted run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Listing a large folder at every start would be slow; this says when to.
        self._marker = folder / "unfinished"

    def write(self, ciphertext: bytes) -> str:
        """Write a file and give its name; it is on the disk when this returns.

        Raises:
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        name = hashlib.sha256(ciphertext).hexdigest()
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self.begun()
            write_whole(self._folder / name, ciphertext)
        except OSError as error:
            raise unwritable(self._folder / name, error) from error
        return name

    def begun(self) -> None:
        """Say that files are written or deleted; until `finished`, a sweep looks for remains.

        Before the end of the transaction: whoever is killed right after it leaves files
        that nothing refers to, and nothing else would say so.

        Raises:
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                self._marker.touch(mode=0o600)
        except OSError as error:
            raise unwritable(self._marker, error) from error

    def finished(self) -> None:
        """Say that every file written so far is in a record, or that its remains are gone."""
        with contextlib.suppress(OSError):
            self._marker.unlink(missing_ok=True)

    @property
    def unfinished(self) -> bool:
        """Whether a run that wrote files did not get to its end."""
        return self._marker.exists()

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            RegistryDamagedError: it is missing, unreadable, or no longer what was written.
        """
        path = self._path(name)
        try:
            ciphertext = path.read_bytes()
        except OSError as error:
            raise RegistryDamagedError(
                "{path} belongs to the registry and cannot be read ({reason}); "
                "restore it from a backup",
                path=path,
                reason=error.strerror or str(error),
            ) from error
        if hashlib.sha256(ciphertext).hexdigest() != name:
            raise RegistryDamagedError("{path} was altered; restore it from a backup", path=path)
        return ciphertext

    def delete(self, names: Iterable[str]) -> None:
        """Delete files, after `begun`; one that is gone already is no error.

        Raises:
            RegistryUnwritableError: a file could not be deleted.
        """
        paths = [self._path(name) for name in names]
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise RegistryUnwritableError(
                    "{path} could not be deleted ({reason}); close the program that has it open",
                    path=path,
                    reason=error.strerror or str(error),
                ) from error
        if paths:
            self.finished()

    def strays(self, known: Iterable[str]) -> tuple[str, ...]:
        """Files of ours that are not `known`: what an interrupted run left behind."""
        keep = set(known)
        try:
            found = sorted(path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise unwritable(self._folder, error) from error
        return tuple(
            name
            for name in found
            if name not in keep and (_NAME.fullmatch(name) or _TEMPORARY.fullmatch(name))
        )

    def _path(self, name: str) -> Path:
        # Names come out of a database file that others may have altered.
        if not _NAME.fullmatch(name) and not _TEMPORARY.fullmatch(name):
            raise RegistryDamagedError(
                "the registry names a file {name!r} that cannot be its own; restore a backup",
                name=name,
            )
        return self._folder / name


def owner_only(name: str, flags: int) -> int:
    """Open a file that only its owner may use; an opener for `open`."""
    return os.open(name, flags, mode=0o600)


def write_new(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a new file of the owner's only, down to the disk: its bytes, or piece after piece.

    Windows ignores the mode; there the permissions of the folder apply.

    Raises:
        OSError: it is there already, or could not be written.
    """
    with open(path, "xb", opener=owner_only) as stream:
        stream.writelines((data,) if isinstance(data, bytes) else data)
        stream.flush()
        os.fsync(stream.fileno())


def sha256_of(path: Path) -> str:
    """Of the bytes of a file of any size, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file of the owner's only so that it is there whole or not at all: see `write_new`.

    Raises:
        OSError: it could not be written; what had its name is still there.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write_new(temporary, data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder down to the disk.

    Raises:
        OSError: the folder cannot be opened.
    """
    # A new name is in the folder, which POSIX syncs by itself; Windows cannot.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
