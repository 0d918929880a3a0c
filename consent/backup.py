"""A backup: a registry in one sealed file, without the key that opens it.

The file is an uncompressed ZIP with the database, the encrypted files it refers to, the
settings if they are wanted, a manifest of all of these and its HMAC. The last line of
the file seals every byte before it, so that nothing in it is interpreted before it is
known to be ours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from consent import store as registry_file
from consent.errors import (
    BackupInvalidError,
    RegistryBusyError,
    RegistryDamagedError,
    RegistryExistsError,
    RegistryUnwritableError,
)
from consent.files import owner_only, sync_folder

if TYPE_CHECKING:
    from consent.keys import InstitutionKey
    from consent.store import Store

FORMAT = 1
# What a backup calls its parts, and where a registry has them.
DATABASE = "registry.sqlite3"
EVIDENCE = "evidence"
SETTINGS = "clearance.toml"
MANIFEST = "manifest.json"
MANIFEST_SEAL = "manifest.hmac"
# SQLite would take these for the latest changes of a database beside them.
_JOURNALS = tuple(DATABASE + ending for ending in ("-wal", "-shm", "-journal"))

_CHUNK = 1 << 20
# Room for the manifest of some hundred thousand files.
_LARGEST_MANIFEST = 1 << 26
# How often a backup begins anew because a file was deleted meanwhile.
_ATTEMPTS = 5
_FILE_NAME = re.compile(r"[0-9a-f]{64}")
_SEAL_LENGTH = 64
_LAST_LINE = re.compile(
    rb"clearance backup (?P<format>\d{4}), key (?P<key>[0-9a-f]{16}), seal (?P<seal>[0-9a-f]{64})"
)
_LAST_LINE_LENGTH = 114

# What zipfile and the reading of a manifest raise when told nonsense.
_MALFORMED = (
    zipfile.BadZipFile,
    AttributeError,
    EOFError,
    KeyError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)

NamesOf = Callable[[sqlite3.Connection], Iterable[str]]


@dataclasses.dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds.

    Attributes:
        path: the backup.
        created_at: when it was begun.
        schema: the version of the database in it.
        key_id: the key that opens it.
        files: how many encrypted files it holds.
        size: of all its parts together, in bytes.
        settings: whether it holds a clearance.toml.
    """

    path: Path
    created_at: dt.datetime
    schema: int
    key_id: str
    files: int
    size: int
    settings: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Member:
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Manifest:
    created_at: dt.datetime
    schema: int
    key_id: str
    members: Mapping[str, _Member]

    def to_json(self) -> bytes:
        document = {
            "format": FORMAT,
            "created_at": self.created_at.isoformat(timespec="seconds"),
            "schema": self.schema,
            "key_id": self.key_id,
            "members": {name: dataclasses.asdict(one) for name, one in self.members.items()},
        }
        return json.dumps(document, indent=1).encode("ascii")

    @classmethod
    def from_json(cls, text: bytes) -> _Manifest:
        document: dict[str, Any] = json.loads(text)
        members = {
            name: _Member(size=int(told["size"]), sha256=str(told["sha256"]))
            for name, told in document["members"].items()
        }
        return cls(
            created_at=dt.datetime.fromisoformat(document["created_at"]),
            schema=int(document["schema"]),
            key_id=str(document["key_id"]),
            members=members,
        )

    def report(self, path: Path) -> BackupReport:
        return BackupReport(
            path=path,
            created_at=self.created_at,
            schema=self.schema,
            key_id=self.key_id,
            files=sum(name.startswith(f"{EVIDENCE}/") for name in self.members),
            size=sum(member.size for member in self.members.values()),
            settings=SETTINGS in self.members,
        )


class _FileGoneError(Exception):
    """A file that was to be copied is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


# Writing.


def write_backup(
    store: Store,
    files_folder: Path,
    key: InstitutionKey,
    target: Path,
    names_of: NamesOf,
    settings: Path | None = None,
) -> BackupReport:
    """Write a backup of the registry as it is at one moment, while others go on using it.

    `names_of` lists the files in `files_folder` that a database refers to. `settings`
    is a clearance.toml to take along, if it is there. The backup appears under its name
    when it is whole and on the disk, readable by its owner only; on Windows the
    permissions of the folder apply.

    Raises:
        RegistryUnwritableError: something has that name, it lies among the registry's
            own files, or it cannot be written.
        RegistryDamagedError: the database or a file it refers to is missing or altered.
        RegistryBusyError: another process kept the database, or files went on vanishing.
    """
    _refuse_target(target, files_folder)
    with _writing(target), _scratch(target) as scratch:
        archive = scratch / "backup"
        manifest = _pack_patiently(store, files_folder, key, archive, names_of, settings)
        _seal(archive, key)
        # It took a while; the name may have been taken.
        _refuse_target(target, files_folder)
        _move([(archive, target)])
    return manifest.report(target)


def _refuse_target(target: Path, files_folder: Path) -> None:
    if os.path.lexists(target):
        raise RegistryUnwritableError(
            "{path} is there already, and a backup replaces nothing; name a new file", path=target
        )
    for folder in target.absolute().resolve().parents:
        if folder.exists() and files_folder.exists() and folder.samefile(files_folder):
            raise RegistryUnwritableError(
                "{path} lies among the files of the registry itself; name another folder for "
                "the backup, best on another disk",
                path=target,
            )


def _pack_patiently(
    store: Store,
    files_folder: Path,
    key: InstitutionKey,
    archive: Path,
    names_of: NamesOf,
    settings: Path | None,
) -> _Manifest:
    """Pack, and begin anew when a file was deleted meanwhile."""
    gone: Path | None = None
    for _ in range(_ATTEMPTS):
        try:
            return _pack(store, files_folder, key, archive, names_of, settings)
        except _FileGoneError as error:
            archive.unlink()
            # A record goes before its file. Who is missed twice was missing all along.
            if error.path == gone:
                raise RegistryDamagedError(
                    "{path} belongs to the registry and is missing; restore it from a backup",
                    path=gone,
                ) from None
            gone = error.path
    raise RegistryBusyError(
        "files of the registry in {folder} were deleted each time the backup was begun; try again",
        folder=store.path.parent,
    )


def _pack(
    store: Store,
    files_folder: Path,
    key: InstitutionKey,
    archive: Path,
    names_of: NamesOf,
    settings: Path | None,
) -> _Manifest:
    created_at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    snapshot = archive.with_name(DATABASE)
    _take_snapshot(store, snapshot)
    schema, names = _read_snapshot(store, snapshot, names_of)
    members = {}
    with (
        open(archive, "xb", opener=owner_only) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as packed,
    ):
        members[DATABASE] = _add(packed, DATABASE, _read_chunks(snapshot))
        for name in names:
            chunks = _read_chunks(files_folder / name)
            members[f"{EVIDENCE}/{name}"] = member = _add(packed, f"{EVIDENCE}/{name}", chunks)
            if member.sha256 != name:
                raise RegistryDamagedError(
                    "{path} was altered; restore it from a backup", path=files_folder / name
                )
        if settings is not None and settings.is_file():
            members[SETTINGS] = _add(packed, SETTINGS, _read_chunks(settings))
        manifest = _Manifest(created_at, schema, key.id, members)
        text = manifest.to_json()
        _add(packed, MANIFEST, [text])
        _add(packed, MANIFEST_SEAL, [_manifest_seal(text, key)])
        packed.comment = f"clearance backup {FORMAT:04}, key {key.id}, seal {'0' * 64}".encode()
    return manifest


def _take_snapshot(store: Store, snapshot: Path) -> None:
    deadline = time.monotonic() + registry_file.BUSY_SECONDS

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Left alone, Python tries again forever.
        busy = status & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        if busy and time.monotonic() > deadline:
            raise RegistryBusyError(
                "another process is writing to {path} and did not finish within "
                "{seconds:g} seconds; try again",
                path=store.path,
                seconds=registry_file.BUSY_SECONDS,
            )

    snapshot.unlink(missing_ok=True)
    snapshot.touch(mode=0o600, exist_ok=False)
    with (
        registry_file.translated_errors(store.path),
        contextlib.closing(sqlite3.connect(snapshot)) as copy,
    ):
        try:
            # All pages in one step: what others write meanwhile would begin it anew.
            store.connection.backup(copy, progress=give_up)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
                raise OSError(str(error)) from error
            raise


def _read_snapshot(store: Store, snapshot: Path, names_of: NamesOf) -> tuple[int, list[str]]:
    flaw = _flaw(snapshot)
    if flaw is not None:
        raise registry_file.damaged(store.path, flaw)
    with contextlib.closing(_read_only(snapshot)) as connection:
        names = sorted(set(names_of(connection)))
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            raise RegistryDamagedError(
                "the registry names a file {name!r} that cannot be its own; restore a backup",
                name=name,
            )
    return schema, names


def _add(packed: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> _Member:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o600 << 16
    digest, size = hashlib.sha256(), 0
    with packed.open(info, "w", force_zip64=True) as into:
        for chunk in chunks:
            into.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return _Member(size, digest.hexdigest())


def _read_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except FileNotFoundError as error:
        raise _FileGoneError(path) from error
    except OSError as error:
        raise RegistryDamagedError(
            "{path} belongs to the registry and cannot be read ({reason}); "
            "restore it from a backup",
            path=path,
            reason=error.strerror or str(error),
        ) from error


def _seal(archive: Path, key: InstitutionKey) -> None:
    with archive.open("r+b") as stream:
        seal = _seal_of(stream, archive.stat().st_size - _SEAL_LENGTH, key)
        stream.seek(-_SEAL_LENGTH, os.SEEK_END)
        stream.write(seal)
        stream.flush()
        os.fsync(stream.fileno())


# Verifying and restoring.


def backup_key_id(path: Path) -> str:
    """The id of the key that opens a backup, as the backup says; nothing is verified.

    Raises:
        BackupInvalidError: it cannot be read, is no backup, is cut, or is of a newer version.
    """
    with _reading(path), path.open("rb") as stream:
        return _last_line(path, stream)["key"].decode("ascii")


def verify_backup(path: Path, key: InstitutionKey) -> BackupReport:
    """Read a backup from end to end, and say what it holds.

    Raises:
        BackupInvalidError: it cannot be read, is damaged or altered, or of another key.
        RegistryUnwritableError: there is no room to check its database.
    """
    with _opened(path, key) as (packed, manifest), _scratch() as scratch:
        for name, member in manifest.members.items():
            _unpack(path, packed, name, member, scratch / DATABASE if name == DATABASE else None)
        _check_database(path, scratch / DATABASE, manifest)
    return manifest.report(path)


def restore_backup(path: Path, key: InstitutionKey, folder: Path) -> BackupReport:
    """Make a registry in `folder` from a backup, after everything in it was verified.

    The folder may hold a key or a clearance.toml already, which stay as they are.

    Raises:
        RegistryExistsError: the folder holds a registry, or the files of one.
        BackupInvalidError: it cannot be read, is damaged or altered, or of another key.
        RegistryUnwritableError: the folder cannot be written.
    """
    _refuse_registry(folder)
    with _opened(path, key) as (packed, manifest), _writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Inside the folder where there is one: it may be a disk of its own.
        with _scratch(folder / "restored" if folder.is_dir() else folder) as scratch:
            built = scratch / "registry"
            (built / EVIDENCE).mkdir(mode=0o700, parents=True)
            built.chmod(0o700)
            for name, member in manifest.members.items():
                _unpack(path, packed, name, member, built / name)
            _check_database(path, built / DATABASE, manifest)
            sync_folder(built / EVIDENCE)
            sync_folder(built)
            # It took a while; somebody may have made one.
            _refuse_registry(folder)
            _put_in_place(built, folder)
    return manifest.report(path)


@contextlib.contextmanager
def _opened(path: Path, key: InstitutionKey) -> Iterator[tuple[zipfile.ZipFile, _Manifest]]:
    with _reading(path), path.open("rb") as stream:
        _check_seal(path, stream, key)
        with zipfile.ZipFile(stream) as packed:
            yield packed, _checked_manifest(path, packed, key)


def _last_line(path: Path, stream: IO[bytes]) -> re.Match[bytes]:
    start = max(0, stream.seek(0, os.SEEK_END) - _LAST_LINE_LENGTH)
    stream.seek(start)
    found = _LAST_LINE.fullmatch(stream.read(_LAST_LINE_LENGTH))
    if found is None:
        raise BackupInvalidError(
            "{path} is not a backup of a registry, or its end is missing; use another backup",
            path=path,
        )
    if int(found["format"]) > FORMAT:
        raise BackupInvalidError(
            "{path} was written by a newer version of this program; install the newer version",
            path=path,
        )
    return found


def _check_seal(path: Path, stream: IO[bytes], key: InstitutionKey) -> None:
    last = _last_line(path, stream)
    made_with = last["key"].decode("ascii")
    if made_with != key.id:
        raise BackupInvalidError(
            "{path} was made with the key {wanted}, and not with {id}; put that key in its "
            "place, or name it with CLEARANCE_KEY_FILE",
            path=path,
            wanted=made_with,
            id=key.id,
        )
    length = stream.seek(0, os.SEEK_END) - _SEAL_LENGTH
    if not hmac.compare_digest(_seal_of(stream, length, key), last["seal"]):
        raise _invalid(path, BackupInvalidError("its seal does not fit what is in it"))


def _checked_manifest(path: Path, packed: zipfile.ZipFile, key: InstitutionKey) -> _Manifest:
    infos = packed.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise _invalid(path, BackupInvalidError("it is compressed, which no backup is"))
    text = _small(path, packed, MANIFEST, _LARGEST_MANIFEST)
    seal = _small(path, packed, MANIFEST_SEAL, _SEAL_LENGTH)
    if not hmac.compare_digest(_manifest_seal(text, key), seal):
        raise _invalid(path, BackupInvalidError("its manifest was altered"))
    manifest = _Manifest.from_json(text)
    found = sorted(info.orig_filename for info in infos)
    if found != sorted([*manifest.members, MANIFEST, MANIFEST_SEAL]):
        raise _invalid(path, BackupInvalidError("it does not hold what its manifest says"))
    if not _is_a_registry(manifest):
        raise _invalid(path, BackupInvalidError("what it holds is no registry"))
    sizes = {info.filename: info.file_size for info in infos}
    # Whole, members cannot be larger than the file, unless they share its bytes.
    if any(sizes[name] != member.size for name, member in manifest.members.items()) or (
        sum(sizes.values()) > path.stat().st_size
    ):
        raise _invalid(path, BackupInvalidError("a file in it has another size than it says"))
    return manifest


def _is_a_registry(manifest: _Manifest) -> bool:
    """Whether every name is one that a registry has: none leads out of its folder."""
    for name, member in manifest.members.items():
        folder, _, file = name.rpartition("/")
        evidence = folder == EVIDENCE and _FILE_NAME.fullmatch(file) and file == member.sha256
        if not evidence and name not in {DATABASE, SETTINGS}:
            return False
    return DATABASE in manifest.members


def _small(path: Path, packed: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with packed.open(name) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise _invalid(path, BackupInvalidError("its manifest is too large"))
    return content


def _unpack(
    path: Path, packed: zipfile.ZipFile, name: str, member: _Member, into: Path | None
) -> None:
    """Check a member against the manifest, and write it to `into` if that is given."""
    digest, size = hashlib.sha256(), 0
    with _sink(into) as write:
        for chunk in _chunks_of(path, packed, name):
            size += len(chunk)
            if size > member.size:
                break
            digest.update(chunk)
            write(chunk)
    if size != member.size or digest.hexdigest() != member.sha256:
        raise _invalid(path, BackupInvalidError("a file in it is not what its manifest says"))


def _chunks_of(path: Path, packed: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with _reading(path), packed.open(name) as source:
        while chunk := source.read(_CHUNK):
            yield chunk


@contextlib.contextmanager
def _sink(into: Path | None) -> Iterator[Callable[[bytes], object]]:
    """What takes bytes: a new file, which is on the disk at the end, or nothing."""
    if into is None:
        yield len
        return
    with _writing(into), open(into, "xb", opener=owner_only) as stream:
        yield stream.write
        stream.flush()
        os.fsync(stream.fileno())


def _check_database(path: Path, database: Path, manifest: _Manifest) -> None:
    flaw = _flaw(database)
    if flaw is not None:
        raise _invalid(path, flaw)
    with contextlib.closing(_read_only(database)) as connection:
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if schema != manifest.schema:
        raise _invalid(path, BackupInvalidError("its database has another version than it says"))
    if schema > registry_file.SCHEMA:
        raise BackupInvalidError(
            "{path} was written by a newer version of this program; install the newer version",
            path=path,
        )


def _refuse_registry(folder: Path) -> None:
    taken = [name for name in (DATABASE, *_JOURNALS) if os.path.lexists(folder / name)]
    with _writing(folder), contextlib.suppress(FileNotFoundError):
        taken += [f"{EVIDENCE}/{path.name}" for path in (folder / EVIDENCE).iterdir()]
    if taken:
        raise RegistryExistsError(
            "{folder} already holds a registry or files of one ({name}); it was left as it is. "
            "Name another folder, or move them away first",
            folder=folder,
            name=taken[0],
        )


def _put_in_place(built: Path, folder: Path) -> None:
    if not folder.exists():
        _move([(built, folder)])
        return
    with contextlib.suppress(FileNotFoundError):
        (folder / EVIDENCE).rmdir()
    # The database last: it is what makes the folder a registry.
    parts = [EVIDENCE, DATABASE]
    if (built / SETTINGS).exists() and not os.path.lexists(folder / SETTINGS):
        parts.insert(0, SETTINGS)
    _move([(built / part, folder / part) for part in parts])


# What both directions need.


def _manifest_seal(text: bytes, key: InstitutionKey) -> bytes:
    return hmac.new(key.derive("backup"), text, hashlib.sha256).hexdigest().encode("ascii")


def _seal_of(stream: IO[bytes], length: int, key: InstitutionKey) -> bytes:
    """The seal of the first `length` bytes."""
    seal = hmac.new(key.derive("backup file"), digestmod=hashlib.sha256)
    stream.seek(0)
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        seal.update(chunk)
        length -= len(chunk)
    return seal.hexdigest().encode("ascii")


def _read_only(database: Path) -> sqlite3.Connection:
    # Immutable: it is ours alone, and no journal shall appear beside it.
    uri = database.absolute().as_uri() + "?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _flaw(database: Path) -> RegistryDamagedError | str | None:
    """What is wrong with a database; None for nothing."""
    try:
        with contextlib.closing(_read_only(database)) as connection:
            verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if verdict != "ok":
                # It may have several lines.
                return " ".join(verdict.split())
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                return RegistryDamagedError("a record in it refers to one that is missing")
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def _invalid(
    path: Path, cause: BackupInvalidError | RegistryDamagedError | str
) -> BackupInvalidError:
    return BackupInvalidError(
        "{path} is damaged or was altered ({cause}); use another backup", path=path, cause=cause
    )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of reading the backup as ours; those of writing are translated before."""
    try:
        yield
    except OSError as error:
        raise BackupInvalidError(
            "{path} cannot be read ({reason}); name the file of a backup",
            path=path,
            reason=error.strerror or str(error),
        ) from error
    except _MALFORMED as error:
        raise _invalid(path, type(error).__name__) from error


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RegistryUnwritableError(
            "{path} cannot be written ({reason}), and nothing was left there; check the free "
            "space and the permissions of the folder",
            path=target,
            reason=error.strerror or str(error),
        ) from error


@contextlib.contextmanager
def _scratch(beside: Path | None = None) -> Iterator[Path]:
    """A folder of the owner's only, gone at the end: beside a path, or anywhere."""
    with _writing(beside or Path(tempfile.gettempdir())):
        prefix = f".{beside.name[:40]}." if beside else "clearance-"
        made = tempfile.mkdtemp(suffix=".tmp", prefix=prefix, dir=beside and beside.parent)
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _move(moves: list[tuple[Path, Path]]) -> None:
    """Give files and folders their final names, all or none, down to the disk."""
    begun: list[tuple[Path, Path]] = []
    try:
        for built, final in moves:
            begun.append((built, final))
            built.replace(final)
            sync_folder(final.parent)
    except BaseException:
        for built, final in reversed(begun):
            with contextlib.suppress(OSError):
                if not os.path.lexists(built):
                    final.replace(built)
        raise
